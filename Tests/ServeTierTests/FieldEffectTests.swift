import Cloud
import Model
import Settings
import Store
import Testing
import TwoTiers

/// What fields of a serve file do, from the text to the machines and processes.
@Suite struct FieldEffectTests {
    private let type = NodeType(
        name: "plain", resources: Resources(["CPU": 4000]), maxWorkers: 8)

    private func applied(
        _ deployment: String, application: String = "", types: [NodeType], offerings: [Offering]? = nil
    ) async throws -> TwoTiers {
        let world = try TwoTiers(.cloud(types), offerings: offerings)
        let text = "{applications: [{name: shop, deployments: [\(deployment)], \(application)}]}"
        try world.apply(try Settings.serve(text: text, file: "f").applications)
        try await world.run(.seconds(20))
        #expect(world.violations == [])
        return world
    }

    private func nodes(_ world: TwoTiers, of name: String = "chat") throws -> [NodeID] {
        let id = DeploymentID(application: "shop", deployment: name)
        return try world.state().placements.values.filter { $0.deployment == id && $0.phase == .ready }
            .compactMap(\.node).sorted()
    }

    /// The nearest to the process wins: environment, then ray_actor_options, then the application.
    @Test func variablesReachTheProcess() async throws {
        let world = try await applied(
            """
            {name: chat, command: [x], environment: {A: near}, ray_actor_options: {runtime_env: {env_vars: {A: mid, B: mid}}}}
            """, application: "runtime_env: {env_vars: {A: far, B: far, C: far}}", types: [type])
        let replica = try #require(try world.replicas(chat).first)
        #expect(
            replica.settings.environment.map { "\($0.name)=\($0.value)" } == ["A=near", "B=mid", "C=far"])
        #expect(try world.ready(chat) == [replica.id])
    }

    @Test(arguments: [
        "ray_actor_options: {resources: {scanner: 1}}", "ray_actor_options: {accelerator_type: A100}",
        "ray_actor_options: {num_gpus: 0.5}", "ray_actor_options: {memory: 1 GiB}",
        "ray_actor_options: {num_cpus: 6}", "ray_actor_options: {label_selector: {disk: ssd}}",
        "placement_group_bundles: [{CPU: 3}, {CPU: 3}]",
        "placement_group_bundles: [{CPU: 1}, {CPU: 1}], placement_group_bundle_label_selector: [{disk: ssd}]",
        "placement_group_bundles: [{CPU: 1}, {CPU: 1, scanner: 1}], placement_group_strategy: STRICT_PACK",
    ])
    func whatIsAskedOfANodeChoosesItsMachine(field: String) async throws {
        var special = NodeType(
            name: "special",
            resources: Resources([
                "CPU": 8000, "GPU": 1000, "memory": 1 << 33, "scanner": 1000, "accelerator_type:A100": 1000,
            ]), maxWorkers: 8)
        special.labels = [NodeLabel(name: "disk", value: "ssd")]
        // Ten times as dear: nobody buys it who need not.
        let offerings = [Offering.usual("plain", cents: 4), .usual("special", cents: 40)]
        let without = try await applied(
            "{name: chat, command: [x]}", types: [type, special], offerings: offerings)
        #expect(without.machines.map(\.instance.offering.nodeType) == ["plain"])
        let world = try await applied(
            "{name: chat, command: [x], \(field)}", types: [type, special], offerings: offerings)
        #expect(world.machines.map(\.instance.offering.nodeType) == ["special"], "\(field)")
        #expect(try world.ready(chat).count == 1)
    }

    /// Two deployments, two machines of room: the label decides beside whom the second stands.
    @Test func labelsAreWhatTheRulesOfOthersSee() async throws {
        let world = try await applied(
            """
            {name: a, command: [x], labels: {team: red}, ray_actor_options: {num_cpus: 2}},
            {name: b, command: [x], labels: {team: blue}, ray_actor_options: {num_cpus: 2},
              anti_affinity: [{topology: node, selector: {team: red}}]},
            {name: chat, command: [x], affinity: [{topology: node, selector: {team: blue}}]}
            """, types: [type])
        #expect(try nodes(world) == nodes(world, of: "b"))
        #expect(try nodes(world) != nodes(world, of: "a") && !nodes(world).isEmpty)
    }

    @Test func aSpreadKeepsZonesEven() async throws {
        let zones = ["z1", "z2", "z3"]
        let world = try await applied(
            "{name: chat, num_replicas: 6, command: [x], spread: [{topology: zone, max_skew: 1}]}",
            types: [type], offerings: zones.map { .usual("plain", cents: 4, zone: $0) })
        let rows = try world.state().nodes
        let held = Dictionary(grouping: try nodes(world)) { rows[$0]?.zone ?? "" }.mapValues(\.count)
        #expect(held == ["z1": 2, "z2": 2, "z3": 2])
    }

    /// A load ten times what one replica is to have: with half the gain half the way is gone at first.
    @Test(arguments: [
        ("", 10), ("upscaling_factor: 0.5", 6), ("upscale_smoothing_factor: 0.5", 6),
        ("smoothing_factor: 0.5", 6), ("smoothing_factor: 0.5, upscaling_factor: 1", 10),
        ("downscaling_factor: 0.5", 10),
    ])
    func aGainSaysHowMuchOfTheWay(gain: String, first: Int) async throws {
        let world = try await applied(
            autoscaled("initial_replicas: 1, upscale_delay_s: 2, \(gain)"), types: [type])
        world.offer(20, to: chat)
        let before = world.targets[chat]?.count ?? 0
        #expect(
            try await world.run(until: { (world.targets[chat]?.count ?? 0) > before }, within: .seconds(9)))
        #expect(world.targets[chat]?[before].target == first, "\(gain)")
    }

    @Test(arguments: [
        ("", 1), ("downscaling_factor: 0.5", 6), ("downscale_smoothing_factor: 0.5", 6),
        ("smoothing_factor: 0.5", 6), ("upscaling_factor: 0.5", 1),
    ])
    func aGainSaysHowMuchOfTheWayBack(gain: String, first: Int) async throws {
        let world = try await applied(
            autoscaled("initial_replicas: 10, downscale_delay_s: 30, \(gain)"), types: [type])
        world.offer(2, to: chat)
        let before = world.targets[chat]?.count ?? 0
        #expect(
            try await world.run(until: { (world.targets[chat]?.count ?? 0) > before }, within: .seconds(40)))
        #expect(world.targets[chat]?[before].target == first, "\(gain)")
    }

    private func autoscaled(_ fields: String) -> String {
        """
        {name: chat, command: [x], num_replicas: auto, max_ongoing_requests: 100, autoscaling_config: {max_replicas: 10,
          metrics_interval_s: 1, look_back_period_s: 2, \(fields)}}
        """
    }
}
