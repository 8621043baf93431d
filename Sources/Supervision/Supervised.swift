import Model

/// One replica in the supervisor's mind.
struct Supervised: Sendable {
    enum Stage: Hashable, Sendable {
        /// To be started at the next step.
        case waiting
        /// Handed out to be started; no word yet.
        case launching
        case starting(pid: Int32)
        case ready(pid: Int32)
        case ended(FinalReport)
    }

    enum Cause: Hashable, Sendable {
        case ordered
        case startDeadline(String)
        case unwell(String)
    }

    /// Why it shall end and how far that has got.
    struct Stop: Hashable, Sendable {
        var cause: Cause
        var killAt: Moment
        var terminated = false
    }

    var order: StandingOrder
    /// False once the orders no longer name it.
    var named = true
    var stage = Stage.waiting
    var stop: Stop?
    var attempt = 1
    var port: Int?
    /// Ports that were found taken, for the message.
    var portsTaken: [Int] = []
    /// Of the first attempt; the start deadline counts from here.
    var firstStartedAt: Moment?
    var startedAt: Moment?
    var nextProbe: Moment?
    /// A check is under way.
    var probing = false
    /// Failed checks in a row.
    var failures = 0
    var lastAnswer = "it was not checked yet"

    init(_ order: StandingOrder) { self.order = order }

    var pid: Int32? {
        switch stage {
        case .starting(let pid), .ready(let pid): pid
        case .waiting, .launching, .ended: nil
        }
    }

    /// The port it may be listening on.
    var heldPort: Int? {
        if case .ended = stage { nil } else { port }
    }

    var isFinal: Bool {
        if case .ended = stage { true } else { false }
    }

    var startDeadline: Moment? {
        guard stop == nil, case .starting = stage, let firstStartedAt else { return nil }
        return firstStartedAt + order.settings.health.startDeadline
    }

    var account: Account {
        let phase: Account.Phase =
            switch (stage, stop != nil) {
            case (.ended(let final), _): final.asOrdered ? .stopped : .failed
            case (_, true): .stopping
            case (.ready, false): .ready
            case (_, false): .starting
            }
        var final: FinalReport?
        if case .ended(let report) = stage { final = report }
        return Account(
            order: order, phase: phase, attempt: attempt, port: port, pid: pid, startedAt: startedAt,
            final: final)
    }

    /// Never later than already promised: the same orders arrive again and again.
    mutating func stop(_ cause: Cause, killAt: Moment) {
        guard !isFinal else { return }
        if let old = stop {
            stop = Stop(
                cause: old.cause, killAt: min(old.killAt, killAt), terminated: old.terminated)
        } else {
            stop = Stop(cause: cause, killAt: killAt)
        }
    }

    mutating func end(_ final: FinalReport) {
        stage = .ended(final)
        probing = false
        nextProbe = nil
    }
}
