import Cloud
import Model
import NodeTier
import Store
import Wire

/// The node tier's process: the real tier, the agents that wait for orders, and the calls to the provider.
final class NodeHead: TierHead {
    /// An agent's sync, as it travels.
    struct Request {
        var node: NodeID
        var incarnation: String
        var sent: Millis
        var resources: Resources
        var host: String
        var fence: Fence
        var replicas: [AgentReplica]
    }

    /// The orders, when they differ from what the agent has obeyed.
    struct Answer {
        var fence: Fence
        var orders: Orders?
        /// The tier does not know the node.
        var unknown = false
        /// Reports shall say what each replica was started with.
        var tellSettings = false

        /// Nothing differs from what the agent has obeyed.
        static func nothing(for request: Request, tellSettings: Bool) -> Answer {
            Answer(fence: request.fence, orders: nil, tellSettings: tellSettings)
        }
    }

    private(set) var tier: NodeTier?
    private var asksForSettings = false
    private var waiting = PendingSyncs<Request, Answer, PublishedVersion>()

    init(number: Int) { super.init(role: .nodes, number: number) }

    override func open(_ store: Store, _ world: World) throws {
        let tier = try NodeTier(
            store: store, settings: world.plan.cluster, tokenFile: "/token",
            sampleEvery: world.plan.restSampleEvery)
        tier.listens(at: "http://127.0.0.1:6380")
        self.tier = tier
    }

    override func close() {
        tier = nil
        waiting.end()
    }

    override func step(_ world: World) throws(StoreError) -> Moment? {
        guard let tier, let store else { return nil }
        let missed = tier.missedWakes
        let (wake, calls): (Moment?, [ProviderCall])
        do {
            (wake, calls) = try tier.step()
        } catch {
            if world.isDoomed(self) { throw error }
            waiting.expire(now: store.now(), empty: nothing(for:))
            throw error
        }
        if tier.missedWakes > missed {
            world.violate("wake", "nodes slept though it had something to do: \(tier.latestMissed)")
        }
        for call in calls where isUp && !world.isDoomed(self) { make(call, world) }
        // One that died at a boundary of this step says nothing any more.
        if world.isDoomed(self) { return wake }
        asksForSettings = tier.asksForSettings
        waiting.tell(tier.publishedVersion) { node, request in
            if asksForSettings, request.replicas.contains(where: \.lacksSettings) {
                return nothing(for: request)
            }
            let news = (try? tier.news(for: NodeID(node), fence: request.fence)) ?? nil
            return news.map { Answer(fence: $0.fence, orders: $0.orders) }
        }
        waiting.expire(now: store.now(), empty: nothing(for:))
        return Moment.earliest(wake, waiting.deadline)
    }

    private func nothing(for request: Request) -> Answer {
        .nothing(for: request, tellSettings: asksForSettings)
    }

    /// An agent's call arrives.
    func sync(_ request: Request, _ exchange: Exchange<Answer>, _ world: World) {
        let isHeard = hear(world) { world in
            guard let tier = self.tier, let store = self.store, exchange.isOpen else { return }
            guard (try? tier.knows(request.node)) ?? false else {
                return exchange.answer(Answer(fence: .none, orders: nil, unknown: true), in: world)
            }
            tier.hear(AgentReport(request, arrived: store.now()))
            world.checks.hears(request.node.rawValue, by: store)
            if world.plan.torment == .everythingTwice {
                tier.hear(AgentReport(request, arrived: store.now()))
            }
            self.waiting.add(
                .init(ticket: 0, request: request, deadline: store.now() + LongPoll.answerAfter) {
                    [unowned world] in exchange.end(with: $0, in: world)
                }, of: request.node.rawValue, empty: { self.nothing(for: $0) })
        }
        if !isHeard { exchange.reset(in: world) }
    }

    /// A committed intent leaves for the provider.
    private func make(_ call: ProviderCall, _ world: World) {
        guard let store else { return }
        if world.boundaries.strikes(.tier, world) { return world.doom(self) }
        let life = life
        let cluster = store.clusterUUID
        world.checks.calls(call, by: self, world)
        let name = name
        world.provider.receive(call, cluster: cluster, world) { world, answer in
            world.checks.answered(name, life)
            guard self.life == life else { return }
            self.hear(world) { _ in self.tier?.hear(answer) }
        }
        if world.boundaries.strikes(.tier, world) { world.doom(self) }
    }
}

extension AgentReplica {
    fileprivate var lacksSettings: Bool { settings == nil && phase != .stopped && phase != .failed }
}

extension AgentReport {
    init(_ request: NodeHead.Request, arrived: Moment) {
        self.init(
            node: request.node, incarnation: request.incarnation, resources: request.resources,
            host: request.host, port: 9, fence: request.fence, replicas: request.replicas, arrived: arrived)
        sent = request.sent
    }
}
