import Model
import Scaling
import Testing

@Suite struct RolloutTests {
    static let deployment = DeploymentID("app#d")

    /// One letter for each replica, oldest first: `o` old, `c` current, capital when ready; `u` current
    /// without room; `l` leaving, `L` leaving and ready (deadline 100 s). All are on one full node with a CPU each.
    static func replicas(_ drawing: String) -> [RolloutReplica] {
        let (node, cpu) = (NodeID("n"), Resources([Resources.cpu: 1_000]))
        return drawing.enumerated().map { serial, letter in
            RolloutReplica(
                id: ReplicaID(deployment, serial: Int64(serial)), current: "cCulL".contains(letter),
                ready: letter.isUppercase, unplaced: letter == "u",
                leaving: letter.lowercased() == "l" ? Moment(100_000) : nil, buys: letter != "u",
                node: letter == "u" ? nil : node, resources: cpu, short: letter == "u" ? [node: cpu] : [:])
        }
    }

    static func plan(
        _ drawing: String, target: Int, stopping: Int = 0, failing: Bool = false, givenUp: Bool = false,
        retryAt: Int64? = nil, batch: Int = 1, surge: Surge = .spare, unavailable: Int? = nil,
        unwell: Bool = false, now: Int64 = 0
    ) -> RolloutPlan {
        var input = RolloutInput(
            deployment: deployment, target: target, replicas: replicas(drawing), stopping: stopping,
            batch: batch, surge: surge, unavailable: unavailable, failing: failing || unwell,
            givenUp: givenUp, retryAt: retryAt.map { Moment($0) }, now: Moment(now), grace: Millis(20_000))
        input.unwell = unwell
        return rollout(input)
    }

    private typealias Case = (
        drawing: String, target: Int, start: Int, surplus: Int, drain: [Int64], stop: Int
    )
    private static let cases: [Case] = [
        // No old ones: fill, or name what is too much.
        ("", 3, 3, 0, [], 0), ("CC", 3, 1, 0, [], 0), ("CcC", 3, 0, 0, [], 0), ("CcC", 2, 0, 0, [], 1),
        ("CCC", 0, 0, 0, [0, 1, 2], 0), ("", 0, 0, 0, [], 0),
        // One by one, the new one first.
        ("OOO", 3, 0, 1, [], 0), ("OOOc", 3, 0, 0, [], 0), ("OOOC", 3, 0, 0, [0], 0), ("OOC", 3, 0, 1, [], 0),
        ("OOc", 3, 0, 0, [], 0), ("OoOC", 3, 0, 0, [1], 0), ("OCCC", 3, 0, 0, [0], 0),
        // No room for the new one: an old one leaves first, one only.
        ("OOOu", 3, 0, 0, [0], 0), ("OoOu", 3, 0, 0, [1], 0), ("OOu", 3, 0, 0, [], 0),
        ("Ou", 1, 0, 0, [0], 0),
        // … and none when too few would be ready, nor a second one from a node being drained.
        ("OOcu", 3, 0, 0, [], 0), ("OOOuL", 3, 0, 0, [0], 0),
        // Scaling during a rollout.
        ("OOC", 5, 2, 0, [], 0), ("OOOOO", 3, 0, 0, [0, 1], 0), ("OOCC", 2, 0, 0, [0, 1], 0),
        ("OCCCC", 2, 0, 0, [0], 2), ("OOOccccccc", 3, 0, 0, [], 6), ("OOOOOc", 3, 0, 0, [0, 1], 0),
        // Nodes being drained: replacements at once, then they leave.
        ("CLL", 3, 2, 0, [], 0), ("CccLL", 3, 0, 0, [], 0), ("CCcLL", 3, 0, 0, [3], 0),
        ("CCCLL", 3, 0, 0, [3, 4], 0), ("Ccl", 2, 0, 0, [2], 0), ("CL", 1, 0, 0, [1], 0),
        ("L", 0, 0, 0, [0], 0),
    ]

