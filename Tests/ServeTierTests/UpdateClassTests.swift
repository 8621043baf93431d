import Cloud
import Model
import Settings
import Store
import Testing
import TwoTiers

/// What a changed field of a deployment costs: nothing that runs, a message to it, or new processes. (Ray: lightweight,
/// reconfigure, restart.)
@Suite struct UpdateClassTests {
    enum Class: String, Sendable { case light, adjusts, restarts }

    struct Change: Sendable, CustomTestStringConvertible {
        var section: String
        var key: String
        var before: String?
        var after: String
        var kind: Class
        /// What the deployment has besides.
        var beside: String
        var testDescription: String { "\(section).\(key): \(before ?? "absent") to \(after)" }

        init(
            _ section: String, _ key: String, _ before: String?, _ after: String, _ kind: Class,
            beside: String = "command: [x], num_replicas: 2"
        ) {
            self.section = section
            self.key = key
            self.before = before
            self.after = after
            self.kind = kind
            self.beside = beside
        }

        func text(_ value: String?) -> String {
            let entry = value.map { "\(key): \($0)" } ?? ""
            let field =
                switch section {
                case "deployments": entry
                case "spread", "affinity", "anti_affinity":
                    "\(section): [{\(key == "topology" ? "" : "topology: node, ")\(entry)}]"
                case "gang_scheduling_config":
                    "\(section): {\(key == "gang_size" ? "" : "gang_size: 2, ")\(entry)}"
                default: "\(section): {\(entry)}"
                }
            return
                "{applications: [{name: shop, deployments: [{name: chat, \(beside)\(field.isEmpty ? "" : ", \(field)")}]}]}"
        }
    }

    private static let auto = "command: [x]"
    private static let bundles =
        "command: [x], num_replicas: 2, placement_group_bundles: [{CPU: 1}, {CPU: 1}]"

    static let all: [Change] =
        [
            Change("deployments", "num_replicas", "2", "3", .light, beside: auto),
            Change("deployments", "max_ongoing_requests", nil, "7", .light),
            Change("deployments", "max_queued_requests", nil, "7", .light),
            Change(
                "deployments", "autoscaling_config", "{min_replicas: 2, max_replicas: 2}",
                "{min_replicas: 2, max_replicas: 4}", .light, beside: auto),
            Change("deployments", "graceful_shutdown_timeout_s", nil, "7", .light),
            Change("deployments", "rolling_update_percentage", nil, "0.5", .light),
            Change("deployments", "max_surge_percent", nil, "50", .light),
            Change("deployments", "max_constructor_retry_count", nil, "7", .light),
            Change("deployments", "max_unavailable", nil, "1", .light),
            Change("deployments", "min_ready_s", nil, "7", .light),
            Change("deployments", "backpressure_config", nil, "{status_code: 429}", .light),
            Change("deployments", "priority", nil, "5", .light),
            Change("deployments", "weight", nil, "5", .light),
            Change("deployments", "do_not_disrupt", nil, "true", .light),
            Change("deployments", "command", "[x]", "[y]", .restarts, beside: "num_replicas: 2"),
            Change("deployments", "environment", nil, "{A: b}", .restarts),
            Change("deployments", "working_dir", nil, "/srv", .restarts),
            Change("deployments", "readiness", nil, "{path: /ok}", .adjusts),
            Change(
                "deployments", "enforce_memory", nil, "true", .restarts,
                beside: "command: [x], num_replicas: 2, ray_actor_options: {memory: 1 GiB}"),
            Change("deployments", "ray_actor_options", nil, "{num_cpus: 2}", .restarts),
            Change("deployments", "health_check_period_s", nil, "7", .adjusts),
            Change("deployments", "health_check_timeout_s", nil, "7", .adjusts),
            Change("deployments", "user_config", "{a: 1}", "{a: 2}", .restarts),
            Change(
                "deployments", "user_config", "{a: 1}", "{a: 2}", .adjusts,
                beside: "command: [x], num_replicas: 2, reconfigure_path: /r"),
            Change("deployments", "reconfigure_path", nil, "/r", .restarts),
            Change("deployments", "placement_group_bundles", "[{CPU: 1}]", "[{CPU: 1}, {CPU: 1}]", .restarts),
            // Two words for what is done anyway.
            Change("deployments", "placement_group_strategy", "PACK", "STRICT_PACK", .light, beside: bundles),
            Change(
                "deployments", "placement_group_bundle_label_selector", nil, "[{disk: ssd}]", .restarts,
                beside: bundles),
            Change("deployments", "max_replicas_per_node", nil, "2", .restarts),
            Change("deployments", "gang_scheduling_config", nil, "{gang_size: 2}", .restarts),
            Change("deployments", "labels", nil, "{team: a}", .restarts),
            Change("deployments", "spread", nil, "[{topology: zone}]", .restarts),
            Change("deployments", "affinity", nil, "[{topology: node, soft: true}]", .restarts),
            Change("deployments", "anti_affinity", nil, "[{topology: node, soft: true}]", .restarts),
            Change("readiness", "path", nil, "/ok", .adjusts),
            Change("readiness", "period_s", nil, "7", .adjusts),
            Change("readiness", "timeout_s", nil, "7", .adjusts),
            Change("readiness", "start_deadline_s", nil, "7", .adjusts),
            Change("ray_actor_options", "num_cpus", nil, "2", .restarts),
            Change("ray_actor_options", "num_gpus", nil, "1", .restarts),
            Change("ray_actor_options", "memory", nil, "1 GiB", .restarts),
            Change("ray_actor_options", "resources", nil, "{scanner: 1}", .restarts),
            Change("ray_actor_options", "accelerator_type", nil, "A100", .restarts),
            Change("ray_actor_options", "runtime_env", nil, "{env_vars: {A: b}}", .restarts),
            Change("ray_actor_options", "label_selector", nil, "{disk: ssd}", .restarts),
            Change(
                "ray_actor_options", "fallback_strategy",
                "[{label_selector: {disk: ssd}}], label_selector: {disk: a}",
                "[{label_selector: {disk: ssd}}, {label_selector: {}}], label_selector: {disk: a}", .restarts),
            Change("gang_scheduling_config", "gang_size", "1", "2", .restarts),
            Change("gang_scheduling_config", "gang_placement_strategy", "PACK", "SPREAD", .restarts),
            Change("gang_scheduling_config", "runtime_failure_policy", nil, "RESTART_GANG", .light),
            Change("spread", "topology", "node", "zone", .restarts),
            Change("spread", "max_skew", nil, "2", .restarts),
            Change("spread", "selector", nil, "{deployment: chat}", .restarts),
            Change("spread", "soft", nil, "true", .restarts),
            Change("backpressure_config", "status_code", nil, "429", .light),
            Change("backpressure_config", "retry_after_s", nil, "7", .light),
        ]
        + ["affinity", "anti_affinity"].flatMap { rule in
            [
                Change(rule, "topology", "node", "zone", .restarts, beside: "command: [x]"),
                Change(
                    rule, "selector", nil, rule == "affinity" ? "{application: shop}" : "{team: none}",
                    .restarts, beside: "command: [x]"),
                Change(rule, "soft", nil, "true", .restarts),
            ]
        }
        + scaling.map { key, after in
            Change("autoscaling_config", key, nil, after, .light, beside: auto)
        }

