import Model

/// Since when a tier's process listens. Whatever keeps it from running (a signal, a machine that sleeps, a disk that
/// hangs) keeps it from hearing: then, as after a start, everyone is given the time to speak before being judged silent.
package struct Listening: Sendable {
    package private(set) var since: Moment
    private var stepped: Moment

    package init(_ now: Moment) {
        since = now
        stepped = now
    }

    /// A step begins.
    package mutating func step(_ now: Moment) {
        if stepped + TierPace.stoppedAfter <= now { since = now }
        stepped = now
    }
}
