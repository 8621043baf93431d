import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

/// What is easily forgotten: limits that several purchases share, ports, retired types, probes, and answers that must not be cut.
@Suite struct LimitTests {
    private let rapid = Thousandths(100_000)

    /// Slices of ports go round; one of a node that lives is passed over, whatever number comes.
    @Test func noTwoLivingNodesShareTheirPorts() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 1, max: 3)], maxWorkers: 3)
        settings.provider = .fake(FakeCloudSettings())
        (settings.ports.replicasFirst, settings.ports.replicasLast) = (20_000, 20_599)
        settings.upscalingSpeed = rapid
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(20))
        for lost in [1, 0, 1] {
            let machine = world.machines.sorted { $0.instance.id < $1.instance.id }[lost]
            try? await world.cloud.terminate(instance: machine.instance.id)
            #expect(
                try await world.run(
                    until: {
                        try world.machines.count == 3 && world.nodes(in: .ready).count == 3
                            && world.ready(chat).count == 3
                    }, within: .seconds(300)))
            let ports = try world.nodes(in: .requested, .booting, .ready, .draining, .terminating)
                .map(\.portsFirst)
            #expect(Set(ports).count == ports.count, "\(ports)")
        }
    }

    /// A node of a type that has left the file keeps what runs there, and gets nothing new.
    @Test func aRetiredTypeTakesNothingNew() async throws {
        let world = try TwoTiers(.cloud([.cpus("next", 4), .cpus("old", 8)]))
        world.settings.nodeTypes.removeAll { $0.name == "next" }
        world.killNodes()
        try world.openNodes()
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(15))
        let old = try #require(try world.nodes(in: .ready).first)
        #expect(old.type == "old")
        var next = NodeType.cpus("next", 4)
        next.minWorkers = 0
        world.settings.nodeTypes = [next]
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(5))
        try world.apply([.of(.named("chat", .fixed(3)))])
        for _ in 0..<30 {
            try await world.run(.seconds(1))
            let there = try world.state().placements.values.filter { $0.node == old.id && $0.phase.holdsRoom }
            #expect(there.count <= 1)
        }
        #expect(try world.ready(chat).count == 3)
    }

    /// A minimum and headroom are bought in one step: the limits hold for both together.
    @Test(arguments: ["nodes", "money"])
    func theLimitsHoldForAllPurchasesOfAStep(limit: String) async throws {
        var settings = ClusterSettings.cloud([.cpus("large", 8), .cpus("small", 2, min: 1)])
        settings.upscalingSpeed = rapid
        settings.headroom = [.fixed(Resources(["CPU": 8_000]), count: 1)]
        if limit == "nodes" { settings.maxWorkers = 1 } else { settings.priceMax = 90_000 }
        let world = try TwoTiers(settings)
        for _ in 0..<40 {
            try await world.run(Millis(500))
            let cost = try world.nodes(in: .requested, .booting, .ready, .draining, .terminating)
                .reduce(Int64(0)) {
                    $0 + max($1.microdollarsPerHour, $1.offerings.first?.microdollarsPerHour ?? 0)
                }
            #expect(world.machines.count <= settings.maxWorkers && cost <= settings.priceMax ?? .max)
        }
        #expect(world.machines.map(\.instance.offering.nodeType) == ["small"])
        #expect(world.violations == [])
    }

    /// Replicas that a hard rule about zones holds are moved to save a node where the rule lets them.
    @Test(arguments: [true, false])
    func aRuleAboutZonesKeepsNoNode(hasRule: Bool) async throws {
        let world = try TwoTiers(.consolidating([.cpus("small", 2)]))
        var apps = letters("abcd")
        if hasRule {
            var placing = PlacingSettings()
            placing.rules = [
                TopologyRule(topology: .zone, ask: .affinity, selector: ["deployment": "m"])
            ]
            for index in apps.indices { apps[index].deployments[0].replica.placing = placing }
        }
        try world.apply(apps)
        try await world.run(.seconds(15))
        #expect(world.machines.count == 2)
        _ = try world.thin()
        try await world.run(.seconds(300))
        #expect(try !world.plans().isEmpty && world.machines.count == 1)
        #expect(world.violations == [])
    }

    /// Of a hundred nodes that are full and one on its way the answer of that one is kept.
    @Test func whatIsOnItsWayIsNeverCut() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 1, max: 120)], maxWorkers: 120)
        settings.upscalingSpeed = rapid
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(99)))])
        try await world.run(.seconds(20))
        #expect(try world.ready(chat).count == 99)
        let crowd = ApplicationSettings.of(.named("late", of: "late", .fixed(1)), name: "late")
        world.cloud.inject(.neverBoots)
        try world.apply([.of(.named("chat", .fixed(99))), crowd])
        try await world.run(.seconds(5))
        let waiting = try world.state().placements.values.filter { $0.phase == .pending }
        #expect(waiting.count == 1)
        let answers = try #require(waiting.first?.refusals)
        #expect(answers.count == 64)
        #expect(answers.contains { $0.candidate == "n100" && $0.code == .coming })
    }

    /// An offering that is tried again is named by one launch of a step, though it is the cheapest way for all.
    @Test func oneLaunchOfAStepTries() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.upscalingSpeed = rapid
        let zones = [Offering.usual("small", cents: 1, zone: "a"), .usual("small", cents: 3, zone: "b")]
        let world = try TwoTiers(settings, offerings: zones) {
            $0.stockOuts = [
                MemoryCloud.Episode(nodeType: "small", zone: "a", from: Moment(1_000), until: Moment(60_000))
            ]
        }
        try await world.run(.seconds(2))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(5))
        let row = try #require(try world.state().availability["native/small/a/on_demand"])
        try await world.run(row.until - world.now + .seconds(5))
        let before = world.creates().count
        try world.apply([.of(.named("chat", .fixed(8)))])
        try await world.run(Millis(10))
        let made = world.creates().dropFirst(before)
        #expect(made.count >= 2)
        #expect(made.count { $0.offerings.contains { $0.zone == "a" } } == 1)
        try await world.run(.seconds(20))
        #expect(try world.ready(chat).count == 8 && world.violations == [])
    }
}
