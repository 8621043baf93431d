import Foundation
import Model
import Store

extension ServeStep {
    /// Gives every route whose content changed its next generation, and each draining replica the generation from
    /// which it is on no route.
    mutating func planRoutes() {
        eachLooked { step, id in step.planRoute(id) }
    }

    private mutating func planRoute(_ id: DeploymentID) {
        guard let row = state.deployments[id] else { return }
        let now = now
        let rows = replicas(of: id)
        let content = Route.content(of: row, in: state, replicas: rows)
        let hash = content.fingerprint
        if hash != row.routeHash {
            update(id) {
                $0.routeGeneration += 1
                $0.routeHash = hash
            }
        }
        let generation = state.deployments[id]?.routeGeneration ?? 0
        routes[id] = Route(of: id, generation, content)
        let unrouted = Set(rows.indices.lazy.filter { rows[$0].routedAt == nil }.map { rows[$0].id })
        for replica in content.replicas where unrouted.contains(replica.id) {
            update(replica.id) { $0.routedAt = now }
        }
        for replica in rows where replica.phase == .draining && replica.drainGeneration == nil {
            update(replica.id) { $0.drainGeneration = generation }
            #if MUTANTS
                if Mutant.drainsByOldRoute.isOn {
                    update(replica.id) { $0.drainGeneration = row.routeGeneration }
                }
            #endif
        }
    }
}

extension Route.Content {
    /// Differs whenever anything in it does.
    var fingerprint: String {
        var print = Fingerprint()
        func mix(text: String?) {
            print.mix(text == nil ? 0 : 1)
            print.mix(text: text ?? "")
        }
        mix(text: prefix)
        for replica in replicas {
            mix(text: replica.id.rawValue)
            mix(text: replica.host)
            mix(text: "\(replica.port)")
        }
        mix(text: "\(maxOngoing)")
        mix(text: maxQueued.map { "\($0)" })
        mix(text: "\(metricsInterval.rawValue)")
        // Left out where it is as ever: a newer version moves no route that says the same.
        if backpressure != Backpressure() {
            mix(text: "\(backpressure.status)")
            mix(text: backpressure.retryAfter.map { "\($0.rawValue)" })
        }
        return print.text
    }
}

extension Route {
    /// What a proxy would be told of a deployment, generation left out.
    struct Content {
        var prefix: String?
        var replicas: [Replica]
        var maxOngoing: Int
        var maxQueued: Int?
        var metricsInterval: Millis
        var backpressure: Backpressure
    }

    init(of deployment: DeploymentID, _ generation: Int64, _ content: Content) {
        self.init(
            deployment: deployment, generation: generation, prefix: content.prefix,
            replicas: content.replicas, maxOngoing: content.maxOngoing, maxQueued: content.maxQueued,
            metricsInterval: content.metricsInterval, backpressure: content.backpressure)
    }

    static func content(of row: DeploymentRow, in state: ClusterState, replicas: [ReplicaRow]) -> Content {
        let application = state.applications[row.application]
        let isIngress = application?.ingress == row.id && !row.deleting
        return Content(
            prefix: isIngress ? application?.routePrefix : nil,
            replicas: routable(replicas, in: state), maxOngoing: row.settings.maxOngoing,
            maxQueued: row.settings.maxQueued,
            metricsInterval: row.metricsInterval,
            backpressure: row.settings.backpressure)
    }

    /// Those that are ready and well. When fewer than half of the ready ones are well, all that are ready: whatever is
    /// wrong is then not in the single replica, and the rest could not carry the load (panic routing, as in Envoy).
    private static func routable(_ replicas: [ReplicaRow], in state: ClusterState) -> [Replica] {
        let ready = replicas.compactMap { replica -> (replica: Replica, isWell: Bool)? in
            guard let placement = state.placements[replica.id], isRoutable(replica, placement),
                let host = placement.host, let port = placement.port
            else { return nil }
            return (Replica(id: replica.id, host: host, port: port), placement.unwellAt == nil)
        }
        let well = ready.filter(\.isWell)
        return (well.count * 2 < ready.count ? ready : well).map(\.replica)
    }

    private static func isRoutable(_ replica: ReplicaRow, _ placement: PlacementRow) -> Bool {
        #if MUTANTS
            if Mutant.routesUnready.isOn, placement.phase == .starting { return replica.phase == .wanted }
            if Mutant.routesDraining.isOn, replica.phase == .draining { return placement.phase == .ready }
        #endif
        return replica.phase == .wanted && placement.phase == .ready
    }

    /// Every route as committed, by deployment.
    static func all(in state: ClusterState) -> [DeploymentID: Route] {
        var byDeployment: [DeploymentID: [ReplicaRow]] = [:]
        for replica in state.replicas.values { byDeployment[replica.deployment, default: []].append(replica) }
        var routes: [DeploymentID: Route] = [:]
        for (id, row) in state.deployments where row.routeGeneration > 0 {
            let replicas = (byDeployment[id] ?? []).sorted { $0.id < $1.id }
            let content = content(of: row, in: state, replicas: replicas)
            routes[id] = Route(of: id, row.routeGeneration, content)
        }
        return routes
    }
}

extension DeploymentRow {
    /// Length of a load bucket: as configured, or Ray's default where nothing scales by it.
    var metricsInterval: Millis {
        if case .auto(let settings) = settings.count { return settings.metricsInterval }
        return AutoscalingSettings().metricsInterval
    }
}

extension ReplicaSettings {
    /// Differs whenever replicas have to be started anew.
    var version: String { stableHash(of: fixed) }
}

/// Of the value's JSON with sorted keys.
func stableHash(of value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let bytes = try? encoder.encode(value) else { return "" }
    return Fingerprint(of: bytes).text
}
