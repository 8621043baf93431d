import Model
import Placement
import Testing

@Suite struct PlacingTests {
    private func one(_ resources: Resources) -> [Demand] {
        [Demand(replica: replica(1), resources: resources)]
    }

    @Test(arguments: [(free: 499 as Int64, fits: false), (500, true), (501, true), (-1, false)])
    func halfACoreFits(free: Int64, fits: Bool) {
        let rooms = [room("n1", free: amounts(cpu: free), total: amounts(cpu: 1000))]
        let plan = place(one(amounts(cpu: 500)), in: rooms)
        #expect(plan.assigned.count == (fits ? 1 : 0) && plan.unplaced.count == (fits ? 0 : 1))
    }

    private typealias Pick = (demand: Resources, rooms: [Room], node: String)
    private static let picks: [Pick] = [
        // The tightest of those in use.
        (
            amounts(cpu: 1000),
            [
                room("n1", free: amounts(cpu: 4000), replicas: 1),
                room("n2", free: amounts(cpu: 2000), replicas: 1),
                room("n3", free: amounts(cpu: 500), replicas: 1),
            ], "n2"
        ),
        // One in use before an empty one, though that is tighter.
        (
            amounts(cpu: 1000),
            [room("n1", free: amounts(cpu: 1000)), room("n2", free: amounts(cpu: 4000), replicas: 1)], "n2"
        ),
        // Work without GPU leaves the GPU alone, whatever the CPU.
        (
            amounts(cpu: 1000),
            [room("n1", free: amounts(cpu: 1000, gpu: 1000)), room("n2", free: amounts(cpu: 9000))],
            "n2"
        ),
        // Equal CPU: the one with less memory left.
        (
            amounts(cpu: 1000),
            [room("n1", free: amounts(cpu: 1000, mib: 9)), room("n2", free: amounts(cpu: 1000, mib: 8))], "n2"
        ),
        // Equal in all: by name. Names sort as text.
        (
            amounts(cpu: 1000),
            [room("n2", free: amounts(cpu: 1000)), room("n10", free: amounts(cpu: 1000))], "n10"
        ),
        // An empty open one before one in use that is coming.
        (
            amounts(cpu: 1000),
            [
                room("n1", free: amounts(cpu: 1000), .coming, replicas: 1),
                room("n2", free: amounts(cpu: 9000)),
            ], "n2"
        ),
    ]

    @Test(arguments: picks)
    private func theTightestRoomIsChosen(_ row: Pick) {
        let plan = place(one(row.demand), in: row.rooms)
        #expect(plan.assigned.map(\.node.rawValue) == [row.node])
    }

    @Test func theLargestGoesFirst() {
        let demands = [
            Demand(replica: replica(1), resources: amounts(cpu: 1000)),
            Demand(replica: replica(2), resources: amounts(cpu: 3000)),
        ]
        let plan = place(demands, in: [room("n1", free: amounts(cpu: 3000))])
        #expect(plan.assigned == [Assignment(replica: replica(2), node: NodeID("n1"))])
        #expect(plan.unplaced.map(\.demand.replica) == [replica(1)])
    }

    @Test func ofEqualOnesTheOldestGoFirst() {
        let demands = [11, 9, 10].map { Demand(replica: replica($0), resources: amounts(cpu: 1000)) }
        let plan = place(demands, in: [room("n1", free: amounts(cpu: 2000))])
        #expect(plan.assigned.map(\.replica) == [replica(9), replica(10)])
    }

    @Test func whatBuysNothingNeverDisplacesWhatBuys() {
        let demands = [
            Demand(replica: replica(1), resources: amounts(cpu: 2000), buys: false),
            Demand(replica: replica(2), resources: amounts(cpu: 1000)),
        ]
        let plan = place(demands, in: [room("n1", free: amounts(cpu: 2000))])
        #expect(plan.assigned.map(\.replica) == [replica(2)])
    }

    @Test func everyRoomAnswers() {
        let rooms = [
            room("n3", free: amounts(cpu: 500), total: amounts(cpu: 2000)),
            room("n1", free: amounts(cpu: 500)),
            room("n2", free: amounts(cpu: 9000), .closed), room("n4", free: amounts(cpu: 100), .closed),
        ]
        let plan = place(one(amounts(cpu: 2000)), in: rooms)
        #expect(
            plan.unplaced.first?.refusals == [
                Refusal(candidate: "n1", code: .tooLarge, short: amounts(cpu: 1500)),
                Refusal(candidate: "n2", code: .notReady),
                Refusal(candidate: "n3", code: .short, short: amounts(cpu: 1500)),
                Refusal(candidate: "n4", code: .tooLarge, short: amounts(cpu: 1900)),
            ])
    }

    @Test func aBootingNodeIsCountedOn() {
        let rooms = [room("n1", free: amounts(cpu: 500)), room("n2", free: amounts(cpu: 1000), .coming)]
        let plan = place(one(amounts(cpu: 1000)), in: rooms)
        #expect(plan.assigned == [] && plan.unplaced == [])
        #expect(plan.coming.map(\.node) == [NodeID("n2")])
        #expect(plan.coming.first?.refusals.map(\.code) == [.tooLarge, .coming])
    }

    /// 4 4 3 3 3 3 on two nodes of 10: best fit puts the fours together and leaves one three out.
    @Test func whenBestFitLeavesOneOutAnotherArrangementIsSought() {
        let demands = [4, 4, 3, 3, 3, 3].enumerated().map {
            Demand(replica: replica($0), resources: amounts(cpu: $1 * 1000))
        }
        let open = place(demands, in: ["n1", "n2"].map { room($0, free: amounts(cpu: 10_000)) })
        #expect(open.unplaced == [] && open.assigned.count == 6)
        let rooms = [
            room("n1", free: amounts(cpu: 10_000), .coming), room("n2", free: amounts(cpu: 10_000)),
            room("n3", free: amounts(cpu: 90_000), .closed),
        ]
        let mixed = place(demands, in: rooms)
        #expect(mixed.unplaced == [] && mixed.assigned.count == 3 && mixed.coming.count == 3)
    }

    @Test func aDecisionNamesTheNode() {
        let plan = place(one(amounts(cpu: 1000)), in: [room("n1", free: amounts(cpu: 4000))])
        #expect(plan.decisions.map(\.after) == ["n1"])
        #expect(plan.decisions.map(\.reason) == ["n1 (t) had CPU 4 free for CPU 1."])
    }
}
