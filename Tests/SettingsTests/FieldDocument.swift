import Model
import Settings

/// A serve file around one field.
enum FieldDocument {
    /// What stands around the fields of a section.
    struct Frame: Sendable {
        var before: String
        var after: String
        /// How messages name the section, with its dot.
        var path: String
        /// What the section needs besides.
        var beside = ""
    }

    private static let deployment = "{applications: [{name: a, deployments: [{name: d, command: [x], "
    private static let inDeployment = "applications[0].deployments[0]."

    /// A mapping at the top.
    private static func top(_ key: String) -> Frame {
        Frame(before: "{applications: [], \(key): {", after: "}}", path: "\(key).")
    }

    /// A mapping in a deployment.
    private static func part(_ key: String) -> Frame {
        Frame(before: "\(deployment)\(key): {", after: "}}]}]}", path: "\(inDeployment)\(key).")
    }

    /// One rule about neighbours.
    private static func rule(_ key: String) -> Frame {
        Frame(
            before: "\(deployment)\(key): [{", after: "}]}]}]}", path: "\(inDeployment)\(key)[0].",
            beside: "topology: zone")
    }

    static let frames: [String: Frame] = [
        "top": Frame(before: "{", after: "}", path: "", beside: "applications: []"),
        "http_options": top("http_options"),
        "applications": Frame(
            before: "{applications: [{", after: "}]}", path: "applications[0].", beside: "import_path: a:b"),
        "runtime_env": Frame(
            before: "{applications: [{name: a, deployments: [{name: d, command: [x]}], runtime_env: {",
            after: "}}]}", path: "applications[0].runtime_env."),
        "deployments": Frame(
            before: "{applications: [{name: a, deployments: [{", after: "}]}]}", path: inDeployment,
            beside: "name: d, command: [x]"),
        "readiness": part("readiness"),
        "ray_actor_options": part("ray_actor_options"),
        "gang_scheduling_config": Frame(
            before: "\(deployment)num_replicas: 12, gang_scheduling_config: {", after: "}}]}]}",
            path: "\(inDeployment)gang_scheduling_config.", beside: "gang_size: 2"),
        "spread": rule("spread"),
        "affinity": rule("affinity"),
        "anti_affinity": rule("anti_affinity"),
        "autoscaling_config": Frame(
            before: "\(deployment)autoscaling_config: {", after: "}}]}]}",
            path: "\(inDeployment)autoscaling_config.", beside: "max_replicas: 10"),
        "logging_config": top("logging_config"),
        "grpc_options": top("grpc_options"),
        "controller_options": top("controller_options"),
        "tracing_config": top("tracing_config"),
        "request_router_config": part("request_router_config"),
        "policy": Frame(
            before: "\(deployment)autoscaling_config: {policy: {", after: "}}}]}]}",
            path: "\(inDeployment)autoscaling_config.policy."),
        "backpressure_config": part("backpressure_config"),
    ]

    /// - Parameters:
    ///   - entry: `key: value`; nil for the file without it.
    ///   - beside: what its section holds besides; nil: what it needs.
    static func text(_ section: String, _ entry: String?, beside: String? = nil) -> String {
        let frame = frames[section] ?? Frame(before: "", after: "", path: "")
        let entries = [beside ?? frame.beside, entry ?? ""].filter { !$0.isEmpty }
        return frame.before + entries.joined(separator: ", ") + frame.after
    }

    /// How messages name it.
    static func path(_ section: String, _ key: String) -> String { (frames[section]?.path ?? "") + key }

    static func answers(
        _ text: String
    ) -> (problems: [SettingsProblem], warnings: [SettingsProblem]) {
        do {
            let settings = try Settings.serve(text: text, file: "f")
            return ([], settings.warnings)
        } catch {
            return (error.problems, [])
        }
    }

    /// What is read, without what only repeats the text; nil when it is refused.
    static func settings(_ text: String) -> ServeSettings? {
        guard var settings = try? Settings.serve(text: text, file: "f") else { return nil }
        settings.warnings = []
        for index in settings.applications.indices { settings.applications[index].config = "" }
        return settings
    }
}
