/// Ray Serve's default policy and the machinery around it, word for word in the order of its own steps
/// (`serve/autoscaling_policy.py`, `serve/_private/autoscaling_state.py`, Ray 2.60.0): an elapsed-time delay with a
/// signed counter, bounds last. Independent of ours, exact and slow.
struct LiteralRay {
    var low: Rational
    var high: Rational
    /// Requests wanted for each replica.
    var wanted: Rational
    var upFactor: Rational
    var downFactor: Rational
    var upDelay: Rational
    var downDelay: Rational
    var zeroDelay: Rational?

    var target: Rational
    private var counter = 0
    private var stamp: Rational?

    init(
        low: Rational, high: Rational, wanted: Rational, upFactor: Rational, downFactor: Rational,
        upDelay: Rational,
        downDelay: Rational, zeroDelay: Rational?, target: Rational
    ) {
        (self.low, self.high, self.wanted) = (low, high, wanted)
        (self.upFactor, self.downFactor) = (upFactor, downFactor)
        (self.upDelay, self.downDelay, self.zeroDelay) = (upDelay, downDelay, zeroDelay)
        self.target = target
    }

    /// One control step.
    /// - Parameters:
    ///   - c: replicas that run.
    ///   - load: total requests, running and queued; Ray has none without data.
    mutating func tick(running c: Rational, load: Rational, now: Rational) -> Rational {
        var decision = decide(c, load, now).up
        decision = min(max(decision, low), high)
        target = decision
        return decision
    }

    private mutating func decide(_ c: Rational, _ load: Rational, _ now: Rational) -> Rational {
        let zero = Rational(0)
        let g = target
        if c == zero, load > zero { return max(upFactor.up, g) }
        let raw = c == zero ? g : c * (load / (wanted * c))
        var s: Rational
        if c == zero {
            s = raw.up
        } else {
            let d = raw - c
            s = (c + (d > zero ? upFactor : downFactor) * d).up
            if raw.up < c, s == c { s = c - Rational(1) }
        }
        if c == zero, s > zero { return s }
        if s > g { return wait(s, g, sign: 1, delay: upDelay, now) }
        if s < g {
            let isLast = g == Rational(1)
            return wait(
                g > Rational(1) ? max(s, Rational(1)) : s, g, sign: -1,
                delay: isLast ? zeroDelay ?? downDelay : downDelay, now)
        }
        (counter, stamp) = (0, nil)
        return g
    }

    private mutating func wait(
        _ s: Rational, _ g: Rational, sign: Int, delay: Rational, _ now: Rational
    ) -> Rational {
        if counter * sign < 0 { (counter, stamp) = (0, nil) }
        counter += sign
        if stamp == nil { stamp = now }
        guard let stamp, now - stamp >= delay else { return g }
        (counter, self.stamp) = (0, nil)
        return s
    }
}
