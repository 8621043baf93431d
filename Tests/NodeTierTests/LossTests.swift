import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

@Suite struct LossTests {
    private func running(
        _ replicas: Int = 2, _ change: (inout MemoryCloud.Settings) -> Void = { _ in }
    ) async throws -> TwoTiers {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], maxWorkers: 4), cloud: change)
        try world.apply([.of(.named("chat", .fixed(replicas)))])
        try await world.run(.seconds(15))
        #expect(try world.ready(chat).count == replicas)
        return world
    }

    @Test func theReplicasOfALostMachineAreReplacedElsewhere() async throws {
        let world = try await running()
        let lost = try #require(world.machines.first)
        let before = try world.ready(chat)
        world.cloud.lose(instance: lost.instance.id)
        #expect(try await world.run(until: { try world.ready(chat).isEmpty }, within: .seconds(5)))
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 2)
        #expect(try Set(world.ready(chat)).isDisjoint(with: before))
        #expect(try world.state().nodes[lost.instance.node]?.phase == .gone)
        #expect(world.creates().count == 2)
        #expect(try world.routed(chat) == world.ready(chat))
        #expect(world.violations == [])
    }

    @Test func aMachineWhoseAgentIsLostIsReplacedAndGivenBack() async throws {
        let world = try await running()
        let lost = try #require(world.machines.first)
        world.agents[lost.instance.id]?.silent = true
        try await world.run(.seconds(50))
        #expect(world.creates().count == 1, "silence alone is no loss before agent_lost")
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 2)
        #expect(!world.machines.contains { $0.instance.id == lost.instance.id })
        #expect(try world.state().nodes[lost.instance.node]?.phase == .gone)
        #expect(world.violations == [])
    }

    @Test func oneListWithoutAMachineIsNoLoss() async throws {
        let world = try await running()
        world.cloud.inject(.listOmits)
        try await world.run(.seconds(20))
        #expect(world.creates().count == 1)
        #expect(try world.state().nodes.values.allSatisfy { $0.phase == .ready })
    }

    @Test func aRestartedAgentLosesNothing() async throws {
        let world = try await running()
        let before = try world.ready(chat)
        let machine = try #require(world.machines.first)
        world.agents[machine.instance.id]?.silent = true
        try await world.run(.seconds(8))
        world.agents[machine.instance.id]?.silent = false
        world.restartAgent(machine.instance.id)
        try await world.run(.seconds(10))
        #expect(try world.ready(chat) == before)
        #expect(world.creates().count == 1)
        #expect(world.violations == [])
    }

    @Test func anAgentThatLostItsRecordsLosesItsReplicas() async throws {
        let world = try await running()
        let before = try world.ready(chat)
        let machine = try #require(world.machines.first)
        world.forgetReplicas(of: machine.instance.id)
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 2)
        #expect(try Set(world.ready(chat)).isDisjoint(with: before))
        #expect(world.creates().count == 1)
    }

    @Test func aPreemptionNoticeMovesReplicasBeforeTheEnd() async throws {
        let world = try await running()
        world.offer(2, to: chat)
        let machine = try #require(world.machines.first)
        world.cloud.preempt(instance: machine.instance.id, in: .seconds(60))
        var least = 2
        let moved = try await world.run(
            until: {
                least = min(least, try world.ready(chat).count)
                return try world.state().nodes[machine.instance.node]?.phase == .gone
            }, within: .seconds(59))
        #expect(moved)
        #expect(least == 2)
        #expect(try world.ready(chat).count == 2)
        #expect(try world.state().drainRequests.isEmpty)
        #expect(world.violations == [])
    }

    /// The orders of a node being drained do not change by themselves.
    @Test func aNoticeDoesNotKeepAnyoneBusy() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], maxWorkers: 1))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(10))
        let machine = try #require(world.machines.first)
        world.cloud.preempt(instance: machine.instance.id, in: .seconds(600))
        try await world.run(.seconds(10))
        let (steps, node) = (world.steps, machine.instance.node)
        let generation = try #require(try world.state().nodes[node]?.generation)
        try await world.run(.seconds(20))
        #expect(try world.state().nodes[node]?.generation == generation)
        #expect(world.steps.nodes - steps.nodes < 200)
    }

    @Test func reportsOfNodesThatAreGoneAreForgotten() async throws {
        let world = try await running()
        for _ in 0..<3 {
            let machine = try #require(world.machines.first)
            world.cloud.lose(instance: machine.instance.id)
            try await world.run(.seconds(15))
        }
        #expect(try world.state().nodes.count == 4)
        #expect(world.nodes?.reports.count == 1)
    }
}
