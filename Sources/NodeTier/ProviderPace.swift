import Cloud
import Model
import Store

/// How often a provider is called that said it is called too often: one bucket for all its calls. The rate is halved
/// each time it says so and grows with time (additive increase, multiplicative decrease; Chiu and Jain 1989), so that a
/// cluster finds the provider's limit without knowing it and two clusters share it.
enum PaceRule {
    /// A thousandth of a call a second: what as many calls at once as may be on their way come to.
    static let most = Int64(NodeTier.callsMax) * 1000
    /// One call in ten seconds still finds out that it is over.
    static let least: Int64 = 100
    /// A twentieth of a call a second more with each second.
    static let growthPerSecond: Int64 = 50
    /// The least pause, also when the provider says "at once": what was on its way meanwhile is one occasion with it.
    static let pauseMin = Millis(1_000)
    /// Between two lists there is room for so many calls in all.
    static let callsPerList: Int64 = 4
}

extension ProviderPaceRow {
    /// Thousandths of a call a second.
    func rate(at now: Moment) -> Int64 {
        let grown = max((now - until).rawValue, 0) * PaceRule.growthPerSecond / 1000
        return min(callsMilli + grown, PaceRule.most)
    }

    /// From one call to the next.
    func pause(at now: Moment) -> Millis { Millis(1_000_000 / max(rate(at: now), 1)) }

    /// When it is as if nothing had been.
    var end: Moment { until + Millis((PaceRule.most - callsMilli) * 1000 / PaceRule.growthPerSecond) }
}

extension NodeStep {
    /// The pace of the provider that is configured; nil: none is kept.
    var pace: ProviderPaceRow? { settings.provider.flatMap { state.paces[$0.name] } }

    /// It said that it is called too often.
    mutating func throttled(_ retryAfter: Millis) {
        guard let provider = settings.provider?.name else { return }
        let until = now + max(retryAfter, PaceRule.pauseMin)
        guard var row = pace else {
            let row = ProviderPaceRow(
                provider: provider, until: until, callsMilli: PaceRule.most / 2, throttledAt: now,
                throttles: 1)
            return put(row)
        }
        // Calls that left before the pause began and are answered in it say nothing new.
        if now >= row.until {
            row.callsMilli = max(row.rate(at: now) / 2, PaceRule.least)
            row.throttles += 1
            row.throttledAt = now
        }
        row.until = max(row.until, until)
        put(row)
    }

    mutating func agePace() {
        for provider in state.paces.keys.sorted() {
            guard let row = state.paces[provider] else { continue }
            if row.end <= now || provider != settings.provider?.name {
                forget(pace: provider)
            } else {
                wake(at: row.end)
            }
        }
    }
}

/// What may be called in one step.
struct CallBudget {
    /// Calls that may leave now.
    private(set) var left: Int
    /// When the next may leave, if there is another.
    let next: Moment?
    /// No shorter pause between two lists.
    let listEvery: Millis
    /// A list comes first: what was made meanwhile must be known before more is asked for.
    let listFirst: Bool

    /// - Parameter called: when the latest call left.
    /// - Parameter listed: when the latest list was heard.
    init(_ pace: ProviderPaceRow?, onTheWay: Int, called: Moment, listed: Moment, now: Moment) {
        let room = max(NodeTier.callsMax - onTheWay, 0)
        guard let pace else {
            (left, next, listEvery, listFirst) = (room, nil, .zero, false)
            return
        }
        let pause = pace.pause(at: now)
        let due = max(pace.until, called + pause)
        left = due <= now ? min(room, 1) : 0
        next = due <= now ? now + pause : due
        listEvery = Millis(pause.rawValue * PaceRule.callsPerList)
        listFirst = listed <= pace.throttledAt
    }

    mutating func take() { left -= 1 }
}
