/// The fields that say where replicas stand, and what a deployment is worth.
extension FieldTable {
    private static let tests = "SettingsTests/PlacingFieldTests"

    static let placing: [FieldRow] = [
        FieldRow(
            "max_replicas_per_node", "replicas of the deployment on one node at most, 1 to 100",
            default: "any number", test: "NodeTierTests/PlacingTests.aNodeHoldsOnlySoMany"),
        FieldRow(
            "gang_scheduling_config", "replicas are placed, and restart, in groups: see below",
            default: "one by one", test: "NodeTierTests/GangTests.aGangIsPlacedWholeOrNotAtAll"),
        FieldRow(
            "placement_group_bundle_label_selector",
            "one for all bundles or one for each: a replica is one process, so its node satisfies them all",
            default: "none", test: "ServeTierTests/FieldEffectTests.whatIsAskedOfANodeChoosesItsMachine"),
        FieldRow(
            "labels", "what the rules of others see, besides application and deployment", default: "{}",
            test: "ServeTierTests/FieldEffectTests.labelsAreWhatTheRulesOfOthersSee"),
        FieldRow(
            "spread", "no zone, or node, holds many more of some replicas than another: see below",
            default: "[]", test: "ServeTierTests/FieldEffectTests.aSpreadKeepsZonesEven"),
        FieldRow(
            "affinity", "some replicas stand in the same zone, or on the same node: see below",
            default: "[]", test: "ServeTierTests/FieldEffectTests.labelsAreWhatTheRulesOfOthersSee"),
        FieldRow(
            "anti_affinity", "none of some replicas stands in the same zone, or on the same node: see below",
            default: "[]", test: "NodeTierTests/PlacingTests.neighboursAreKeptApart"),
    ]

    static let standing: [FieldRow] = [
        FieldRow(
            "priority", "those of a higher one get room first, and keep it where there is too little for all",
            default: "0", test: "ServeTierTests/DegradationTests.aHigherPriorityGetsItsRoomBatchByBatch"),
        FieldRow(
            "weight", "its part of what those of one priority share where there is too little", default: "1",
            test: "ServeTierTests/DegradationTests.equalPrioritiesShareByWeight"),
        FieldRow(
            "do_not_disrupt", "no node is replaced of our own accord while a replica of it runs there",
            default: "false",
            test: "NodeTierTests/GiveBackTests.whatMayNotBeDisturbedStays"),
    ]

    static let nodeLabels: [FieldRow] = [
        FieldRow(
            "label_selector", "labels that its node has: v, !v, in(a, b) or !in(a, b) for each",
            default: "{}",
            test: "NodeTierTests/PlacingTests.aLabelSelectorChoosesAndFallsBack"),
        FieldRow(
            "fallback_strategy", "selectors that will do as well, in this order", default: "[]",
            test: "NodeTierTests/PlacingTests.aLabelSelectorChoosesAndFallsBack"),
    ]

    static let gang: [FieldRow] = [
        FieldRow(
            "gang_size", "replicas of a gang; all counts are multiples of it, and 1 is no gang",
            default: "required", test: "ServeTierTests/GangTests.countsAreRoundedUpToWholeGangs"),
        FieldRow(
            "gang_placement_strategy", "PACK: on few nodes if that can be; SPREAD: on different ones",
            default: "PACK", test: "PlacementTests/GangTests.strategiesAreKeptWhereTheyCanBe"),
        FieldRow(
            "runtime_failure_policy",
            "RESTART_GANG: with one member all go; RESTART_REPLICA is refused, as in Ray",
            default: "RESTART_GANG", test: "ServeTierTests/GangTests.aGangRestartsAsAWhole"),
    ]

    private static let topology = FieldRow(
        "topology", "zone or node", default: "required",
        test: "ServeTierTests/FieldEffectTests.labelsAreWhatTheRulesOfOthersSee")
    private static let selector = FieldRow(
        "selector", "labels of the replicas that count, all of them", default: "those of the deployment",
        test: "\(tests).aRuleCountsItsOwnDeploymentUnlessItSaysWhom")
    private static let soft = FieldRow(
        "soft", "it is given up when it leaves no place", default: "false",
        test: "NodeTierTests/PlacingTests.aSoftRuleIsGivenUpLast")

    static let spread: [FieldRow] = [
        topology,
        FieldRow(
            "max_skew", "so many more than where there are fewest", default: "1",
            test: "NodeTierTests/RefusalTests.aSpreadThatWouldBeUneven"), selector, soft,
    ]

    static let affinity: [FieldRow] = [topology, selector, soft]
}
