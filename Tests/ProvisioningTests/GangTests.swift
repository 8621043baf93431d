import Model
import Placement
import Provisioning
import Testing

/// Nodes for whole gangs.
@Suite struct GangTests {
    private func gang(_ size: Int, first: Int = 0, cpu: Int64 = 2, _ strategy: GangSettings.Strategy = .pack)
        -> [Unplaced]
    {
        var placing = PlacingSettings()
        placing.gang = GangSettings(size: size, strategy: strategy)
        return (0..<size).map {
            Unplaced(
                demand: Demand(
                    replica: replica(first + $0), resources: cpus(cpu), placing: placing, gang: Int64(first)),
                refusals: [])
        }
    }

    @Test(arguments: [(2, 1), (3, 2), (4, 2), (5, 3)])
    func wholeGangsAreBoughtFor(size: Int, nodes: Int) {
        let plan = World(gang(size)).plan()
        #expect(plan.launches.count == nodes && plan.refusals.isEmpty)
        #expect(plan.launches.flatMap(\.replicas).sorted() == (0..<size).map { replica($0) })
    }

    /// The limit leaves room for one gang of the two, and none for half of the other.
    @Test func theOtherGangWaitsWhole() throws {
        var world = World(gang(4) + gang(4, first: 4))
        world.settings.maxWorkers = 3
        let plan = world.plan()
        #expect(plan.launches.count == 2)
        #expect(plan.launches.flatMap(\.replicas).sorted() == (0..<4).map { replica($0) })
        #expect(plan.refusals.map(\.replica) == (4..<8).map { replica($0) })
        for refused in plan.refusals {
            // One more node would take two of them: two are missing.
            #expect(refused.refusals == [Refusal(candidate: "cpu-4", code: .gang, short: cpus(4))])
        }
    }

    /// This step's limit leaves time for one node: all of the gang is told that the next steps go on.
    @Test func theUpscalingLimitOnlyDelays() {
        var world = World(gang(6))
        world.settings.upscalingSpeed = Thousandths(0)
        let plan = world.plan()
        #expect(plan.launches.map(\.replicas.count) == [2])
        #expect(plan.refusals.count == 4)
        #expect(plan.refusals.allSatisfy { $0.refusals.map(\.code) == [.upscalingSpeed] })
    }

    /// Half of it has room on nodes that are there: nobody is placed, and that room is kept while the rest is bought.
    @Test func whatIsThereIsKeptForIt() throws {
        let room = Room(
            node: NodeID("n1"), type: "cpu-4", free: cpus(4), total: cpus(4), state: .open, replicas: 0)
        var input = ProvisioningInput(
            settings: World().settings, unplaced: gang(4),
            types: [TypeState(type: World().settings.nodeTypes[0], live: 1, ready: 1, launching: 0)],
            offerings: World().offerings, unavailableUntil: [],
            idle: [
                IdleNode(node: room.node, type: "cpu-4", idleSince: Moment(0), generationApplied: true)
            ], now: Moment(1_000_000_000))
        input.rooms = [room]
        let plan = provision(input)
        #expect(plan.launches.count == 1 && plan.assigned.isEmpty)
        #expect(plan.awaited.contains(room.node) && plan.terminate.isEmpty)
        #expect(plan.promised.count == 2 && plan.refusals.isEmpty)
        #expect(plan.promised.allSatisfy { $0.refusals == [Refusal(candidate: "cpu-4", code: .coming)] })
        input.unplaced = []
        #expect(provision(input).terminate.map(\.node) == [room.node], "nobody waits: it is idle")
    }
}
