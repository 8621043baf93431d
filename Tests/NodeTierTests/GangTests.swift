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

    /// It stands on two nodes of which a dearer one would do, for less than both: it moves there as a whole, start first, and
    /// at no moment is a part of it missing.
    @Test(arguments: [nil, .count(0)] as [Disruption?])
    func aGangMovesWholeToSaveANode(_ budget: Disruption?) async throws {
        let world = try TwoTiers(
            .consolidating([.cpus("large", 4), .cpus("small", 2)]),
            offerings: [.usual("small", cents: 2), .usual("large", cents: 3)])
        world.settings.nodeTypes[0].maxWorkers = 0
        world.killNodes()
        try world.openNodes()
        var deployment = gangs(1, of: 4)
        deployment.rollout.unavailableMax = budget
        try world.apply([.of(deployment)])
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 4 && world.machines.count == 2)
        let before = try Set(world.ready(chat))
        world.settings.nodeTypes[0].maxWorkers = 8
        world.settings.consolidation.payback = .seconds(3_600)
        var all = DisruptionBudget()
        all.nodes = .count(2)
        world.settings.budgets = [all]
        world.killNodes()
        try world.openNodes()
        var least = 4
        let isDone = try await world.run(
            until: {
                least = min(least, world.routed(chat).count)
                return try world.nodes(in: .ready, .draining, .terminating).map(\.type) == ["large"]
            }, within: .seconds(300))
        #expect(isDone && least == 4)
        #expect(try Set(world.ready(chat)).isDisjoint(with: before) && world.ready(chat).count == 4)
        #expect(try world.plans().map(\.phase) == [.done])
        try await world.run(.seconds(3_600))
        #expect(try world.plans().count == 1 && world.machines.count == 1 && world.violations == [])
    }

    /// New places for all of it are taken while it holds the old ones: where there is room for a part only, it stays.
    @Test func aGangStaysUntilThereIsRoomForAllOfIt() async throws {
        let world = try TwoTiers(
            .consolidating([.cpus("small", 4, min: 3, max: 3)], idleTimeout: .seconds(2_000)))
        try await world.run(.seconds(10))
        try world.apply([.of(gangs(1, of: 4, .spread))])
        try await world.run(.seconds(10))
        try world.apply([.of(gangs(1, of: 4, .spread))] + letters("abcdefgh"))
        try await world.run(.seconds(20))
        world.settings.nodeTypes[0].minWorkers = 0
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 4 && world.machines.count == 3)
        let standing = try world.state().placements.values.filter { $0.deployment == chat }.compactMap(\.node)
        #expect(Set(standing).count == 3)
        let twice = try #require(standing.first { node in standing.count { $0 == node } == 2 })
        // Of full nodes the one with two of the gang has room for two; elsewhere there is none.
        for (node, names) in try world.standing() where node == twice {
            for name in names where name != "s" { _ = try world.delete("\(name)") }
        }
        try await world.run(.seconds(600))
        #expect(try world.plans().isEmpty && world.machines.count == 3)
        for (node, names) in try world.standing() where node != twice {
            for name in names.filter({ $0 != "s" }).prefix(2) { _ = try world.delete("\(name)") }
        }
        var least = 4
        let isDone = try await world.run(
            until: {
                least = min(least, world.routed(chat).count)
                return world.machines.count == 2
            }, within: .seconds(600))
        #expect(isDone && least == 4)
        try await world.run(.seconds(600))
        #expect(try world.plans().map(\.phase) == [.done] && world.ready(chat).count == 4)
        #expect(world.violations == [])
    }
}
