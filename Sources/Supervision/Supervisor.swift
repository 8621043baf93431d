import Model

/// An agent's mind: what runs, what is ordered, what the time is → what to do now.
///
/// Two kinds of calls that never mix: `obey` and `note` only write down what was heard; `step` decides. It
/// restarts nothing: a replica that ends has ended, and whoever ordered it is told. The one exception is a
/// replica that never got its port, which is tried again on another. One that was ready and fails its checks goes on,
/// and is reported: whether and when it is ended is decided with all the others in view.
package struct Supervisor: Sendable {
    /// Ports tried for one replica; then it has failed.
    package static let portAttemptsMax = 5
    /// Between SIGTERM and SIGKILL for one that is ended without an order, never having been ready.
    package static let unwellGrace = Millis(5_000)
    /// A SIGKILL is sent again after this long, for as long as the process is there.
    package static let killAgainAfter = Millis(5_000)
    /// The first check of a new process, and the shortest pause between two.
    package static let firstProbeAfter = Millis(10)
    /// While starting, the pause between checks is the age through this, so that readiness is seen at most
    /// a quarter later than it came.
    package static let probeAgeShare: Int64 = 4

    /// Of the orders in force.
    package private(set) var fence: Fence
    private let ports: ClosedRange<Int>
    /// Where the search for a free port begins: a port is given again as late as can be, since a proxy that is cut off
    /// may send to it as to the replica it last knew there. To be kept with each `Action.forget` for the next agent.
    package private(set) var nextPort: Int
    /// Sorted by id.
    private var replicas: [Supervised] = []

    /// - Parameters:
    ///   - ports: where replicas of this node may listen.
    ///   - nextPort: as kept by the agent before; nil: there was none.
    ///   - found: what was there already; it counts as ordered until the first `obey`.
    ///   - fence: of the last orders obeyed before, as kept on disk.
    package init(
        ports: ClosedRange<Int>, nextPort: Int? = nil, found: [FoundReplica] = [], fence: Fence = .none,
        now: Moment
    ) {
        self.ports = ports
        self.fence = fence
        self.nextPort = Self.nextPort(in: ports, from: nextPort, beyond: found.map(\.port))
        replicas = found.map { Self.adopt($0, now: now) }.sorted { $0.order.id < $1.order.id }
        #if MUTANTS
            if Mutant.adoptsNothing.isOn { replicas = [] }
        #endif
    }

    /// Beyond the ports given since `kept` was written: those that lie less than half the range ahead of it.
    private static func nextPort(in ports: ClosedRange<Int>, from kept: Int?, beyond given: [Int]) -> Int {
        let first = kept.flatMap { ports.contains($0) ? $0 : nil } ?? ports.lowerBound
        let ahead = given.filter(ports.contains).map { ($0 - first + ports.count) % ports.count }
        let last = ahead.filter { kept == nil || $0 < ports.count / 2 }.max() ?? -1
        return ports.lowerBound + (first - ports.lowerBound + last + 1) % ports.count
    }

    /// In order of id.
    package var accounts: [Account] { replicas.map(\.account) }

    /// True when nothing runs and nothing is being started.
    package var isIdle: Bool { replicas.allSatisfy(\.isFinal) }

    // MARK: - Heard

    /// Takes the complete desired set. `orders` nil: the set in force stays, under the new fence.
    package mutating func obey(_ orders: [StandingOrder]?, fence: Fence, now: Moment) -> Obedience {
        guard fence >= self.fence else { return .refused(highest: self.fence) }
        self.fence = fence
        guard let orders else { return .obeyed }
        for index in replicas.indices { replicas[index].named = false }
        for order in orders {
            let index = place(of: order.id) ?? insert(Supervised(order))
            replicas[index].named = true
            replicas[index].adjust(to: order, now: now)
            if let grace = order.stopGrace {
                replicas[index].order.stopGrace = grace
                replicas[index].stop(.ordered, killAt: now + grace)
            }
        }
        for index in replicas.indices where !replicas[index].named {
            replicas[index].stop(.ordered, killAt: now)
        }
        return .obeyed
    }

    /// Everything shall stop, at the latest after `grace`; nothing is ordered any more.
    package mutating func stopAll(grace: Millis, now: Moment) {
        for index in replicas.indices { replicas[index].stop(.ordered, killAt: now + grace) }
    }

    /// Takes what the agent saw.
    package mutating func note(_ event: Event, now: Moment) {
        guard let index = place(of: event.replica), replicas[index].attempt == event.attempt else { return }
        switch event.kind {
        case .started(let pid): started(index, pid: pid, now: now)
        case .notStarted(let reason): notStarted(index, .notStarted(reason))
        case .portTaken: if replicas[index].stage == .launching { retryOrEnd(index) }
        case .exited(let end, let lastLines, let portTaken):
            exited(index, end, lastLines: lastLines, portTaken: portTaken)
        case .well: probed(index, nil, now: now)
        case .ill(let answer): probed(index, answer, now: now)
        case .configured: configured(index, nil, now: now)
        case .notConfigured(let answer): configured(index, answer, now: now)
        }
    }

    // MARK: - Decided

    /// What to do now. Every action is given out once.
    package mutating func step(now: Moment) -> [Action] {
        var actions: [Action] = []
        for index in replicas.indices { actions += step(index, now: now) }
        let forgotten = replicas.filter { $0.isFinal && !$0.named }.map(\.order.id)
        replicas.removeAll { $0.isFinal && !$0.named }
        return actions + forgotten.map(Action.forget)
    }

    /// When the next `step` has something to do though nothing is heard; nil: never.
    package var wake: Moment? {
        replicas.compactMap { replica -> Moment? in
            guard replica.pid != nil else { return nil }
            if let stop = replica.stop { return stop.killAt }
            let probe = replica.probing ? nil : replica.nextProbe
            return [probe, replica.startDeadline].compactMap(\.self).min()
        }.min()
    }
}

