import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

/// The base on demand, what stands in for spot, and which node a replica gets.
@Suite struct SpotTests {
    private func ways(_ type: String, spot: Int64, steady: Int64) -> [Offering] {
        [("spot", spot), ("on_demand", steady)].map {
            Offering(nodeType: type, zone: "z1", capacityType: $0.0, microdollarsPerHour: $0.1)
        }
    }

    private func kinds(_ world: TwoTiers) throws -> [String] {
        try world.nodes(in: .ready).map { "\($0.type) \($0.capacityType)" }.sorted()
    }

    /// No spot node is to be had: one on demand stands in for it, or what waits goes on waiting.
    @Test(arguments: [true, false])
    func whatStandsInForSpot(fallsBack: Bool) async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.spot.fallsBack = fallsBack
        var offerings = ways("small", spot: 5_000, steady: 20_000)
        offerings[0].zone = "z2"
        let world = try TwoTiers(settings, offerings: offerings) {
            $0.stockOuts = [
                MemoryCloud.Episode(nodeType: "small", zone: "z2", from: Moment(0), until: Moment(200_000))
            ]
        }
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(30))
        #expect(try kinds(world) == (fallsBack ? ["small on_demand"] : []))
        if !fallsBack {
            let waiting = try world.state().placements.values.filter { $0.phase == .pending }
            let isTold = waiting.allSatisfy { $0.refusals.map(\.code) == [.unavailable] }
            #expect(!waiting.isEmpty && isTold)
        }
        #expect(
            try await world.run(until: { try world.ready(chat).count == 2 }, within: .seconds(900)))
        #expect(try kinds(world) == (fallsBack ? ["small on_demand"] : ["small spot"]))
        #expect(world.violations == [])
    }

    /// Beyond the base nothing but spot, the base itself on demand.
    @Test func withoutFallbackTheBaseIsStillOnDemand() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        (settings.spot.fallsBack, settings.spot.onDemandBase) = (false, 1)
        let world = try TwoTiers(settings, offerings: ways("small", spot: 30_000, steady: 20_000))
        try world.apply([.of(.named("chat", .fixed(6)))])
        try await world.run(.seconds(40))
        #expect(try kinds(world) == ["small on_demand", "small spot", "small spot"])
    }

    @Test(arguments: ["headroom", "request"])
    func theBaseBindsWhatNobodyWaitsFor(kind: String) async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.spot.onDemandBase = 1
        settings.upscalingSpeed = Thousandths(100_000)
        if kind == "headroom" { settings.headroom = [.fixed(Resources(["CPU": 2_000]), count: 2)] }
        let world = try TwoTiers(settings, offerings: ways("small", spot: 5_000, steady: 20_000))
        if kind == "request" {
            try world.nodes?.request([Bundles(resources: Resources(["CPU": 2_000]), count: 2)])
        }
        try await world.run(.seconds(40))
        #expect(try kinds(world) == ["small on_demand", "small spot"])
        #expect(world.violations == [])
    }

    /// A dear node is replaced by a cheaper one: by one on demand, while the base lacks it.
    @Test(arguments: [(0, "tiny spot"), (1, "tiny on_demand")])
    func theBaseBindsConsolidation(base: Int, kind: String) async throws {
        var settings = ClusterSettings.consolidating([.cpus("large", 4), .cpus("tiny", 1)])
        settings.spot.onDemandBase = base
        let offerings = ways("tiny", spot: 9_000, steady: 10_000) + [.usual("large", cents: 3)]
        let world = try TwoTiers(settings, offerings: offerings)
        try world.apply(letters("abcd"))
        try await world.run(.seconds(15))
        let kept = try world.thin()
        let isDone = try await world.run(
            until: { try kinds(world).allSatisfy { $0 == kind } && world.machines.count == kept.count },
            within: .seconds(1_200))
        let found = try kinds(world)
        #expect(isDone, "\(found)")
        #expect(world.violations == [])
    }

    /// Two nodes that are there, two replicas.
    @Test(arguments: [(NodeChoice.bestFit, [2]), (.pack, [2]), (.fgd, [2]), (.spread, [1, 1])])
    func thePolicyOfTheFileDecides(choice: NodeChoice, counts: [Int]) async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 4, min: 2)])
        settings.placement = choice
        let world = try TwoTiers(settings)
        try await world.run(.seconds(10))
        #expect(world.machines.count == 2)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(10))
        let nodes = try world.state().placements.values.filter { $0.phase == .ready }.compactMap(\.node)
        let found = Dictionary(grouping: nodes) { $0 }.values.map(\.count).sorted()
        #expect(found == counts)
        let rules = try world.ask("SELECT DISTINCT rule FROM node_decision WHERE kind = 'place'").rows
        #expect(rules == [[.text(choice.rawValue.replacing("-", with: "_"))]])
    }
}
