import Model
import NodeTier
import Store
import Testing

@Suite struct InvariantTests {
    private func node(_ resources: Resources) -> NodeRow {
        NodeRow(
            id: NodeID("n1"), type: "small", token: "t", epoch: 1, resources: resources, portsFirst: 1,
            portsLast: 2, createdAt: Moment(0), joinDeadline: Moment(0))
    }

    private func placement(_ serial: Int64, _ resources: Resources) -> PlacementRow {
        PlacementRow(replica: ReplicaID(chat, serial: serial), resources: resources, pendingAt: Moment(0))
    }

    @Test func noCountIsBelowZero() {
        var row = node(Resources(["CPU": 1000]))
        #expect(NodeInvariants.fault(of: row) == nil)
        row.attempts = -1
        #expect(NodeInvariants.fault(of: row) == "node n1: attempts is -1")
        row.attempts = 0
        row.generation = -1
        #expect(NodeInvariants.fault(of: row) == "node n1: generation is -1")
        row.generation = 0
        // Not shown yet: so many lists may come without it.
        row.absentLists = -60
        #expect(NodeInvariants.fault(of: row) == nil)
        row.absentLists = -61
        #expect(NodeInvariants.fault(of: row) == "node n1: absent_lists is -61")
    }

    /// What is there may be too much when a machine has become smaller; what is added may not.
    @Test func aNodeIsNotGivenMoreThanItHas() {
        let row = node(Resources(["CPU": 2000, "memory": 10]))
        let one = placement(1, Resources(["CPU": 1000]))
        let two = placement(2, Resources(["CPU": 1000]))
        let three = placement(3, Resources(["CPU": 1]))
        let large = placement(4, Resources(["memory": 11]))
        #expect(NodeInvariants.fault(of: row, given: [two], among: [one, two]) == nil)
        #expect(
            NodeInvariants.fault(of: row, given: [three], among: [one, two, three])
                == "node n1 was given more than it has: CPU 2001 of 2000")
        #expect(NodeInvariants.fault(of: row, given: [two], among: [one, two, large]) == nil)
        #expect(NodeInvariants.fault(of: row, given: [large], among: [one, large]) != nil)
        #expect(NodeInvariants.fault(of: row, given: [], among: [one, two, three, large]) == nil)
    }

    /// In an optimized build too, and by a signal, so that whoever keeps the process starts it again.
    @Test func aBrokenInvariantEndsTheProcess() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Invariant.broken("node n1: attempts is -1")
        }
        let words = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(words.contains("invariant broken, this process ends: node n1: attempts is -1"))
    }
}
