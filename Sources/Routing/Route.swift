import Model

/// The complete route of one deployment, as the serve tier published it.
package struct Route: Hashable, Sendable {
    package var deployment: DeploymentID
    package var fence: Fence
    /// Nil: reachable by no path.
    package var prefix: String?
    package var replicas: [ReplicaAddress]
    /// Requests that one replica may have at a time.
    package var maxOngoing: Int
    /// Requests that may wait here; nil: `queuedMax`.
    package var maxQueued: Int?
    /// Length of a load bucket.
    package var metricsInterval: Millis
    package var backpressure: Backpressure

    /// The bound of a deployment without one of its own (`max_queued_requests: -1`). A request beyond it is
    /// refused with `queue_full`.
    package static let queuedMax = 10_000

    package init(
        deployment: DeploymentID, fence: Fence, prefix: String?, replicas: [ReplicaAddress], maxOngoing: Int,
        maxQueued: Int?, metricsInterval: Millis, backpressure: Backpressure = Backpressure()
    ) {
        self.deployment = deployment
        self.fence = fence
        self.prefix = prefix
        self.replicas = replicas
        self.maxOngoing = maxOngoing
        self.maxQueued = maxQueued
        self.metricsInterval = metricsInterval
        self.backpressure = backpressure
    }
}

/// Where one replica is reached.
package struct ReplicaAddress: Hashable, Sendable {
    package var id: ReplicaID
    package var host: String
    package var port: Int

    package init(id: ReplicaID, host: String, port: Int) {
        self.id = id
        self.host = host
        self.port = port
    }
}

/// Why a request was not passed on. The raw value is the client's `reason` and the header `x-tandem-reason`.
package enum RefusalReason: String, CaseIterable, Hashable, Sendable {
    /// As many wait as may.
    case queueFull = "queue_full"
    /// There was none to the end of the wait.
    case noReplica = "no_replica"
    /// All replicas were busy to the end of the wait.
    case deadline
    /// The replica refused or broke the connection.
    case upstream
}
