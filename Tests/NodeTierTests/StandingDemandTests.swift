import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// What a person asks room for, whatever runs.
@Suite struct StandingDemandTests {
    private let one = Resources(["CPU": 4000])
    private let other = Resources(["GPU": 500, "CPU": 1000])

    private func demand(_ world: TwoTiers) throws -> [Bundles] {
        try world.state().standingDemand.map { Bundles(resources: $0.resources, count: $0.count) }
    }

    @Test func theNewestCallReplacesTheOneBefore() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        #expect(try demand(world) == [])
        try world.nodes?.request([
            Bundles(resources: one, count: 2), Bundles(resources: other, count: 1),
            Bundles(resources: one, count: 3),
        ])
        // By their texts, so in every process alike; bundles of one size are counted together.
        #expect(
            try demand(world) == [Bundles(resources: other, count: 1), Bundles(resources: one, count: 5)])
        try world.nodes?.request([Bundles(resources: one, count: 7)])
        #expect(try demand(world) == [Bundles(resources: one, count: 7)])
        let before = try world.state().changeSequence
        try world.nodes?.request([Bundles(resources: one, count: 7)])
        try world.nodes?.request([])
        #expect(try demand(world) == [])
        #expect(try world.state().changeSequence > before)
    }

    @Test func aKilledTierStillKnowsIt() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.nodes?.request([Bundles(resources: one, count: 2)])
        world.killNodes()
        world.killServe()
        try world.openServe()
        try world.openNodes()
        try await world.run(.seconds(3))
        #expect(try demand(world) == [Bundles(resources: one, count: 2)])
        #expect(world.violations == [])
    }
}
