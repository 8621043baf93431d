import Model

/// Long polls that wait for something to say. Lives on a tier's thread.
///
/// One a peer: a newer sync supersedes the pending one, which is answered with nothing new, so that its report
/// goes out at once and never waits behind an older one.
package struct PendingSyncs<Request, Reply> {
    /// One call that waits.
    package struct Pending {
        /// By which its client can take it back.
        var ticket: UInt64
        var request: Request
        /// Answered with nothing new at this instant.
        var deadline: Moment
        var reply: (Result<Reply, any Error>) -> Void

        package init(
            ticket: UInt64, request: Request, deadline: Moment,
            reply: @escaping (Result<Reply, any Error>) -> Void
        ) {
            self.ticket = ticket
            self.request = request
            self.deadline = deadline
            self.reply = reply
        }
    }

    private var pending: [String: Pending] = [:]

    package init() {}

    /// The earliest of those that wait.
    package var deadline: Moment? { pending.values.map(\.deadline).min() }

    /// - Parameter empty: the answer for the one that this supersedes.
    package mutating func add(_ entry: Pending, of peer: String, empty: (Request) -> Reply) {
        if let old = pending[peer] { old.reply(.success(empty(old.request))) }
        pending[peer] = entry
    }

    /// The client went away.
    package mutating func cancel(_ ticket: UInt64, of peer: String) {
        guard let entry = pending[peer], entry.ticket == ticket else { return }
        pending[peer] = nil
        entry.reply(.failure(CancellationError()))
    }

    /// Answers those for whom there is something, and those whose time is up.
    package mutating func answer(now: Moment, _ news: (String, Request) -> Reply?, empty: (Request) -> Reply) {
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

    /// Nobody will answer any more.
    package mutating func end() {
        for entry in pending.sorted(by: { $0.key < $1.key }).map(\.value) { entry.reply(.failure(CancellationError())) }
        pending = [:]
    }
}
