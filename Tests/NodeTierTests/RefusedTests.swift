import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// An agent whose words are not understood is there all the same.
@Suite struct RefusedTests {
    private func running() async throws -> (world: TwoTiers, instance: String, node: NodeID) {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], maxWorkers: 4))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(15))
        let machine = try #require(world.machines.first)
        return (world, machine.instance.id, machine.instance.node)
    }

    /// Its agent speaks every two seconds, in a version that the tier does not know.
    private func refuse(_ node: NodeID, in world: TwoTiers, for span: Int) async throws {
        for _ in 0..<(span / 2) {
            world.nodes?.hear(
                RefusedAgent(node: node, why: "the agent speaks version 9", arrived: world.now))
            try await world.run(.seconds(2))
        }
    }

    @Test(arguments: [false, true])
    func itsNodeIsNotLostAndItsReplicasStayRouted(_ tierRestarts: Bool) async throws {
        let (world, instance, node) = try await running()
        let before = try world.ready(chat)
        let why = try #require(try world.state().nodes[node]).why
        world.agents[instance]?.silent = true
        if tierRestarts {
            world.killNodes()
            try world.openNodes()
        }
        try await refuse(node, in: world, for: 90)
        #expect(try world.ready(chat) == before && world.routed(chat) == before)
        let row = try #require(try world.state().nodes[node])
        #expect(row.phase == .ready)
        #expect(row.why == "its agent is refused: the agent speaks version 9 | before: \(why)")
        #expect(world.creates().count == 1)
        world.agents[instance]?.silent = false
        world.restartAgent(instance)
        try await world.run(.seconds(5))
        #expect(try world.state().nodes[node]?.why == why)
        #expect(try world.ready(chat) == before)
        #expect(world.violations == [])
    }

    /// There is room for one more; while its agent is refused it is not taken, and another machine is bought.
    @Test func nothingIsPlacedThere() async throws {
        let (world, instance, node) = try await running()
        world.agents[instance]?.silent = true
        try await refuse(node, in: world, for: 2)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await refuse(node, in: world, for: 10)
        let placed = try world.state().placements.values.filter { $0.node == node }
        #expect(placed.count == 1)
        #expect(world.creates().count == 2)
        #expect(try world.ready(chat).count == 2)
        #expect(world.violations == [])
    }

    /// Refused, then silent: from its last word on it counts as any silent one.
    @Test func whoFallsSilentIsLostAfterItsTime() async throws {
        let (world, instance, node) = try await running()
        world.agents[instance]?.silent = true
        try await refuse(node, in: world, for: 20)
        try await world.run(.seconds(50))
        #expect(try world.state().nodes[node]?.phase == .ready)
        try await world.run(.seconds(20))
        #expect(try world.state().nodes[node].map { $0.phase == .terminating || $0.phase == .gone } == true)
        #expect(world.violations == [])
    }
}