    private static let scaling = [
        ("target_ongoing_requests", "5"), ("min_replicas", "0"), ("max_replicas", "5"),
        ("initial_replicas", "1"), ("metrics_interval_s", "5"), ("look_back_period_s", "40"),
        ("upscale_delay_s", "7"), ("downscale_delay_s", "700"), ("downscale_to_zero_delay_s", "700"),
        ("upscaling_factor", "0.5"), ("downscaling_factor", "0.5"), ("smoothing_factor", "0.5"),
        ("upscale_smoothing_factor", "0.5"), ("downscale_smoothing_factor", "0.5"),
        ("aggregation_function", "max"), ("upscale_delay_value", "max"), ("downscale_delay_value", "min"),
        ("delay_share", "0.5"), ("count_starting", "false"), ("upscale_tolerance", "0.1"),
        ("downscale_tolerance", "0.1"), ("without_data", "zero"),
    ]

    @Test func everyFieldHasItsClass() throws {
        let names = [
            "deployments", "readiness", "ray_actor_options", "gang_scheduling_config", "spread", "affinity",
            "anti_affinity", "autoscaling_config", "backpressure_config",
        ]
        for name in names {
            let section = try #require(FieldTable.sections.first { $0.name == name })
            let keys = Set(Self.all.filter { $0.section == name }.map(\.key))
            // Another name is another deployment.
            #expect(keys.union(name == "deployments" ? ["name"] : []) == Set(section.known), "\(name)")
        }
    }

    @Test(arguments: all)
    func aChangeCostsWhatItsClassSays(_ change: Change) async throws {
        var type = NodeType(
            name: "large",
            resources: Resources([
                "CPU": 64_000, "GPU": 8000, "memory": 1 << 36, "scanner": 8000, "accelerator_type:A100": 8000,
            ]), maxWorkers: 8)
        type.labels = [NodeLabel(name: "disk", value: "ssd")]
        let world = try TwoTiers(.cloud([type]))
        try await world.run(.seconds(2))
        func apply(_ value: String?) async throws {
            try world.apply(try Settings.serve(text: change.text(value), file: "f").applications)
            try await world.run(.seconds(60))
        }
        try await apply(change.before)
        let ready = Set(try world.ready(chat))
        let settings = try world.deployment(chat)?.settings
        #expect(!ready.isEmpty, "\(change.text(change.before))")
        try await apply(change.after)
        let now = Set(try world.ready(chat))
        let adjusted = try world.state().placements.values.filter { $0.adjustment > 0 }.map(\.replica)
        switch change.kind {
        case .light: #expect(ready.isSubset(of: now) && adjusted.isEmpty)
        case .adjusts: #expect(ready == now && Set(adjusted) == now)
        case .restarts: #expect(ready.isDisjoint(with: now) && now.count == ready.count)
        }
        #expect(try world.deployment(chat)?.status == .healthy)
        let hasNoOther = ["placement_group_strategy", "runtime_failure_policy"].contains(change.key)
        #expect((try world.deployment(chat)?.settings != settings) == !hasNoOther)
        #expect(world.violations == [])
    }
}
