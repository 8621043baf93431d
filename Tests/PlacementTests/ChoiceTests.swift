import Model
import Placement
import Testing

/// The policies that a cluster file can name.
@Suite struct ChoiceTests {
    private func cpuRoom(_ name: String, _ free: Int64, of total: Int64, used: Int = 1) -> Room {
        room(name, free: amounts(cpu: free * 1000), total: amounts(cpu: total * 1000), replicas: used)
    }

    private func nodes(
        _ choice: NodeChoice, _ count: Int, in rooms: [Room], cpu: Int64 = 1000
    ) -> [String] {
        let demands = (0..<count).map { Demand(replica: replica($0), resources: amounts(cpu: cpu)) }
        return place(demands, in: rooms, by: choice).assigned.map(\.node.rawValue)
    }

    /// Of 16 CPUs half are used, of 4 a quarter: the small one is the tighter, the large one the more used.
    @Test func theyDiffer() {
        let rooms = [
            cpuRoom("large", 8, of: 16), cpuRoom("small", 3, of: 4), cpuRoom("idle", 8, of: 8, used: 0),
        ]
        #expect(nodes(.bestFit, 1, in: rooms) == ["small"])
        #expect(nodes(.pack, 1, in: rooms) == ["large"])
        #expect(nodes(.spread, 1, in: rooms) == ["idle"])
        #expect(nodes(.pack, 9, in: rooms).filter { $0 == "large" }.count == 8)
        // 25 % used of the small one and 12.5 % of the idle one after the first: level by level.
        #expect(nodes(.spread, 4, in: rooms) == ["idle", "idle", "idle", "small"])
    }

    @Test func theDecisionNamesItsRule() {
        let demand = Demand(replica: replica(1), resources: amounts(cpu: 1000))
        for (choice, rule) in [(NodeChoice.bestFit, "best_fit"), (.pack, "pack"), (.fgd, "fgd")] {
            let plan = place([demand], in: [cpuRoom("n", 2, of: 4)], by: choice)
            #expect(plan.decisions.map(\.rule) == [rule])
        }
    }

    /// Half a device that is half used is as tight on both nodes; one of them has the CPU that whole devices are asked for with.
    @Test func fragmentationLooksAtWhatIsAskedForElsewhere() {
        let gpus = { (name: String, cpu: Int64, devices: [Int64]) -> Room in
            var total = amounts(cpu: 8000, gpu: 2000)
            let free = amounts(cpu: cpu, gpu: devices.reduce(0, +))
            total[Resources.cpu] = 8000
            return Room(
                node: NodeID(name), type: "t", free: free, total: total, state: .open, replicas: 1,
                devices: Devices(free: devices))
        }
        // a: a whole device and the CPU for it. b: as much GPU, and no CPU for a whole one.
        let rooms = [gpus("a", 8000, [1000, 0]), gpus("b", 1000, [1000, 0])]
        let share = Demand(replica: replica(1), resources: amounts(cpu: 500, gpu: 500))
        let mix = [(resources: amounts(cpu: 4000, gpu: 1000), count: 5), (amounts(cpu: 500, gpu: 500), 1)]
        let plan = place([share], in: rooms, by: .fgd, mix: mix)
        #expect(plan.assigned.map(\.node.rawValue) == ["b"])
        // Where nothing but halves is asked for, either is as good, and the tighter one is taken.
        let halves = place([share], in: rooms, by: .fgd, mix: [(amounts(cpu: 500, gpu: 500), 4)])
        #expect(halves.assigned.count == 1)
    }

    /// Whatever the policy: nothing overdrawn, nobody lost, and nobody left out who fits.
    @Test(arguments: 0..<150 as Range<UInt64>)
    func everyPolicyHolds(seed: UInt64) {
        var dice = Dice(seed: seed)
        let (rooms, demands) = drawnCluster(&dice, roomsMax: 6, demandsMax: 20)
        for choice in NodeChoice.allCases {
            let plan = place(
                demands, in: rooms, by: choice, mix: demands.map { ($0.resources, 1) })
            let placed = plan.assigned + plan.coming.map { Assignment(replica: $0.replica, node: $0.node) }
            let told = placed.map(\.replica) + plan.unplaced.map(\.demand.replica)
            #expect(told.sorted() == demands.map(\.replica).sorted(), "\(choice), seed \(seed)")
            for room in rooms {
                let here = placed.filter { $0.node == room.node }.map(\.replica)
                let asked = demands.filter { here.contains($0.replica) }
                    .reduce(Resources()) { $0 + $1.resources }
                #expect(room.free.covers(asked), "\(choice), seed \(seed) \(room.node)")
                guard room.state != .closed else { continue }
                let rest = room.free - asked
                let isLeftOut = plan.unplaced.contains { rest.covers($0.demand.resources) }
                #expect(!isLeftOut, "\(choice), seed \(seed) \(room.node)")
            }
        }
    }
}
