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

    /// What no node that may be had holds is kept, and said; what one of them holds is not.
    @Test func whatNoNodeHoldsIsSaid() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4), .cpus("large", 8)]))
        try world.nodes?.request([Bundles(resources: one, count: 9), Bundles(resources: other, count: 2)])
        #expect(
            try world.nodes?.hopelessDemand() == [
                "no node holds CPU 1, GPU 0.5, asked for 2 times: large lacks GPU 0.5, small lacks GPU 0.5; nothing is"
                    + " bought for it"
            ])
        try world.nodes?.request([Bundles(resources: Resources(["CPU": 8000]), count: 1)])
        #expect(try world.nodes?.hopelessDemand() == [])
    }

    /// A size of the cluster: what runs counts against it, and idle nodes stay for it.
    @Test func nodesAreBoughtForItAndStay() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 4)], idleTimeout: .seconds(5))
        settings.upscalingSpeed = Thousandths(100_000)
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(20))
        #expect(world.machines.count == 1)
        try world.nodes?.request([Bundles(resources: one, count: 3)])
        try await world.run(.seconds(30))
        #expect(world.machines.count == 3, "one of the three is the one in use")
        let bought = try world.ask("SELECT subject FROM node_decision WHERE rule = 'request_resources'").rows
        #expect(bought.count == 2)
        try world.nodes?.request([])
        try await world.run(.seconds(30))
        #expect(world.machines.count == 1)
        #expect(world.violations == [])
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
