import Model
import Scaling
import Testing

/// `ongoing` requests in thousandths over one second.
func mean(_ ongoing: Int64) -> Load { Load(area: ongoing * 1000, span: Millis(1000)) }

@Suite struct RuleTests {
    private static let deployment = DeploymentID("app#d")

    private func settings(_ change: (inout AutoscalingSettings) -> Void = { _ in }) -> AutoscalingSettings {
        var settings = AutoscalingSettings()
        settings.maxReplicas = 100
        change(&settings)
        return settings
    }

    private func ask(
        _ settings: AutoscalingSettings, running: Int, target: Int, load: Load?, queued: Int = 0,
        memory: ScalingMemory = ScalingMemory(), now: Int64 = 1_000_000
    ) -> ScalingOutcome {
        scale(
            ScalingInput(
                deployment: Self.deployment, settings: settings, running: running, target: target, load: load,
                queuedNow: queued, memory: memory, now: Moment(now)))
    }

    /// So many were wished for, for so long before the millionth millisecond.
    private func waiting(_ direction: Int, for waited: Int64, wish: Int) -> ScalingMemory {
        var memory = ScalingMemory()
        memory.timer = DelayTimer(direction: direction, since: Moment(1_000_000 - waited))
        memory.wishes = [WishSample(at: Moment(1_000_000 - waited), wish: wish)]
        return memory
    }

    private typealias Wish = (running: Int, load: Int64, up: Int64, down: Int64, expected: Int)
    private static let wishes: [Wish] = [
        (3, 6_000, 1000, 1000, 3), (3, 6_001, 1000, 1000, 4), (3, 5_999, 1000, 1000, 3),
        (3, 4_000, 1000, 1000, 2), (3, 4_001, 1000, 1000, 3),
        (4, 16_000, 500, 1000, 6), (4, 16_000, 2000, 1000, 12),
        (4, 4_000, 1000, 500, 3), (4, 6_000, 1000, 100, 3), (4, 6_001, 1000, 100, 4),
        (10, 0, 1000, 2000, 1), (2, 0, 1000, 1000, 1), (1, 1, 1000, 1000, 1), (1, 0, 1000, 100, 0),
    ]

    /// What is wished is seen with a delay of zero.
    @Test(arguments: wishes)
    func theWishIsExact(running: Int, load: Int64, up: Int64, down: Int64, expected: Int) {
        let settings = settings {
            $0.minReplicas = 0
            ($0.upscaleDelay, $0.downscaleDelay) = (.zero, .zero)
            ($0.upscalingFactor, $0.downscalingFactor) = (Thousandths(up), Thousandths(down))
        }
        #expect(ask(settings, running: running, target: running, load: mean(load)).target == expected)
    }

    @Test(arguments: [
        (waited: 29_999, target: 2), (waited: 30_000, target: 10), (waited: 30_001, target: 10),
    ])
    func upWaitsForItsDelay(waited: Int64, target: Int) {
        let memory = waiting(1, for: waited, wish: 10)
        let outcome = ask(settings(), running: 2, target: 2, load: mean(20_000), memory: memory)
        #expect(outcome.target == target)
        #expect(outcome.memory.timer == (target == 2 ? memory.timer : .off))
        #expect(outcome.memory.raisedAt == (target == 2 ? nil : Moment(1_000_000)))
        #expect(outcome.wake == (target == 2 ? Moment(1_000_001) : nil))
        #expect((outcome.decision != nil) == (target != 2))
    }

    @Test(arguments: [(waited: 599_999, target: 5), (waited: 600_000, target: 1)])
    func downWaitsForItsDelayAndGoesToOneFirst(waited: Int64, target: Int) {
        let settings = settings { $0.minReplicas = 0 }
        let memory = waiting(-1, for: waited, wish: 0)
        #expect(ask(settings, running: 5, target: 5, load: mean(0), memory: memory).target == target)
    }

    private typealias ToZero = (toZero: Int64?, waited: Int64, target: Int)
    private static let lastSteps: [ToZero] = [
        (7_000, 6_999, 1), (7_000, 7_000, 0), (nil, 599_999, 1), (nil, 600_000, 0),
    ]

    @Test(arguments: lastSteps)
    func theLastStepHasItsOwnDelay(toZero: Int64?, waited: Int64, target: Int) {
        let settings = settings {
            $0.minReplicas = 0
            $0.downscaleToZeroDelay = toZero.map { Millis($0) }
        }
        let memory = waiting(-1, for: waited, wish: 0)
        #expect(ask(settings, running: 1, target: 1, load: mean(0), memory: memory).target == target)
    }

