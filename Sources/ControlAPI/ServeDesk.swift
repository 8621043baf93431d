import Model
import ServeTier
import Store
import Wire

/// The serve tier on its thread: the tier itself, and the proxies that wait for routes.
package final class ServeDesk: TierDesk {
    package let tier: ServeTier
    private(set) var routes: [DeploymentID: Route] = [:]
    private var waiting = PendingSyncs<ProxySyncRequest, ProxySyncAnswer>()
    private var tickets: UInt64 = 0

    package init(tier: ServeTier) { self.tier = tier }

    package func step() throws(StoreError) -> Moment? {
        let wake = try tier.step()
        routes = try tier.routes()
        waiting.answer(
            now: tier.store.now(), { proxy, request in self.news(for: proxy, request) },
            empty: { self.reply($0) })
        return [wake, waiting.deadline].compactMap { $0 }.min()
    }

    package func end() { waiting.end() }

    /// Takes a proxy's report in and keeps its long poll.
    /// - Returns: the ticket under which it can be cancelled.
    package func sync(
        _ proxy: String, _ request: ProxySyncRequest,
        reply: @escaping @Sendable (Result<ProxySyncAnswer, any Error>) -> Void
    ) -> UInt64 {
        let now = tier.store.now()
        tier.hear(ProxyReport(proxy, request, arrived: now, clusterGeneration: tier.store.clusterGeneration))
        tickets += 1
        waiting.add(
            .init(ticket: tickets, request: request, deadline: now + LongPoll.answerAfter, reply: reply),
            of: proxy,
            empty: { self.reply($0) })
        return tickets
    }

    package func cancel(_ ticket: UInt64, of proxy: String) { waiting.cancel(ticket, of: proxy) }

    // MARK: - Answers

    private func news(for proxy: String, _ request: ProxySyncRequest) -> ProxySyncAnswer? {
        var answer = reply(request)
        let known = tier.acknowledgements(for: proxy)
        var owed = false
        for load in request.load {
            guard let last = load.buckets.last?.sequence, let stored = known[load.deployment], stored >= last
            else {
                continue
            }
            owed = true
            answer.acknowledged.append(AcknowledgedLoad(deployment: load.deployment, sequence: stored))
        }
        return answer.routes.isEmpty && answer.removed.isEmpty && !owed ? nil : answer
    }

    /// The routes that differ from what the proxy has.
    private func reply(_ request: ProxySyncRequest) -> ProxySyncAnswer {
        let applied = Dictionary(request.applied.map { ($0.deployment, $0.fence) }, uniquingKeysWith: { $1 })
        let differing = routes.values.filter { applied[$0.deployment] != fence($0.generation) }
        let removed = applied.keys.filter { routes[$0] == nil }.sorted()
        return ProxySyncAnswer(
            routes: differing.sorted { $0.deployment < $1.deployment }.map(wire),
            removed: removed.map {
                AppliedRoute(deployment: $0, fence: fence((applied[$0]?.generation ?? 0) + 1))
            }, acknowledged: [])
    }

    private func fence(_ generation: Int64) -> Fence {
        Fence(
            clusterGeneration: tier.store.clusterGeneration, epoch: tier.store.epoch, generation: generation)
    }

    private func wire(_ route: Route) -> DeploymentRoute {
        DeploymentRoute(
            deployment: route.deployment, fence: fence(route.generation), prefix: route.prefix,
            replicas: route.replicas.map { RouteReplica(id: $0.id, host: $0.host, port: $0.port) },
            maxOngoing: route.maxOngoing, maxQueued: route.maxQueued, metricsInterval: route.metricsInterval)
    }
}

extension ProxyReport {
    /// Turns ages into instants, counted back from arrival.
    init(_ proxy: String, _ request: ProxySyncRequest, arrived: Moment, clusterGeneration: Int64) {
        self.init(
            proxy: proxy, incarnation: request.incarnation, address: "\(request.host):\(request.port)",
            applied: Dictionary(
                request.applied.map { applied in
                    let ours = applied.fence.clusterGeneration == clusterGeneration
                    return (applied.deployment, ours ? applied.fence.generation : -1)
                }, uniquingKeysWith: { $1 }), fence: request.applied.map(\.fence).max() ?? .none,
            load: request.load.map { load in
                ProxyLoad(
                    deployment: load.deployment, ongoing: load.ongoing, queued: load.queued,
                    buckets: load.buckets.map { bucket in
                        ReportedBucket(
                            sequence: bucket.sequence, end: arrived - bucket.endedAgo, span: bucket.span,
                            area: bucket.area, ongoing: bucket.ongoing, queued: bucket.queued)
                    })
            }, busy: Dictionary(request.busy.map { ($0.replica, $0.ongoing) }, uniquingKeysWith: { $1 }),
            arrived: arrived)
    }
}
