import Model
import ServeTier

/// An ingress proxy: routes what it is told, has a steady number of requests, and says so.
package struct ScriptedProxy {
    struct Log {
        /// Buckets that are not acknowledged.
        var buckets: [ReportedBucket] = []
        var sequence: Int64 = 0
        var openedAt: Moment
        var area: Int64 = 0
        var countedTo: Moment
    }

    package let id: String
    package internal(set) var incarnation = 1
    /// It neither speaks nor hears, and goes on routing.
    package var silent = false
    /// Requests of each deployment, running and waiting together.
    package internal(set) var requests: [DeploymentID: Int] = [:]
    package internal(set) var routes: [DeploymentID: Route] = [:]
    var fences: [DeploymentID: Fence] = [:]
    var logs: [DeploymentID: Log] = [:]
    /// Replicas off their routes with requests: until when.
    var busyUntil: [ReplicaID: Moment] = [:]
    /// How long a request takes.
    package var requestTime = Millis(300)
    var nextSync: Moment
    var inbox: (due: Moment, routes: [Route], removed: [DeploymentID], epoch: Fence)?

    init(id: String, now: Moment) {
        self.id = id
        nextSync = now
    }

    /// Brings the counts up to `now` and closes buckets that are full.
    /// - Returns: whether one was closed, or a replica became free.
    mutating func advance(to now: Moment) -> Bool {
        var changed = false
        for (deployment, route) in routes {
            var log = logs[deployment] ?? Log(openedAt: now, countedTo: now)
            let level = Int64(requests[deployment] ?? 0)
            while log.openedAt + route.metricsInterval <= now {
                let end = log.openedAt + route.metricsInterval
                log.area += level * (end - log.countedTo).rawValue * 1000
                log.sequence += 1
                let ongoing = self.ongoing(deployment)
                log.buckets.append(
                    ReportedBucket(
                        sequence: log.sequence, end: end, span: route.metricsInterval, area: log.area,
                        ongoing: ongoing, queued: Int(level) - ongoing))
                (log.area, log.openedAt, log.countedTo) = (0, end, end)
                changed = true
            }
            log.area += level * (now - log.countedTo).rawValue * 1000
            log.countedTo = now
            logs[deployment] = log
        }
        for (replica, until) in busyUntil where until <= now {
            busyUntil[replica] = nil
            changed = true
        }
        return changed
    }

    func ongoing(_ deployment: DeploymentID) -> Int {
        let room = (routes[deployment]?.replicas.count ?? 0) * (routes[deployment]?.maxOngoing ?? 0)
        return min(requests[deployment] ?? 0, room)
    }

    func report(at now: Moment) -> ProxyReport {
        ProxyReport(
            proxy: id, incarnation: "\(id)-\(incarnation)", address: "127.0.0.1:8000",
            applied: routes.mapValues(\.generation),
            load: routes.keys.sorted().map { deployment in
                let ongoing = ongoing(deployment)
                return ProxyLoad(
                    deployment: deployment, ongoing: ongoing, queued: (requests[deployment] ?? 0) - ongoing,
                    buckets: logs[deployment]?.buckets ?? [])
            }, busy: busyUntil.mapValues { _ in 1 }, arrived: now)
    }

    /// The last sequence of load that is not acknowledged.
    var held: [DeploymentID: Int64] { logs.compactMapValues { $0.buckets.last?.sequence } }

    mutating func acknowledge(_ stored: [DeploymentID: Int64]) {
        for (deployment, sequence) in stored {
            logs[deployment]?.buckets.removeAll { $0.sequence <= sequence }
        }
    }

    /// Takes routes over.
    /// - Returns: those that were older than what it had, which it refused.
    mutating func apply(_ news: [Route], removed: [DeploymentID], tier: Fence, now: Moment) -> [DeploymentID]
    {
        var refused: [DeploymentID] = []
        for route in news {
            let fence = Fence(
                clusterGeneration: tier.clusterGeneration, epoch: tier.epoch, generation: route.generation)
            guard fence >= fences[route.deployment] ?? .none else {
                refused.append(route.deployment)
                continue
            }
            fences[route.deployment] = fence
            letGo(
                routes[route.deployment]?.replicas ?? [], but: route.replicas, of: route.deployment, now: now)
            routes[route.deployment] = route
        }
        for deployment in removed {
            letGo(routes[deployment]?.replicas ?? [], but: [], of: deployment, now: now)
            if let fence = fences[deployment] {
                fences[deployment] = Fence(
                    clusterGeneration: tier.clusterGeneration, epoch: tier.epoch,
                    generation: fence.generation + 1)
            }
            routes[deployment] = nil
            logs[deployment] = nil
        }
        return refused
    }

    private mutating func letGo(
        _ before: [Route.Replica], but after: [Route.Replica], of deployment: DeploymentID, now: Moment
    ) {
        guard (requests[deployment] ?? 0) > 0 else { return }
        for replica in before where !after.contains(where: { $0.id == replica.id }) {
            busyUntil[replica.id] = now + requestTime
        }
    }

    /// When anything happens here next.
    var due: Moment {
        var times = silent ? [] : [nextSync]
        if let inbox, !silent { times.append(inbox.due) }
        times += routes.map { deployment, route in
            (logs[deployment]?.openedAt ?? nextSync) + route.metricsInterval
        }
        times += busyUntil.values
        return times.min() ?? Moment(Int64.max)
    }
}
