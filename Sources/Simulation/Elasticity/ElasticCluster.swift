import Cloud
import Foundation
import Model
import NodeTier
import ServeTier
import Store

/// Both real tiers on one database on disk, in virtual time, with a provider and machines that do quickly what they are
/// told: what is left is the time that the tiers themselves take.
///
/// Virtual time passes in two ways. While a call, an order or a process is on its way it is *under way*. While nothing
/// is, and the tiers wait for a moment that they have named (an idle timeout, the pause before a plan begins), it is
/// *waited*. The steps themselves cost no virtual time; what they cost of the wall clock is measured.
final class ElasticCluster {
    struct Loop {
        /// The tier's own wish.
        var wake: Moment?
        var stepped = Moment(Int64.min / 2)
        var mail = true
    }

    /// What it took.
    struct Meter {
        var underWay = Millis.zero
        var waited = Millis.zero
        var nodesMicros: Int64 = 0
        var serveMicros: Int64 = 0
        /// Making the orders of all agents, beside the steps.
        var publishMicros: Int64 = 0
        var longestMicros: Int64 = 0
        var steps = 0
        var plans = 0

        /// Of both tiers, with what they waited for others.
        var micros: Int64 { underWay.rawValue * 1000 + nodesMicros + serveMicros + publishMicros }
    }

    /// Of an exchange with the provider, and of one with an agent.
    static let callTakes = Millis(50)
    static let letterTakes = Millis(5)
    static let bootTakes = Millis(1_000)
    /// Letters are read at multiples of this, those of one time together: as by a tier whose step takes so long.
    static let grid: Int64 = 50
    static let upkeepEvery = Millis(10_000)
    /// Rounds at one instant; more is a loop.
    static let roundsMax = 2_000

    let serve: ServeTier
    let nodes: NodeTier
    let cloud: MemoryCloud
    private let clock = BenchClock()
    private(set) var agents: [String: ElasticAgent] = [:]
    private var order: [String] = []
    private var answers: [(due: Moment, answer: ProviderAnswer, isWork: Bool)] = []
    private var booting = 0
    private var serveLoop = Loop()
    private var nodesLoop = Loop()
    private var upkept = Moment(Int64.min / 2)
    /// Time that passed with nothing under way, until it is known what it was for.
    private var unclear = Millis.zero
    private var nextPort: [String: Int] = [:]
    private(set) var meter = Meter()
    private(set) var problems: [String] = []
    /// What has been decided so far, in numbers; another number is another intent.
    private(set) var intents = Intents()
    /// As the meter stood at the latest intent.
    private(set) var latest = Meter()
    /// As it stood when a node was last ordered for replicas: what is given up for less afterwards is another matter.
    private(set) var latestOrder = Meter()
    private(set) var changedAt: Moment

    init(_ settings: ClusterSettings, _ offerings: [Offering], directory: String) throws {
        let store = try Store.open(.directory(directory), role: .nodes, clock: clock.store)
        serve = ServeTier(store: try Store.open(.directory(directory), role: .serve, clock: clock.store))
        nodes = try NodeTier(store: store, settings: settings, tokenFile: "/token")
        nodes.listens(at: "http://127.0.0.1:6380")
        var market = MemoryCloud.Settings(offerings: offerings)
        market.bootDelay = Self.bootTakes
        market.remembersTerminated = .zero
        cloud = MemoryCloud(market)
        changedAt = store.now()
    }

    var now: Moment { nodes.store.now() }

    func close() {
        nodes.store.close()
        serve.store.close()
    }

    /// What is measured begins here.
    func beginMeasure() {
        (meter, latest, latestOrder, unclear) = (Meter(), Meter(), Meter(), .zero)
    }

    /// People ask the tiers for something.
    func asked() {
        serveLoop.mail = true
        nodesLoop.mail = true
        changedAt = now
    }

    // MARK: - Time

    /// Until nothing has changed for `quiet`, or `limit` has passed.
    func run(untilQuietFor quiet: Millis, within limit: Millis) throws {
        let end = now + limit
        try settle()
        while now < end, isUnderWay || changedAt + quiet > now { try pass(until: end) }
        if now >= end { problems.append("no rest within \(limit.rawValue / 1000) s") }
    }

    func run(for span: Millis) throws {
        let end = now + span
        try settle()
        while now < end { try pass(until: end) }
    }

