/// How long a wish for more or fewer replicas has lasted. Kept in SQLite, so that it outlives the tier.
package struct DelayTimer: Hashable, Sendable {
    /// 1: more are wished, -1: fewer, 0: not running.
    package var direction: Int
    /// Since when; nil when not running.
    package var since: Moment?

    package init(direction: Int, since: Moment?) {
        self.direction = direction
        self.since = since
    }

    package static let off = DelayTimer(direction: 0, since: nil)
}

/// From `at` on this many replicas were wished for, until the next one.
package struct WishSample: Hashable, Sendable {
    package var at: Moment
    package var wish: Int

    package init(at: Moment, wish: Int) {
        self.at = at
        self.wish = wish
    }
}

/// What a policy remembers from one look to the next: whole numbers by name.
package struct PolicyState: Hashable, Sendable, Codable {
    package private(set) var values: [String: Int64] = [:]
    /// More names than these are not taken.
    package static let valuesMax = 64

    package init() {}

    /// Nil forgets.
    package subscript(name: String) -> Int64? {
        get { values[name] }
        set {
            guard newValue == nil || values[name] != nil || values.count < Self.valuesMax else { return }
            values[name] = newValue
        }
    }
}

/// What scaling one deployment remembers from one look to the next.
package struct ScalingMemory: Hashable, Sendable {
    package var timer = DelayTimer.off
    /// Within the longest delay, by `at`, each with another wish than the one before.
    package var wishes: [WishSample] = []
    package var policy = PolicyState()
    /// When the target was last raised, and lowered.
    package var raisedAt: Moment?
    package var loweredAt: Moment?

    package init() {}
}
