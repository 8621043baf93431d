import Model
import Placement
import Provisioning
import Testing

/// What must hold for any demand.
@Suite struct DrawnDemandTests {
    private static func demand(_ count: Int, _ dice: inout Dice) -> [Resources] {
        (0..<count).map { _ in
            cpus(
                .random(in: 0...6, using: &dice), gpu: Int64.random(in: 0...5, using: &dice) / 5,
                mib: .random(in: 0...4, using: &dice))
        }
    }

    /// One type: never more nodes than trying everything finds.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func oneTypeTakesTheFewestNodes(seed: UInt64) {
        var dice = Dice(seed: seed)
        let demand = Self.demand(.random(in: 1...7, using: &dice), &dice)
        let capacity = cpus(.random(in: 6...12, using: &dice), gpu: 2, mib: .random(in: 4...8, using: &dice))
        var world = World(unplaced(demand))
        world.settings.nodeTypes[0].resources = capacity
        let plan = world.plan()
        #expect(plan.refusals == [])
        #expect(
            plan.launches.count == Self.fewest(demand[...], [], capacity, best: demand.count), "seed \(seed)")
    }

    private static func fewest(
        _ demand: ArraySlice<Resources>, _ nodes: [Resources], _ capacity: Resources, best: Int
    ) -> Int {
        guard let first = demand.first else { return nodes.count }
        var best = best
        for index in nodes.indices where nodes[index].covers(first) {
            var nodes = nodes
            nodes[index] = nodes[index] - first
            best = min(best, fewest(demand.dropFirst(), nodes, capacity, best: best))
        }
        guard nodes.count < best else { return best }
        return min(best, fewest(demand.dropFirst(), nodes + [capacity - first], capacity, best: best))
    }

    private static func drawnWorld(_ dice: inout Dice) -> World {
        var world = World(unplaced(demand(.random(in: 0...40, using: &dice), &dice)))
        world.settings.nodeTypes = (0..<Int.random(in: 0...4, using: &dice)).map { number in
            var type = NodeType(
                name: "t\(number)",
                resources: cpus(
                    .random(in: 2...16, using: &dice), gpu: .random(in: 0...2, using: &dice),
                    mib: .random(in: 2...16, using: &dice)),
                maxWorkers: .random(in: 0...12, using: &dice))
            type.minWorkers = Int.random(in: 0...type.maxWorkers, using: &dice) / 4
            return type
        }
        world.offerings = world.settings.nodeTypes.compactMap { type in
            Int.random(in: 0..<5, using: &dice) == 0
                ? nil : offering(type.name, .random(in: 0...99, using: &dice))
        }
        world.settings.maxWorkers = .random(in: 0...20, using: &dice)
        world.settings.upscalingSpeed = Thousandths(.random(in: 0...3000, using: &dice))
        for type in world.settings.nodeTypes {
            let (ready, launching) = (
                Int.random(in: 0...2, using: &dice), Int.random(in: 0...2, using: &dice)
            )
            world.counts[type.name] = (ready + launching, ready, launching, .random(in: 0...1, using: &dice))
        }
        return world
    }

    @Test(arguments: 0..<400 as Range<UInt64>)
    func limitsHoldAndWhatIsBoughtHoldsItsReplicas(seed: UInt64) {
        var dice = Dice(seed: seed)
        let world = Self.drawnWorld(&dice)
        let plan = world.plan()
        var live = 0
        for type in world.settings.nodeTypes {
            let count = world.counts[type.name] ?? (0, 0, 0, 0)
            let bought = plan.launches.count { $0.type == type.name }
            live += count.live
            #expect(bought == 0 || count.live + bought <= type.maxWorkers, "seed \(seed)")
            let step = max(
                1, (Int(world.settings.upscalingSpeed.rawValue) * max(count.ready, 1) + 999) / 1000)
            #expect(bought <= max(0, step - count.recent), "seed \(seed)")
        }
        #expect(
            plan.launches.isEmpty || live + plan.launches.count <= world.settings.maxWorkers, "seed \(seed)")
        let told = plan.launches.flatMap(\.replicas) + plan.refusals.map(\.replica)
        #expect(told.sorted() == world.unplaced.map(\.demand.replica).sorted(), "seed \(seed)")
        for launch in plan.launches {
            let type = world.settings.nodeTypes.first { $0.name == launch.type }
            let asked = world.unplaced.filter { launch.replicas.contains($0.demand.replica) }
                .reduce(Resources()) { $0 + $1.demand.resources }
            #expect(type?.resources.covers(asked) == true && !launch.offerings.isEmpty, "seed \(seed)")
        }
        let names = world.settings.nodeTypes.map(\.name).sorted()
        #expect(plan.refusals.allSatisfy { $0.refusals.map(\.candidate) == names }, "seed \(seed)")
    }

    /// Once they boot, placement puts the replicas onto the nodes that were bought, and nothing more is
    /// bought.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func placementFillsWhatWasBought(seed: UInt64) {
        var dice = Dice(seed: seed)
        var world = World(unplaced(Self.demand(.random(in: 1...9, using: &dice), &dice)))
        world.settings.nodeTypes[0].resources = cpus(.random(in: 6...12, using: &dice), gpu: 2, mib: 8)
        let resources = world.settings.nodeTypes[0].resources
        let rooms = world.plan().launches.indices.map { number in
            Room(
                node: NodeID("n\(number)"), type: "cpu-4", free: resources, total: resources,
                state: .random(using: &dice) ? .coming : .open, replicas: 0)
        }
        let placed = place(world.unplaced.map(\.demand), in: rooms)
        #expect(placed.unplaced == [], "seed \(seed)")
    }

    /// Printed, not judged.
    @Test func manyReplicas() {
        var dice = Dice(seed: 1)
        let clock = ContinuousClock()
        for (name, demand) in [
            ("equal", (0..<10_000).map { _ in cpus(1) }), ("drawn", Self.demand(10_000, &dice)),
        ] {
            var world = World(unplaced(demand))
            world.settings.maxWorkers = 10_000
            world.settings.upscalingSpeed = Thousandths(10_000_000)
            world.settings.nodeTypes = [("a", 4, 0), ("b", 16, 0), ("c", 8, 2)].map {
                NodeType(name: $0.0, resources: cpus($0.1, gpu: $0.2, mib: 32), maxWorkers: 10_000)
            }
            world.offerings = [offering("a", 40), offering("b", 150), offering("c", 400)]
            var plan = ProvisioningPlan()
            let time = clock.measure { plan = world.plan() }
            print("bought \(plan.launches.count) nodes for 10,000 \(name) replicas in \(time)")
            #expect(plan.launches.flatMap(\.replicas).count == 10_000)
        }
    }
}
