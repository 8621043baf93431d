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

    static let frames: [String: Frame] = [
        "top": Frame(before: "{", after: "}", path: "", beside: "applications: []"),
        "http_options": Frame(
            before: "{applications: [], http_options: {", after: "}}", path: "http_options."),
        "applications": Frame(
            before: "{applications: [{", after: "}]}", path: "applications[0].", beside: "import_path: a:b"),
        "runtime_env": Frame(
            before: "{applications: [{name: a, deployments: [{name: d, command: [x]}], runtime_env: {",
            after: "}}]}", path: "applications[0].runtime_env."),
        "deployments": Frame(
            before: "{applications: [{name: a, deployments: [{", after: "}]}]}", path: inDeployment,
            beside: "name: d, command: [x]"),
        "readiness": Frame(
            before: "\(deployment)readiness: {", after: "}}]}]}", path: "\(inDeployment)readiness."),
        "ray_actor_options": Frame(
            before: "\(deployment)ray_actor_options: {", after: "}}]}]}",
            path: "\(inDeployment)ray_actor_options."),
        "gang_scheduling_config": Frame(
            before: "\(deployment)num_replicas: 12, gang_scheduling_config: {", after: "}}]}]}",
            path: "\(inDeployment)gang_scheduling_config.", beside: "gang_size: 2"),
        "spread": Frame(
            before: "\(deployment)spread: [{", after: "}]}]}]}", path: "\(inDeployment)spread[0].",
            beside: "topology: zone"),
        "affinity": Frame(
            before: "\(deployment)affinity: [{", after: "}]}]}]}", path: "\(inDeployment)affinity[0].",
            beside: "topology: zone"),
        "anti_affinity": Frame(
            before: "\(deployment)anti_affinity: [{", after: "}]}]}]}",
            path: "\(inDeployment)anti_affinity[0].", beside: "topology: zone"),
        "autoscaling_config": Frame(
            before: "\(deployment)autoscaling_config: {", after: "}}]}]}",
            path: "\(inDeployment)autoscaling_config.", beside: "max_replicas: 10"),
        "logging_config": Frame(
            before: "{applications: [], logging_config: {", after: "}}", path: "logging_config."),
        "grpc_options": Frame(
            before: "{applications: [], grpc_options: {", after: "}}", path: "grpc_options."),
        "controller_options": Frame(
            before: "{applications: [], controller_options: {", after: "}}", path: "controller_options."),
        "tracing_config": Frame(
            before: "{applications: [], tracing_config: {", after: "}}", path: "tracing_config."),
        "request_router_config": Frame(
            before: "\(deployment)request_router_config: {", after: "}}]}]}",
            path: "\(inDeployment)request_router_config."),
        "policy": Frame(
            before: "\(deployment)autoscaling_config: {policy: {", after: "}}}]}]}",
            path: "\(inDeployment)autoscaling_config.policy."),
        "backpressure_config": Frame(
            before: "\(deployment)backpressure_config: {", after: "}}]}]}",
            path: "\(inDeployment)backpressure_config."),
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
