import Testing

/// A field of the serve schema of Ray 2.60.0, as it would be given. Where a field holds
/// others that are answered together, there is one for each of those.
struct RayField: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    /// As `FieldSection.name`.
    var section: String
    /// `key: value`, with a value that is not the default.
    var entry: String

    var key: String { String(entry.prefix { $0 != ":" }) }
    var description: String { "\(section): \(entry)" }
    var testDescription: String { description }

    static let all: [RayField] = [
        of("top", top), of("http_options", http), of("applications", application),
        of("runtime_env", runtimeEnvironment), of("deployments", deployment),
        of("ray_actor_options", actorOptions), of("autoscaling_config", autoscaling),
        of("backpressure_config", ["status_code: 429", "retry_after_s: 2"]),
        of("logging_config", logging), of("grpc_options", grpc), of("tracing_config", tracing),
        of("controller_options", ["runtime_env: {env_vars: {A: b}}"]),
        of("request_router_config", router),
        of("policy", ["policy_function: 'm:f'", "policy_kwargs: {a: 1}"]),
    ].flatMap { $0 }

    private static func of(_ section: String, _ entries: [String]) -> [RayField] {
        entries.map { RayField(section: section, entry: $0) }
    }

    private static let logging = [
        "encoding: JSON", "log_level: DEBUG", "logs_dir: /tmp", "enable_access_log: true",
        "additional_log_standard_attrs: [name]",
    ]
    private static let grpc = [
        "port: 9001", "grpc_servicer_functions: ['m:f']", "request_timeout_s: 5", "enable_reflection: false",
    ]
    private static let tracing = ["enabled: true", "exporter_import_path: 'm:f'", "sampling_ratio: 0.5"]
    private static let router = [
        "request_router_class: 'm:C'", "request_router_kwargs: {a: 1}", "request_routing_stats_period_s: 5",
        "request_routing_stats_timeout_s: 5", "initial_backoff_s: 0.05", "backoff_multiplier: 3",
        "max_backoff_s: 1",
    ]

    private static let top = [
        "applications: []", "target_capacity: 50", "proxy_location: Disabled",
        "http_options: {port: 8001}",
    ]

    private static let http = [
        "host: 0.0.0.0", "port: 8001", "root_path: /root", "request_timeout_s: 30",
        "keep_alive_timeout_s: 60",
        "ssl_keyfile: /key", "ssl_certfile: /cert", "ssl_keyfile_password: word", "ssl_ca_certs: /ca",
    ]

    private static let application =
        [
            "name: a", "route_prefix: /a", "import_path: m:a", "args: {size: 1}",
            "runtime_env: {env_vars: {A: b}}", "deployments: [{name: d, command: [x]}]",
            "external_scaler_enabled: true", "host: 0.0.0.0", "port: 8001",
        ]

    private static let runtimeEnvironment = [
        "env_vars: {A: b}", "working_dir: 'https://h/code.zip'", "py_modules: ['https://h/more.zip']",
        "py_executable: python3", "excludes: [data]", "pip: [numpy]", "uv: [numpy]", "conda: base",
        "container: {image: i}", "image_uri: i", "java_jars: [a.jar]", "worker_process_setup_hook: 'm:f'",
        "config: {setup_timeout_seconds: 5}", "nsight: default",
    ]

    private static let deployment =
        [
            "name: d", "num_replicas: 2", "num_replicas: auto", "max_ongoing_requests: 3",
            "max_queued_requests: 7",
            "backpressure_config: {status_code: 429}", "user_config: {a: 1}",
            "autoscaling_config: {max_replicas: 3}", "graceful_shutdown_wait_loop_s: 1",
            "graceful_shutdown_timeout_s: 5", "health_check_period_s: 5", "health_check_timeout_s: 5",
            "ray_actor_options: {num_cpus: 2}", "placement_group_bundles: [{CPU: 2}]",
            "placement_group_strategy: STRICT_PACK", "placement_group_bundle_label_selector: [{zone: a}]",
            "max_replicas_per_node: 2", "gang_scheduling_config: {gang_size: 1}",
            "gang_scheduling_config: {gang_size: 1, gang_placement_strategy: SPREAD}",
            "gang_scheduling_config: {gang_size: 1, runtime_failure_policy: RESTART_GANG}",
            "deployment_actors: [{name: a, actor_class: 'm:C', init_args: [], init_kwargs: {}}]",
            "deployment_actors: [{actor_options: {num_cpus: 1}}]", "max_constructor_retry_count: 3",
            "rolling_update_percentage: 0.5", "max_surge_percent: 25",
        ]

    private static let actorOptions = [
        "num_cpus: 2", "num_gpus: 1", "memory: 1024", "resources: {scanner: 1}", "accelerator_type: A100",
        "runtime_env: {env_vars: {A: b}}", "label_selector: {zone: a}",
        "fallback_strategy: [{label_selector: {zone: b}}]",
    ]

    private static let autoscaling = [
        "min_replicas: 0", "initial_replicas: 2", "max_replicas: 20", "target_ongoing_requests: 1.5",
        "metrics_interval_s: 5", "look_back_period_s: 20", "smoothing_factor: 0.8",
        "upscale_smoothing_factor: 0.8", "downscale_smoothing_factor: 0.8", "upscaling_factor: 0.8",
        "downscaling_factor: 0.8", "upscale_delay_s: 3", "downscale_delay_s: 60",
        "downscale_to_zero_delay_s: 90", "aggregation_function: max",
    ]
}
