import Foundation
import Logging
import Model
import Store
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// One tier's own thread: folds what is handed in, steps, and sleeps until the doorbell rings, something is handed
/// in, the step's wake has come, or another process has committed. A flock or an fsync therefore never holds up
/// HTTP, and the tier itself needs no locks.
package final class TierThread<Desk: TierDesk>: @unchecked Sendable {
    private let desk: Desk
    private let store: Store
    private let bell: Int32?
    private let log: Logger
    /// Nil: the thread has ended and reads no more.
    private let mailbox = Mutex<[@Sendable (Desk) -> Void]?>([])
    private let ended = Mutex<Ended>(.running([]))
    private let stopping = Atomic<Bool>(false)
    /// When the thread last went round.
    private let beat = Mutex(ContinuousClock.now)
    /// A pipe to oneself: a byte in it ends the sleep.
    private let knock: (reads: Int32, writes: Int32)

    private enum Ended {
        case running([CheckedContinuation<Result<Void, StoreError>, Never>])
        case done(Result<Void, StoreError>)
    }

    /// The net under the doorbell: how often `data_version` is asked.
    static var pollEvery: Millis { Millis(100) }
    /// Between two looks at the log's size and at what is too old.
    static var upkeepEvery: Millis { Millis(5_000) }

    /// A round that takes longer is taken for the last one. A commit waits five seconds at most.
    static var aliveFor: Duration { .seconds(10) }

    /// - Parameter bell: descriptor that becomes readable when another process has committed.
    package init(desk: Desk, store: Store, bell: Int32?, log: Logger) {
        self.desk = desk
        self.store = store
        self.bell = bell
        self.log = log
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        knock = (ends[0], ends[1])
    }

    deinit {
        close(knock.reads)
        close(knock.writes)
    }

    /// Starts the thread and waits until it ends: by `stop`, or because the store says that it must.
    package func run() async throws {
        let thread = Thread { [self] in loop() }
        thread.stackSize = 4 << 20
        thread.start()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: Result<Void, StoreError>? = ended.withLock { ended in
                    switch ended {
                    case .running(let waiting):
                        ended = .running(waiting + [continuation])
                        return nil
                    case .done(let result): return result
                    }
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            stop()
        }
        try result.get()
    }

    package func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        wakeUp()
    }

    /// Whether the thread goes round. To be asked by whoever may not make it work.
    package var isAlive: Bool {
        beat.withLock { ContinuousClock.now - $0 < Self.aliveFor } && mailbox.withLock { $0 != nil }
    }

    /// Runs `body` on the thread; a step follows. Throws `CancellationError` once the thread has ended.
    package func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Desk) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = post { desk in continuation.resume(with: Result { try body(desk) }) }
            if !isTaken { continuation.resume(throwing: CancellationError()) }
        }
    }

    /// As `perform`, with nothing to wait for.
    /// - Returns: false when the thread has ended; `body` is then never run.
    @discardableResult
    package func post(_ body: @escaping @Sendable (Desk) -> Void) -> Bool {
        let isTaken = mailbox.withLock { letters in
            letters?.append(body)
            return letters != nil
        }
        if isTaken { wakeUp() }
        return isTaken
    }

    private func wakeUp() {
        var one: UInt8 = 1
        _ = write(knock.writes, &one, 1)  // full: it is awake anyway
    }

    // MARK: - On the thread

    private func loop() {
        var wake: Moment? = store.now()
        var stepped = store.now()
        var upkept = store.now()
        var trouble: Trouble?
        if let remark = store.remark { log.warning("the state directory", metadata: ["remark": "\(remark)"]) }
        var outcome: Result<Void, StoreError> = .success(())
        while !stopping.load(ordering: .sequentiallyConsistent) {
            beat.withLock { $0 = .now }
            let letters = mailbox.withLock { letters in
                defer { letters = [] }
                return letters ?? []
            }
            for letter in letters { letter(desk) }
            let now = store.now()
            let due = wake.map { $0 <= now } ?? false
            if letters.isEmpty, !due, stepped + TierPace.tickEvery > now, !hasNews() {
                sleep(until: wake, now: now)
                continue
            }
            stepped = now
            do {
                wake = try desk.step()
                if trouble?.stepped(now) ?? false {
                    let span = trouble?.span.rawValue ?? 0
                    log.notice("steps are committed again", metadata: ["trouble_ms": "\(span)"])
                    trouble = nil
                }
                if upkept + Self.upkeepEvery <= now {
                    upkept = now
                    try upkeep()
                }
            } catch {
                do {
                    wake = now + (try survive(error, &trouble, now: now))
                    sleep(until: wake, now: now)
                } catch {
                    log.error("this process must end", metadata: ["error": "\(error)"])
                    outcome = .failure(error)
                    break
                }
            }
        }
        // Whoever handed something in is still answered; whoever comes later is told.
        let last = mailbox.withLock { letters in
            defer { letters = nil }
            return letters ?? []
        }
        for letter in last { letter(desk) }
        desk.end()
        finish(outcome)
    }

    /// Sees that the database is still the cluster's own, and keeps it small: moves the log into it, and drops
    /// history that is too old.
    private func upkeep() throws(StoreError) {
        try store.checkPlace()
        try store.keepIdentity()
        try store.trimAll()
        try store.checkpoint()
        if store.keepReserve() { log.notice("there is room on disk again: the reserve is made anew") }
        let mismatches = store.stateMismatches
        if mismatches > 0 {
            log.error("kept state differed from the database", metadata: ["times": "\(mismatches)"])
        }
    }

    /// What a failed step means: when to try again.
    /// - Throws: why the process must end.
    private func survive(
        _ error: StoreError, _ trouble: inout Trouble?, now: Moment
    ) throws(StoreError) -> Millis {
        var known = trouble ?? Trouble(since: now)
        defer { trouble = known }
        let (verdict, isNews) = known.judge(error, now: now)
        if isNews { log.error("step not committed, routing goes on", metadata: ["error": "\(error)"]) }
        switch verdict {
        case .again(let wait): return wait
        case .makeRoom(let wait):
            try makeRoom(isNews: isNews)
            return wait
        case .end: throw error
        }
    }

    /// The disk is full: the reserve goes first, for the deletion of history is a commit too.
    private func makeRoom(isNews: Bool) throws(StoreError) {
        let hadReserve = store.giveUpReserve()
        do {
            let dropped = try store.dropHistory()
            guard isNews || hadReserve || dropped > 0 else { return }
            log.notice("history dropped", metadata: ["rows": "\(dropped)", "reserve": "\(hadReserve)"])
        } catch {
            switch error {
            case .diskFull, .busy, .failed: return
            case .fenced, .corrupt, .misplaced, .broken, .roleTaken, .newerSchema, .unwritable: throw error
            }
        }
    }

    private func hasNews() -> Bool { (try? store.hasNews()) ?? true }

    private func sleep(until wake: Moment?, now: Moment) {
        var wait = Self.pollEvery.rawValue
        if let wake { wait = min(wait, max(wake.ms - now.ms, 0)) }
        var watched = [pollfd(fd: knock.reads, events: Int16(POLLIN), revents: 0)]
        if let bell { watched.append(pollfd(fd: bell, events: Int16(POLLIN), revents: 0)) }
        poll(&watched, nfds_t(watched.count), Int32(wait))
        for entry in watched where entry.revents != 0 { drain(entry.fd) }
    }

    private func drain(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64)
        while recvOrRead(descriptor, &buffer) > 0 {}
    }

    private func recvOrRead(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
        descriptor == knock.reads
            ? read(descriptor, &buffer, buffer.count)
            : recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    }

    private func finish(_ outcome: Result<Void, StoreError>) {
        let waiting = ended.withLock { ended -> [CheckedContinuation<Result<Void, StoreError>, Never>] in
            guard case .running(let waiting) = ended else { return [] }
            ended = .done(outcome)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }
}

/// What a tier's thread works at.
package protocol TierDesk: AnyObject, SendableMetatype {
    /// One step, and whatever is to be told to whom.
    /// - Returns: when to step again at the latest.
    func step() throws(StoreError) -> Moment?
    /// The thread ends: nobody may be left waiting.
    func end()
}
