import Model
import ServeTier
import Store
import Wire

/// The serve tier on its thread: the tier itself, and the proxies that wait for routes.
package final class ServeDesk: TierDesk {
    package let tier: ServeTier
    private var waiting = PendingSyncs<ProxySyncRequest, ProxySyncAnswer, PublishedVersion>()
    private var tickets: UInt64 = 0

    package init(tier: ServeTier) { self.tier = tier }

    package func step() throws(StoreError) -> Moment? {
        let wake: Moment?
        do {
            wake = try tier.step()
        } catch {
            // Nothing can be committed: who waits is still answered in time, or it would seem silent afterwards.
            waiting.expire(now: tier.store.now()) { answer(to: $0) }
            throw error
        }
        waiting.tell(tier.publishedVersion) { proxy, request in
            let answer = answer(to: request, from: proxy)
            return answer.isEmpty ? nil : answer
        }
        waiting.expire(now: tier.store.now()) { answer(to: $0) }
        return Moment.earliest(wake, waiting.deadline)
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
            empty: { self.answer(to: $0) })
        return tickets
    }

    package func cancel(_ ticket: UInt64, of proxy: String) { waiting.cancel(ticket, of: proxy) }

    // MARK: - Answers

    /// - Parameter proxy: nil: its load is not acknowledged now.
    private func answer(to request: ProxySyncRequest, from proxy: String? = nil) -> ProxySyncAnswer {
        let applied = Dictionary(request.applied.map { ($0.deployment, $0.fence) }, uniquingKeysWith: { $1 })
        let last = request.load.compactMap { load in
            load.buckets.last.map { (load.deployment, $0.sequence) }
        }
        let reported = proxy == nil ? [:] : Dictionary(last, uniquingKeysWith: { $1 })
        // Nothing can be read: nothing is new, and the step says what is wrong.
        let news = try? tier.news(for: proxy ?? "", applied: applied, reported: reported)
        return ProxySyncAnswer(
            routes: news?.routes.map(wire) ?? [],
            removed: news?.removed.map { AppliedRoute(deployment: $0.deployment, fence: $0.fence) } ?? [],
            acknowledged: news?.acknowledged.map {
                AcknowledgedLoad(deployment: $0.deployment, sequence: $0.sequence)
            } ?? [])
    }

    private func wire(_ route: Route) -> DeploymentRoute {
        DeploymentRoute(
            deployment: route.deployment, fence: tier.fence(route.generation), prefix: route.prefix,
            replicas: route.replicas.map { RouteReplica(id: $0.id, host: $0.host, port: $0.port) },
            maxOngoing: route.maxOngoing, maxQueued: route.maxQueued, metricsInterval: route.metricsInterval,
            backpressure: route.backpressure)
    }
}

extension ProxySyncAnswer {
    fileprivate var isEmpty: Bool { routes.isEmpty && removed.isEmpty && acknowledged.isEmpty }
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
                            area: bucket.area, ongoing: bucket.ongoing, queued: bucket.queued,
                            completed: bucket.completed)
                    })
            }, busy: Dictionary(request.busy.map { ($0.replica, $0.ongoing) }, uniquingKeysWith: { $1 }),
            arrived: arrived)
        sent = request.sent
    }
}
