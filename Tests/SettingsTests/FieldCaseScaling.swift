/// The fields of `autoscaling_config`.
extension FieldCase {
    private static func auto(
        _ key: String, beside: String? = nil, _ valid: [String], edge: [String], wrong: [String]
    ) -> FieldCase {
        FieldCase("autoscaling_config", key, beside: beside, valid, edge: edge, wrong: wrong)
    }

    private static func factor(_ key: String) -> FieldCase {
        auto(key, ["0.5"], edge: ["0.001", "1000000", "null"], wrong: ["0", "-1", "1000000.001", "x"])
    }

    private static func seconds(_ key: String, valid: String, above: Bool) -> FieldCase {
        auto(
            key, [valid], edge: [above ? "0.001" : "0", "31536000"],
            wrong: [above ? "0" : "-0.001", "31536000.001", "1e3", "soon", "'5'"])
    }

    static let autoscaling: [FieldCase] = [
        auto(
            "target_ongoing_requests", ["0.5", "7"], edge: ["0.001", "1000000"],
            wrong: ["0", "-1", "1000000.001", "x"]),
        auto("min_replicas", ["0", "3"], edge: ["10"], wrong: ["-1", "11", "1.5", "x"]),
        auto("max_replicas", beside: "", ["3"], edge: ["1", "100000"], wrong: ["0", "-1", "100001", "x"]),
        auto("initial_replicas", ["4"], edge: ["1", "10", "null"], wrong: ["0", "11", "-1", "x"]),
        seconds("metrics_interval_s", valid: "5", above: true),
        seconds("look_back_period_s", valid: "60", above: true),
        seconds("upscale_delay_s", valid: "5", above: false),
        seconds("downscale_delay_s", valid: "5", above: false),
        seconds("downscale_to_zero_delay_s", valid: "5", above: false),
        factor("upscaling_factor"), factor("downscaling_factor"), factor("smoothing_factor"),
        factor("upscale_smoothing_factor"), factor("downscale_smoothing_factor"),
        auto("aggregation_function", ["max", "MIN"], edge: ["mean"], wrong: ["sum", "''", "[]"]),
    ]

    /// What Ray does not have.
    static let own: [FieldCase] = [
        auto("upscale_delay_value", ["max", "MEAN"], edge: ["last"], wrong: ["newest", "[]"]),
        auto("downscale_delay_value", ["last", "min"], edge: ["MAX"], wrong: ["newest", "[]"]),
        auto("delay_share", ["0.5"], edge: ["0.001", "1"], wrong: ["0", "1.001", "x"]),
        auto("count_starting", ["false"], edge: ["true"], wrong: ["1", "no"]),
        auto("upscale_tolerance", ["0.1"], edge: ["0", "1"], wrong: ["-0.1", "1.001", "x"]),
        auto("downscale_tolerance", ["0.1"], edge: ["0", "1"], wrong: ["-0.1", "1.001", "x"]),
        auto("without_data", ["zero"], edge: ["HOLD"], wrong: ["none", "[]"]),
    ]
}