    private func pass(until end: Moment) throws {
        let before = now
        let soon = max(min(due, end), before + Millis(1))
        let next = soon + Millis(Self.grid - 1 - (soon.ms + Self.grid - 1) % Self.grid)
        if isUnderWay {
            meter.underWay = meter.underWay + (next - before)
        } else {
            unclear = unclear + (next - before)
        }
        clock.millis += (next - before).rawValue
        cloud.advance(by: next - before)
        try settle()
        guard upkept + Self.upkeepEvery <= now else { return }
        upkept = now
        for store in [serve.store, nodes.store] {
            try store.trimAll()
            try store.checkpoint()
        }
    }

    private var isUnderWay: Bool {
        booting > 0 || answers.contains(where: \.isWork) || agents.values.contains(where: \.isUnderWay)
    }

    private var due: Moment {
        var due = cloud.nextEvent.map { now + ($0 - cloud.now) }
        for loop in [serveLoop, nodesLoop] {
            due = Moment.earliest(
                due, loop.wake.flatMap { $0 > now ? $0 : nil }, loop.stepped + TierPace.tickEvery)
        }
        for answer in answers { due = Moment.earliest(due, answer.due) }
        for agent in agents.values { due = Moment.earliest(due, agent.due) }
        return due ?? now
    }

    // MARK: - One instant

    private func settle() throws {
        for _ in 0..<Self.roundsMax {
            var moved = passMachines()
            moved = passAnswers() || moved
            moved = passAgents() || moved
            moved = try stepServe() || moved
            moved = try stepNodes() || moved
            if !moved { return }
        }
        problems.append("no rest at one instant")
    }

    private func passMachines() -> Bool {
        let events = cloud.takeEvents()
        for event in events {
            switch event {
            case .booted(let machine):
                booting -= 1
                let type = nodes.clusterSettings.nodeTypes.first {
                    $0.name == machine.instance.offering.nodeType
                }
                agents[machine.instance.id] = ElasticAgent(
                    node: machine.instance.node, instance: machine.instance.id,
                    resources: type?.resources ?? Resources(), firstPort: machine.join.ports.lowerBound,
                    now: now)
                order = agents.keys.sorted()
            case .ended(let machine):
                agents[machine.instance.id] = nil
                order = agents.keys.sorted()
            }
        }
        return !events.isEmpty
    }

    private func passAnswers() -> Bool {
        let arrived = answers.filter { $0.due <= now }
        guard !arrived.isEmpty else { return false }
        answers.removeAll { $0.due <= now }
        for one in arrived { nodes.hear(one.answer) }
        nodesLoop.mail = true
        return true
    }

    private func passAgents() -> Bool {
        var moved = false
        for id in order {
            guard let agent = agents[id], agent.due <= now else { continue }
            if let report = agent.turn(now) {
                nodes.hear(report)
                nodesLoop.mail = true
            }
            if agent.retired { agents[id] = nil }
            moved = true
        }
        if moved, order.count != agents.count { order = agents.keys.sorted() }
        return moved
    }

    private func stepServe() throws -> Bool {
        guard try isDue(serveLoop, serve.store) else { return false }
        let before = serve.store.plannedChanges
        let isWoken = serveLoop.wake.map { $0 <= now } ?? false
        (serveLoop.mail, serveLoop.stepped) = (false, now)
        let took = try BenchClock.measure { serveLoop.wake = try serve.step() }
        meter.serveMicros += took
        let changed = serve.store.plannedChanges != before
        if changed { note(Intents(try serve.store.state()), isWoken: isWoken) }
        return changed || serveLoop.wake.map { $0 <= now } ?? false
    }

    private func stepNodes() throws -> Bool {
        guard try isDue(nodesLoop, nodes.store) else { return false }
        let before = nodes.store.plannedChanges
        let isWoken = nodesLoop.wake.map { $0 <= now } ?? false
        (nodesLoop.mail, nodesLoop.stepped) = (false, now)
        var calls: [ProviderCall] = []
        let took = try BenchClock.measure { (nodesLoop.wake, calls) = try nodes.step() }
        meter.nodesMicros += took
        meter.longestMicros = max(meter.longestMicros, took)
        meter.steps += 1
        for call in calls { make(call) }
        let changed = nodes.store.plannedChanges != before
        if changed {
            try publish()
            note(Intents(try nodes.store.state()), isWoken: isWoken)
        }
        return changed || calls.contains(where: \.isWork) || nodesLoop.wake.map { $0 <= now } ?? false
    }

