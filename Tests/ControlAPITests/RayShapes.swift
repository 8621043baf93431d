/// What Ray 2.60.0 sends over its REST API, and what its own client asks for: facts seen on a running cluster of one
/// node and read from the client's models (source: Ray 2.60.0). A line is the path of a key and the JSON types found
/// there; `*` is any key of a map, `[]` any element of a list.
enum RayShapes {
    /// Answers of `GET /api/serve/applications/`, all states together. Below `deployed_app_config`, which is the user's,
    /// and below `controller_health_metrics` nothing is listed.
    static let document = shape(
        """
        applications object
        applications.* object
        applications.*.deployed_app_config null|object
        applications.*.deployment_topology null|object
        applications.*.deployment_topology.app_name string
        applications.*.deployment_topology.ingress_deployment string
        applications.*.deployment_topology.nodes object
        applications.*.deployments object
        applications.*.deployments.* object
        applications.*.deployments.*.deployment_config object
        applications.*.deployments.*.deployment_config.autoscaling_config object
        applications.*.deployments.*.deployment_config.autoscaling_config.aggregation_function string
        applications.*.deployments.*.deployment_config.autoscaling_config.downscale_delay_s number
        applications.*.deployments.*.deployment_config.autoscaling_config.downscale_smoothing_factor null
        applications.*.deployments.*.deployment_config.autoscaling_config.downscale_to_zero_delay_s null
        applications.*.deployments.*.deployment_config.autoscaling_config.downscaling_factor null
        applications.*.deployments.*.deployment_config.autoscaling_config.initial_replicas null
        applications.*.deployments.*.deployment_config.autoscaling_config.look_back_period_s number
        applications.*.deployments.*.deployment_config.autoscaling_config.max_replicas int
        applications.*.deployments.*.deployment_config.autoscaling_config.metrics_interval_s number
        applications.*.deployments.*.deployment_config.autoscaling_config.min_replicas int
        applications.*.deployments.*.deployment_config.autoscaling_config.policy object
        applications.*.deployments.*.deployment_config.autoscaling_config.smoothing_factor number
        applications.*.deployments.*.deployment_config.autoscaling_config.target_ongoing_requests number
        applications.*.deployments.*.deployment_config.autoscaling_config.upscale_delay_s number
        applications.*.deployments.*.deployment_config.autoscaling_config.upscale_smoothing_factor null
        applications.*.deployments.*.deployment_config.autoscaling_config.upscaling_factor null
        applications.*.deployments.*.deployment_config.backpressure_config object
        applications.*.deployments.*.deployment_config.graceful_shutdown_timeout_s number
        applications.*.deployments.*.deployment_config.graceful_shutdown_wait_loop_s number
        applications.*.deployments.*.deployment_config.health_check_period_s number
        applications.*.deployments.*.deployment_config.health_check_timeout_s number
        applications.*.deployments.*.deployment_config.max_ongoing_requests int
        applications.*.deployments.*.deployment_config.max_queued_requests int
        applications.*.deployments.*.deployment_config.max_surge_percent int
        applications.*.deployments.*.deployment_config.name string
        applications.*.deployments.*.deployment_config.num_replicas int
        applications.*.deployments.*.deployment_config.ray_actor_options object
        applications.*.deployments.*.deployment_config.ray_actor_options.num_cpus number
        applications.*.deployments.*.deployment_config.ray_actor_options.runtime_env object
        applications.*.deployments.*.deployment_config.request_router_config object
        applications.*.deployments.*.deployment_config.rolling_update_percentage number
        applications.*.deployments.*.deployment_config.user_config null|object
        applications.*.deployments.*.message string
        applications.*.deployments.*.name string
        applications.*.deployments.*.recent_dead_replicas list
        applications.*.deployments.*.replicas list
        applications.*.deployments.*.replicas[] object
        applications.*.deployments.*.replicas[].actor_id string
        applications.*.deployments.*.replicas[].actor_name string
        applications.*.deployments.*.replicas[].log_file_path string
        applications.*.deployments.*.replicas[].node_id string
        applications.*.deployments.*.replicas[].node_instance_id string
        applications.*.deployments.*.replicas[].node_ip string
        applications.*.deployments.*.replicas[].pid int
        applications.*.deployments.*.replicas[].replica_id string
        applications.*.deployments.*.replicas[].start_time_s number
        applications.*.deployments.*.replicas[].state string
        applications.*.deployments.*.replicas[].worker_id string
        applications.*.deployments.*.required_resources object
        applications.*.deployments.*.required_resources.* number
        applications.*.deployments.*.status string
        applications.*.deployments.*.status_trigger string
        applications.*.deployments.*.target_num_replicas int
        applications.*.docs_path null
        applications.*.external_scaler_enabled bool
        applications.*.last_deployed_time_s number
        applications.*.message string
        applications.*.name string
        applications.*.route_prefix null|string
        applications.*.source string
        applications.*.status string
        controller_health_metrics object
        controller_info object
        controller_info.actor_id string
        controller_info.actor_name string
        controller_info.log_file_path string
        controller_info.node_id string
        controller_info.node_instance_id string
        controller_info.node_ip string
        controller_info.worker_id string
        grpc_options object
        http_options object
        proxies object
        proxies.* object
        proxies.*.actor_id string
        proxies.*.actor_name string
        proxies.*.log_file_path string
        proxies.*.node_id string
        proxies.*.node_instance_id string
        proxies.*.node_ip string
        proxies.*.status string
        proxies.*.worker_id string
        proxy_location string
        restores_unset_config_options bool
        target_capacity null|number
        target_groups list
        """)