// MARK: - One replica

extension Supervisor {
    private func place(of id: ReplicaID) -> Int? {
        replicas.firstIndex { $0.order.id == id }
    }

    private mutating func insert(_ replica: Supervised) -> Int {
        let place = replicas.firstIndex { $0.order.id > replica.order.id } ?? replicas.endIndex
        replicas.insert(replica, at: place)
        return place
    }

    private static func adopt(_ found: FoundReplica, now: Moment) -> Supervised {
        var replica = Supervised(found.order)
        replica.order.stopGrace = nil  // said again by the orders, with the time that is left to it
        replica.attempt = found.attempt
        switch found.condition {
        case .unstarted:
            break
        case .running(let pid, let ready, let age):
            replica.port = found.port
            replica.stage = ready ? .ready(pid: pid) : .starting(pid: pid)
            replica.startedAt = now - age
            replica.firstStartedAt = now - age
            replica.nextProbe = now
            replica.applied = found.applied
            if !replica.needsConfiguration { replica.applied = found.order.adjustment }
            // Until a check passes: it is not well because somebody else looks.
            if let unwell = found.unwell {
                (replica.failures, replica.lastAnswer) = (HealthCheck.failuresMax, unwell)
            }
        case .gone(let stopping):
            replica.end(FinalReport(asOrdered: stopping, end: .unknown))
        case .ended(let final):
            replica.end(final)
        }
        return replica
    }

    private mutating func step(_ index: Int, now: Moment) -> [Action] {
        let id = replicas[index].order.id
        switch replicas[index].stage {
        case .launching, .ended:
            return []
        case .waiting:
            return launch(index)
        case .starting(let pid), .ready(let pid):
            if let deadline = replicas[index].startDeadline, deadline <= now {
                let answer = replicas[index].lastAnswer
                replicas[index].stop(.startDeadline(answer), killAt: now + Self.unwellGrace)
            }
            #if MUTANTS
                if Mutant.neverKills.isOn { replicas[index].stop?.killAt = now + Millis(1 << 40) }
            #endif
            if let stop = replicas[index].stop {
                if stop.killAt <= now {
                    replicas[index].stop?.killAt = now + Self.killAgainAfter
                    replicas[index].stop?.terminated = true
                    return [.kill(id, pid: pid)]
                }
                if stop.terminated { return [] }
                replicas[index].stop?.terminated = true
                return [.terminate(id, pid: pid)]
            }
            return check(index, now: now).map { [$0] } ?? []
        }
    }

    private mutating func launch(_ index: Int) -> [Action] {
        if replicas[index].stop != nil {
            replicas[index].end(FinalReport(asOrdered: true, end: nil))
            return []
        }
        guard let port = freePort(besides: replicas[index].portsTaken) else {
            let reason =
                "no free port in \(ports.lowerBound)-\(ports.upperBound): widen the range of replica ports"
            replicas[index].end(FinalReport(asOrdered: false, end: .notStarted(reason)))
            return []
        }
        replicas[index].port = port
        replicas[index].stage = .launching
        return [.start(Start(order: replicas[index].order, attempt: replicas[index].attempt, port: port))]
    }

    /// Round the range, so that a port is given again as late as can be.
    private mutating func freePort(besides taken: [Int]) -> Int? {
        let held = Set(replicas.compactMap(\.heldPort)).union(taken)
        #if MUTANTS
            if Mutant.reusesPorts.isOn { nextPort = ports.lowerBound }
        #endif
        for _ in ports {
            let port = nextPort
            nextPort = port == ports.upperBound ? ports.lowerBound : port + 1
            if !held.contains(port) { return port }
        }
        return nil
    }