    @Test func aWishInTheOtherDirectionBeginsAnew() {
        let memory = waiting(-1, for: 1_000_000, wish: 1)
        let outcome = ask(settings(), running: 2, target: 2, load: mean(20_000), memory: memory)
        #expect(outcome.memory.timer == DelayTimer(direction: 1, since: Moment(1_000_000)))
    }

    @Test func withoutDataNothingMoves() {
        let memory = waiting(-1, for: 1_000_000, wish: 1)
        let outcome = ask(settings(), running: 5, target: 5, load: nil, memory: memory)
        #expect(outcome == ScalingOutcome(target: 5, memory: memory))
        let asRay = settings { $0.withoutData = .zero }
        #expect(ask(asRay, running: 5, target: 5, load: nil, memory: memory).target == 1)
    }

    private typealias FromZero = (target: Int, load: Int64?, queued: Int, up: Int64, expected: Int)
    private static let firstSteps: [FromZero] = [
        (0, 1, 0, 1000, 1), (0, 0, 1, 1000, 1), (0, nil, 1, 1000, 1), (0, 1, 0, 2500, 3), (4, 1, 0, 1000, 4),
        (0, 0, 0, 1000, 0), (0, nil, 0, 1000, 0), (5, 0, 0, 1000, 5),
    ]

    @Test(arguments: firstSteps)
    func fromZeroTheFirstRequestStartsAtOnce(target: Int, load: Int64?, queued: Int, up: Int64, expected: Int)
    {
        let settings = settings {
            $0.minReplicas = 0
            $0.upscalingFactor = Thousandths(up)
        }
        let outcome = ask(settings, running: 0, target: target, load: load.map(mean), queued: queued)
        #expect(outcome.target == expected)
        #expect(outcome.decision?.rule == (expected == target ? nil : "cold_start"))
    }

    @Test(arguments: [(target: 1, expected: 3), (3, 3), (8, 8), (9, 8)])
    func aTargetOutsideTheBoundsIsClippedAtOnce(target: Int, expected: Int) {
        let settings = settings { ($0.minReplicas, $0.maxReplicas) = (3, 8) }
        let outcome = ask(settings, running: target, target: target, load: nil)
        #expect(outcome.target == expected)
        #expect(outcome.decision?.rule == (target == expected ? nil : "bounds"))
    }

    @Test func atItsMaximumItDoesNotAskToBeWoken() {
        let settings = settings { $0.maxReplicas = 2 }
        #expect(ask(settings, running: 2, target: 2, load: mean(90_000)).wake == nil)
    }

    @Test func aDecisionSaysWhatItKnew() throws {
        let memory = waiting(1, for: 1_000_000, wish: 5)
        let outcome = ask(settings(), running: 2, target: 2, load: mean(9_500), memory: memory)
        let decision = try #require(outcome.decision)
        #expect(decision.rule == "upscale_delay" && decision.before == "2" && decision.after == "5")
        #expect(
            decision.inputs.contains(.init("load_milli", 9_500)) && decision.inputs.contains(.init("wish", 5))
        )
        #expect(decision.reason == "Load 9.5 at 2 each, 2 running: 5 wished for 1000 s, delay 30 s.")
    }

    @Test func extremeFiguresDoNotTrap() {
        let settings = settings {
            ($0.targetOngoing, $0.upscalingFactor) = (Thousandths(.max), Thousandths(.max))
            ($0.upscaleDelay, $0.downscaleDelay, $0.minReplicas) = (.zero, .zero, 0)
        }
        let most = Load(area: .max, span: Millis(.max))
        for running in [0, 1, Int.max] {
            for load in [most, Load(area: .max, span: Millis(1)), Load(area: 0, span: .zero)] {
                #expect((0...100).contains(ask(settings, running: running, target: 100, load: load).target))
            }
        }
    }

    @Test(arguments: [(count: 3, target: 3), (count: 0, target: 3), (count: 7, target: 3)])
    func aFixedCountIsTheTarget(count: Int, target: Int) {
        let outcome = scaleFixed(Self.deployment, count: count, target: target)
        #expect(outcome.target == count && outcome.memory == ScalingMemory())
        #expect((outcome.decision == nil) == (count == target))
    }

    @Test(arguments: [(initial: nil as Int?, expected: 1), (4, 4), (0, 1), (200, 100)])
    func theFirstTargetIsWithinTheBounds(initial: Int?, expected: Int) {
        #expect(initialTarget(settings { $0.initialReplicas = initial }) == expected)
    }
}
