import Model

/// Long polls that wait for something to say. Lives on a tier's thread.
///
/// One a peer: a newer sync supersedes the pending one, which is answered with nothing new, so that its report
/// goes out at once and never waits behind an older one. A look costs the calls that came since the last one and
/// those that are answered; all of them only when what is published has changed.
package struct PendingSyncs<Request, Reply, Version: Equatable> {
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

    private struct Deadline {
        var at: Moment
        var peer: String
        var serial: Int
    }

    private var pending: [String: (entry: Pending, serial: Int)] = [:]
    /// Rising; those of calls that are over are dropped when they come to the front.
    private var deadlines: [Deadline] = []
    private var firstDeadline = 0
    /// Came since the last look.
    private var unseen: [String] = []
    /// What was published at the last look.
    private var published: Version?
    private var serial = 0

    package init() {}

    /// The earliest of those that wait.
    package var deadline: Moment? {
        deadlines[firstDeadline...].first { pending[$0.peer]?.serial == $0.serial }?.at
    }

    /// - Parameter empty: the answer for the one that this supersedes.
    package mutating func add(_ entry: Pending, of peer: String, empty: (Request) -> Reply) {
        if let old = pending[peer]?.entry { old.reply(.success(empty(old.request))) }
        serial += 1
        pending[peer] = (entry, serial)
        unseen.append(peer)
        var place = deadlines.endIndex
        while place > firstDeadline, deadlines[place - 1].at > entry.deadline { place -= 1 }
        deadlines.insert(Deadline(at: entry.deadline, peer: peer, serial: serial), at: place)
    }

    /// The client went away.
    package mutating func cancel(_ ticket: UInt64, of peer: String) {
        guard let entry = pending[peer]?.entry, entry.ticket == ticket else { return }
        pending[peer] = nil
        entry.reply(.failure(CancellationError()))
    }

    /// Answers those for whom there is something.
    /// - Parameter version: of what is published; nil: not known. What one peer is told must depend on nothing else
    ///   but this and its request.
    package mutating func tell(_ version: Version?, _ news: (String, Request) -> Reply?) {
        let isSame = version != nil && version == published
        let peers = isSame ? Set(unseen).sorted() : pending.keys.sorted()
        published = version
        unseen.removeAll(keepingCapacity: true)
        for peer in peers {
            guard let entry = pending[peer]?.entry, let reply = news(peer, entry.request) else { continue }
            pending[peer] = nil
            entry.reply(.success(reply))
        }
    }

    /// Answers those whose time is up.
    package mutating func expire(now: Moment, empty: (Request) -> Reply) {
        while firstDeadline < deadlines.endIndex {
            let next = deadlines[firstDeadline]
            let entry = pending[next.peer].flatMap { $0.serial == next.serial ? $0.entry : nil }
            guard next.at <= now || entry == nil else { break }
            firstDeadline += 1
            guard let entry else { continue }
            pending[next.peer] = nil
            entry.reply(.success(empty(entry.request)))
        }
        // Half of it is over: each entry is moved once in all.
        if firstDeadline > deadlines.count / 2 {
            deadlines.removeFirst(firstDeadline)
            firstDeadline = 0
        }
    }

    /// Nobody will answer any more.
    package mutating func end() {
        let left = pending.sorted { $0.key < $1.key }.map(\.value.entry)
        self = Self()
        for entry in left { entry.reply(.failure(CancellationError())) }
    }
}
