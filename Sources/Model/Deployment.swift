/// How many replicas a deployment shall have.
package enum ReplicaCount: Hashable, Sendable, Codable {
    case fixed(Int)
    case auto(AutoscalingSettings)

    package var isAuto: Bool {
        if case .auto = self { true } else { false }
    }
}

/// What a delay that has lasted comes to: of the wishes within it.
package enum DelayValue: String, CaseIterable, Hashable, Sendable, Codable {
    case last, min, mean, max
}

/// How the load of a window becomes one number.
package enum LoadAggregation: String, CaseIterable, Hashable, Sendable, Codable {
    /// Over time.
    case mean
    /// Of the reported values.
    case max, min
}

/// What it means that no proxy reports.
package enum WithoutData: String, CaseIterable, Hashable, Sendable, Codable {
    case hold, zero
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
    package var aggregation = LoadAggregation.mean

    // What Ray does not have. With `last`, `last`, one, false, zero, zero and `.zero` the rule is Ray's.

    /// Of the wishes within a delay the one that is followed. Up the last one: a crowd is met as it is now. Down the
    /// highest: what was needed a moment ago may be needed again (Kubernetes' stabilisation window; ray #46497).
    package var upscaleDelayValue = DelayValue.last
    package var downscaleDelayValue = DelayValue.max
    /// The part of a delay's time for which the wish must lie on its side. Ray begins anew at every tick that wishes
    /// for what is there: a load near a rounding edge then never scales.
    package var delayShare = Thousandths(900)
    /// Replicas that are ordered and not ready count as there when a gain is applied (ray #64509).
    package var countsStarting = true
    /// So much more, or less, than the replicas are meant for is still right for them.
    package var upscaleTolerance = Thousandths(0)
    package var downscaleTolerance = Thousandths(0)
    package var withoutData = WithoutData.hold

    package init() {}

    package var longestDelay: Millis {
        Swift.max(upscaleDelay, downscaleDelay, downscaleToZeroDelay ?? .zero)
    }
}

extension AutoscalingSettings {
    /// A field that an older version did not write has its default.
    package init(from decoder: any Decoder) throws {
        self.init()
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&targetOngoing, .targetOngoing)
        try fields.take(&minReplicas, .minReplicas)
        try fields.take(&maxReplicas, .maxReplicas)
        try fields.take(&initialReplicas, .initialReplicas)
        try fields.take(&metricsInterval, .metricsInterval)
        try fields.take(&lookBack, .lookBack)
        try fields.take(&upscalingFactor, .upscalingFactor)
        try fields.take(&downscalingFactor, .downscalingFactor)
        try fields.take(&upscaleDelay, .upscaleDelay)
        try fields.take(&downscaleDelay, .downscaleDelay)
        try fields.take(&downscaleToZeroDelay, .downscaleToZeroDelay)
        try fields.take(&aggregation, .aggregation)
        try fields.take(&upscaleDelayValue, .upscaleDelayValue)
        try fields.take(&downscaleDelayValue, .downscaleDelayValue)
        try fields.take(&delayShare, .delayShare)
        try fields.take(&countsStarting, .countsStarting)
        try fields.take(&upscaleTolerance, .upscaleTolerance)
        try fields.take(&downscaleTolerance, .downscaleTolerance)
        try fields.take(&withoutData, .withoutData)
    }
}

extension KeyedDecodingContainer {
    /// Leaves the value as it is when nothing is there.
    func take<Value: Decodable>(_ value: inout Value, _ key: Key) throws {
        if let found = try decodeIfPresent(Value.self, forKey: key) { value = found }
    }
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
    package var rollout = RolloutSettings()
    package var backpressure = Backpressure()
    /// Higher ones get room first, and keep it where there is too little for all.
    package var priority = 0
    /// Of what deployments of one priority share where there is too little, it gets so many parts; at least 1.
    package var weight = 1
    /// No node is disturbed of our own accord while a replica of it runs there (Karpenter: `do-not-disrupt`).
    package var isUndisturbed = false

    package init(id: DeploymentID, replica: ReplicaSettings) {
        self.id = id
        self.replica = replica
    }
}