    /// The disruption budget: old ones leave first for so many only, whatever made the others unready.
    @Test(
        arguments: [
            ("OOOO", Surge.none, 2, 1, 1), ("OOOO", .none, 2, 4, 2), ("OOOO", .none, 2, 0, 0),
            ("OOOo", .none, 2, 1, 1),
            ("OOoo", .none, 4, 3, 3), ("OOOOuu", .spare, 2, 1, 1), ("OOOOuu", .spare, 2, 0, 0),
            ("OOOouu", .spare, 2, 1, 1), ("OOOOuu", .spare, 2, 5, 2),
        ] as [(String, Surge, Int, Int, Int)])
    func noMoreAreUnreadyThanMayBe(drawing: String, surge: Surge, batch: Int, unavailable: Int, leave: Int) {
        let plan = Self.plan(drawing, target: 4, batch: batch, surge: surge, unavailable: unavailable)
        #expect(plan.drain.count == leave)
    }

    /// Old ones leave for a new one only where it then fits, the fewest that will do; else it may buy.
    @Test(
        arguments: [
            // Of the size of an old one; on the node where less is missing.
            ([("a", 1), ("b", 1)], ["a": 1, "b": 2], 4, [0], false),
            // Larger than any old one, or on nodes where none is.
            ([("a", 1), ("b", 1)], ["a": 2, "b": 2], 4, [], true),
            ([("a", 1), ("b", 1)], ["c": 1], 4, [], true), ([("a", 1)], [:], 4, [], true),
            // Two of one node will do, if two may go.
            ([("a", 1), ("a", 1)], ["a": 2], 4, [0, 1], false),
            ([("a", 1), ("a", 1)], ["a": 2], 1, [], true),
            ([("a", 1), ("b", 1), ("b", 2), ("a", 1)], ["a": 2, "b": 3], 4, [0, 3], false),
            ([("a", 1), ("b", 2), ("a", 1)], ["a": 2, "b": 2], 4, [1], false),
        ] as [([(String, Int64)], [String: Int64], Int, [Int64], Bool)])
    func anOldOneLeavesForWhatFits(
        old: [(node: String, cpus: Int64)], short: [String: Int64], batch: Int, leave: [Int64], buys: Bool
    ) {
        func cpus(_ count: Int64) -> Resources { Resources([Resources.cpu: count * 1_000]) }
        var replicas = old.enumerated().map { serial, one in
            RolloutReplica(
                id: ReplicaID(Self.deployment, serial: Int64(serial)), current: false, ready: true,
                node: NodeID(one.node), resources: cpus(one.cpus))
        }
        let lacks = short.map { (NodeID($0.key), cpus($0.value)) }
        replicas.append(
            RolloutReplica(
                id: ReplicaID(Self.deployment, serial: 99), current: true, ready: false, unplaced: true,
                buys: false, resources: cpus(4), short: Dictionary(uniqueKeysWithValues: lacks)))
        let plan = rollout(
            RolloutInput(
                deployment: Self.deployment, target: old.count, replicas: replicas, stopping: 0, batch: batch,
                failing: false, retryAt: nil, now: Moment(0), grace: .zero))
        #expect(plan.drain.map(\.serial) == leave)
        #expect(plan.mayBuy.map(\.serial) == (buys ? [99] : []))
    }

    @Test func withoutLeaveNothingIsUnready() {
        let plan = Self.plan("OOOOu", target: 4, unavailable: 0)
        #expect(plan.drain == [] && plan.mayBuy.map(\.serial) == [4], "what finds no room may buy some")
        #expect(Self.plan("OOOOu", target: 4, unavailable: 1).mayBuy == [])
    }

    @Test(arguments: cases)
    private func eachPictureHasItsStep(_ row: Case) {
        let plan = Self.plan(row.drawing, target: row.target)
        #expect(plan.start == row.start && plan.startSurplus == row.surplus)
        #expect(plan.drain.map(\.serial) == row.drain)
        #expect(plan.surplusToStop == row.stop)
    }

