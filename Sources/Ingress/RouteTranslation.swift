import Model
import Routing
import Wire

extension Route {
    init(_ wire: DeploymentRoute) {
        self.init(
            deployment: wire.deployment, fence: wire.fence, prefix: wire.prefix,
            replicas: wire.replicas.map { ReplicaAddress(id: $0.id, host: $0.host, port: $0.port) },
            maxOngoing: wire.maxOngoing, maxQueued: wire.maxQueued, metricsInterval: wire.metricsInterval,
            backpressure: wire.backpressure ?? Backpressure())
    }

    var wire: DeploymentRoute {
        DeploymentRoute(
            deployment: deployment, fence: fence, prefix: prefix,
            replicas: replicas.map { RouteReplica(id: $0.id, host: $0.host, port: $0.port) },
            maxOngoing: maxOngoing, maxQueued: maxQueued, metricsInterval: metricsInterval,
            backpressure: backpressure)
    }
}

extension LoadSpan {
    /// As it travels: ages instead of instants.
    func wire(at now: MicroTime) -> LoadBucket {
        LoadBucket(
            sequence: sequence, endedAgo: Millis(max(0, now - ended) / 1000), span: span, area: area,
            ongoing: ongoing, queued: queued, completed: completed)
    }
}
