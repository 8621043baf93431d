import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// What is not done while too much of what is seen may be wrong.
@Suite struct HealthTests {
    /// One replica on each of so many nodes.
    private func running(_ nodes: Int, idle: Millis = .seconds(600)) async throws -> TwoTiers {
        var settings = ClusterSettings.cloud(
            [.cpus("small", 1, max: nodes + 2)], maxWorkers: nodes + 2, idleTimeout: idle)
        settings.upscalingSpeed = Thousandths(100_000)
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(nodes)))])
        try await world.run(.seconds(15))
        #expect(try world.ready(chat).count == nodes)
        return world
    }

    private func terminates(_ world: TwoTiers) -> Int {
        world.calls.count { if case .terminate = $0 { true } else { false } }
    }

    private func silence(_ count: Int, in world: TwoTiers, _ isSilent: Bool = true) {
        for id in world.agents.keys.sorted().prefix(count) { world.agents[id]?.silent = isSilent }
    }

    private func decisions(_ world: TwoTiers, _ rule: String) throws -> [String] {
        let store = try #require(world.nodes?.store)
        return try store.query("SELECT kind FROM node_decision WHERE rule = '\(rule)' ORDER BY id").rows.map {
            $0[0].text
        }
    }

    /// Two lists that show nothing, and agents that are silent meanwhile: one fault of the provider's.
    @Test func listsThatShowNothingAreAskedAgain() async throws {
        let world = try await running(4)
        silence(4, in: world)
        try await world.run(.seconds(4))
        world.cloud.inject(.listEmpty, .listEmpty, .listEmpty, .listEmpty)
        #expect(
            try await world.run(until: { try world.state().holds[HoldRow.list] != nil }, within: .seconds(6)))
        try await world.run(.seconds(4))
        silence(4, in: world, false)
        try await world.run(.seconds(10))
        #expect(try world.nodes(in: .ready).count == 4)
        #expect(try world.state().holds.isEmpty)
        #expect(try decisions(world, "list_shrank") == ["hold"])
        #expect(world.creates().count == 4 && terminates(world) == 0)
        #expect(world.violations == [])
    }

    /// Lists that agree are believed in the end: the machines are gone.
    @Test func whatSeveralListsSayIsSo() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 1)], maxWorkers: 4)
        settings.upscalingSpeed = Thousandths(100_000)
        let world = try TwoTiers(settings) { $0.remembersTerminated = .zero }
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(15))
        for machine in world.machines { world.cloud.lose(instance: machine.instance.id) }
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 3)
        #expect(world.creates().count == 6 && terminates(world) == 0)
        #expect(world.violations == [])
    }

    /// Our own network is cut, for minutes: nothing is given up, nothing is bought, and all goes on by itself.
    @Test func whileMostAreNotHeardNothingIsGivenUp() async throws {
        let world = try await running(6, idle: .seconds(60))
        let before = try world.ready(chat)
        try world.apply([.of(.named("chat", .fixed(5)))])
        try await world.run(.seconds(20))
        silence(4, in: world)
        try await world.run(.seconds(300))
        let held = try #require(try world.state().holds[HoldRow.nodes])
        #expect(held.count == 4 && held.among == 6)
        #expect(terminates(world) == 0 && world.creates().count == 6)
        #expect(try world.nodes(in: .ready).count == 6, "not even the idle one goes")
        silence(4, in: world, false)
        try await world.run(.seconds(20))
        #expect(try world.state().holds.isEmpty)
        #expect(try decisions(world, "mass_unready") == ["hold", "resume"])
        #expect(try Set(world.ready(chat)).isSubset(of: before) && world.ready(chat).count == 5)
        try await world.run(.seconds(60))
        #expect(try world.nodes(in: .ready).count == 5, "the idle one goes now")
        #expect(world.violations == [])
    }

    /// Of a pool a fifth is replaced within ten minutes, and always one.
    @Test func lostNodesAreReplacedAFewAtATime() async throws {
        let world = try await running(5)
        silence(2, in: world)
        try await world.run(.seconds(120))
        #expect(terminates(world) == 1)
        #expect(try world.state().holds[HoldRow.repair("small")]?.count == 1)
        #expect(try world.ready(chat).count == 5, "what runs on the other one goes on")
        try await world.run(.seconds(500))
        #expect(terminates(world) == 1)
        try await world.run(.seconds(120))
        #expect(terminates(world) == 2)
        #expect(try world.ready(chat).count == 5 && world.state().holds.isEmpty)
        #expect(world.creates().count == 7)
        #expect(world.violations == [])
    }

    @Test func aNodeThatFlapsIsReplacedOnce() async throws {
        let world = try await running(3)
        let id = try #require(world.agents.keys.sorted().first)
        let node = try #require(world.agents[id]?.node)
        world.offer(3, to: chat)
        for _ in 0..<3 {
            world.agents[id]?.silent = true
            try await world.run(.seconds(12))
            world.agents[id]?.silent = false
            try await world.run(.seconds(12))
        }
        try await world.run(.seconds(60))
        #expect(try world.state().nodes[node]?.phase == .gone)
        #expect(try decisions(world, "flapping") == ["cordon"])
        #expect(world.creates().count == 4)
        #expect(try world.ready(chat).count == 3)
        #expect(world.violations == [])
    }

    /// Fewer than three come back too, and nothing follows.
    @Test func aNodeThatFlapsTwiceIsLeftAlone() async throws {
        let world = try await running(3)
        let id = try #require(world.agents.keys.sorted().first)
        for _ in 0..<2 {
            world.agents[id]?.silent = true
            try await world.run(.seconds(12))
            world.agents[id]?.silent = false
            try await world.run(.seconds(12))
        }
        #expect(try world.state().troubles.count == 1)
        try await world.run(.seconds(700))
        #expect(try world.state().troubles.isEmpty)
        #expect(world.creates().count == 3 && terminates(world) == 0)
    }

    /// Every move that was decided stands in the table of moves, under the rule that decided it.
    @Test func everyMoveHasItsCause() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)], idleTimeout: .seconds(20))
        settings.joinDeadline = .seconds(30)
        let world = try TwoTiers(settings)
        world.cloud.inject(.outOfCapacity, .launchSucceedsButReplyIsLost, .quota, .neverBoots)
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(1_500))
        let machines = world.machines
        world.cloud.preempt(instance: try #require(machines.first).instance.id, in: .seconds(60))
        try await world.run(.seconds(90))
        world.cloud.lose(instance: try #require(world.machines.first).instance.id)
        try await world.run(.seconds(60))
        world.agents.keys.sorted().first.map { world.agents[$0]?.silent = true }
        try await world.run(.seconds(120))
        _ = try world.delete("shop")
        try await world.run(.seconds(60))
        let store = try #require(world.nodes?.store)
        let rows = try store.query(
            """
            SELECT DISTINCT before, after, rule FROM node_decision
            WHERE kind IN ('cordon', 'uncordon', 'terminate', 'retire') ORDER BY 1, 2, 3
            """
        ).rows.map { $0.map(\.text) }
        for row in rows {
            let (from, to) = (NodePhase(rawValue: row[0]), NodePhase(rawValue: row[1]))
            #expect(
                from.map { f in to.map { NodeMove.allows(f, $0, rule: row[2]) } ?? false } ?? false, "\(row)")
        }
        #expect(rows.count >= 7, "\(rows)")
    }
}
