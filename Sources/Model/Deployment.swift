/// How many replicas a deployment shall have.
package enum ReplicaCount: Hashable, Sendable, Codable {
    case fixed(Int)
    case auto(AutoscalingSettings)
}

/// The fields of `autoscaling_config` that this version reads. Names and defaults are those of Ray Serve 2.60;
/// `num_replicas: auto` begins with max 100 instead of 1.
package struct AutoscalingSettings: Hashable, Sendable, Codable {
    /// Requests, running and queued together, wanted for each replica.
    package var targetOngoing = Thousandths(2000)
    package var minReplicas = 1
    package var maxReplicas = 1
    /// Count at first deployment; nil: `minReplicas`.
    package var initialReplicas: Int?
    /// How often the ingress reports load.
    package var metricsInterval = Millis(10_000)
    /// Span over which load is averaged.
    package var lookBack = Millis(30_000)
    /// Gain on the distance between what runs and what the load asks.
    package var upscalingFactor = Thousandths.one
    package var downscalingFactor = Thousandths.one
    /// How long a wish must last before it is followed.
    package var upscaleDelay = Millis(30_000)
    package var downscaleDelay = Millis(600_000)
    /// Only the step from one to none; nil: `downscaleDelay`.
    package var downscaleToZeroDelay: Millis?

    package init() {}
}

/// One deployment as configured: what runs, how much of it, and how it is looked after.
package struct DeploymentSettings: Hashable, Sendable, Codable {
    package var id: DeploymentID
    package var count = ReplicaCount.fixed(1)
    /// Hard cap of concurrent requests in one replica.
    package var maxOngoing = 5
    /// Requests that may wait per proxy; nil: the proxy's own bound.
    package var maxQueued: Int?
    package var replica: ReplicaSettings
    /// How long a draining replica may finish what it has before it is stopped hard.
    package var gracefulShutdownTimeout = Millis(20_000)

    package init(id: DeploymentID, replica: ReplicaSettings) {
        self.id = id
        self.replica = replica
    }
}

/// Everything that one replica process is started with. A change here means new processes.
package struct ReplicaSettings: Hashable, Sendable, Codable {
    /// Argument vector; `{port}` is replaced by the port, which is also in the variable PORT. No shell.
    package var command: [String]
    /// Sorted by name.
    package var environment: [EnvironmentVariable] = []
    package var workingDirectory: String?
    /// What a replica takes of a node. Logical, as in Ray: placement counts it, nothing measures it.
    package var resources = Resources([Resources.cpu: 1000])
    /// Also enforce `memory` as a limit on the process.
    package var enforceMemory = false
    package var health = HealthCheck()

    package init(command: [String]) { self.command = command }
}

/// One variable of a replica's environment.
package struct EnvironmentVariable: Hashable, Sendable, Codable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// How an agent finds out that a replica is ready, and later that it is well.
package struct HealthCheck: Hashable, Sendable, Codable {
    /// Answers 2xx when ready. Nil: an accepted TCP connection is enough.
    package var path: String?
    /// Between checks once ready (Ray: `health_check_period_s`, 10).
    package var period = Millis(10_000)
    /// For one check (Ray: `health_check_timeout_s`, 30).
    package var timeout = Millis(30_000)
    /// From start to ready; beyond it the replica has failed.
    package var startDeadline = Millis(120_000)
    /// This many failed checks in a row end a replica that was ready (Ray: 3).
    package static let failuresMax = 3

    package init() {}
}

/// One application as configured.
package struct ApplicationSettings: Hashable, Sendable, Codable {
    package var name: String
    /// Nil: reachable by no route.
    package var routePrefix: String?
    package var importPath: String?
    package var deployments: [DeploymentSettings]
    /// The deployment that answers requests for `routePrefix`: the last in the file, as in a Ray application,
    /// where the bound graph's root comes last.
    package var ingress: DeploymentID? { deployments.last?.id }

    package init(
        name: String, routePrefix: String?, importPath: String? = nil, deployments: [DeploymentSettings]
    ) {
        self.name = name
        self.routePrefix = routePrefix
        self.importPath = importPath
        self.deployments = deployments
    }
}
