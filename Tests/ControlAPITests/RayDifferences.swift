/// Where our document is meant to be another than Ray 2.60.0's, and why. Nothing else may differ, and what stands
/// here must: a line that is no longer true fails the test.
enum RayDifferences {
    private static let config = "applications.*.deployments.*.deployment_config"
    private static let scaling = "\(config).autoscaling_config"
    private static let actor = "there are no actors: a replica is a process, known by its node and pid"
    private static let gone = "not kept; tandem sql has the decisions to replace or stop one, in timeline"

    /// Sent by Ray and not by us, with all below.
    static let absent: [(path: String, why: String)] = [
        ("controller_health_metrics", "the tiers' own figures are at /metrics"),
        ("restores_unset_config_options", "no code sets options, so a file has nothing to restore"),
        ("target_groups", "one ingress routes all; the client does not read them"),
        ("proxy_location", "proxies are started apart; the client does not read it"),
        ("http_options", "the cluster file sets them; the client does not read them"),
        ("grpc_options", "gRPC is not served"),
        ("controller_info.actor_id", actor), ("controller_info.worker_id", actor),
        ("controller_info.node_instance_id", "the tier is on no machine of a cloud"),
        ("controller_info.log_file_path", "logs are files in State/logs, tandem logs shows them"),
        ("proxies.*.actor_id", actor), ("proxies.*.worker_id", actor),
        ("proxies.*.node_instance_id", "a proxy is on no machine of a cloud"),
        ("proxies.*.log_file_path", "logs are files in State/logs, tandem logs shows them"),
        ("applications.*.deployment_topology", "deployments do not call each other through us"),
        ("applications.*.deployments.*.recent_dead_replicas", gone),
        ("applications.*.deployments.*.replicas[].actor_id", actor),
        ("applications.*.deployments.*.replicas[].worker_id", actor),
        ("applications.*.deployments.*.replicas[].node_instance_id", "tandem nodes says it of each node"),
        ("applications.*.deployments.*.replicas[].log_file_path", "tandem logs REPLICA shows it"),
        ("\(config).graceful_shutdown_wait_loop_s", "a replica stops as soon as it is idle"),
        ("\(config).request_router_config", "requests go to the less loaded of two"),
        ("\(config).ray_actor_options.runtime_env", "of a file env_vars is read, the rest warned of"),
        ("\(scaling).smoothing_factor", "the old name of the two factors"),
        ("\(scaling).upscale_smoothing_factor", "the old name of upscaling_factor"),
        ("\(scaling).downscale_smoothing_factor", "the old name of downscaling_factor"),
        ("\(scaling).policy", "the rule is ours; its settings stand beside"),
    ]

    /// Sent by us and not by Ray, below the strict levels, where the client passes over them.
    static let added: [(path: String, why: String)] =
        [
            "upscale_delay_value", "downscale_delay_value", "delay_share", "count_starting",
            "upscale_tolerance", "downscale_tolerance", "without_data",
        ].map { ("\(scaling).\($0)", "a setting of ours beside Ray's") }
        + [("\(config).min_ready_s", "how a version proves itself, beside Ray's settings")]
        + ["priority", "weight", "do_not_disrupt"].map {
            ("\(config).\($0)", "what a deployment is worth, beside Ray's settings")
        }
        + [
            ("\(config).max_constructor_retry_count", "Ray reads it too but does not show it"),
            ("\(config).ray_actor_options.memory", "shown where a file sets it; in no recorded file"),
        ]

    /// Other types than Ray was seen to send, which its client reads as well.
    static let types: [(path: String, ours: String, why: String)] = [
        ("\(scaling).upscaling_factor", "int", "shown as it works; Ray's null means 1"),
        ("\(scaling).downscaling_factor", "int", "shown as it works; Ray's null means 1"),
    ]
}
