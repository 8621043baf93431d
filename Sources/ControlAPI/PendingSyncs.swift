import Model
import Wire

/// Long polls that wait for something to say. Lives on a tier's thread.
///
/// One a peer: a newer sync supersedes the pending one, which is answered with nothing new, so that its report
/// goes out at once and never waits behind an older one.
struct PendingSyncs<Request: Sendable, Reply: Sendable> {
    struct Pending {
        var ticket: UInt64
        var request: Request
        var deadline: Moment
        var reply: @Sendable (Result<Reply, any Error>) -> Void
    }

    private var pending: [String: Pending] = [:]

    var deadline: Moment? { pending.values.map(\.deadline).min() }

    /// - Parameter empty: the answer for the one that this supersedes.
    mutating func add(_ entry: Pending, of peer: String, empty: (Request) -> Reply) {
        if let old = pending[peer] { old.reply(.success(empty(old.request))) }
        pending[peer] = entry
    }

    /// The client went away.
    mutating func cancel(_ ticket: UInt64, of peer: String) {
        guard let entry = pending[peer], entry.ticket == ticket else { return }
        pending[peer] = nil
        entry.reply(.failure(CancellationError()))
    }

    /// Answers those for whom there is something, and those whose time is up.
    mutating func answer(now: Moment, _ news: (String, Request) -> Reply?, empty: (Request) -> Reply) {
        for peer in pending.keys.sorted() {
            guard let entry = pending[peer] else { continue }
            if let reply = news(peer, entry.request) {
                entry.reply(.success(reply))
            } else if entry.deadline <= now {
                entry.reply(.success(empty(entry.request)))
            } else {
                continue
            }
            pending[peer] = nil
        }
    }

    mutating func end() {
        for entry in pending.values { entry.reply(.failure(CancellationError())) }
        pending = [:]
    }
}
