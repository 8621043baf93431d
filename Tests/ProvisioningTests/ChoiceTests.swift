import Model
import Placement
import Provisioning
import Testing

/// Which of several types is bought.
@Suite struct ChoiceTests {
    private func world(_ demand: [Resources], _ types: [(String, Resources, Int64)]) -> World {
        var world = World(unplaced(demand))
        world.settings.nodeTypes = types.map { NodeType(name: $0.0, resources: $0.1, maxWorkers: 50) }
        world.offerings = types.map { offering($0.0, $0.2) }
        return world
    }

    private typealias Row = (demand: [Resources], types: [(String, Resources, Int64)], bought: [String])
    private static let rows: [Row] = [
        // Equal price for a CPU: the fewest nodes, and a small one for the rest.
        (.init(repeating: cpus(1), count: 8), [("large", cpus(8), 80), ("small", cpus(4), 40)], ["large"]),
        (
            .init(repeating: cpus(1), count: 10), [("large", cpus(8), 80), ("small", cpus(4), 40)],
            ["large", "small"]
        ),
        (.init(repeating: cpus(1), count: 2), [("large", cpus(8), 80), ("small", cpus(4), 40)], ["small"]),
        // The cheaper CPU.
        (
            .init(repeating: cpus(1), count: 8), [("large", cpus(8), 90), ("small", cpus(4), 40)],
            ["small", "small"]
        ),
        (
            .init(repeating: cpus(1), count: 17), [("large", cpus(16), 150), ("small", cpus(4), 40)],
            ["large", "small"]
        ),
        // Only one type holds it.
        ([cpus(6)], [("large", cpus(8), 90), ("small", cpus(4), 1)], ["large"]),
        // A node with a GPU only for what needs one, and then its CPUs are used too.
        ([cpus(1)], [("cpu", cpus(4), 40), ("gpu", cpus(4, gpu: 1), 400)], ["cpu"]),
        (
            [cpus(1, gpu: 1), cpus(1), cpus(1)], [("cpu", cpus(4), 40), ("gpu", cpus(4, gpu: 1), 400)],
            ["gpu"]
        ),
        // All free of charge: the fewest nodes.
        (.init(repeating: cpus(1), count: 8), [("large", cpus(8), 0), ("small", cpus(4), 0)], ["large"]),
    ]

    @Test(arguments: rows)
    private func theCheapestNodesThatHoldTheDemand(_ row: Row) {
        let plan = world(row.demand, row.types).plan()
        #expect(plan.bought == row.bought)
        #expect(plan.refusals == [])
    }

    @Test func aTypeThatCannotBeHadIsReplacedByAnother() {
        var world = world([cpus(1)], [("a", cpus(4), 1), ("b", cpus(4), 9)])
        #expect(world.plan().bought == ["a"])
        world.unavailable = [Unavailable(offering: world.offerings[0], until: Moment(2_000_000))]
        let plan = world.plan()
        #expect(plan.bought == ["b"])
        #expect(plan.decisions.first?.refusals == [Refusal(candidate: "a", code: .unavailable)])
        #expect(plan.wake == Moment(2_000_000))
    }

    /// The upscaling limit slows a choice down; it does not make a dearer type the choice.
    @Test func theUpscalingLimitDoesNotChangeTheChoice() {
        var world = world(.init(repeating: cpus(1), count: 8), [("a", cpus(4), 1), ("b", cpus(4), 9)])
        world.settings.upscalingSpeed = .one
        let plan = world.plan()
        #expect(plan.bought == ["a"] && plan.codes(7) == [.upscalingSpeed, .upscalingSpeed])
    }
}