    @Test(arguments: [(retryAt: 1_001, start: 0, wake: 1_001 as Int64?), (1_000, 2, nil), (999, 2, nil)])
    func backOffHoldsAStart(retryAt: Int64, start: Int, wake: Int64?) {
        let plan = Self.plan("C", target: 3, failing: true, retryAt: retryAt, now: 1_000)
        #expect(plan.start == start && plan.wake?.ms == wake)
    }

    @Test func aFailingVersionStopsTheRolloutWhereItIs() {
        #expect(Self.plan("OOO", target: 3, failing: true, givenUp: true).startSurplus == 0)
        #expect(
            Self.plan("OO", target: 3, failing: true, givenUp: true).start == 1, "what is missing is tried")
        #expect(Self.plan("OOO", target: 3, failing: true, retryAt: 5).wake == Moment(5))
        #expect(Self.plan("OOO", target: 3, failing: true, retryAt: 5, now: 5).startSurplus == 1)
        for drawing in ["OOOc", "OOOC", "OOOu", "OOu"] {
            let plan = Self.plan(drawing, target: 3, failing: true)
            #expect(plan.drain == [] && plan.start == 0 && plan.startSurplus == 0 && plan.mayBuy == [])
        }
        #expect(Self.plan("OOOO", target: 3, failing: true).drain.map(\.serial) == [0])
        #expect(Self.plan("OOOOcc", target: 3, failing: true).surplusToStop == 2)
    }

    /// One that fails its health check halts the rollout, also where old ones leave first, and though the wait after
    /// an earlier failure is over.
    @Test(arguments: [nil, 5] as [Int64?]) func anUnwellVersionHaltsWhateverTheSurge(retryAt: Int64?) {
        let surges: [Surge] = [.spare, .none, .upTo(3)]
        for surge in surges {
            let halted = Self.plan(
                "OOOOc", target: 5, retryAt: retryAt, batch: 3, surge: surge, unwell: true, now: 9)
            #expect(halted.drain == [] && halted.start + halted.startSurplus == 0, "\(surge)")
            let goesOn = Self.plan("OOOOC", target: 5, retryAt: retryAt, batch: 3, surge: surge, now: 9)
            #expect(!goesOn.drain.isEmpty || goesOn.start + goesOn.startSurplus > 0, "\(surge)")
        }
        // Those that serve nobody may go.
        #expect(
            Self.plan("OOooc", target: 5, batch: 3, surge: .none, unwell: true).drain.map(\.serial) == [2, 3])
    }

    @Test func roomThatIsBeingFreedIsWaitedFor() {
        #expect(Self.plan("OOOu", target: 3, stopping: 1).drain == [])
        #expect(Self.plan("OOu", target: 3, stopping: 1).mayBuy == [])
        #expect(Self.plan("OOu", target: 3, stopping: 0).mayBuy.map(\.serial) == [2])
    }

    @Test(arguments: [
        (now: 79_999 as Int64, drained: 0, wake: 80_000 as Int64?), (80_000, 2, nil), (200_000, 2, nil),
    ])
    func theDeadlineOfADrainedNodeComesFirst(now: Int64, drained: Int, wake: Int64?) {
        let plan = Self.plan("cLLc", target: 2, now: now)
        #expect(plan.drain.count == drained && plan.wake?.ms == wake)
    }

    @Test func everyStepSaysWhy() {
        #expect(Self.plan("OOO", target: 3).decisions.map(\.rule) == ["surplus_first"])
        #expect(Self.plan("OOOC", target: 3).decisions.map(\.rule) == ["replace_old"])
        #expect(Self.plan("OOOu", target: 3).decisions.map(\.rule) == ["make_room"])
        #expect(Self.plan("OOOc", target: 3).decisions == [])
    }
}
