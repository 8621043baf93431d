import Model
import Placement
import Testing

/// What must hold on any cluster.
@Suite struct DrawnClusterTests {
    @Test(arguments: 0..<500 as Range<UInt64>)
    func noRoomIsOverdrawnAndNothingIsLost(seed: UInt64) {
        var dice = Dice(seed: seed)
        let (rooms, demands) = drawnCluster(&dice, roomsMax: 8, demandsMax: 30)
        let plan = place(demands, in: rooms)
        let placed = plan.assigned + plan.coming.map { Assignment(replica: $0.replica, node: $0.node) }
        let told = placed.map(\.replica) + plan.unplaced.map(\.demand.replica)
        #expect(told.sorted() == demands.map(\.replica).sorted(), "seed \(seed)")
        for room in rooms {
            let here = placed.filter { $0.node == room.node }.map(\.replica)
            let asked = demands.filter { here.contains($0.replica) }.reduce(Resources()) { $0 + $1.resources }
            #expect(room.free.covers(asked), "seed \(seed) \(room.node)")
            #expect(room.state != .closed || here.isEmpty)
            // What is left over would take none of those that were left out.
            guard room.state != .closed else { continue }
            let rest = room.free - asked
            #expect(!plan.unplaced.contains { rest.covers($0.demand.resources) }, "seed \(seed) \(room.node)")
        }
        #expect(
            plan.assigned.allSatisfy { one in rooms.contains { $0.node == one.node && $0.state == .open } })
        #expect(
            plan.coming.allSatisfy { one in rooms.contains { $0.node == one.node && $0.state == .coming } })
        let names = rooms.map(\.node).sorted().map(\.rawValue)
        #expect(plan.unplaced.allSatisfy { $0.refusals.map(\.candidate) == names })
    }

    /// Whenever trying everything finds a place for all, so does the plan.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func smallWorldsArePlacedWheneverTheyCanBe(seed: UInt64) {
        var dice = Dice(seed: seed)
        let (rooms, drawn) = drawnCluster(&dice, roomsMax: 3, demandsMax: 7)
        let demands = drawn.filter(\.buys)
        let usable = rooms.filter { $0.state != .closed }.map(\.free)
        let plan = place(demands, in: rooms)
        #expect(plan.unplaced.isEmpty == Self.canPlace(demands.map(\.resources), usable), "seed \(seed)")
    }

    private static func canPlace(_ demands: [Resources], _ rooms: [Resources]) -> Bool {
        guard let first = demands.first else { return true }
        return rooms.indices.contains { index in
            guard rooms[index].covers(first) else { return false }
            var rooms = rooms
            rooms[index] = rooms[index] - first
            return canPlace(Array(demands.dropFirst()), rooms)
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func theOrderOfTheInputsDoesNotMatter(seed: UInt64) {
        var dice = Dice(seed: seed)
        let (rooms, demands) = drawnCluster(&dice, roomsMax: 8, demandsMax: 30)
        let plan = place(demands, in: rooms)
        #expect(
            place(demands.shuffled(using: &dice), in: rooms.shuffled(using: &dice)) == plan, "seed \(seed)")
    }

    /// Printed, not judged: 10,000 equal replicas on 1,000 nodes with room for half of them.
    @Test func manyEqualReplicas() {
        let demands = (0..<10_000).map { Demand(replica: replica($0), resources: amounts(cpu: 1000)) }
        let rooms = (0..<1_000).map { room("n\($0)", free: amounts(cpu: 5000, mib: 1024)) }
        let clock = ContinuousClock()
        var plan = PlacementPlan()
        let time = clock.measure { plan = place(demands, in: rooms) }
        #expect(plan.assigned.count == 5_000 && plan.unplaced.count == 5_000)
        print("placed 10,000 equal replicas on 1,000 nodes in \(time)")
    }
}
