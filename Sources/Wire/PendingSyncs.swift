import Model

/// Long polls that wait for something to say. Lives on a tier's thread.
///
/// One a peer: a newer sync supersedes the pending one, which is answered with nothing new, so that its report
/// goes out at once and never waits behind an older one. A look costs the calls that came since the last one and
/// those that are answered; all of them only when what is published has changed. Inlinable, since a tier comes here
/// with every step and generic code is slow across modules.
package struct PendingSyncs<Request, Reply, Version: Equatable> {
    /// One call that waits.
    package struct Pending {
        /// By which its client can take it back.
        @usableFromInline var ticket: UInt64
        @usableFromInline var request: Request
        /// Answered with nothing new at this instant.
        @usableFromInline var deadline: Moment
        @usableFromInline var reply: (Result<Reply, any Error>) -> Void

        @inlinable package init(
            ticket: UInt64, request: Request, deadline: Moment,
            reply: @escaping (Result<Reply, any Error>) -> Void
        ) {
            self.ticket = ticket
            self.request = request
            self.deadline = deadline
            self.reply = reply
        }
    }

    @usableFromInline var pending: [String: Pending] = [:]
    @usableFromInline var deadlines = Deadlines()
    /// Came since the last look.
    @usableFromInline var unseen: [String] = []
    /// What was published at the last look.
    @usableFromInline var published: Version?

    @inlinable package init() {}

    /// The earliest of those that wait.
    @inlinable package var deadline: Moment? { deadlines.earliest }

    /// - Parameter empty: the answer for the one that this supersedes.
    @inlinable package mutating func add(_ entry: Pending, of peer: String, empty: (Request) -> Reply) {
        if let old = take(peer) { old.reply(.success(empty(old.request))) }
        pending[peer] = entry
        unseen.append(peer)
        deadlines.set(entry.deadline, of: peer)
    }

    /// The client went away.
    @inlinable package mutating func cancel(_ ticket: UInt64, of peer: String) {
        guard pending[peer]?.ticket == ticket else { return }
        take(peer)?.reply(.failure(CancellationError()))
    }

    /// Answers those for whom there is something.
    /// - Parameter version: of what is published; nil: not known. What one peer is told must depend on nothing else
    ///   but this and its request.
    @inlinable package mutating func tell(_ version: Version?, _ news: (String, Request) -> Reply?) {
        let isSame = version != nil && version == published
        if isSame, unseen.isEmpty { return }
        let peers = isSame ? Set(unseen).sorted() : pending.keys.sorted()
        published = version
        unseen.removeAll(keepingCapacity: true)
        for peer in peers {
            guard let entry = pending[peer], let reply = news(peer, entry.request) else { continue }
            take(peer)?.reply(.success(reply))
        }
    }

    /// Answers those whose time is up.
    @inlinable package mutating func expire(now: Moment, empty: (Request) -> Reply) {
        while let peer = deadlines.due(now) {
            guard let entry = take(peer) else { continue }
            entry.reply(.success(empty(entry.request)))
        }
    }

    @inlinable mutating func take(_ peer: String) -> Pending? {
        deadlines.drop(peer)
        return pending.removeValue(forKey: peer)
    }

    /// Nobody will answer any more.
    @inlinable package mutating func end() {
        let left = pending.sorted { $0.key < $1.key }.map { $0.value }
        self = Self()
        for entry in left { entry.reply(.failure(CancellationError())) }
    }
}

/// When each of those who wait is to be answered at the latest, the earliest first.
@usableFromInline struct Deadlines {
    private struct Entry {
        var at: Moment
        var peer: String
        var serial: Int
    }

    /// Rising; those of calls that are over are dropped when they come to the front.
    private var entries: [Entry] = []
    private var first = 0
    /// Of those who wait.
    private var serials: [String: Int] = [:]
    private var serial = 0

    @usableFromInline var earliest: Moment? { entries[first...].first { serials[$0.peer] == $0.serial }?.at }

    /// In place of the one that `peer` may have had.
    @usableFromInline mutating func set(_ at: Moment, of peer: String) {
        serial += 1
        serials[peer] = serial
        var place = entries.endIndex
        while place > first, entries[place - 1].at > at { place -= 1 }
        entries.insert(Entry(at: at, peer: peer, serial: serial), at: place)
    }

    @usableFromInline mutating func drop(_ peer: String) { serials[peer] = nil }

    /// - Returns: one whose time is up, which is dropped; nil: nobody's is.
    @usableFromInline mutating func due(_ now: Moment) -> String? {
        defer { forgetPassed() }
        while first < entries.endIndex {
            let next = entries[first]
            let isWaiting = serials[next.peer] == next.serial
            if isWaiting, next.at > now { return nil }
            first += 1
            guard isWaiting else { continue }
            serials[next.peer] = nil
            return next.peer
        }
        return nil
    }

    /// Once half of them are over: so each is moved once in all.
    private mutating func forgetPassed() {
        guard first > entries.count / 2 else { return }
        entries.removeFirst(first)
        first = 0
    }
}
