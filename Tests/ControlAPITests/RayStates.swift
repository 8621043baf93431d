/// The states of an application that were recorded on Ray 2.60.0, and the words that its document showed.
struct RayState: Sendable {
    /// Number of the recording.
    var recorded: Int
    var situation: String
    /// Status of the application; then status and trigger of its deployment, if one was listed.
    var ray: [String]
    /// Ours, where it is meant to be another, and why.
    var ours: (words: [String], why: String)?

    static let all: [RayState] = [
        .init(
            recorded: 31, situation: "just put", ray: ["DEPLOYING"],
            ours: (
                ["DEPLOYING", "UPDATING", "CONFIG_UPDATE_STARTED"],
                "Ray runs code to learn of deployments, here the file says them"
            )),
        .init(
            recorded: 32, situation: "replicas start",
            ray: ["DEPLOYING", "UPDATING", "CONFIG_UPDATE_STARTED"]),
        .init(recorded: 33, situation: "settled", ray: ["RUNNING", "HEALTHY", "CONFIG_UPDATE_COMPLETED"]),
        .init(recorded: 38, situation: "autoscaler adds", ray: ["RUNNING", "UPSCALING", "AUTOSCALING"]),
        .init(recorded: 39, situation: "added", ray: ["RUNNING", "HEALTHY", "UPSCALE_COMPLETED"]),
        .init(recorded: 40, situation: "autoscaler removes", ray: ["RUNNING", "DOWNSCALING", "AUTOSCALING"]),
        .init(recorded: 41, situation: "removed", ray: ["RUNNING", "HEALTHY", "DOWNSCALE_COMPLETED"]),
        .init(recorded: 44, situation: "import fails", ray: ["DEPLOY_FAILED"]),
        .init(
            recorded: 45, situation: "first start fails",
            ray: ["DEPLOYING", "UPDATING", "CONFIG_UPDATE_STARTED"]),
        .init(
            recorded: 46, situation: "each start fails",
            ray: ["DEPLOY_FAILED", "DEPLOY_FAILED", "REPLICA_STARTUP_FAILED"]),
        .init(
            recorded: 48, situation: "fails after a good start",
            ray: ["UNHEALTHY", "UNHEALTHY", "HEALTH_CHECK_FAILED"]),
        .init(recorded: 49, situation: "dropped from the file", ray: ["DELETING"]),
        .init(recorded: 51, situation: "nothing left", ray: []),
        .init(
            recorded: 53, situation: "scaled by a call",
            ray: ["RUNNING", "HEALTHY", "CONFIG_UPDATE_COMPLETED"],
            ours: (["RUNNING", "UPSCALING", "CONFIG_UPDATE_STARTED"], "what is on its way is shown")),
        .init(
            recorded: 54, situation: "scaling done", ray: ["RUNNING", "HEALTHY", "CONFIG_UPDATE_COMPLETED"],
            ours: (["RUNNING", "HEALTHY", "UPSCALE_COMPLETED"], "what has come about is shown")),
        .init(
            recorded: 56, situation: "scaled to zero",
            ray: ["RUNNING", "HEALTHY", "CONFIG_UPDATE_COMPLETED"],
            ours: (["RUNNING", "HEALTHY", "DOWNSCALE_COMPLETED"], "what has come about is shown")),
    ]
}
