import Model
import Settings
import Testing

/// What a serve file says of places and neighbours, as the node tier plans with it.
@Suite struct PlacingFieldTests {
    private func read(_ keys: String) throws -> DeploymentSettings {
        let text = "applications: [{name: shop, deployments: [{name: chat, command: [x], \(keys)}]}]"
        let settings = try Settings.serve(text: text, file: "f")
        return try #require(settings.applications.first?.deployments.first)
    }

    private func selector(_ texts: [String: String]) throws -> LabelSelector { try LabelSelector(texts) }

    @Test func aDeploymentThatSaysNothingStandsAnywhere() throws {
        #expect(try read("num_replicas: 2").replica.placing == nil)
        #expect(
            try read("labels: {}, spread: [], ray_actor_options: {label_selector: {}}").replica.placing == nil
        )
        let plain = try read("num_replicas: 2")
        #expect(plain.priority == 0 && plain.weight == 1 && !plain.isUndisturbed)
    }

    @Test func whatIsSaidOfPlacesIsReadWhole() throws {
        let settings = try read(
            """
            max_replicas_per_node: 3, labels: {team: red, app: 7}, priority: -5, weight: 4, do_not_disrupt: true,
            ray_actor_options: {label_selector: {zone: "in(b, a)", disk: "!hdd"}},
            spread: [{topology: zone, max_skew: 2}, {topology: node, soft: true}],
            affinity: [{topology: zone, selector: {team: red}}],
            anti_affinity: [{topology: node, selector: {app: 7}, soft: true}]
            """)
        var placing = PlacingSettings()
        placing.maxPerNode = 3
        placing.labels = [NodeLabel(name: "app", value: "7"), NodeLabel(name: "team", value: "red")]
        placing.selectors = [try selector(["zone": "in(a, b)", "disk": "!hdd"])]
        let own = ["application": "shop", "deployment": "chat"]
        placing.rules = [
            TopologyRule(topology: .zone, ask: .spread(maxSkew: 2), selector: own),
            TopologyRule(topology: .node, ask: .spread(maxSkew: 1), selector: own, isSoft: true),
            TopologyRule(topology: .zone, ask: .affinity, selector: ["team": "red"]),
            TopologyRule(topology: .node, ask: .antiAffinity, selector: ["app": "7"], isSoft: true),
        ]
        #expect(settings.replica.placing == placing)
        #expect(settings.priority == -5 && settings.weight == 4 && settings.isUndisturbed)
    }

    @Test func aRuleCountsItsOwnDeploymentUnlessItSaysWhom() throws {
        let own = try #require(try read("spread: [{topology: zone}]").replica.placing?.rules.first)
        #expect(own.matches(["application": "shop", "deployment": "chat", "team": "red"]))
        #expect(!own.matches(["application": "shop", "deployment": "other"]))
        let all = try #require(
            try read("spread: [{topology: zone, selector: {}}]").replica.placing?.rules.first)
        #expect(all.matches(["application": "mail", "deployment": "other"]))
    }

    /// As Ray: the selector first, then the fallbacks in their order; beyond one that any node satisfies nothing is tried.
    @Test func fallbacksEndWithOneThatEveryNodeSatisfies() throws {
        let both =
            "label_selector: {zone: a}, fallback_strategy: [{label_selector: {zone: b}}, {label_selector: {}}"
        let settings = try read("ray_actor_options: {\(both), {label_selector: {zone: c}}]}")
        #expect(
            settings.replica.placing?.selectors == [
                try selector(["zone": "a"]), try selector(["zone": "b"]), LabelSelector(),
            ])
        let none = try read("ray_actor_options: {fallback_strategy: [{label_selector: {zone: b}}]}")
        #expect(none.replica.placing == nil, "any node is asked for first")
    }

    @Test func theNodeOfAllBundlesSatisfiesAllTheirSelectors() throws {
        func selectors(_ bundles: String, _ own: String = "") throws -> [LabelSelector]? {
            try read(
                "placement_group_bundles: [{CPU: 2}, {CPU: 1}], placement_group_bundle_label_selector: \(bundles)\(own)"
            ).replica.placing?.selectors
        }
        #expect(try selectors("[{zone: a}]") == [selector(["zone": "a"])])
        #expect(
            try selectors("[{zone: 'in(a, b, c)'}, {zone: '!c', disk: ssd}]")
                == [selector(["zone": "in(a, b)", "disk": "ssd"])])
        #expect(try selectors("[{zone: '!a'}, {zone: '!b'}]") == [selector(["zone": "!in(a, b)"])])
        let own =
            ", ray_actor_options: {label_selector: {disk: ssd}, fallback_strategy: [{label_selector: {disk: hdd}}]}"
        #expect(
            try selectors("[{zone: a}]", own)
                == [selector(["zone": "a", "disk": "ssd"]), selector(["zone": "a", "disk": "hdd"])])
    }

    /// Files without these keys start what they have always started.
    @Test func worthIsNoPartOfWhatAProcessIsStartedWith() throws {
        let plain = try read("num_replicas: 2")
        let worthy = try read("num_replicas: 2, priority: 7, weight: 3, do_not_disrupt: true")
        #expect(plain.replica.fixed == worthy.replica.fixed && plain != worthy)
        #expect(try read("max_replicas_per_node: 1").replica.fixed != plain.replica.fixed)
    }
}
