import Model
import Scaling
import Testing

/// Replicas that come and go in gangs.
@Suite struct GangTests {
    /// As `RolloutTests.replicas`, each letter a gang of so many.
    private func plan(
        _ drawing: String, target: Int, size: Int = 3, oldSize: Int? = nil, batch: Int = 1,
        surge: Surge = .spare, unavailable: Int? = nil
    ) -> RolloutPlan {
        var replicas: [RolloutReplica] = []
        for one in RolloutTests.replicas(drawing) {
            let count = one.current ? size : oldSize ?? size
            let first = Int64(replicas.count)
            for index in 0..<count {
                var member = one
                member.id = ReplicaID(RolloutTests.deployment, serial: first + Int64(index))
                member.gang = count == 1 ? nil : first
                replicas.append(member)
            }
        }
        var input = RolloutInput(
            deployment: RolloutTests.deployment, target: target, replicas: replicas, batch: batch,
            surge: surge, unavailable: unavailable, failing: false, retryAt: nil, now: Moment(0),
            grace: Millis(20_000))
        input.gangSize = size
        return rollout(input)
    }

    private typealias Case = (
        drawing: String, target: Int, start: Int, surplus: Int, drain: [Int64], stop: Int
    )
    private static let cases: [Case] = [
        ("", 6, 6, 0, [], 0), ("C", 9, 6, 0, [], 0), ("CC", 3, 0, 0, [], 3),
        ("CC", 0, 0, 0, [0, 1, 2, 3, 4, 5], 0),
        // The new gang first, then an old one as a whole.
        ("OO", 6, 0, 3, [], 0), ("OOc", 6, 0, 0, [], 0), ("OOC", 6, 0, 0, [0, 1, 2], 0),
        // No room for it: an old one leaves first, whole.
        ("OOu", 6, 0, 0, [0, 1, 2], 0),
        // A draining node takes the gang with it.
        ("CL", 6, 3, 0, [], 0), ("CCL", 6, 0, 0, [6, 7, 8], 0),
    ]

    @Test(arguments: cases)
    private func wholeGangsComeAndGo(_ row: Case) {
        let plan = plan(row.drawing, target: row.target)
        #expect(plan.start == row.start && plan.startSurplus == row.surplus)
        #expect(plan.drain.map(\.serial) == row.drain && plan.surplusToStop == row.stop)
        for decision in plan.decisions {
            #expect(
                decision.inputs.contains(.init("gang_size", 3)) && decision.reason.hasSuffix("a gang of 3."))
        }
    }

    /// What may be missing is rounded down, but to one gang at least.
    @Test(arguments: [(1, 3), (3, 3), (5, 3), (6, 6), (8, 6), (12, 12)])
    func whatMayBeMissingIsRoundedDown(unavailable: Int, leave: Int) {
        let plan = plan("OOOO", target: 12, batch: 11, surge: .none, unavailable: unavailable)
        #expect(plan.drain.count == leave)
    }

    /// A batch is rounded up to whole gangs (Ray 2.60).
    @Test(arguments: [(1, 3), (3, 3), (4, 6), (6, 6)])
    func batchesAreRoundedUp(batch: Int, started: Int) {
        #expect(plan("OOOO", target: 12, batch: batch).startSurplus == started)
        #expect(plan("OOOO", target: 12, batch: batch, surge: .none).drain.count == started)
    }

    /// From one size to another, and to and from none: never below what serves less a batch, and whole old gangs.
    @Test(arguments: [(4, 1), (1, 4), (2, 3), (3, 2), (4, 2)])
    func theSizeMayChange(oldSize: Int, size: Int) {
        let target = 12
        let drawing = String(repeating: "O", count: target / oldSize)
        let first = plan(drawing, target: target, size: size, oldSize: oldSize)
        #expect(first.drain.isEmpty && first.startSurplus > 0 && first.startSurplus % size == 0)
        let next = plan(
            drawing + String(repeating: "C", count: first.startSurplus / size), target: target, size: size,
            oldSize: oldSize)
        #expect(!next.drain.isEmpty && next.drain.count % oldSize == 0)
        #expect(next.drain.count <= first.startSurplus)
        #expect(next.drain.allSatisfy { $0.serial < Int64(target) })
    }

    // MARK: - How many

    private func target(_ load: Int64, from target: Int, size: Int, down: Bool = true) -> Int {
        var settings = AutoscalingSettings()
        (settings.minReplicas, settings.maxReplicas) = (0, 12)
        (settings.upscaleDelay, settings.downscaleDelay) = (.zero, .zero)
        settings.targetOngoing = Thousandths(1000)
        var input = ScalingInput(
            deployment: RolloutTests.deployment, settings: settings, running: target, target: target,
            load: mean(load * 1000), queuedNow: Int(load), memory: ScalingMemory(), now: Moment(1_000_000))
        input.gangSize = size
        return scale(input).target
    }

    /// Ray's rule: up to the next multiple; one gang is what one replica is else, so that many go to one gang and one
    /// gang to none.
    @Test(
        arguments: [
            (5, 4, 4, 8), (8, 4, 4, 8), (9, 8, 4, 12), (3, 4, 4, 4), (5, 8, 4, 8), (4, 8, 4, 4),
            (0, 12, 4, 4),
            (0, 4, 4, 0), (1, 0, 4, 4), (99, 4, 4, 12), (0, 8, 1, 1), (7, 6, 3, 9),
        ] as [(Int64, Int, Int, Int)])
    func aWishIsRoundedUpToWholeGangs(load: Int64, from: Int, size: Int, expected: Int) {
        #expect(target(load, from: from, size: size) == expected)
    }
}
