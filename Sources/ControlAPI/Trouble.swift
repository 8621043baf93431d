import Model
import Store

/// Steps that could not be committed, until none has failed for a while.
struct Trouble {
    /// One condition is told again this often, however often it is met.
    static let toldEvery = Millis(10_000)
    /// A step may succeed because it had nothing to commit; a renewal is due every two seconds.
    static let overAfter = Millis(3_000)

    private let since: Moment
    private var latest: Moment
    private var told: (error: StoreError, at: Moment)?
    /// Since when something else than a full disk is in the way of every step; nil: nothing else is.
    var lockedSince: Moment?
    var roomMadeAt: Moment?

    init(since: Moment) {
        self.since = since
        latest = since
    }

    /// How long it lasted.
    var span: Millis { latest - since }

    func isOver(_ now: Moment) -> Bool { latest + Self.overAfter <= now }

    /// True when `error` is to be told: it is another one than the last, or that was told long ago.
    mutating func note(_ error: StoreError, now: Moment) -> Bool {
        latest = now
        if let told, told.error == error, now < told.at + Self.toldEvery { return false }
        told = (error, now)
        return true
    }
}
