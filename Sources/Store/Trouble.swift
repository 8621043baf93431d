import Model

/// Steps that could not be committed, until none has failed for a while: what a tier's process does about them. The
/// process and its simulation live by the same rule.
package struct Trouble: Sendable {
    /// What to do after a step that failed.
    package enum Verdict: Equatable, Sendable {
        /// Change nothing, keep serving, and step again after so long.
        case again(Millis)
        /// The same, after the reserve was given up and history dropped.
        case makeRoom(again: Millis)
        /// The process ends; a fresh one may try, or a person must act.
        case end
    }

    /// One condition is told again this often, however often it is met.
    static let toldEvery = Millis(10_000)
    /// A step may succeed because it had nothing to commit: only after a renewal was due it means something.
    static let overAfter = TierPace.renewEvery + Millis(1_000)
    /// Between two tries on a full disk.
    package static let roomEvery = Millis(1_000)
    /// Between two tries while somebody else holds the database.
    static let busyEvery = Millis(100)
    /// A tier that cannot commit for so long ends, so that a fresh one may try.
    package static let giveUpAfter = Millis(5_000)

    private let since: Moment
    private var latest: Moment
    private var told: (error: StoreError, at: Moment)?
    /// Since when something else than a full disk is in the way of every step; nil: nothing else is.
    private var lockedSince: Moment?
    private var roomMadeAt: Moment?

    package init(since: Moment) {
        self.since = since
        latest = since
    }

    /// How long it lasted.
    package var span: Millis { latest - since }

    /// A step has not failed.
    /// - Returns: whether it is over.
    package mutating func stepped(_ now: Moment) -> Bool {
        lockedSince = nil
        return latest + Self.overAfter <= now
    }

    /// - Returns: what to do, and whether the condition is to be told: it is another one than the last, or that was
    ///   told long ago.
    package mutating func judge(_ error: StoreError, now: Moment) -> (verdict: Verdict, isNews: Bool) {
        (verdict(on: error, now: now), note(error, now: now))
    }

    private mutating func verdict(on error: StoreError, now: Moment) -> Verdict {
        switch error {
        case .diskFull:
            lockedSince = nil
            guard roomMadeAt.map({ $0 + Self.roomEvery <= now }) ?? true else {
                return .again(Self.roomEvery)
            }
            roomMadeAt = now
            return .makeRoom(again: Self.roomEvery)
        case .busy, .failed:
            let first = lockedSince ?? now
            lockedSince = first
            return now < first + Self.giveUpAfter ? .again(Self.busyEvery) : .end
        case .fenced, .corrupt, .misplaced, .broken, .roleTaken, .newerSchema, .unwritable:
            return .end
        }
    }

    private mutating func note(_ error: StoreError, now: Moment) -> Bool {
        latest = now
        if let told, told.error == error, now < told.at + Self.toldEvery { return false }
        told = (error, now)
        return true
    }
}

/// How often a tier's process looks by itself.
package enum TierPace {
    /// A step at least this often.
    package static let tickEvery = Millis(1_000)
    /// A tier that has not stepped for this long was kept from running: three looks were missed.
    package static let stoppedAfter = Millis(3_000)
    /// A renewal at least this often while nothing else is committed, by which the other tier knows this one alive.
    /// Each costs an fsync.
    package static let renewEvery = Millis(5_000)
    /// A tier without a renewal for this long is silent: two were missed.
    package static let silentAfter = Millis(15_000)
}
