import Model
import Scaling
import Testing

/// With its own options set to what Ray does, our rule is Ray's on random histories of load, replicas and time.
///
/// Known differences, none of which these histories can show: ours counts load in request-microseconds and settings in
/// thousandths, Ray in binary floating point; ours clips a target to new bounds at once, and holds without data.
@Suite struct LiteralRuleTests {
    static let historiesEach = 1_000
    static let ticks = 60

    @Test(arguments: 0..<100 as Range<UInt64>)
    func agreesWithRayOnAThousandHistories(block: UInt64) {
        for seed in 0..<UInt64(Self.historiesEach) {
            if let difference = difference(seed: block * UInt64(Self.historiesEach) + seed) {
                Issue.record("\(difference)")
                return
            }
        }
    }

    private func drawn(_ dice: inout Dice) -> AutoscalingSettings {
        var settings = AutoscalingSettings()
        settings.minReplicas = .random(in: 0...3, using: &dice)
        settings.maxReplicas = settings.minReplicas + .random(in: 1...20, using: &dice)
        settings.targetOngoing = Thousandths(.random(in: 1...5_000, using: &dice))
        settings.upscalingFactor = Thousandths(.random(in: 1...3_000, using: &dice))
        settings.downscalingFactor = Thousandths(.random(in: 1...2_000, using: &dice))
        settings.upscaleDelay = Millis(.random(in: 0...20, using: &dice))
        settings.downscaleDelay = Millis(.random(in: 0...20, using: &dice))
        settings.downscaleToZeroDelay =
            Bool.random(using: &dice) ? nil : Millis(.random(in: 0...20, using: &dice))
        settings.downscaleDelayValue = .last
        settings.delayShare = .one
        settings.countsStarting = false
        settings.withoutData = .zero
        return settings
    }

    private func literal(_ settings: AutoscalingSettings, target: Int) -> LiteralRay {
        func thousandths(_ value: Thousandths) -> Rational { Rational(Int128(value.rawValue), 1000) }
        return LiteralRay(
            low: Rational(settings.minReplicas), high: Rational(settings.maxReplicas),
            wanted: thousandths(settings.targetOngoing), upFactor: thousandths(settings.upscalingFactor),
            downFactor: thousandths(settings.downscalingFactor),
            upDelay: Rational(Int(settings.upscaleDelay.rawValue)),
            downDelay: Rational(Int(settings.downscaleDelay.rawValue)),
            zeroDelay: settings.downscaleToZeroDelay.map { Rational(Int($0.rawValue)) },
            target: Rational(target))
    }

    private func difference(seed: UInt64) -> String? {
        var dice = Dice(seed: seed)
        let settings = drawn(&dice)
        var target = Int.random(in: settings.minReplicas...settings.maxReplicas, using: &dice)
        var literal = literal(settings, target: target)
        var (running, now, area, memory) = (target, Int64(0), Int64(0), ScalingMemory())
        let span: Int64 = 4_000
        for tick in 0..<Self.ticks {
            now += .random(in: 1...6, using: &dice)
            if Int.random(in: 0..<4, using: &dice) == 0 {
                area = Bool.random(using: &dice) ? 0 : .random(in: 0...50_000_000, using: &dice)
            }
            if running < target { running += .random(in: 0...(target - running), using: &dice) }
            running = min(running, target + 1)
            let expected = literal.tick(
                running: Rational(running), load: Rational(Int128(area), Int128(span) * 1000),
                now: Rational(Int(now)))
            let outcome = scale(
                ScalingInput(
                    deployment: DeploymentID("a#d"), settings: settings, running: running, target: target,
                    load: Load(area: area, span: Millis(span)), queuedNow: 0, memory: memory, now: Moment(now)
                ))
            let isRight =
                Rational(outcome.target) == expected
                && (outcome.decision != nil) == (outcome.target != target)
                && outcome.wake.map { $0 > Moment(now) } ?? true
            guard isRight else {
                return
                    "history \(seed), tick \(tick): \(outcome.target), Ray \(expected); running \(running), "
                    + "area \(area), was \(target), \(memory), \(settings)"
            }
            (target, memory) = (outcome.target, outcome.memory)
        }
        return nil
    }
}
