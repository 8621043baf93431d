import Cloud
import Model
import Store
import Testing
import TwoTiers

/// GPUs by device, labels, neighbours, priorities and prices, from the settings of a deployment to the rows of its replicas.
@Suite struct PlacingTests {
    private let other = DeploymentID(application: "shop", deployment: "other")

    private func gpuType(_ name: String, _ gpus: Int64, labels: [NodeLabel] = []) -> NodeType {
        var type = NodeType(
            name: name, resources: Resources(["CPU": 16_000, "GPU": gpus * 1000]), maxWorkers: 8)
        type.labels = labels
        return type
    }

    private func deployment(
        _ count: Int, named name: String = "chat", gpu: Int64 = 0,
        change: (inout PlacingSettings) -> Void = { _ in }
    ) -> DeploymentSettings {
        var settings = DeploymentSettings.named(name, .fixed(count))
        settings.replica.resources[Resources.gpu] = gpu
        var placing = PlacingSettings()
        change(&placing)
        settings.replica.placing = placing.isPlain ? nil : placing
        return settings
    }

    private func placements(_ world: TwoTiers, _ id: DeploymentID) throws -> [PlacementRow] {
        try world.state().placements.values.filter { $0.deployment == id && $0.phase == .ready }
            .sorted { $0.replica < $1.replica }
    }

    private func perNode(_ world: TwoTiers, _ id: DeploymentID) throws -> [Int] {
        Dictionary(grouping: try placements(world, id), by: \.node).values.map(\.count).sorted()
    }

    /// 0.5 × 3 take two devices, and none more than it is.
    @Test(arguments: [(gpu: 500 as Int64, replicas: 3, machines: 1), (600, 3, 2), (2000, 2, 2), (250, 8, 1)])
    func devicesAreGivenOneByOne(gpu: Int64, replicas: Int, machines: Int) async throws {
        let world = try TwoTiers(.cloud([gpuType("gpu", 2)]))
        try world.apply([.of(deployment(replicas, gpu: gpu))])
        try await world.run(.seconds(20))
        #expect(world.machines.count == machines)
        let rows = try placements(world, chat)
        #expect(rows.count == replicas)
        var held: [String: Int64] = [:]
        for row in rows {
            #expect(row.gpus.count == max(1, Int(gpu / 1000)))
            for index in row.gpus {
                held["\(row.node?.rawValue ?? "")/\(index)", default: 0] += min(gpu, 1000)
            }
        }
        #expect(held.values.allSatisfy { $0 <= 1000 })
        #expect(world.violations == [])
    }

    /// Two devices with 0.6 free each have 1.2 and no room for a whole one.
    @Test func sharesAreNotAddedUp() async throws {
        let world = try TwoTiers(.cloud([gpuType("gpu", 2)], maxWorkers: 1))
        try world.apply([.of(deployment(2, gpu: 600), deployment(1, named: "other", gpu: 1000))])
        try await world.run(.seconds(20))
        let waiting = try world.state().placements.values.filter { $0.phase == .pending }
        #expect(waiting.count == 1)
        let short = waiting.first?.refusals.first { $0.code == .short }?.short
        // The shares of 0.6 came last, or the whole device did: either lacks what no single device has.
        #expect(short == Resources(["GPU": waiting.first?.deployment == other ? 1000 : 200]))
        #expect(world.violations == [])
    }

    @Test func aLabelSelectorChoosesAndFallsBack() async throws {
        let types = [
            gpuType("a", 1, labels: [NodeLabel(name: "disk", value: "ssd")]),
            gpuType("b", 1, labels: [NodeLabel(name: "disk", value: "tape")]),
        ]
        let world = try TwoTiers(.cloud(types))
        let wanted = try [LabelSelector(["disk": "tape"])]
        try world.apply([.of(deployment(1) { $0.selectors = wanted })])
        try await world.run(.seconds(20))
        #expect(world.machines.map(\.instance.offering.nodeType) == ["b"])
        let none = try [LabelSelector(["disk": "none"])]
        try world.apply([.of(deployment(1) { $0.selectors = none })])
        try await world.run(.seconds(20))
        let row = try world.state().placements.values.first { $0.phase == .pending }
        #expect(row?.refusals.map(\.code).allSatisfy { $0 == .labelSelector } == true)
        let either = try [LabelSelector(["disk": "none"]), LabelSelector(["disk": "in(ssd, tape)"])]
        try world.apply([.of(deployment(1) { $0.selectors = either })])
        try await world.run(.seconds(20))
        #expect(try placements(world, chat).count == 1)
        #expect(world.violations == [])
    }

