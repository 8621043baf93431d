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
    /// Configurations refused in a row.
    var refusals = 0
    /// The adjustment that is in force in its process; nil: none yet.
    var applied: Int?
    /// That of the configuration which is on its way to it.
    var configuring: Int?
    /// Its last check passed: it can be handed its configuration.
    var answers = false
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

    /// Its configuration has yet to be handed to it.
    var needsConfiguration: Bool {
        order.settings.userConfig != nil && order.settings.reconfigurePath != nil
            && applied != order.adjustment
    }

    /// Failed its checks too often, or did not take its configuration.
    var unwell: String? {
        guard case .ready = stage, stop == nil else { return nil }
        return max(failures, refusals) >= HealthCheck.failuresMax ? lastAnswer : nil
    }

    /// Takes over what can be changed while it runs.
    mutating func adjust(to order: StandingOrder, now: Moment) {
        // The orders are the whole truth: a state that was made anew counts from zero again, and may come to the same
        // number with something else.
        guard
            order.adjustment != self.order.adjustment || order.settings.health != self.order.settings.health
                || order.settings.userConfig != self.order.settings.userConfig
        else { return }
        let isSame =
            self.order.settings.userConfig == order.settings.userConfig
            && self.order.settings.reconfigurePath == order.settings.reconfigurePath
        let wasApplied = applied == self.order.adjustment
        self.order.settings.health = order.settings.health
        self.order.settings.userConfig = order.settings.userConfig
        self.order.settings.reconfigurePath = order.settings.reconfigurePath
        self.order.adjustment = order.adjustment
        refusals = 0
        if isSame && wasApplied || !needsConfiguration { applied = order.adjustment }
        if pid != nil { nextProbe = min(nextProbe ?? now, now) }
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
            applied: applied, unwell: unwell, final: final)
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
