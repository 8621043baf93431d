import Model
import Routing
import ServeTier
import Store
import Wire

/// The serve tier's process: the real tier, and the proxies that wait for routes.
final class ServeHead: TierHead {
    /// A proxy's sync, as it travels.
    struct Request {
        var proxy: String
        var incarnation: String
        var sent: Millis
        var address: String
        var applied: [DeploymentID: Fence]
        var load: [Load]
        var busy: [ReplicaID: Int]
    }

    /// Of one deployment; ages are counted back from arrival.
    struct Load {
        var deployment: DeploymentID
        var ongoing: Int
        var queued: Int
        var buckets: [Bucket]
    }

    struct Bucket {
        var sequence: Int64
        var endedAgo: Millis
        var span: Millis
        var area: Int64
        var ongoing: Int
        var queued: Int
        var completed: Int64?
    }

    /// What a proxy is told, with the fences under which it travels.
    struct Answer {
        var routes: [Routing.Route]
        var removed: [(deployment: DeploymentID, fence: Fence)]
        var acknowledged: [(deployment: DeploymentID, sequence: Int64)]
    }

    private(set) var tier: ServeTier?
    private var waiting = PendingSyncs<Request, Answer, PublishedVersion>()

    init(number: Int) { super.init(role: .serve, number: number) }

    override func open(_ store: Store, _ world: World) throws {
        tier = ServeTier(store: store, sampleEvery: world.plan.restSampleEvery)
        tier?.listens(at: "http://127.0.0.1:8265")
    }

    override func close() {
        tier = nil
        waiting.end()
    }

    override func step(_ world: World) throws(StoreError) -> Moment? {
        guard let tier, let store else { return nil }
        let missed = tier.missedWakes
        let wake: Moment?
        do {
            wake = try tier.step()
        } catch {
            if world.isDoomed(self) { throw error }
            waiting.expire(now: store.now()) { _ in .nothing }
            throw error
        }
        if tier.missedWakes > missed {
            world.violate("wake", "serve slept though it had something to do: \(tier.latestMissed)")
        }
        // One that died at a boundary of this step says nothing any more.
        if world.isDoomed(self) { return wake }
        waiting.tell(tier.publishedVersion) { _, request in
            guard let answer = try? news(for: request), !answer.isEmpty else { return nil }
            return answer
        }
        waiting.expire(now: store.now()) { _ in .nothing }
        return Moment.earliest(wake, waiting.deadline)
    }

    /// A proxy's call arrives.
    func sync(_ request: Request, _ exchange: Exchange<Answer>, _ world: World) {
        let isHeard = hear(world) { world in
            guard let tier = self.tier, let store = self.store, exchange.isOpen else { return }
            tier.hear(ProxyReport(request, arrived: store.now(), generation: store.clusterGeneration))
            world.checks.hears(request.proxy, by: store)
            if world.plan.torment == .everythingTwice {
                tier.hear(ProxyReport(request, arrived: store.now(), generation: store.clusterGeneration))
            }
            self.waiting.add(
                .init(ticket: 0, request: request, deadline: store.now() + LongPoll.answerAfter) {
                    [unowned world] in exchange.end(with: $0, in: world)
                }, of: request.proxy, empty: { _ in .nothing })
        }
        if !isHeard { exchange.reset(in: world) }
    }

    private func news(for request: Request) throws(StoreError) -> Answer {
        guard let tier else { return .nothing }
        let reported = Dictionary(
            request.load.compactMap { load in load.buckets.last.map { (load.deployment, $0.sequence) } },
            uniquingKeysWith: { $1 })
        let news = try tier.news(for: request.proxy, applied: request.applied, reported: reported)
        return Answer(
            routes: news.routes.map { Routing.Route($0, fence: tier.fence($0.generation)) },
            removed: news.removed, acknowledged: news.acknowledged)
    }
}

extension ServeHead.Answer {
    static let nothing = ServeHead.Answer(routes: [], removed: [], acknowledged: [])
    var isEmpty: Bool { routes.isEmpty && removed.isEmpty && acknowledged.isEmpty }
}

extension Routing.Route {
    /// As a proxy takes it in.
    init(_ route: PublishedRoute, fence: Fence) {
        self.init(
            deployment: route.deployment, fence: fence, prefix: route.prefix,
            replicas: route.replicas.map { ReplicaAddress(id: $0.id, host: $0.host, port: $0.port) },
            maxOngoing: route.maxOngoing, maxQueued: route.maxQueued, metricsInterval: route.metricsInterval)
    }
}

extension ProxyReport {
    /// Turns ages into instants, counted back from arrival.
    init(_ request: ServeHead.Request, arrived: Moment, generation: Int64) {
        self.init(
            proxy: request.proxy, incarnation: request.incarnation, address: request.address,
            applied: request.applied.mapValues { $0.clusterGeneration == generation ? $0.generation : -1 },
            fence: request.applied.values.max() ?? .none,
            load: request.load.map { load in
                ProxyLoad(
                    deployment: load.deployment, ongoing: load.ongoing, queued: load.queued,
                    buckets: load.buckets.map { bucket in
                        ReportedBucket(
                            sequence: bucket.sequence, end: arrived - bucket.endedAgo, span: bucket.span,
                            area: bucket.area, ongoing: bucket.ongoing, queued: bucket.queued,
                            completed: bucket.completed)
                    })
            }, busy: request.busy, arrived: arrived)
        sent = request.sent
    }
}
