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
        ray_actor_options = Self.actorOptions(settings.replica.resources)
        rolling_update_percentage = settings.rollout.batchShare.number
        max_surge_percent = settings.rollout.surgePercent
        max_constructor_retry_count = settings.rollout.failuresMax
    }

    private static func actorOptions(_ resources: Resources) -> [String: JSONValue] {
        var options: [String: JSONValue] = [:]
        var custom: [String: JSONValue] = [:]
        for (name, amount) in resources.rayAmounts {
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
}

extension Millis {
    fileprivate var seconds: Double { Double(rawValue) / 1000 }
}

extension Thousandths {
    fileprivate var number: Double { Double(rawValue) / 1000 }
}
