import Testing

/// One field with values to try.
struct FieldCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    /// As `FieldSection.name`.
    var section: String
    var key: String
    /// What its section holds besides; nil: what any field of it needs.
    var beside: String?
    /// Each changes what is read.
    var valid: [String]
    /// At a bound, or without effect.
    var edge: [String]
    var wrong: [String]

    var description: String { "\(section): \(key)" }
    var testDescription: String { description }

    init(
        _ section: String, _ key: String, beside: String? = nil, _ valid: [String], edge: [String] = [],
        wrong: [String]
    ) {
        self.section = section
        self.key = key
        self.beside = beside
        self.valid = valid
        self.edge = edge
        self.wrong = wrong
    }

    static let all: [FieldCase] = [
        top, application, deployment, replica, placing, standing, rules, readiness, actorOptions, nodeLabels,
        autoscaling, own, backpressure,
    ].flatMap { $0 }

    private static func x(_ count: Int) -> String { String(repeating: "x", count: count) }

    /// Seconds; `above` zero, or zero too.
    private static func seconds(_ section: String, _ key: String, above: Bool) -> FieldCase {
        FieldCase(
            section, key, ["5.25"], edge: [above ? "0.001" : "0", "31536000"],
            wrong: [above ? "0" : "-0.001", "-1", "31536000.001", "0.0001", "1e3", "soon", "'5'", "[]"])
    }

    private static let top: [FieldCase] = [
        FieldCase(
            "top", "applications", beside: "", ["[{import_path: a:b}]"], edge: ["[]"],
            wrong: ["3", "{}", "[3]"]),
        FieldCase(
            "top", "http_options", ["{host: 0.0.0.0, port: 8001}"], edge: ["{}", "null"],
            wrong: ["3", "[8000]"]),
        FieldCase(
            "top", "target_capacity", ["50", "33.333"], edge: ["0", "0.001", "100", "null"],
            wrong: ["100.001", "-1", "half", "'50'", "[]"]),
        FieldCase("http_options", "host", ["127.0.0.1"], edge: ["localhost", "null"], wrong: ["[a]", "{}"]),
        FieldCase(
            "http_options", "port", ["8001"], edge: ["0", "65535"],
            wrong: ["65536", "-1", "80.5", "http", "'80'"]),
        FieldCase(
            "runtime_env", "env_vars", ["{A: b}", "{A: 5, _B: yes}"], edge: ["{}", "{A: ''}"],
            wrong: [
                "3", "{1A: b}", "{'': b}", "{PORT: 1}", "{TANDEM_X: 1}", "{A: null}", "{A: [b]}",
            ]),
    ]

    private static let application: [FieldCase] = [
        FieldCase(
            "applications", "name", ["chat", "5"], edge: ["a", x(63)],
            wrong: ["''", "-a", "'a#b'", x(64), "[]"]),
        FieldCase(
            "applications", "route_prefix", ["/chat", "null"], edge: ["/", "/a/b-c_d.e~f", "/" + x(255)],
            wrong: ["chat", "/chat/", "'/{a}'", "/-/x", "/a//b", "'/a b'", "/" + x(256), "[]"]),
        FieldCase(
            "applications", "import_path", beside: "", ["m:a", "m.sub:a", "m.a"], edge: ["a:b", "a.b"],
            wrong: ["'a:b:c'", "a", "':b'", "'a:'", "a..b", "[]"]),
        FieldCase(
            "applications", "args", ["{size: small}", "{a: {b: [1, 2]}}"], edge: ["{}", "{a: \(x(65_528))}"],
            wrong: ["3", "[1]", "{a: \(x(65_529))}"]),
        FieldCase(
            "applications", "runtime_env", beside: "deployments: [{name: d, command: [x]}]",
            ["{env_vars: {A: b}}"], edge: ["{}", "{env_vars: {}}", "{pip: [x]}"],
            wrong: ["3", "[a]", "{env_vars: 3}", "{zzzzzz: 1}"]),
        FieldCase(
            "applications", "deployments", beside: "", ["[{name: d, command: [x]}]"],
            edge: ["[{name: d, command: [x]}, {name: e, command: [x]}]"], wrong: ["3", "{a: 1}", "[3]"]),
        FieldCase(
            "applications", "external_scaler_enabled", ["true"], edge: ["false", "True"],
            wrong: ["yes", "1", "[]"]),
    ]

    private static let deployment: [FieldCase] = [
        FieldCase(
            "deployments", "name", beside: "command: [x]", ["d"], edge: [x(63)],
            wrong: ["''", "a b", x(64), "[]"]),
        FieldCase(
            "deployments", "num_replicas", ["2", "auto"], edge: ["1", "100000", "null"],
            wrong: ["0", "-1", "100001", "2.5", "many", "'2'", "[]"]),
        FieldCase(
            "deployments", "max_ongoing_requests", ["3"], edge: ["1", "1000000"],
            wrong: ["0", "-1", "1000001", "2.5", "many"]),
        FieldCase(
            "deployments", "max_queued_requests", ["7"], edge: ["-1", "1", "1000000"],
            wrong: ["0", "-2", "1000001", "x"]),
        FieldCase(
            "deployments", "autoscaling_config", ["{}", "{max_replicas: 3}"], edge: ["null"],
            wrong: ["3", "[1]", "{max_replicas: 0}", "{zzzzzz: 1}"]),
        seconds("deployments", "graceful_shutdown_timeout_s", above: false),
        FieldCase(
            "deployments", "rolling_update_percentage", ["0.5"], edge: ["0.001", "1"],
            wrong: ["0", "1.001", "-1", "all"]),
        FieldCase(
            "deployments", "max_surge_percent", ["25"], edge: ["0", "100"], wrong: ["-1", "101", "2.5", "x"]),
        FieldCase(
            "deployments", "max_constructor_retry_count", ["3"], edge: ["1", "1000000"],
            wrong: ["0", "1000001", "2.5", "x"]),
        seconds("deployments", "min_ready_s", above: false),
        FieldCase(
            "deployments", "max_unavailable", ["2", "25%"], edge: ["0", "0%", "100%", "100000"],
            wrong: ["-1", "100001", "101%", "-1%", "2.5%", "x%", "x", "[]"]),
        FieldCase(
            "deployments", "backpressure_config", ["{status_code: 429}", "{retry_after_s: 2}"],
            edge: ["{}", "null"], wrong: ["3", "{status_code: 500}", "{zzzzzz: 1}"]),
    ]

    private static let replica: [FieldCase] = [
        FieldCase(
            "deployments", "command", beside: "name: d", ["[x]", "[python3, server.py]"], edge: ["[x, '']"],
            wrong: ["x", "{a: 1}", "[]", "['']", "[[x]]", "[null]"]),
        FieldCase(
            "deployments", "environment", ["{A: b}"], edge: ["{}", "{A: ''}"],
            wrong: ["3", "{1A: b}", "{PORT: 1}", "{A: null}"]),
        FieldCase("deployments", "working_dir", ["/srv"], edge: ["/"], wrong: ["here", "./here", "[]"]),
        FieldCase(
            "deployments", "readiness", ["{path: /ok}"], edge: ["{}"],
            wrong: ["3", "{path: ok}", "{zzzzzz: 1}"]),
        FieldCase(
            "deployments", "enforce_memory",
            beside: "name: d, command: [x], ray_actor_options: {memory: 1}", ["true"], edge: ["false"],
            wrong: ["yes", "1", "[]"]),
        FieldCase(
            "deployments", "ray_actor_options", ["{num_cpus: 2}"], edge: ["{}"],
            wrong: ["3", "[1]", "{num_cpus: -1}", "{zzzzzz: 1}"]),
        seconds("deployments", "health_check_period_s", above: true),
        seconds("deployments", "health_check_timeout_s", above: true),
        FieldCase(
            "deployments", "user_config", ["{a: 1}", "{a: [b, {c: 2}]}"], edge: ["{}", "{a: \(x(65_528))}"],
            wrong: ["3", "[1]", "{a: \(x(65_529))}"]),
        FieldCase(
            "deployments", "reconfigure_path", ["/reconfigure"], edge: ["/"],
            wrong: ["reconfigure", "'/a b'", "[]"]),
        FieldCase(
            "deployments", "placement_group_bundles", ["[{CPU: 2}]", "[{CPU: 1}, {GPU: 1}]"],
            edge: ["[{CPU: 0.001}]", "[{CPU: 1, memory: 1 GiB}]"],
            wrong: [
                "3", "[]", "[3]", "[{CPU: -1}]", "[{cpu: 1}]",
                "[\(Array(repeating: "{CPU: 1}", count: 1001).joined(separator: ", "))]",
            ]),
        // PACK is what is done anyway.
        FieldCase(
            "deployments", "placement_group_strategy",
            beside: "name: d, command: [x], placement_group_bundles: [{CPU: 1}]", [],
            edge: ["PACK", "STRICT_PACK"], wrong: ["SPREAD", "STRICT_SPREAD", "pack", "[]"]),
    ]

    private static let readiness: [FieldCase] = [
        FieldCase(
            "readiness", "path", ["/healthz"], edge: ["/", "'/a?b=c'"], wrong: ["healthz", "'/a b'", "[]"]),
        seconds("readiness", "period_s", above: true), seconds("readiness", "timeout_s", above: true),
        seconds("readiness", "start_deadline_s", above: true),
    ]

    private static let actorOptions: [FieldCase] = [
        FieldCase(
            "ray_actor_options", "num_cpus", ["0.5", "0"], edge: ["0.001", "1000000"],
            wrong: ["-1", "0.0001", "1000000.001", "many"]),
        FieldCase(
            "ray_actor_options", "num_gpus", ["1", "0.25"], edge: ["0", "1000000"],
            wrong: ["-1", "0.0001", "x"]),
        FieldCase(
            "ray_actor_options", "memory", ["512 MiB", "1024"],
            edge: ["0", "0.5 KiB", "1024 TiB", "1125899906842624"],
            wrong: ["-1", "0.5", "512 Mi", "1025 TiB", "1125899906842625", "1e9", "[]"]),
        FieldCase(
            "ray_actor_options", "resources", ["{scanner: 0.5}"], edge: ["{}"],
            wrong: ["3", "{CPU: 1}", "{memory: 1}", "{'a b': 1}", "{a: -1}"]),
        FieldCase(
            "ray_actor_options", "accelerator_type", ["A100"], edge: ["a"], wrong: ["'A 100'", "''", "[]"]),
        FieldCase(
            "ray_actor_options", "runtime_env", ["{env_vars: {A: b}}"], edge: ["{}"],
            wrong: ["3", "{env_vars: 3}", "{zzzzzz: 1}"]),
    ]

    private static let backpressure: [FieldCase] = [
        FieldCase(
            "backpressure_config", "status_code", ["429"], edge: ["503", "null"],
            wrong: ["500", "200", "99", "'429'"]),
        seconds("backpressure_config", "retry_after_s", above: false),
    ]
}
