import Model
import Wire

/// A deployment's configuration in force, as Ray Serve shows it: every field filled in. `num_replicas` and
/// `autoscaling_config` exclude each other.
struct DeploymentConfig: Encodable, Sendable {
    var name: String
    var num_replicas: Int?
    var max_ongoing_requests: Int
    var max_queued_requests: Int
    var user_config: JSONValue
    var autoscaling_config: Autoscaling?
    var backpressure_config: [String: JSONValue]
    var graceful_shutdown_timeout_s: Double
    var health_check_period_s: Double
    var health_check_timeout_s: Double
    var ray_actor_options: [String: JSONValue]
    var rolling_update_percentage: Double
    /// Absent where the file says nothing: Ray has no number for "as many as there is room for", and refuses null.
    var max_surge_percent: Int?
    var max_constructor_retry_count: Int
    var max_replicas_per_node: Int?
    var gang_scheduling_config: Gang?
    // Beside Ray's.
    var min_ready_s: Double
    var labels: [String: String]?
    var spread: [Rule]?
    var affinity: [Rule]?
    var anti_affinity: [Rule]?
    var priority: Int
    var weight: Int
    var do_not_disrupt: Bool

    struct Gang: Encodable, Sendable {
        var gang_size: Int
        var gang_placement_strategy: String
        var runtime_failure_policy = "RESTART_GANG"

        init(_ gang: GangSettings) {
            gang_size = gang.size
            gang_placement_strategy = gang.strategy.rawValue
        }
    }

    /// A rule about neighbours, as a serve file has it.
    struct Rule: Encodable, Sendable {
        var topology: String
        var max_skew: Int?
        var selector: [String: String]
        var soft: Bool

        init(_ rule: TopologyRule) {
            topology = rule.topology.rawValue
            if case .spread(let skew) = rule.ask { max_skew = skew }
            selector = rule.selector
            soft = rule.isSoft
        }
    }

    struct Autoscaling: Encodable, Sendable {
        var min_replicas: Int
        var initial_replicas: Nullable<Int>
        var max_replicas: Int
        var target_ongoing_requests: Double
        var metrics_interval_s: Double
        var look_back_period_s: Double
        var upscaling_factor: Double
        var downscaling_factor: Double
        var upscale_delay_s: Double
        var downscale_delay_s: Double
        var downscale_to_zero_delay_s: Nullable<Double>
        var aggregation_function: String
        // Beside Ray's.
        var upscale_delay_value: String
        var downscale_delay_value: String
        var delay_share: Double
        var count_starting: Bool
        var upscale_tolerance: Double
        var downscale_tolerance: Double
        var without_data: String

        init(_ settings: AutoscalingSettings) {
            min_replicas = settings.minReplicas
            initial_replicas = Nullable(settings.initialReplicas)
            max_replicas = settings.maxReplicas
            target_ongoing_requests = settings.targetOngoing.number
            metrics_interval_s = settings.metricsInterval.seconds
            look_back_period_s = settings.lookBack.seconds
            upscaling_factor = settings.upscalingFactor.number
            downscaling_factor = settings.downscalingFactor.number
            upscale_delay_s = settings.upscaleDelay.seconds
            downscale_delay_s = settings.downscaleDelay.seconds
            downscale_to_zero_delay_s = Nullable(settings.downscaleToZeroDelay?.seconds)
            aggregation_function = settings.aggregation.rawValue
            upscale_delay_value = settings.upscaleDelayValue.rawValue
            downscale_delay_value = settings.downscaleDelayValue.rawValue
            delay_share = settings.delayShare.number
            count_starting = settings.countsStarting
            upscale_tolerance = settings.upscaleTolerance.number
            downscale_tolerance = settings.downscaleTolerance.number
            without_data = settings.withoutData.rawValue
        }
    }

    init(_ settings: DeploymentSettings) {
        name = settings.id.name
        switch settings.count {
        case .fixed(let count): num_replicas = count
        case .auto(let scaling): autoscaling_config = Autoscaling(scaling)
        }
        max_ongoing_requests = settings.maxOngoing
        max_queued_requests = settings.maxQueued ?? -1
        user_config = settings.replica.userConfig.flatMap(JSONValue.init(text:)) ?? .null
        backpressure_config = [
            "status_code": .number(Double(settings.backpressure.status)),
            "retry_after_s": settings.backpressure.retryAfter.map { .number($0.seconds) } ?? .null,
        ]
        graceful_shutdown_timeout_s = settings.gracefulShutdownTimeout.seconds
        health_check_period_s = settings.replica.health.period.seconds
        health_check_timeout_s = settings.replica.health.timeout.seconds
        ray_actor_options = Self.actorOptions(settings.replica)
        rolling_update_percentage = settings.rollout.batchShare.number
        max_surge_percent = settings.rollout.surgePercent
        max_constructor_retry_count = settings.rollout.failuresMax
        min_ready_s = settings.rollout.minReady.seconds
        priority = settings.priority
        weight = settings.weight
        do_not_disrupt = settings.isUndisturbed
        if let placing = settings.replica.placing { show(placing) }
    }

    private mutating func show(_ placing: PlacingSettings) {
        max_replicas_per_node = placing.maxPerNode
        gang_scheduling_config = placing.gang.map(Gang.init)
        if !placing.labels.isEmpty {
            labels = Dictionary(placing.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        func rules(_ isOfKind: (TopologyRule.Ask) -> Bool) -> [Rule]? {
            let rules = placing.rules.filter { isOfKind($0.ask) }.map(Rule.init)
            return rules.isEmpty ? nil : rules
        }
        spread = rules { if case .spread = $0 { true } else { false } }
        affinity = rules { $0 == .affinity }
        anti_affinity = rules { $0 == .antiAffinity }
    }

    private static func actorOptions(_ replica: ReplicaSettings) -> [String: JSONValue] {
        var options: [String: JSONValue] = [:]
        var custom: [String: JSONValue] = [:]
        if let selectors = replica.placing?.selectors, let first = selectors.first {
            if !first.rules.isEmpty { options["label_selector"] = shown(first) }
            if selectors.count > 1 {
                options["fallback_strategy"] = .list(
                    selectors.dropFirst().map { .object(["label_selector": shown($0)]) })
            }
        }
        for (name, amount) in replica.resources.rayAmounts {
            switch name {
            case Resources.cpu: options["num_cpus"] = .number(amount)
            case "GPU": options["num_gpus"] = .number(amount)
            case Resources.memory: options["memory"] = .number(amount)
            default: custom[name] = .number(amount)
            }
        }
        if !custom.isEmpty { options["resources"] = .object(custom) }
        return options
    }

    private static func shown(_ selector: LabelSelector) -> JSONValue {
        .object(selector.texts.mapValues { .text($0) })
    }
}

extension Millis {
    fileprivate var seconds: Double { Double(rawValue) / 1000 }
}

extension Thousandths {
    fileprivate var number: Double { Double(rawValue) / 1000 }
}
