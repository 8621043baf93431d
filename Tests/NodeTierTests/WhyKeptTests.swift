import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// Why nodes that are up are not given back.
@Suite struct WhyKeptTests {
    private func kept(_ world: TwoTiers) throws -> [String] {
        try world.ask("SELECT code FROM why_not_removed ORDER BY node").rows.map { $0[0].text }
    }

    @Test func theCodeFollowsTheLifeOfANode() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(30))) {
            $0.bootDelay = .seconds(4)
        }
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(3))
        #expect(try kept(world) == ["coming"])
        try await world.run(.seconds(10))
        #expect(try kept(world) == ["fits_nowhere"], "there is no other node")
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(20))
        _ = try world.delete("shop")
        try await world.run(.seconds(15))
        let rows = try world.ask("SELECT code, reason, idle_s > 0 FROM why_not_removed").rows
        #expect(
            rows == [
                [.text("idle_timeout"), .text("It has not been idle for its timeout of 30 s."), .integer(1)]
            ])
        world.killServe()
        try await world.run(.seconds(60))
        #expect(try kept(world) == ["serve_silent"])
        try world.openServe()
        try await world.run(.seconds(60))
        #expect(try kept(world) == [] && world.machines.isEmpty)
        #expect(try world.ask("SELECT count(*) FROM kept").rows == [[.integer(0)]])
        #expect(world.violations == [])
        #expect(world.nodes?.missedWakes == 0)
    }

    @Test func whatIsKeptForTheMinimumSaysSo() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2, min: 1)], idleTimeout: .seconds(5)))
        try await world.run(.seconds(60))
        let rows = try world.ask("SELECT code, reason FROM why_not_removed").rows
        #expect(rows == [[.text("min_workers"), .text("min_workers of its type is 1.")]])
        let since = try world.ask("SELECT since_ms FROM kept").rows
        try await world.run(.seconds(300))
        #expect(try world.ask("SELECT since_ms FROM kept").rows == since, "the answer is the same since then")
    }

    /// Two half empty nodes: each replica would fit on the other.
    @Test func replicasThatFitElsewhereAreToldFromThoseThatDoNot() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)], idleTimeout: .seconds(300)))
        try world.apply([.of(.named("chat", .fixed(4)), .named("mail", .fixed(3)))])
        try await world.run(.seconds(20))
        #expect(world.machines.count == 2)
        // One CPU is free: what stands on the full one fits there, what stands on the other fits on no full one.
        #expect(try Set(kept(world)) == ["replicas", "fits_nowhere"])
        let state = try world.state()
        for row in state.kept.values where row.reason == .fitsNowhere {
            let stuck = try #require(state.placements[ReplicaID(row.detail)])
            #expect(stuck.node == row.node)
            for node in state.nodes.values where node.id != row.node && node.phase == .ready {
                let used = state.placements.values.filter { $0.node == node.id && $0.phase.holdsRoom }
                    .reduce(Resources()) { $0 + $1.resources }
                #expect(!(node.resources - used).covers(stuck.resources))
            }
        }
        #expect(world.violations == [])
    }

    @Test func thisMachineItselfIsNotGivenBack() async throws {
        var settings = ClusterSettings()
        settings.provider = nil
        let world = try TwoTiers(settings, offerings: [.usual("small", cents: 4)])
        world.startLocalAgent(cpus: 4)
        try await world.run(.seconds(5))
        #expect(try kept(world) == ["own_machine"])
        #expect(
            try world.ask("SELECT count(*) FROM cost_account").rows == [[.integer(0)]], "it costs nothing")
    }
}