    /// What the client asks for: without one of these `serve status`, `config` and `shutdown` end with an error. The
    /// last one is asked for by `shutdown` alone.
    static let required = shape(
        """
        proxies object
        proxies.*.status string
        applications object
        applications.*.name string
        applications.*.route_prefix null|string
        applications.*.docs_path null|string
        applications.*.status string
        applications.*.message string
        applications.*.last_deployed_time_s number
        applications.*.source string
        applications.*.deployments object
        applications.*.external_scaler_enabled bool
        applications.*.deployments.*.name string
        applications.*.deployments.*.status string
        applications.*.deployments.*.status_trigger string
        applications.*.deployments.*.message string
        applications.*.deployments.*.deployment_config object
        applications.*.deployments.*.deployment_config.name string
        applications.*.deployments.*.target_num_replicas int
        applications.*.deployments.*.required_resources object
        applications.*.deployments.*.replicas list
        applications.*.deployments.*.replicas[].replica_id string
        applications.*.deployments.*.replicas[].state string
        applications.*.deployments.*.replicas[].start_time_s number
        controller_info.node_id string
        """)

    /// The three levels at which the client refuses every key that it does not know, and those that it knows.
    static let strict: [String: Set<String>] = [
        "": [
            "controller_info", "proxy_location", "http_options", "grpc_options", "proxies", "applications",
            "target_capacity", "target_groups", "controller_health_metrics", "restores_unset_config_options",
        ],
        "applications.*": [
            "name", "route_prefix", "docs_path", "status", "message", "last_deployed_time_s",
            "deployed_app_config", "source", "deployments", "external_scaler_enabled", "deployment_topology",
        ],
        "applications.*.deployments.*": [
            "name", "status", "status_trigger", "message", "deployment_config", "target_num_replicas",
            "required_resources", "replicas", "recent_dead_replicas", "autoscaling_detail",
        ],
    ]

    /// Words other than these end the client with an error.
    static let words: [String: Set<String>] = [
        "applications.*.status": [
            "NOT_STARTED", "DEPLOYING", "DEPLOY_FAILED", "RUNNING", "UNHEALTHY", "DELETING",
        ],
        "applications.*.source": ["unknown", "imperative", "declarative"],
        "applications.*.deployments.*.status": [
            "UPDATING", "HEALTHY", "UNHEALTHY", "DEPLOY_FAILED", "UPSCALING", "DOWNSCALING",
        ],
        "applications.*.deployments.*.status_trigger": [
            "UNSPECIFIED", "CONFIG_UPDATE_STARTED", "CONFIG_UPDATE_COMPLETED", "UPSCALE_COMPLETED",
            "DOWNSCALE_COMPLETED", "AUTOSCALING", "REPLICA_STARTUP_FAILED", "DEPLOYMENT_ACTOR_FAILED",
            "HEALTH_CHECK_FAILED", "INTERNAL_ERROR", "DELETING",
        ],
        "applications.*.deployments.*.replicas[].state": [
            "STARTING", "UPDATING", "RECOVERING", "RUNNING", "STOPPING", "STOPPED", "PENDING_MIGRATION",
        ],
        "proxies.*.status": ["STARTING", "HEALTHY", "UNHEALTHY", "DRAINING", "DRAINED"],
    ]

    /// Keys below which the names are the user's.
    static let maps: Set = ["proxies", "applications", "deployments", "required_resources", "resources"]
    /// Not looked into.
    static let opaque: Set = ["deployed_app_config", "user_config", "backpressure_config"]

    /// Lines of a path and its types.
    static func shape(_ text: String) -> [String: Set<String>] {
        var shape: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            shape[String(words[0]), default: []].formUnion(words[1].split(separator: "|").map(String.init))
        }
        return shape
    }
}