/// How a new version takes the place of an old one. Names and defaults are those of Ray Serve 2.60.
package struct RolloutSettings: Hashable, Sendable, Codable {
    /// `rolling_update_percentage`: the part of the replicas that is replaced at a time.
    package var batchShare = Thousandths(200)
    /// `max_surge_percent`; nil: what there is room for is started first. (Ray's default is 0: old ones leave first.)
    package var surgePercent: Int?
    /// `max_unavailable`: the disruption budget. No planned change begins that leaves more replicas unready than this,
    /// whatever made the others unready; nil: one batch.
    package var unavailableMax: Disruption?
    /// `max_constructor_retry_count`: a new version that fails so often, or three times for each replica, is given up.
    package var failuresMax = 20
    /// `min_ready_s`: a replica of a new version must have been ready for so long before more than one batch follows, and
    /// before an old one leaves that need not. A version that starts well and ends soon after costs a batch at most. (As
    /// `minReadySeconds` of Kubernetes, whose 0 lets such a version take all; Ray 2.60 has nothing of the kind.)
    package var minReady = Millis(10_000)

    package init() {}

    /// Replicas at a time, of so many.
    package func batch(of target: Int) -> Int { max(1, target * Int(batchShare.rawValue) / 1000) }

    /// So many of them may be unready for a planned change; nil: one batch.
    package func unavailable(of target: Int) -> Int? {
        switch unavailableMax {
        case nil: nil
        case .count(let count)?: count
        case .percent(let percent)?: target * percent / 100
        }
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&batchShare, .batchShare)
        try fields.take(&surgePercent, .surgePercent)
        try fields.take(&unavailableMax, .unavailableMax)
        try fields.take(&failuresMax, .failuresMax)
        try fields.take(&minReady, .minReady)
    }
}

/// A number of replicas, or a part of those wanted, rounded down.
package enum Disruption: Hashable, Sendable, Codable {
    case count(Int)
    case percent(Int)
}

extension DeploymentSettings {
    /// Its replicas come and go in groups; nil: one by one.
    package var gang: GangSettings? { replica.placing?.gang }

    /// A count as it is asked for: in whole gangs.
    package func inGangs(_ count: Int) -> Int { gang?.whole(count) ?? count }

    /// Bounds in whole gangs.
    package func inGangs(_ scaling: AutoscalingSettings) -> AutoscalingSettings {
        guard let gang else { return scaling }
        var scaling = scaling
        scaling.minReplicas = gang.whole(scaling.minReplicas)
        scaling.maxReplicas = gang.whole(scaling.maxReplicas)
        scaling.initialReplicas = scaling.initialReplicas.map(gang.whole)
        return scaling
    }
}

extension DeploymentSettings {
    /// A field that an older version did not write has its default.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try fields.decode(DeploymentID.self, forKey: .id),
            replica: try fields.decode(ReplicaSettings.self, forKey: .replica))
        try fields.take(&count, .count)
        try fields.take(&maxOngoing, .maxOngoing)
        try fields.take(&maxQueued, .maxQueued)
        try fields.take(&gracefulShutdownTimeout, .gracefulShutdownTimeout)
        try fields.take(&rollout, .rollout)
        try fields.take(&backpressure, .backpressure)
        try fields.take(&priority, .priority)
        try fields.take(&weight, .weight)
        try fields.take(&isUndisturbed, .isUndisturbed)
    }
}

/// How a request is refused when as many wait as may (`backpressure_config`).
package struct Backpressure: Hashable, Sendable, Codable {
    /// 503, or 429.
    package var status = 503
    /// In the header Retry-After, rounded up to whole seconds; nil: the proxy's own second with 503, none with 429.
    package var retryAfter: Millis?

    package init() {}
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
    /// JSON for the program, `user_config`: in its environment as TANDEM_USER_CONFIG, and sent to `reconfigurePath`.
    package var userConfig: String?
    /// Takes `userConfig` by POST, before the replica counts as ready and whenever it changes; nil: another
    /// `userConfig` means new processes.
    package var reconfigurePath: String?
    /// Nil: any node will do, and any neighbours.
    package var placing: PlacingSettings?

    package init(command: [String]) { self.command = command }

    /// Without what can be changed in a process that runs. (Ray: a change of the rest restarts every replica.)
    package var fixed: ReplicaSettings {
        var fixed = self
        fixed.health = HealthCheck()
        if reconfigurePath != nil { fixed.userConfig = nil }
        return fixed
    }
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
    /// This many failed checks in a row and a replica that was ready is unwell (Ray: 3).
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
    /// The counts of its deployments may be set by a call (Ray: `external_scaler_enabled`).
    package var hasExternalScaler = false
    /// As it was put, as JSON: shown to those who ask.
    package var config = "{}"
    /// `args` of an import path, as JSON; nil: none.
    package var arguments: String?
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
