/// Where replicas stand, and what a deployment is worth.
extension FieldCase {
    static let placing: [FieldCase] = [
        FieldCase(
            "deployments", "max_replicas_per_node", ["2"], edge: ["1", "100", "null"],
            wrong: ["0", "-1", "101", "2.5", "x", "'2'", "[]"]),
        FieldCase(
            "deployments", "gang_scheduling_config", beside: "name: d, command: [x], num_replicas: 4",
            ["{gang_size: 2}", "{gang_size: 4, gang_placement_strategy: SPREAD}"], edge: ["{gang_size: 1}"],
            wrong: ["3", "[]", "{}", "{gang_size: 3}", "{gang_size: 8}", "{gang_size: 2, zzzzzz: 1}"]),
        FieldCase(
            "deployments", "placement_group_bundle_label_selector",
            beside: "name: d, command: [x], placement_group_bundles: [{CPU: 1}, {CPU: 1}]",
            ["[{zone: a}]", "[{zone: a}, {disk: ssd}]", "[{zone: 'in(a, b)'}, {zone: '!a'}]"], edge: ["[{}]"],
            wrong: [
                "3", "[]", "[3]", "[{zone: 'in('}]", "[{zone: a}, {zone: b}]", "[{zone: a}, {zone: '!a'}]",
                "[{}, {}, {}]",
            ]),
        FieldCase(
            "deployments", "labels", ["{team: a}", "{team: 5}"], edge: ["{}"],
            wrong: [
                "3", "[]", "{application: x}", "{deployment: x}", "{team: null}", "{team: [a]}", "{'a b': c}",
                "{'': a}", "{\((0...64).map { "l\($0): a" }.joined(separator: ", "))}",
            ]),
        rules("spread"), rules("affinity"), rules("anti_affinity"),
    ]

    private static func rules(_ key: String) -> FieldCase {
        FieldCase(
            "deployments", key, ["[{topology: zone}]", "[{topology: node}, {topology: zone}]"], edge: ["[]"],
            wrong: [
                "3", "{}", "[3]", "[{}]", "[{topology: rack}]", "[{topology: zone, zzzzzz: 1}]",
                "[\(Array(repeating: "{topology: zone}", count: 17).joined(separator: ", "))]",
            ])
    }

    static let standing: [FieldCase] = [
        FieldCase(
            "deployments", "priority", ["5", "-5"], edge: ["0", "1000000000", "-1000000000"],
            wrong: ["1000000001", "-1000000001", "2.5", "high", "[]"]),
        FieldCase(
            "deployments", "weight", ["3"], edge: ["1", "1000"], wrong: ["0", "-1", "1001", "2.5", "x", "[]"]),
        FieldCase("deployments", "do_not_disrupt", ["true"], edge: ["false"], wrong: ["yes", "1", "[]"]),
    ]

    static let rules: [FieldCase] =
        [
            FieldCase(
                "gang_scheduling_config", "gang_size", beside: "gang_placement_strategy: PACK",
                ["2", "3"], edge: ["1", "12"], wrong: ["0", "-1", "5", "24", "2.5", "x", "[]"]),
            FieldCase(
                "gang_scheduling_config", "gang_placement_strategy", ["SPREAD"], edge: ["PACK"],
                wrong: ["STRICT_PACK", "5", "[]"]),
            FieldCase(
                "gang_scheduling_config", "runtime_failure_policy", [], edge: ["RESTART_GANG"],
                wrong: ["RESTART_REPLICA", "x", "5", "[]"]),
            FieldCase(
                "spread", "max_skew", ["2"], edge: ["1", "100000"],
                wrong: ["0", "-1", "100001", "2.5", "x", "[]"]),
        ]
        + ["spread", "affinity", "anti_affinity"].flatMap { section in
            [
                FieldCase(
                    section, "topology", beside: "soft: false", ["zone", "node"], edge: ["Zone"],
                    wrong: ["rack", "5", "[]"]),
                FieldCase(
                    section, "selector", ["{team: a}"], edge: ["{}"],
                    wrong: ["3", "[]", "{a: null}", "{'': a}"]),
                FieldCase(section, "soft", ["true"], edge: ["false"], wrong: ["yes", "1", "[]"]),
            ]
        }

    static let nodeLabels: [FieldCase] = [
        FieldCase(
            "ray_actor_options", "label_selector",
            ["{zone: a}", "{zone: 'in(a, b)', disk: '!hdd'}", "{rack: 7}", "{gpu: '!in(A10,L4)'}"],
            edge: ["{}"],
            wrong: [
                "3", "[a]", "{zone: null}", "{zone: ''}", "{zone: 'in('}", "{zone: 'in()'}", "{'a b': c}",
            ]),
        FieldCase(
            "ray_actor_options", "fallback_strategy", beside: "label_selector: {zone: a}",
            ["[{label_selector: {zone: b}}]", "[{label_selector: {}}]"], edge: ["[]"],
            wrong: [
                "3", "{}", "[3]", "[{}]", "[{label_selector: {zone: 'in('}}]",
                "[{label_selector: {zone: b}, zzzzzz: 1}]",
                "[\(Array(repeating: "{label_selector: {a: b}}", count: 17).joined(separator: ", "))]",
            ]),
    ]
}
