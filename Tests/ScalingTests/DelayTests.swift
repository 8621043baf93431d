import Model
import Scaling
import Testing

/// One deployment whose replicas run as soon as they are wanted, looked at whenever something changes or it asks for it.
private struct Course {
    var settings = AutoscalingSettings()
    var target: Int
    /// Nil: as many as are wanted.
    var running: Int?
    private(set) var memory = ScalingMemory()
    /// Each change of the target: second and count.
    private(set) var steps: [String] = []
    private var now: Int64 = 0
    private var load: Int64 = 0

    init(target: Int, _ change: (inout AutoscalingSettings) -> Void) {
        self.target = target
        load = Int64(target)
        settings.maxReplicas = 100
        settings.targetOngoing = .one
        settings.delayShare = .one
        change(&settings)
    }

    /// Requests, from this second on.
    mutating func load(_ requests: Int64, at second: Int64) {
        run(until: second)
        load = requests
        look()
    }

    mutating func run(until second: Int64) {
        while let wake = look(), wake.ms <= second * 1000 { now = wake.ms }
        now = second * 1000
        look()
    }

    @discardableResult
    private mutating func look() -> Moment? {
        let outcome = scale(
            ScalingInput(
                deployment: DeploymentID("a#d"), settings: settings, running: running ?? target,
                target: target,
                load: Load(area: load * 1_000_000, span: Millis(1000)), queuedNow: 0, memory: memory,
                now: Moment(now)))
        let isMoved = outcome.target != target
        (target, memory) = (outcome.target, outcome.memory)
        guard isMoved else { return outcome.wake }
        steps.append("\(now % 1000 == 0 ? "" : "~")\(now / 1000) s: \(target)")
        return look()
    }
}

@Suite struct DelayTests {
    @Test(arguments: [
        (DelayValue.last, "30 s: 6"), (.max, "30 s: 9"), (.min, "30 s: 4"),
        // 10 s of 9, 5 s of 4 and 15 s of 6.
        (.mean, "30 s: 7"),
    ])
    func ofTheWishesWithinADelayOneCounts(value: DelayValue, expected: String) {
        var course = Course(target: 2) { $0.upscaleDelayValue = value }
        course.load(9, at: 0)
        course.load(4, at: 10)
        course.load(6, at: 15)
        course.run(until: 30)
        #expect(course.steps == [expected])
    }

    /// What was needed within the delay is kept; as it passes out of it, so does the count.
    @Test func onTheWayDownTheHighestCounts() {
        var course = Course(target: 10) { $0.downscaleDelay = .seconds(60) }
        course.load(8, at: 0)
        course.load(5, at: 20)
        course.load(2, at: 50)
        course.run(until: 300)
        #expect(course.steps == ["60 s: 8", "80 s: 5", "110 s: 2"])
    }

    @Test func asInRayEachStepDownTakesAWholeDelay() {
        var course = Course(target: 10) {
            $0.downscaleDelay = .seconds(60)
            $0.downscaleDelayValue = .last
        }
        course.load(8, at: 0)
        course.load(5, at: 20)
        course.load(2, at: 70)
        course.run(until: 300)
        #expect(course.steps == ["60 s: 5", "130 s: 2"])
    }

    /// Seconds at which the wish is what is there for a moment, and when the delay of 30 s has lasted.
    @Test(arguments: [
        ([10, 12], "30 s: 4"), ([10, 13], "30 s: 4"), ([10, 14], "44 s: 4"), ([0, 0], "30 s: 4"),
    ])
    func aMomentAtWhichAllIsRightEndsNoDelay(lull: [Int64], expected: String) {
        var course = Course(target: 2) { $0.delayShare = Thousandths(900) }
        course.load(4, at: 0)
        if lull[0] < lull[1] {
            course.load(2, at: lull[0])
            course.load(4, at: lull[1])
        }
        course.run(until: 60)
        #expect(course.steps == [expected])
    }

    @Test func theOtherDirectionEndsADelay() {
        var course = Course(target: 2) { $0.delayShare = Thousandths(500) }
        course.load(4, at: 0)
        course.load(1, at: 20)
        course.load(4, at: 21)
        course.run(until: 60)
        #expect(course.steps == ["51 s: 4"])
    }

    /// A load that swings around a rounding edge: in Ray no delay ever lasts (ray #46497).
    @Test(arguments: [(1_000 as Int64, 0), (900, 1)])
    func aNoisyLoadScalesAllTheSame(share: Int64, changes: Int) {
        var course = Course(target: 2) { $0.delayShare = Thousandths(share) }
        for second in stride(from: Int64(0), to: 120, by: 20) {
            course.load(4, at: second)
            course.load(2, at: second + 19)
        }
        #expect(course.steps.count >= changes && (changes > 0 || course.steps.isEmpty))
    }

    @Test func theLastReplicaGoesOnlyWhenNothingWasWishedFor() {
        var course = Course(target: 1) {
            $0.minReplicas = 0
            $0.downscaleToZeroDelay = .seconds(100)
            $0.delayShare = Thousandths(500)
        }
        course.load(0, at: 0)
        course.load(1, at: 50)
        course.load(0, at: 51)
        course.run(until: 400)
        #expect(course.steps == ["151 s: 0"])
    }

    /// Few wishes are kept however often they change; of two that become one the milder stands for both.
    @Test func whatIsRememberedIsBounded() {
        var course = Course(target: 10) { $0.downscaleDelay = .seconds(600) }
        for second in 0..<400 { course.load(Int64(2 + second % 3), at: Int64(second)) }
        #expect(course.memory.wishes.count <= 64)
        course.run(until: 600)
        #expect(course.steps.first == "600 s: 4")
    }

    // MARK: - Gain and tolerance

    /// Two run, eight are ordered, ten are needed: a gain of two on what runs would ask for 18.
    @Test(arguments: [(true, 12), (false, 18)])
    func whatIsOrderedCountsAsThere(counts: Bool, expected: Int) {
        var course = Course(target: 8) {
            $0.upscaleDelay = .zero
            $0.upscalingFactor = Thousandths(2_000)
            $0.countsStarting = counts
        }
        course.running = 2
        course.load(10, at: 1)
        #expect(course.target == expected)
    }

    @Test(arguments: [(10, 11, 10), (10, 12, 12), (10, 9, 10), (10, 8, 8)])
    func withinTheBandNothingMoves(target: Int, load: Int64, expected: Int) {
        var course = Course(target: target) {
            ($0.upscaleDelay, $0.downscaleDelay) = (.zero, .zero)
            ($0.upscaleTolerance, $0.downscaleTolerance) = (Thousandths(100), Thousandths(100))
        }
        course.load(load, at: 1)
        #expect(course.target == expected)
    }
}
