import ArgumentParser
import Foundation
import Model
import Settings
import Simulation
import Traces
import Wire

/// What is asked of a simulation, from the files and options: one plan for the world and one for the oracle.
struct SimulationQuestion {
    var world: WorldPlan
    var oracle: OraclePlan
    /// Whether load is users rather than arrivals.
    var isClosed: Bool
    var deployment: DeploymentID
    /// For people.
    var notes: [String] = []

    /// After the last arrival the world goes on for twice the objective, within these bounds, so that nobody
    /// is left waiting.
    private static let tail = Millis(5_000)...Millis(60_000)
    /// Rows of a timeline, at most.
    private static let samplesMax: Int64 = 7_200

    init(_ command: Simulate) throws {
        let cluster = try ClusterFile.load(command.cluster)
        let serve = try Settings.serve(text: try Settings.read(path: command.serve), file: command.serve)
        notes = serve.warnings.map(\.description)
        let target = try SimulationTarget(serve.applications, route: command.route)
        let work = Workmanship(target.deployment, command.work)
        let load = try Self.load(command)
        notes += load.notes
        isClosed = !load.steps.isEmpty
        deployment = target.deployment.id

        var conduct = Conduct()
        conduct.readyAfter = work.start
        conduct.slots = work.slots
        let service = try command.work.service()
        if service == nil, isClosed || load.requests.contains(where: { $0.service == nil }), !work.isKnown {
            notes.append("requests are taken to need \(work.service.rawValue) ms each: --service-ms sets it")
        }
        let arrivals = Self.arrivals(load, service, seed: command.seed)
        switch (service, isClosed) {
        case (let service?, true): conduct.service = service
        case (.fixed(let span), false): conduct.service = .traced(otherwise: span)
        default: conduct.service = isClosed ? .fixed(work.service) : .traced(otherwise: work.service)
        }
        let horizon = Self.horizon(load, isClosed: isClosed, objective: Millis(command.sloMs))
        world = WorldPlan(
            seed: command.seed, cluster: cluster, applications: serve.applications, horizon: horizon)
        world.usualConduct = conduct
        world.objective = Millis(command.sloMs)
        world.clients = [
            ClientPlan(path: target.path, load: Self.clientLoad(load, arrivals, isClosed: isClosed))
        ]
        world.cloud = Self.cloud(cluster, boot: command.bootMs.map { Millis($0) }, notes: &notes)
        world.waitsForReady = true
        world.sampleEvery = .seconds(
            max(1, (horizon.rawValue / 1000 + Self.samplesMax - 1) / Self.samplesMax))

        var market = OracleMarket(
            cluster: cluster, offerings: Self.stocked(world.cloud), deployment: deployment,
            replica: target.deployment.replica.resources)
        market.standing = target.others
        oracle = OraclePlan(
            load: isClosed ? .users(load.steps.map { ($0.at, $0.users) }) : .requests(arrivals),
            service: Self.oracleService(conduct.service, seed: command.seed), objective: command.sloMs * 1000,
            servers: min(work.slots ?? .max, target.deployment.maxOngoing),
            seconds: Int((horizon.rawValue + 999) / 1000), market: market)
        oracle.lead = Int(
            (world.cloud.bootDelay.rawValue + (conduct.readyAfter ?? .zero).rawValue + 999) / 1000)
        if case .auto(let settings) = target.deployment.count { oracle.replicasMax = settings.maxReplicas }
    }

    // MARK: - Load