    /// What a tier did at a moment that it had named before was waited for; else somebody was late to see it.
    private func note(_ found: Intents, isWoken: Bool) {
        guard found != intents else { return }
        changedAt = now
        if isWoken {
            meter.waited = meter.waited + unclear
        } else {
            meter.underWay = meter.underWay + unclear
        }
        unclear = .zero
        if found.plans != intents.plans { meter.plans += 1 }
        if !found.decidesSame(as: intents) { latest = meter }
        if found.orderedForReplicas != intents.orderedForReplicas { latestOrder = meter }
        intents = found
    }

    private func make(_ call: ProviderCall) {
        let answer: ProviderAnswer
        switch call {
        case .offerings: answer = .offerings(cloud.offeringsNow())
        case .list: answer = .list(cloud.listNow(cluster: nodes.store.clusterUUID))
        case .create(let request):
            let made = cloud.createNow(request)
            if case .success = made { booting += 1 }
            answer = .create(request.node, made)
        case .terminate(let node, let instance):
            switch cloud.terminateNow(instance: instance) {
            case .success: answer = .terminate(node, nil)
            case .failure(let error): answer = .terminate(node, error)
            }
        }
        answers.append((now + Self.callTakes, answer, call.isWork))
    }

    private func publish() throws {
        let state = try nodes.store.state()
        let base = Fence(
            clusterGeneration: nodes.store.clusterGeneration, epoch: nodes.store.epoch, generation: 0)
        var told: [(ElasticAgent, Fence)] = []
        for id in order {
            guard let agent = agents[id], let row = state.nodes[agent.node] else { continue }
            let fence = Fence(
                clusterGeneration: base.clusterGeneration, epoch: base.epoch, generation: row.generation)
            let retires = row.phase == .terminating || row.phase == .gone
            if fence != agent.fence || retires { told.append((agent, fence)) }
        }
        guard !told.isEmpty else { return }
        var orders: [NodeID: Orders] = [:]
        meter.publishMicros += try BenchClock.measure { orders = try nodes.allOrders() }
        for (agent, fence) in told {
            guard let mine = try orders[agent.node] ?? nodes.orders(for: agent.node) else { continue }
            agent.send(mine, fence: fence, arriving: now + Self.letterTakes)
        }
    }

    private func isDue(_ loop: Loop, _ store: Store) throws -> Bool {
        if loop.mail || loop.stepped + TierPace.tickEvery <= now { return true }
        if let wake = loop.wake, wake <= now { return true }
        return try store.hasNews()
    }

}

/// What the tiers have decided, in numbers: where any of them differs something was decided in between.
struct Intents: Equatable {
    /// Nodes that were ever ordered.
    private var ordered = 0
    /// Nodes that were cordoned or given back.
    private var leaving = 0
    /// Of these the ones that are on their way back, or are.
    private var ended = 0
    /// Stored plans that were ever made.
    private(set) var plans = 0
    /// Of the nodes that were ordered those of stored plans.
    private var orderedForPlans = 0
    /// Replicas by how they fare, and the sum of their numbers: others have other ones.
    private var placements: [PlacementPhase: Int] = [:]
    private var serials: Int64 = 0
    private var planPhases: [MovePlanRow.Phase: Int] = [:]

    init() {}

    init(_ state: ClusterState) {
        for node in state.nodes.values {
            ordered += 1
            if [.draining, .terminating, .gone].contains(node.phase) { leaving += 1 }
            if [.terminating, .gone].contains(node.phase) { ended += 1 }
        }
        orderedForPlans = state.moveSteps.values.count { $0.part == .takes && $0.node != nil }
        for plan in state.movePlans.values { planPhases[plan.phase, default: 0] += 1 }
        plans = state.movePlans.keys.compactMap { Int($0.dropFirst()) }.max() ?? 0
        for placement in state.placements.values {
            placements[placement.phase, default: 0] += 1
            serials += placement.replica.serial
        }
    }

    var orderedForReplicas: Int { ordered - orderedForPlans }

    /// Of nodes nothing was decided.
    func decidesSame(as other: Intents) -> Bool {
        (ordered, leaving, ended, plans) == (other.ordered, other.leaving, other.ended, other.plans)
    }
}

extension ProviderCall {
    /// Something is asked for or given back, not only looked at.
    var isWork: Bool {
        switch self {
        case .offerings, .list: false
        case .create, .terminate: true
        }
    }
}
