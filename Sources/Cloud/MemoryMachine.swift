public import Model

extension MemoryCloud {
    /// The truth about one machine, which `list` may hide.
    public struct Machine: Hashable, Sendable {
        public var instance: Instance
        public var join: Join
        public var createdAt: Moment
        /// Nil: never.
        public var bootsAt: Moment?
        public var stopsAt: Moment?
        public var terminatedAt: Moment?
        public var preemptedAt: Moment?
        /// When its agent starts or has started; nil: never. Differs from `bootsAt` where the machine is
        /// terminated before, and by the fault `joinsAfterTerminate`.
        package internal(set) var agentStarts: Moment?
        /// Set: its agent lives until then, although the machine was terminated before.
        package internal(set) var agentEnds: Moment?
        /// Its agent runs now.
        package internal(set) var agentAlive = false
        var askedToStopAt: Moment?
        var noticedAt: Moment?
        var lie: Lie?

        init(instance: Instance, join: Join, createdAt: Moment, bootsAt: Moment?) {
            self.instance = instance
            self.join = join
            self.createdAt = createdAt
            self.bootsAt = bootsAt
            agentStarts = bootsAt
        }
    }

    /// A state in which lists show a machine instead of its own.
    struct Lie: Hashable, Sendable {
        var state: Instance.State
        var from: Moment
        /// Nil: until the machine stops.
        var until: Moment?
        /// Afterwards the machine is in no list.
        var thenHidden = false
    }
}

extension MemoryCloud.Machine {
    /// When it ends by itself: given back, or taken away.
    var ends: Moment? {
        guard let stopsAt, let preemptedAt else { return stopsAt ?? preemptedAt }
        return min(stopsAt, preemptedAt)
    }

    /// Whether it was terminated so long before `moment`.
    func isTerminated(for span: Millis, at moment: Moment) -> Bool {
        terminatedAt.map { $0 + span <= moment } ?? false
    }

    /// As a list of that moment shows it; nil: not at all.
    func shown(at moment: Moment, _ settings: MemoryCloud.Settings) -> Instance? {
        guard createdAt + settings.listLag <= moment else { return nil }
        if lied(at: moment) == nil {
            if isTerminated(for: settings.remembersTerminated, at: moment) { return nil }
            if let lie, lie.thenHidden, lie.from <= moment { return nil }
        }
        return answer(at: moment)
    }

    /// As an answer about it alone shows it.
    func answer(at moment: Moment) -> Instance {
        var shown = instance
        shown.state = lied(at: moment) ?? state(at: moment)
        // Of an end nothing is known before it, nor while the state is a lie.
        if shown.state != .terminated || lied(at: moment) != nil { shown.endedUnixMs = nil }
        if let preemptedAt, let noticedAt, noticedAt <= moment {
            shown.preemptedIn = max(.zero, preemptedAt - moment)
        }
        return shown
    }

    func lied(at moment: Moment) -> Instance.State? {
        guard let lie, lie.from <= moment, lie.until.map({ moment < $0 }) ?? true else { return nil }
        return lie.state
    }

    private func state(at moment: Moment) -> Instance.State {
        func isPast(_ fate: Moment?) -> Bool { fate.map { $0 <= moment } ?? false }
        if isPast(terminatedAt) { return .terminated }
        if isPast(askedToStopAt) { return .stopping }
        return isPast(bootsAt) ? .running : .pending
    }
}
