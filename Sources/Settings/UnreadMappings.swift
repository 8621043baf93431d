/// The mappings of Ray's that are not read, key by key, with Ray's checks and defaults (Serve 2.60, `schema.py` and
/// `config.py`).
extension Unread {
    static let logging: Unread = {
        let sentence = "logs are files in State/logs and State/nodes/NODE/logs: remove it"
        func warned(
            _ key: String, _ harmless: Set<String> = [], _ check: @escaping @Sendable (Field) -> Void
        ) -> Unread {
            Unread(key: key, sentence: sentence, harmless: harmless, onlyWarns: true, check: check)
        }
        return Unread(
            key: "logging_config", sentence: sentence, onlyWarns: true,
            fields: [
                warned("encoding", ["TEXT"]) { $0.oneOf(["TEXT", "JSON"]) },
                warned("log_level", ["INFO"]) {
                    $0.oneOf(["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"])
                },
                warned("logs_dir") { _ = $0.text("a directory") },
                Unread(
                    key: "enable_access_log", sentence: "no access log is written: false, or remove it",
                    harmless: ["false", "False"], onlyWarns: true, check: { _ = $0.flag() }),
                warned("additional_log_standard_attrs") {
                    _ = $0.list("a list of names")?.map { $0.text("a name") }
                },
            ])
    }()

    static let grpc = Unread(
        key: "grpc_options", sentence: "gRPC is not served yet", onlyWarns: true,
        fields: [
            Unread(
                key: "port", sentence: "gRPC is not served yet: remove it", harmless: ["9000"],
                onlyWarns: true, check: { _ = $0.whole(in: 0...65535) }),
            Unread(
                key: "grpc_servicer_functions",
                sentence: "gRPC is not served yet: serve it by HTTP, or keep this application on Ray",
                check: { _ = $0.list("a list of import paths")?.map { $0.text("module:function") } }),
            Unread(
                key: "request_timeout_s", sentence: "gRPC is not served yet: remove it", onlyWarns: true,
                check: { _ = $0.seconds(aboveZero: true) }),
            Unread(
                key: "enable_reflection", sentence: "gRPC is not served yet: remove it",
                harmless: ["true", "True"], onlyWarns: true, check: { _ = $0.flag() }),
        ])

    static let controller = Unread(
        key: "controller_options", sentence: "there is no controller actor: remove it", onlyWarns: true,
        fields: [
            Unread(
                key: "runtime_env", sentence: "there is no controller actor: remove it", onlyWarns: true,
                check: { $0.section?.check(only: ["env_vars"]) })
        ])

    static let tracing = Unread(
        key: "tracing_config", sentence: "traces are not written yet", onlyWarns: true,
        fields: [
            Unread(
                key: "enabled", sentence: "traces are not written yet: false, or remove it",
                harmless: ["false", "False"], onlyWarns: true, check: { _ = $0.flag() }),
            Unread(
                key: "exporter_import_path", sentence: "traces are not written yet: remove it",
                onlyWarns: true, check: { _ = $0.text("module:function") }),
            Unread(
                key: "sampling_ratio", sentence: "traces are not written yet: remove it",
                harmless: ["0.01"], onlyWarns: true,
                check: { _ = $0.share(aboveZero: false) }),
        ])

    /// Ray's router asks replicas how busy they are and waits between; a proxy of ours knows.
    static let router = Unread(
        key: "request_router_config", sentence: "requests go to the less loaded of two",
        fields: [
            Unread(
                key: "request_router_class",
                sentence: "requests go to the less loaded of two, which is Ray's default: remove it",
                harmless: [
                    "ray.serve._private.request_router:PowerOfTwoChoicesRequestRouter",
                    "ray.serve._private.request_router.pow_2_router:PowerOfTwoChoicesRequestRouter",
                ], check: { _ = $0.text("module:class") }),
            Unread(
                key: "request_router_kwargs", sentence: "there is no router of one's own: remove it",
                check: { _ = $0.section }),
        ]
            + [
                ("request_routing_stats_period_s", "10"), ("request_routing_stats_timeout_s", "30"),
                ("initial_backoff_s", "0.025"), ("backoff_multiplier", "2"), ("max_backoff_s", "0.5"),
            ].map { key, standard in
                Unread(
                    key: key,
                    sentence: "a proxy knows what each replica has in hand, and asks none: remove it",
                    harmless: [standard, "\(standard).0"], onlyWarns: true,
                    check: { _ = $0.thousandths(aboveZero: true) })
            })

    /// `policy` of a deployment, `autoscaling_policy` of an application.
    static func policy(_ key: String) -> Unread {
        let sentence = "there are no policies of one's own: the rule of target_ongoing_requests is used"
        return Unread(
            key: key, sentence: sentence,
            fields: [
                Unread(
                    key: "policy_function", sentence: sentence,
                    harmless: ["ray.serve.autoscaling_policy:default_autoscaling_policy"],
                    check: { _ = $0.text("module:function") }),
                Unread(key: "policy_kwargs", sentence: sentence, check: { _ = $0.section }),
            ])
    }
}

extension Field {
    /// Exactly one of these words.
    fileprivate func oneOf(_ words: [String]) {
        if !words.contains(word ?? "") {
            refuse("is none of its words", words.joined(separator: ", "))
        }
    }
}
