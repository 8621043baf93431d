import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Synchronization

/// Both tiers on one database in memory, with a provider, agents and proxies that follow a script, in virtual
/// time. Rings as the real shells do: a tier steps when something was said to it, when the other one has
/// committed, when its wake has come, and once a second.
package final class TwoTiers {
    package let time = VirtualTime()
    let memory: SharedMemory
    /// The cluster file.
    package var settings: ClusterSettings
    /// Nil: dead.
    package internal(set) var serve: ServeTier?
    package internal(set) var nodes: NodeTier?
    package let cloud: MemoryCloud
    /// What the provider offers at the beginning.
    package let catalogue: [Offering]
    /// By instance.
    package var agents: [String: ScriptedAgent] = [:]
    package var proxies: [String: ScriptedProxy] = [:]
    /// By the first word of a command.
    package var conduct: [String: Conduct] = [:]
    /// From a commit to those who are told of it.
    package var network = Millis(1)
    /// From a provider call to its answer.
    package var callTime = Millis(20)
    /// From the start of a machine to its agent's hello.
    package var helloAfter = Millis(100)
    /// What must never be, in words; tests expect it to be empty.
    package internal(set) var violations: [String] = []
    /// Provider calls in the order in which they were made.
    package internal(set) var calls: [ProviderCall] = []
    /// Each change of a target: when, counted from the start of the world.
    package internal(set) var targets: [DeploymentID: [(at: Millis, target: Int)]] = [:]
    /// Steps that were taken for nothing but a wake, and changed nothing.
    package internal(set) var idleSteps = (serve: 0, nodes: 0)
    package internal(set) var steps = (serve: 0, nodes: 0)

    let offset: Int64
    package let start: Moment
    var serveLoop = Loop()
    var nodesLoop = Loop()
    var answers: [(due: Moment, answer: ProviderAnswer, life: Int)] = []
    /// Of the node tier's processes: an answer to one that is dead is heard by nobody.
    var life = 0
    var births: [(due: Moment, machine: MemoryCloud.Machine)] = []

    enum Fate: Sendable {
        case booted(MemoryCloud.Machine)
        case ended(MemoryCloud.Machine)
    }

    /// What the thread of a tier knows.
    struct Loop {
        var mail = true
        var wake: Moment?
        var stepped = Moment(Int64.min / 2)
        /// Wakes in a row at one instant that changed nothing.
        var spins = 0
    }

    /// - Parameter offerings: nil: one of each node type of `settings`, on demand, one cent a CPU.
    package init(
        _ settings: ClusterSettings, offerings: [Offering]? = nil, proxies count: Int = 1,
        cloud change: (inout MemoryCloud.Settings) -> Void = { _ in }
    ) throws {
        self.settings = settings
        memory = try SharedMemory()
        let made = offerings ?? settings.nodeTypes.map { .usual($0.name, cents: $0.resources["CPU"] / 1000) }
        catalogue = made
        var behaviour = MemoryCloud.Settings(offerings: made)
        behaviour.bootDelay = Millis(500)
        behaviour.unixMsAtStart = time.clock.unixMillis()
        change(&behaviour)
        let box = FateBox()
        cloud = MemoryCloud(behaviour, boot: { box.add(.booted($0)) }, end: { box.add(.ended($0)) })
        let store = try Store.open(.shared(memory), role: .serve, clock: time.clock, pid: 1)
        start = store.now()
        offset = start.ms - time.bootMillis
        serve = ServeTier(store: store)
        nodes = nil
        self.box = box
        try openNodes()
        for number in 1...max(count, 1) where count > 0 {
            proxies["p\(number)"] = ScriptedProxy(id: "p\(number)", now: start)
        }
    }

    let box: FateBox

    /// One question to the database, whoever of the tiers lives.
    package func ask(_ sql: String, _ arguments: [StoreValue] = []) throws(StoreError) -> QueryResult {
        try StateWatch(memory).ask(sql, arguments)
    }

    package var now: Moment { Moment(time.bootMillis + offset) }

    // MARK: - Life and death of the tiers

    package func killServe() { serve = nil }
    package func killNodes() { nodes = nil }

    package func openServe() throws {
        serve = ServeTier(store: try Store.open(.shared(memory), role: .serve, clock: time.clock, pid: 1))
        serveLoop = Loop()
        // Peers find a restarted tier within their first pause.
        for id in proxies.keys { proxies[id]?.nextSync = now + Millis(100) }
    }

    package func openNodes() throws {
        let store = try Store.open(.shared(memory), role: .nodes, clock: time.clock, pid: 2)
        nodes = try NodeTier(store: store, settings: settings, tokenFile: "/token")
        nodes?.listens(at: "http://127.0.0.1:6380")
        nodesLoop = Loop()
        life += 1
        for id in agents.keys { agents[id]?.nextSync = now + Millis(100) }
    }

    /// From now on these fail their health check, and no others.
    package func makeUnwell(_ replicas: [ReplicaID]) {
        for instance in agents.keys {
            agents[instance]?.unwell = Set(replicas)
            agents[instance]?.nextSync = now
        }
    }

    // MARK: - People and clients

    package func apply(
        _ applications: [ApplicationSettings], targetCapacity: Thousandths? = nil, http: HTTPOptions? = nil
    ) throws {
        try serve?.apply(applications, targetCapacity: targetCapacity, http: http)
        serveLoop.mail = true
    }

    package func delete(_ application: String) throws -> Bool {
        serveLoop.mail = true
        return try serve?.delete(application: application) ?? false
    }

    /// From now on so many requests of a deployment at once, at one proxy.
    package func offer(_ requests: Int, to deployment: DeploymentID, at proxy: String = "p1") {
        guard var proxy = proxies[proxy] else { return }
        _ = proxy.advance(to: now)
        proxy.requests[deployment] = requests
        // The first request that has to wait is told at once.
        if requests > proxy.ongoing(deployment) { proxy.nextSync = now }
        proxies[proxy.id] = proxy
    }

    package func restartAgent(_ instance: String) {
        agents[instance]?.incarnation += 1
        agents[instance]?.nextSync = now
    }

    /// The provider's truth: machines that are there.
    package var machines: [MemoryCloud.Machine] { cloud.machines.filter { $0.terminatedAt == nil } }
}

/// What the cloud's calls back leave for the world's next look.
final class FateBox: Sendable {
    private let fates = Mutex<[TwoTiers.Fate]>([])

    func add(_ fate: TwoTiers.Fate) { fates.withLock { $0.append(fate) } }

    func take() -> [TwoTiers.Fate] {
        fates.withLock { fates in
            defer { fates = [] }
            return fates
        }
    }
}

extension Offering {
    package static func usual(_ type: String, cents: Int64, zone: String = "z1") -> Offering {
        Offering(
            nodeType: type, zone: zone, capacityType: "on_demand", microdollarsPerHour: max(cents, 1) * 10_000
        )
    }
}

extension TwoTiers {
    /// The agent of this machine itself, for a cluster without a provider.
    package func startLocalAgent(cpus: Int64) {
        agents["local"] = ScriptedAgent(
            node: NodeID("local"), instance: "local", resources: Resources(["CPU": cpus * 1000]),
            ports: 20_000...20_100, now: now)
    }
}

extension TwoTiers {
    /// An agent finds the restarted tier only after `span`.
    package func delayAgent(_ instance: String, by span: Millis) { agents[instance]?.nextSync = now + span }
}
