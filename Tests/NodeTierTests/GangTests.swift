import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// Gangs on nodes: placed whole, bought for whole.
@Suite struct GangTests {
    private func gangs(_ count: Int, of size: Int, _ strategy: GangSettings.Strategy = .pack)
        -> DeploymentSettings
    {
        var settings = DeploymentSettings.named("chat", .fixed(count * size))
        var placing = PlacingSettings()
        placing.gang = GangSettings(size: size, strategy: strategy)
        settings.replica.placing = placing
        return settings
    }

    /// Never is a part of a gang placed: the worlds of this suite look at each instant.
    @Test(arguments: [(1, 4, 2), (2, 3, 3), (3, 2, 3)])
    func aGangIsPlacedWholeOrNotAtAll(count: Int, size: Int, machines: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        try world.apply([.of(gangs(count, of: size))])
        let isDone = try await world.run(
            until: { try world.ready(chat).count == count * size }, within: .seconds(60))
        #expect(isDone && world.machines.count == machines)
        #expect(world.violations == [])
    }

    /// Three nodes are needed and two may be had: nothing is bought, and the reason says so.
    @Test func nothingIsBoughtForHalfAGang() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2, max: 2)]))
        try world.apply([.of(gangs(1, of: 6))])
        try await world.run(.seconds(30))
        #expect(world.creates().isEmpty && world.machines.isEmpty)
        let waiting = try world.state().placements.values.filter { $0.phase == .pending }
        #expect(waiting.count == 6)
        for row in waiting {
            let refusal = try #require(row.refusals.first { $0.candidate == "small" })
            #expect(refusal.code == .gang && refusal.short == Resources(["CPU": 2_000]))
            #expect(refusal.sentence.contains("CPU 2 is missing for them"))
        }
        world.settings.nodeTypes[0].maxWorkers = 3
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 6 && world.violations == [])
    }

    /// The upscaling limit makes it take several steps: what was bought first is neither cancelled nor given back.
    @Test func nodesForAGangAreKeptUntilAllAreThere() async throws {
        var settings = ClusterSettings.cloud(
            [.cpus("small", 1, max: 60)], maxWorkers: 60, idleTimeout: .seconds(5))
        settings.upscalingSpeed = Thousandths(0)
        let world = try TwoTiers(settings)
        try world.apply([.of(gangs(1, of: 45))])
        let isDone = try await world.run(until: { try world.ready(chat).count == 45 }, within: .seconds(200))
        #expect(isDone && world.creates().map(\.node).deduplicated.count == 45)
        #expect(world.violations == [])
    }

    @Test func spreadTakesANodeForEach() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4, min: 3)]))
        try await world.run(.seconds(10))
        try world.apply([.of(gangs(1, of: 3, .spread))])
        try await world.run(.seconds(20))
        let nodes = try world.state().placements.values.filter { $0.phase == .ready }.compactMap(\.node)
        #expect(nodes.count == 3 && Set(nodes).count == 3 && world.violations == [])
    }

    /// It stands on two nodes of which one would do: it is not moved to save one.
    @Test func aGangIsNotMovedToSaveANode() async throws {
        let world = try TwoTiers(
            .consolidating([.cpus("large", 4), .cpus("small", 2)]),
            offerings: [.usual("small", cents: 2), .usual("large", cents: 3)])
        world.settings.nodeTypes[0].maxWorkers = 0
        world.killNodes()
        try world.openNodes()
        try world.apply([.of(gangs(1, of: 4))])
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 4 && world.machines.count == 2)
        world.settings.nodeTypes[0].maxWorkers = 8
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(300))
        #expect(world.machines.count == 2)
        #expect(try world.plans().isEmpty && world.violations == [])
    }
}
