import Model
import Scaling
import Testing

/// The rule as Ray words it, step by step, with a signed counter and a time stamp, in floating point. Every
/// figure drawn below is a small dyadic fraction, so floating point is exact here.
private struct LiteralRule {
    var (target, low, high, wanted): (Double, Double, Double, Double)
    var (up, down, upDelay, downDelay): (Double, Double, Double, Double)
    var zeroDelay: Double?
    var counter = 0
    var stamp: Double?

    mutating func tick(running c: Double, load: Double?, now: Double) -> Double {
        guard let load else { return target }
        var decision = decide(c, load, now)
        decision = min(max(decision.rounded(.up), low), high)
        target = decision
        return decision
    }

    private mutating func decide(_ c: Double, _ load: Double, _ now: Double) -> Double {
        let g = target
        if c == 0 && load > 0 { return max(up.rounded(.up), g) }
        let raw = c == 0 ? g : c * (load / (wanted * c))
        var s = raw.rounded(.up)
        if c > 0 {
            let d = raw - c
            s = (c + (d > 0 ? up : down) * d).rounded(.up)
            if raw.rounded(.up) < c && s == c { s = c - 1 }
        }
        if c == 0 && s > 0 { return s }
        if s > g { return wait(s, g, sign: 1, delay: upDelay, now) }
        if s < g {
            return wait(
                g > 1 ? max(s, 1) : s, g, sign: -1, delay: g == 1 ? zeroDelay ?? downDelay : downDelay, now)
        }
        (counter, stamp) = (0, nil)
        return g
    }

    private mutating func wait(_ s: Double, _ g: Double, sign: Int, delay: Double, _ now: Double) -> Double {
        if counter * sign < 0 { (counter, stamp) = (0, nil) }
        counter += sign
        if stamp == nil { stamp = now }
        guard now - (stamp ?? now) >= delay else { return g }
        (counter, stamp) = (0, nil)
        return s
    }
}

@Suite struct LiteralRuleTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func agreesWithTheLiteralRuleOnAHistory(seed: UInt64) {
        var dice = Dice(seed: seed)
        var settings = AutoscalingSettings()
        settings.minReplicas = .random(in: 0...3, using: &dice)
        settings.maxReplicas = settings.minReplicas + .random(in: 1...20, using: &dice)
        settings.targetOngoing = Thousandths([500, 1000, 2000, 4000].randomElement(using: &dice) ?? 1000)
        settings.upscalingFactor = Thousandths(
            [250, 500, 1000, 1500, 3000].randomElement(using: &dice) ?? 1000)
        settings.downscalingFactor = Thousandths(
            [125, 250, 500, 1000, 1500].randomElement(using: &dice) ?? 1000)
        settings.upscaleDelay = Millis(.random(in: 0...20, using: &dice))
        settings.downscaleDelay = Millis(.random(in: 0...20, using: &dice))
        settings.downscaleToZeroDelay =
            Bool.random(using: &dice) ? nil : Millis(.random(in: 0...20, using: &dice))
        let thousand = { (value: Thousandths) in Double(value.rawValue) / 1000 }
        var target = Int.random(in: settings.minReplicas...settings.maxReplicas, using: &dice)
        var literal = LiteralRule(
            target: Double(target), low: Double(settings.minReplicas), high: Double(settings.maxReplicas),
            wanted: thousand(settings.targetOngoing), up: thousand(settings.upscalingFactor),
            down: thousand(settings.downscalingFactor), upDelay: Double(settings.upscaleDelay.rawValue),
            downDelay: Double(settings.downscaleDelay.rawValue),
            zeroDelay: settings.downscaleToZeroDelay.map { Double($0.rawValue) })
        var (running, now, sixteenths, timer) = (target, Int64(0), Int64(0), DelayTimer.off)
        for tick in 0..<200 {
            now += .random(in: 0...6, using: &dice)
            if Int.random(in: 0..<4, using: &dice) == 0 {
                sixteenths = Bool.random(using: &dice) ? 0 : .random(in: 0...200, using: &dice)
            }
            if running < target { running += .random(in: 0...(target - running), using: &dice) }
            running = min(running, target + 1)
            let known = Int.random(in: 0..<8, using: &dice) > 0
            let load = known ? Load(area: sixteenths * 250_000, span: Millis(4000)) : nil
            let expected = literal.tick(
                running: Double(running), load: known ? Double(sixteenths) / 16 : nil, now: Double(now))
            let outcome = scale(
                ScalingInput(
                    deployment: DeploymentID("a#d"), settings: settings, running: running, target: target,
                    load: load,
                    queuedNow: 0, timer: timer, now: Moment(now)))
            #expect(Double(outcome.target) == expected, "seed \(seed) tick \(tick)")
            #expect((outcome.decision != nil) == (outcome.target != target))
            #expect(outcome.wake.map { $0 > Moment(now) } ?? true)
            (target, timer) = (outcome.target, outcome.timer)
        }
    }
}
