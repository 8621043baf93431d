import Model

/// What was wished for, as a step function of time: so that a delay can look at all of it, not only at its ends.
///
/// Ray Serve 2.60 follows the wish of the very last tick and begins its delay anew whenever one tick wishes for what
/// is there (#46497, #26455); Kubernetes' autoscaler takes the highest wish of a window before it shrinks.
struct WishWindow {
    private(set) var samples: [WishSample]

    /// More than these are made fewer: the shortest stretch counts as its neighbour whose wish is nearer.
    static let samplesMax = 64

    init(_ samples: [WishSample]) { self.samples = samples }

    /// - Parameter span: older wishes than this are forgotten.
    mutating func note(_ wish: Int, at now: Moment, keeping span: Millis) {
        if samples.last?.at == now { samples.removeLast() }
        if samples.last?.wish != wish { samples.append(WishSample(at: now, wish: wish)) }
        let from = now - span
        // The one that held at the window's beginning stays.
        if let first = samples.lastIndex(where: { $0.at <= from }), first > 0 { samples.removeFirst(first) }
        while samples.count > Self.samplesMax { dropShortest() }
    }

    private mutating func dropShortest() {
        let inner = samples.indices.dropFirst().dropLast()
        guard let place = inner.min(by: { length($0) < length($1) }) else { return }
        let (before, one, after) = (samples[place - 1].wish, samples[place].wish, samples[place + 1].wish)
        if abs(after - one) < abs(before - one) { samples[place + 1].at = samples[place].at }
        samples.remove(at: place)
        if samples[place].wish == samples[place - 1].wish { samples.remove(at: place) }
    }

    private func length(_ place: Int) -> Millis { samples[place + 1].at - samples[place].at }

    /// What a delay came to.
    enum Verdict: Hashable {
        /// It has lasted; this many are to be wanted.
        case follow(Int)
        /// It may have lasted by then, if the wish stays.
        case wait(until: Moment)
    }

    /// A delay that runs.
    struct Delay {
        /// Replicas wanted now; the wishes that count lie on the side of `direction` of it.
        var target: Int
        var direction: Int
        /// When it began.
        var since: Moment
        var span: Millis
        /// Of its time that wishes must lie on that side.
        var share: Thousandths
        var value: DelayValue
        /// No lower wish counts.
        var floor: Int
        /// Nothing is followed before then, however long it has lasted.
        var notBefore: Moment?

        /// Milliseconds that must lie there, rounded up.
        var needed: Int64 { (span.rawValue * min(max(share.rawValue, 0), 1000) + 999) / 1000 }
    }

    /// Of a target just followed: for how long the latest wishes have been beyond it.
    func timer(target: Int, _ direction: Int) -> DelayTimer {
        let beyond = samples.reversed().prefix { ($0.wish - target).signum() == direction }
        return beyond.last.map { DelayTimer(direction: direction, since: $0.at) } ?? .off
    }

    /// Whether too much of the delay's time so far was spent on other wishes for it ever to last: it begins anew.
    func breaks(_ delay: Delay, now: Moment) -> Bool {
        let from = max(delay.since, now - delay.span)
        let others = agreeing(delay, now).filter { !$0.agrees }.reduce(Int64(0)) { sum, one in
            sum + max(0, (one.until - max(one.from, from)).rawValue)
        }
        return others > delay.span.rawValue - delay.needed
    }

    /// The wish noted last lies on the delay's side.
    func judge(_ delay: Delay, now: Moment) -> Verdict {
        let stretches = agreeing(delay, now)
        let lasted = firstDue(stretches, delay.span, delay.needed, now) ?? now
        let due = max(delay.since + delay.span, lasted, delay.notBefore ?? lasted)
        if due > now { return .wait(until: due) }
        let from = now - delay.span
        let wishes = stretches.filter { $0.agrees && ($0.until > from || $0.until == now) }
            .map { (wish: max($0.wish, delay.floor), span: ($0.until - max($0.from, from)).rawValue) }
        let chosen: Int =
            switch delay.value {
            case .last: wishes.last?.wish ?? delay.target
            case .min: wishes.map(\.wish).min() ?? delay.target
            case .max: wishes.map(\.wish).max() ?? delay.target
            case .mean: mean(wishes) ?? delay.target
            }
        return .follow(chosen)
    }

    private struct Stretch {
        var from: Moment
        var until: Moment
        var wish: Int
        var agrees: Bool
    }

    /// The step function up to now; the last stretch ends now and may be empty.
    private func agreeing(_ delay: Delay, _ now: Moment) -> [Stretch] {
        samples.indices.map { index in
            let until = index + 1 < samples.count ? samples[index + 1].at : now
            let wish = samples[index].wish
            return Stretch(
                from: samples[index].at, until: max(until, samples[index].at), wish: wish,
                agrees: (wish - delay.target).signum() == delay.direction)
        }
    }

    /// The first instant from now on at which the window before it agrees for long enough, if the last wish stays.
    private func firstDue(_ stretches: [Stretch], _ span: Millis, _ needed: Int64, _ now: Moment) -> Moment? {
        guard let first = stretches.first else { return nil }
        // Before its first wish nothing is known: that part of a window does not agree.
        var begin = now - span
        var missing =
            needed
            - stretches.filter(\.agrees).reduce(Int64(0)) { sum, one in
                sum + max(0, (one.until - max(one.from, begin)).rawValue)
            }
        if missing <= 0 { return now }
        // As time goes on, what agrees enters at the end; at the beginning the window loses what it passes.
        for one in [Stretch(from: begin, until: first.from, wish: 0, agrees: false)] + stretches {
            let passed = (one.until - max(one.from, begin)).rawValue
            guard passed > 0 else { continue }
            if !one.agrees {
                if missing <= passed { return begin + Millis(missing) + span }
                missing -= passed
            }
            begin = one.until
        }
        return begin + Millis(missing) + span
    }

    private func mean(_ wishes: [(wish: Int, span: Int64)]) -> Int? {
        guard let last = wishes.last else { return nil }
        let span = wishes.reduce(Int128(0)) { $0 + Int128($1.span) }
        guard span > 0 else { return last.wish }
        let sum = wishes.reduce(Int128(0)) { $0 + Int128($1.wish) * Int128($1.span) }
        return Int((sum + span - 1) / span)
    }
}
