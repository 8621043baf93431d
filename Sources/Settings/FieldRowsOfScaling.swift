/// The fields of `autoscaling_config`.
extension FieldTable {
    static let autoscaling: [FieldRow] = [
        FieldRow(
            "target_ongoing_requests", "requests, running and queued together, wanted for each replica",
            default: "2", test: "ScalingTests/RuleTests.theWishIsExact"),
        FieldRow(
            "min_replicas", "never fewer; 0 allows none while there is no traffic", default: "1",
            test: "ScalingTests/RuleTests.aTargetOutsideTheBoundsIsClippedAtOnce"),
        FieldRow(
            "max_replicas", "never more", default: "1; 100 with num_replicas auto",
            test: "ScalingTests/RuleTests.aTargetOutsideTheBoundsIsClippedAtOnce"),
        FieldRow(
            "initial_replicas", "where to begin, at first and when the configuration changes",
            default: "min_replicas",
            test: "ServeTierTests/ApplyTests.initialReplicasSpeakOnceAndWhenTheSettingsChange"),
        FieldRow(
            "metrics_interval_s", "seconds between two reports of a proxy", default: "10",
            test: "IngressTests/SyncTests.loadIsReportedExactly"),
        FieldRow(
            "look_back_period_s", "seconds over which the load is taken", default: "30",
            test: "ScalingTests/WindowTests.theWindowIsExact"),
        FieldRow(
            "upscale_delay_s", "seconds for which more must be wanted", default: "30",
            test: "ScalingTests/RuleTests.upWaitsForItsDelay"),
        FieldRow(
            "downscale_delay_s", "seconds for which fewer must be wanted", default: "600",
            test: "ScalingTests/RuleTests.downWaitsForItsDelayAndGoesToOneFirst"),
        FieldRow(
            "downscale_to_zero_delay_s", "the same for the step from one to none",
            default: "downscale_delay_s", test: "ScalingTests/RuleTests.theLastStepHasItsOwnDelay"),
        FieldRow(
            "upscaling_factor", "how much of the way to more is gone at once", default: "1",
            test: "ScalingTests/LiteralRuleTests.agreesWithRayOnAThousandHistories"),
        FieldRow(
            "downscaling_factor", "how much of the way to fewer is gone at once", default: "1",
            test: "ScalingTests/LiteralRuleTests.agreesWithRayOnAThousandHistories"),
        FieldRow(
            "smoothing_factor", "both, where neither of their other names stands", default: "1",
            test: "ServeTierTests/FieldEffectTests.aGainSaysHowMuchOfTheWay"),
        FieldRow(
            "upscale_smoothing_factor", "the older name of upscaling_factor", default: "none",
            test: "ServeTierTests/FieldEffectTests.aGainSaysHowMuchOfTheWay"),
        FieldRow(
            "downscale_smoothing_factor", "the older name of downscaling_factor", default: "none",
            test: "ServeTierTests/FieldEffectTests.aGainSaysHowMuchOfTheWay"),
        FieldRow(
            "aggregation_function", "the load of the look-back: mean over time, or max or min of the reports",
            default: "mean", test: "ScalingTests/WindowTests.theExtremesAreThoseOfTheReports"),
    ]

    static let autoscalingBeyondRay: [FieldRow] = [
        FieldRow(
            "upscale_delay_value", "of the wishes within a delay the one followed: last, min, mean or max",
            default: "last", test: "ScalingTests/DelayTests.ofTheWishesWithinADelayOneCounts"),
        FieldRow(
            "downscale_delay_value", "the same on the way down", default: "max",
            test: "ScalingTests/DelayTests.onTheWayDownTheHighestCounts"),
        FieldRow(
            "delay_share", "the part of a delay for which more, or fewer, must be wanted", default: "0.9",
            test: "ScalingTests/DelayTests.aNoisyLoadScalesAllTheSame"),
        FieldRow(
            "count_starting", "ordered replicas count as there when a factor is applied", default: "true",
            test: "ScalingTests/DelayTests.whatIsOrderedCountsAsThere"),
        FieldRow(
            "upscale_tolerance", "so much more than the target of each is still right", default: "0",
            test: "ScalingTests/DelayTests.withinTheBandNothingMoves"),
        FieldRow(
            "downscale_tolerance", "so much less than the target of each is still right", default: "0",
            test: "ScalingTests/DelayTests.withinTheBandNothingMoves"),
        FieldRow(
            "without_data", "when no proxy reports: hold the count, or take the load for zero as Ray does",
            default: "hold", test: "ScalingTests/RuleTests.withoutDataNothingMoves"),
    ]
}