    @Test func aNodeHoldsOnlySoMany() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 16)]))
        try world.apply([.of(deployment(5) { $0.maxPerNode = 2 })])
        try await world.run(.seconds(20))
        #expect(try perNode(world, chat) == [1, 2, 2])
        // A new version counts with the old one: nothing is doubled up while both are there.
        var next = deployment(5) { $0.maxPerNode = 2 }
        next.replica.resources[Resources.cpu] = 2000
        try world.apply([.of(next)])
        for _ in 0..<40 {
            try await world.run(.seconds(1))
            let held = try world.state().placements.values.filter { $0.phase.holdsRoom }
            let counts = Dictionary(grouping: held, by: \.node).values.map(\.count)
            #expect(counts.allSatisfy { $0 <= 2 })
        }
        #expect(try placements(world, chat).allSatisfy { $0.resources[Resources.cpu] == 2000 })
        #expect(world.violations == [])
    }

    /// From zone to zone, and evenly; those that keep apart each have a node of their own.
    @Test func neighboursAreKeptApart() async throws {
        let zones = ["z1", "z2", "z3"].map { Offering.usual("small", cents: 4, zone: $0) }
        let world = try TwoTiers(.cloud([.cpus("small", 4)]), offerings: zones)
        let own = ["deployment": "chat"]
        try world.apply([
            .of(
                deployment(6) {
                    $0.rules = [TopologyRule(topology: .zone, ask: .spread(maxSkew: 1), selector: own)]
                },
                deployment(2, named: "other") {
                    $0.rules = [
                        TopologyRule(topology: .node, ask: .antiAffinity, selector: ["deployment": "other"])
                    ]
                })
        ])
        try await world.run(.seconds(30))
        let nodes = try world.state().nodes
        let zoneOf = try placements(world, chat).compactMap { $0.node.flatMap { nodes[$0]?.zone } }
        #expect(Dictionary(grouping: zoneOf, by: \.self).values.map(\.count) == [2, 2, 2])
        #expect(try perNode(world, other) == [1, 1])
        #expect(world.violations == [])
    }

    /// It would rather have a node of its own; where there are no more it shares one.
    @Test func aSoftRuleIsGivenUpLast() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)], maxWorkers: 2))
        try world.apply([
            .of(
                deployment(3) {
                    $0.rules = [
                        TopologyRule(
                            topology: .node, ask: .antiAffinity, selector: ["deployment": "chat"],
                            isSoft: true)
                    ]
                })
        ])
        try await world.run(.seconds(30))
        #expect(try perNode(world, chat) == [1, 2])
        #expect(world.violations == [])
    }

    @Test func higherPrioritiesComeFirst() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], maxWorkers: 1))
        var important = deployment(2, named: "other")
        important.priority = 5
        try world.apply([.of(deployment(2), important)])
        try await world.run(.seconds(20))
        #expect(try placements(world, other).count == 2)
        #expect(try placements(world, chat).isEmpty)
        #expect(world.violations == [])
    }

    /// Offers cost a cent for each CPU: 4 and 2 cents, and 5 may be spent.
    @Test func thePriceLimitHolds() async throws {
        var settings = ClusterSettings.cloud([.cpus("large", 4), .cpus("small", 2)])
        settings.priceMax = 50_000
        let world = try TwoTiers(settings)
        try world.apply([.of(deployment(8))])
        try await world.run(.seconds(30))
        let price = try world.state().nodes.values.reduce(Int64(0)) { $0 + $1.microdollarsPerHour }
        #expect(price == 40_000)
        let row = try world.state().placements.values.first { $0.phase == .pending }
        #expect(row?.refusals.contains { $0.code == .budget } == true)
        #expect(world.violations == [])
    }

    /// So many of a type are on demand before any is spot, though spot is cheaper.
    @Test func theBaseIsOnDemand() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.spot.onDemandBase = 2
        settings.upscalingSpeed = Thousandths(100_000)
        let offerings = [("spot", 5_000), ("on_demand", 20_000)].map {
            Offering(
                nodeType: "small", zone: "z1", capacityType: $0.0, microdollarsPerHour: Int64($0.1))
        }
        let world = try TwoTiers(settings, offerings: offerings)
        try world.apply([.of(deployment(8))])
        try await world.run(.seconds(30))
        let kinds = try world.state().nodes.values.map(\.capacityType).sorted()
        #expect(kinds == ["on_demand", "on_demand", "spot", "spot"])
        #expect(world.violations == [])
    }
}