    private static func load(_ command: Simulate) throws -> RecordedLoad {
        let options = command.load
        func micros(_ seconds: Double) -> Int64 { Int64((seconds * 1_000_000).rounded()) }
        if let users = options.users {
            var load = RecordedLoad()
            let step = micros(options.stepS)
            for (index, number) in try LoadCommand.numbers(users, "--users").enumerated() {
                guard number == number.rounded(), number <= 1_000_000 else {
                    throw ValidationError("--users \"\(users)\": whole numbers, at most 1000000")
                }
                load.steps.append(.init(at: Int64(index) * step, users: Int(number)))
            }
            load.end = min(Int64(load.steps.count) * step, options.until.map(micros) ?? .max)
            return load
        }
        guard let path = options.trace, let format = options.traceFormat else { return RecordedLoad() }
        var reading = TraceReading(format: format)
        reading.from = micros(options.from)
        reading.until = options.until.map(micros)
        reading.seed = command.seed
        reading.column = options.traceColumn
        reading.tokens.perInput = command.work.inputTokenUs
        reading.tokens.perOutput = command.work.outputTokenUs
        var recorded = try RecordedLoad.read(path: path, reading)
        // The last level of users has no end of its own: it lasts as long as is asked for.
        if !recorded.steps.isEmpty, let until = options.until {
            recorded.end = max(recorded.end, micros(until - options.from))
        }
        return recorded
    }

    private static func arrivals(_ load: RecordedLoad, _ service: ServiceTime?, seed: UInt64) -> [Arrival] {
        var arrivals = load.requests.map { Arrival(at: $0.at, service: service == nil ? $0.service : nil) }
        if case .lognormal(let median, let sigma) = service {
            drawWork(of: &arrivals, median: median, sigmaMilli: sigma, seed: seed)
        }
        return arrivals
    }

    private static func clientLoad(
        _ load: RecordedLoad, _ arrivals: [Arrival], isClosed: Bool
    ) -> ClientPlan.Load {
        guard isClosed else { return .trace(arrivals) }
        let steps = load.steps.map { ClientPlan.Step(at: Millis($0.at / 1000), amount: Int64($0.users)) }
        return .closed(steps, think: .zero)
    }

    private static func horizon(_ load: RecordedLoad, isClosed: Bool, objective: Millis) -> Millis {
        let end = Millis((load.end + 999) / 1000)
        let rest = min(max(objective + objective, tail.lowerBound), tail.upperBound)
        return max(isClosed ? end : end + rest, Millis(1_000))
    }

    // MARK: - Provider

    /// Boot delay, stock and prices of the cluster file's fake provider.
    private static func cloud(_ cluster: ClusterSettings, boot: Millis?, notes: inout [String]) -> CloudPlan {
        var cloud = CloudPlan(offerings: cluster.nodeTypes.map(Offering.usual))
        if case .fake(let fake)? = cluster.provider {
            cloud.bootDelay = fake.bootDelay.middle
            for capacity in fake.capacity { cloud.capacity[capacity.type] = capacity.count }
            cloud.offerings = cluster.nodeTypes.flatMap { type -> [Offering] in
                let ways = (fake.offerings ?? []).filter { $0.nodeType == type.name }
                guard ways.isEmpty else { return ways }
                var usual = Offering.usual(type)
                usual.microdollarsPerHour =
                    fake.prices.first { $0.type == type.name }?.microdollarsPerHour
                    ?? max(0, type.resources[Resources.cpu]) * microdollarsPerMilliCPU
                return [usual]
            }
        } else if cluster.provider != nil, boot == nil {
            notes.append("machines are taken to boot in \(cloud.bootDelay.rawValue) ms: --boot-ms sets it")
        }
        if let boot { cloud.bootDelay = boot }
        return cloud
    }

    /// As the local fake cloud: 1 cent a CPU and hour.
    private static let microdollarsPerMilliCPU: Int64 = 10

    private static func stocked(_ cloud: CloudPlan) -> [Offering] {
        cloud.offerings.map { offering in
            var offering = offering
            offering.available = cloud.capacity[offering.nodeType] ?? offering.available
            return offering
        }
    }

    private static func oracleService(_ service: ServiceTime, seed: UInt64) -> OracleService {
        switch service {
        case .fixed(let span), .traced(let span): .fixed(span.micros)
        case .lognormal(let median, let sigma): .lognormal(median: median, sigmaMilli: sigma, seed: seed)
        }
    }
}

extension FakeCloudSettings.BootDelay {
    /// A world has one boot delay: the middle of what the file says.
    fileprivate var middle: Millis {
        switch self {
        case .fixed(let delay): delay
        case .uniform(let from, let to): Millis((from.rawValue + to.rawValue) / 2)
        case .lognormal(let median, _): median
        }
    }
}