    /// A check, or the configuration of one that answers.
    private mutating func check(_ index: Int, now: Moment) -> Action? {
        let replica = replicas[index]
        guard !replica.probing, let due = replica.nextProbe, due <= now, let port = replica.port else {
            return nil
        }
        replicas[index].probing = true
        let health = replica.order.settings.health
        var timeout = health.timeout
        if let deadline = replica.startDeadline { timeout = min(timeout, deadline - now) }
        let settings = replica.order.settings
        if replica.answers, replica.needsConfiguration, let body = settings.userConfig,
            let path = settings.reconfigurePath
        {
            replicas[index].configuring = replica.order.adjustment
            return .configure(
                Configuration(
                    replica: replica.order.id, attempt: replica.attempt, port: port, path: path, body: body,
                    timeout: timeout))
        }
        return .probe(
            Probe(
                replica: replica.order.id, attempt: replica.attempt, port: port, path: health.path,
                timeout: timeout))
    }

    private mutating func started(_ index: Int, pid: Int32, now: Moment) {
        guard replicas[index].stage == .launching else { return }
        replicas[index].stage = .starting(pid: pid)
        replicas[index].startedAt = now
        replicas[index].firstStartedAt = replicas[index].firstStartedAt ?? now
        replicas[index].applied = nil
        if !replicas[index].needsConfiguration { replicas[index].applied = replicas[index].order.adjustment }
        replicas[index].nextProbe = now + Self.firstProbeAfter
    }

    private mutating func notStarted(_ index: Int, _ end: ReplicaEnd) {
        guard replicas[index].stage == .launching else { return }
        let ordered = replicas[index].stop != nil
        replicas[index].end(FinalReport(asOrdered: ordered, end: ordered ? nil : end))
    }

    /// Another port, or the end when it was to stop anyway or has been tried enough.
    private mutating func retryOrEnd(_ index: Int) {
        if let port = replicas[index].port { replicas[index].portsTaken.append(port) }
        guard replicas[index].stop == nil, replicas[index].attempt < Self.portAttemptsMax else {
            let taken = replicas[index].portsTaken.map(String.init).joined(separator: ", ")
            notStarted(index, .notStarted("all ports tried were taken by others: \(taken)"))
            return
        }
        replicas[index].attempt += 1
        replicas[index].stage = .waiting
        replicas[index].nextProbe = nil
        replicas[index].probing = false
    }

    private mutating func exited(_ index: Int, _ end: ReplicaEnd, lastLines: [String], portTaken: Bool) {
        guard replicas[index].pid != nil else { return }
        switch replicas[index].stop?.cause {
        case .ordered:
            replicas[index].end(FinalReport(asOrdered: true, end: end))
        case .startDeadline(let answer):
            replicas[index].end(
                FinalReport(asOrdered: false, end: .startDeadline(answer), lastLines: lastLines))
        case nil:
            let early = if case .starting = replicas[index].stage { true } else { false }
            if early, portTaken, replicas[index].attempt < Self.portAttemptsMax {
                retryOrEnd(index)
            } else {
                replicas[index].end(FinalReport(asOrdered: false, end: end, lastLines: lastLines))
            }
        }
    }

    private mutating func probed(_ index: Int, _ ill: String?, now: Moment) {
        guard let pid = replicas[index].pid, replicas[index].probing else { return }
        replicas[index].probing = false
        replicas[index].answers = ill == nil
        if let ill { return failed(index, ill, now: now) }
        replicas[index].failures = 0
        if replicas[index].needsConfiguration {
            replicas[index].nextProbe = replicas[index].refusals == 0 ? now : nextCheck(index, now)
        } else {
            replicas[index].stage = .ready(pid: pid)
            replicas[index].nextProbe = nextCheck(index, now)
        }
    }

    private mutating func configured(_ index: Int, _ refusal: String?, now: Moment) {
        guard let pid = replicas[index].pid, replicas[index].probing,
            let adjustment = replicas[index].configuring
        else { return }
        replicas[index].probing = false
        replicas[index].configuring = nil
        if let refusal {
            replicas[index].refusals += 1
            replicas[index].lastAnswer = refusal
            replicas[index].nextProbe = nextCheck(index, now)
            return
        }
        replicas[index].applied = adjustment
        replicas[index].refusals = 0
        // Another one may have been ordered meanwhile.
        let isDone = !replicas[index].needsConfiguration
        if isDone {
            replicas[index].stage = .ready(pid: pid)
            // Also one that has no configuration any more.
            replicas[index].applied = replicas[index].order.adjustment
        }
        replicas[index].nextProbe = isDone ? nextCheck(index, now) : now
    }

    private mutating func failed(_ index: Int, _ answer: String, now: Moment) {
        replicas[index].lastAnswer = answer
        if case .ready = replicas[index].stage { replicas[index].failures += 1 }
        replicas[index].nextProbe = nextCheck(index, now)
    }

    /// A period later once it is ready; while it starts, sooner.
    private func nextCheck(_ index: Int, _ now: Moment) -> Moment {
        let replica = replicas[index]
        let period = max(replica.order.settings.health.period, Self.firstProbeAfter)
        guard case .starting = replica.stage, let startedAt = replica.startedAt else { return now + period }
        let share = Millis((now - startedAt).rawValue / Self.probeAgeShare)
        return now + min(max(share, Self.firstProbeAfter), period)
    }
}
