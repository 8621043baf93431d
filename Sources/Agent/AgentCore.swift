import CPlatform
import Foundation
import Logging
import Model
import Supervision
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// The body to the supervisor's mind: tells it what happens, does what it says, and keeps on disk what a
/// successor must know. Everything runs on the agent's one thread.
actor AgentCore {
    /// A replica's process that is alive, as far as is known.
    struct Child {
        var process: ChildProcess
        var recorded: RecordedProcess
        var attempt: Int
        /// Size of the log when it began.
        var logStart: Int64
        /// A SIGKILL that follows is ours.
        var killed = false
        /// Its memory is limited.
        var limited = false
        var watch: Task<Void, Never>?
    }

    let settings: AgentSettings
    let directory: NodeDirectory
    let logger: Logger
    let marks: ProcessMarks
    /// Rings when a report changes.
    nonisolated let bell = ChangeBell()
    nonisolated let thread = AgentThread.shared
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    var mind: Supervisor
    var children: [ReplicaID: Child] = [:]
    var tally = AgentTally()
    private var records: [ReplicaID: ReplicaRecord] = [:]
    private var standing = RecordedOrders()
    private var reports: [ReplicaReport] = []
    /// The tier asks what the replicas were started with.
    private var tellsSettings = false
    private var memoryWatch: OutOfMemoryWatch
    private var timer: Task<Void, Never>?
    private var timerAt: Moment?
    /// It is stopping for good and takes no more orders.
    private var closing = false
    /// It has let go of everything.
    private var left = false

    init(settings: AgentSettings, directory: NodeDirectory, logger: Logger) {
        self.settings = settings
        self.directory = directory
        self.logger = logger
        marks = ProcessMarks(directory: directory.path, node: settings.node)
        let now = BootClock.now
        mind = Supervisor(ports: settings.ports, now: now)
        memoryWatch = OutOfMemoryWatch(now: now)
    }

    // MARK: - Beginning and end

    /// Adopts what an earlier agent left running, kills what it has no record of, and goes on with the last
    /// orders: nothing of this needs a tier.
    func begin() {
        standing = directory.readOrders(logger)
        let marked = marks.find()
        var found: [FoundReplica] = []
        for record in directory.readRecords(logger) {
            records[record.id] = record
            found.append(adopt(record, marked))
        }
        let strays = marks.kill { children[$0.replica] == nil }
        if strays > 0 { logger.warning("killed \(strays) processes of replicas that nobody has a record of") }
        let now = BootClock.now
        mind = Supervisor(
            ports: settings.ports, nextPort: directory.readNextPort(logger), found: found,
            fence: standing.fence, now: now)
        for id in children.keys { watch(id) }
        if standing != RecordedOrders() {
            _ = mind.obey(standing.orders.map(StandingOrder.init), fence: standing.fence, now: now)
        }
        advance([])
    }

    /// Lets go of everything and leaves the replicas running.
    func leave() {
        left = true
        timer?.cancel()
        for child in children.values {
            child.watch?.cancel()
            close(child.process.pidfd)
        }
        children = [:]
    }

    /// Everything is told to stop, and killed after `grace`; no orders are taken any more.
    func stopAll(grace: Millis) {
        closing = true
        mind.stopAll(grace: grace, now: BootClock.now)
        advance([])
    }

    /// Returns when nothing runs any more, or when the task is cancelled.
    nonisolated func idle() async {
        while !Task.isCancelled {
            let seen = bell.count
            if await isIdle { return }
            await bell.wait(beyond: seen)
        }
    }

    private var isIdle: Bool { mind.isIdle && children.isEmpty }

    // MARK: - The tier

    /// What is true here, and the count of changes that it covers.
    func request(controlPort: Int) -> (request: NodeSyncRequest, seen: Int) {
        let now = BootClock.now
        let accounts = mind.accounts
        let current = accounts.map { account in
            var report = ReplicaReport(account)
            report.startedAgo = account.startedAt.map { now - $0 }
            if tellsSettings {
                report.settings = account.order.settings
                report.gpus = account.order.gpus
            }
            return report
        }
        let facts = NodeFacts(
            resources: settings.resources ?? MachineFacts.resources, host: settings.host, pid: getpid(),
            port: controlPort)
        var request = NodeSyncRequest(
            incarnation: settings.incarnation, facts: facts, fence: mind.fence, replicas: current)
        request.sent = Millis(now.ms)
        return (request, bell.count)
    }

    /// Carries out a tier's answer, after it is on disk.
    /// - Returns: false when there was nothing new in it to do; what `retire` asks is left to the caller.
    /// - Throws: `Problem` when the orders are older than those in force, cannot be understood or cannot be
    ///   kept;
    ///   nothing has changed then.
    func obey(_ answer: NodeSyncAnswer) throws(Problem) -> Bool {
        if let refusal = WireVersion.refusal(answer.wireVersion, of: SyncLoop.tier, by: SyncLoop.me) {
            throw refusal
        }
        guard answer.fence >= mind.fence else {
            tally.refused += 1
            throw Problem(
                code: "stale_orders",
                message:
                    "orders \(Self.text(answer.fence)) are older than those obeyed, \(Self.text(mind.fence))"
            )
        }
        tellsSettings = answer.tellSettings ?? false
        if closing || left || answer.retire { return false }
        if let wrong = answer.orders?.first(where: { !NodeDirectory.accepts($0.id) }) {
            throw Problem(
                code: "invalid",
                message: "replica \"\(wrong.id)\" is no id: it is application#deployment#serial")
        }
        let next = RecordedOrders(fence: answer.fence, orders: answer.orders ?? standing.orders)
        if next == standing { return false }
        try directory.write(next)
        standing = next
        _ = mind.obey(answer.orders?.map(StandingOrder.init), fence: answer.fence, now: BootClock.now)
        advance([])
        return true
    }

    /// Cluster generation, epoch and generation, for messages.
    private static func text(_ fence: Fence) -> String {
        "\(fence.clusterGeneration).\(fence.epoch).\(fence.generation)"
    }

    // MARK: - The turn

    /// Takes in what was seen, does what follows, and what follows from that.
    func advance(_ news: [Event]) {
        var news = news
        repeat {
            let now = BootClock.now
            for event in news { mind.note(event, now: now) }
            let actions = mind.step(now: now)
            news = actions.compactMap(carryOut)
        } while !news.isEmpty
        settle()
    }

    /// - Returns: what came of it, when that is known at once.
    private func carryOut(_ action: Action) -> Event? {
        switch action {
        case .start(let start):
            return self.start(start)
        case .probe(let probe):
            let check = ReadinessProbe(probe, thread: thread)
            Task {
                let wrong = await check.run()
                hear(Event(probe.replica, attempt: probe.attempt, wrong.map(Event.Kind.ill) ?? .well))
            }
        case .configure(let configuration):
            let call = ReadinessProbe(configuration, thread: thread)
            Task {
                let wrong = await call.run()
                hear(
                    Event(
                        configuration.replica, attempt: configuration.attempt,
                        wrong.map(Event.Kind.notConfigured) ?? .configured))
            }
        case .terminate(let id, _):
            children[id]?.process.signal(SIGTERM)
        case .kill(let id, _):
            children[id]?.killed = true
            children[id]?.process.signal(SIGKILL)
        case .forget(let id):
            // Not kept, the next agent gives ports again sooner than need be: no reason to stop.
            do { try directory.write(nextPort: mind.nextPort) } catch { logger.error("\(error)") }
            directory.removeRecord(of: id)
            records[id] = nil
            ReplicaLog.prune(directory.logs, living: Set(records.keys), endedMax: settings.endedLogsMax)
        }
        return nil
    }

    private func hear(_ event: Event) {
        if !left { advance([event]) }
    }

    /// Brings the disk, the reports and the alarm clock in line with the mind.
    private func settle() {
        for account in mind.accounts {
            let old = records[account.order.id]
            let known = old?.attempt == account.attempt ? old?.process : nil
            let record = ReplicaRecord(account, process: children[account.order.id]?.recorded ?? known)
            if record != old { keep(record) }
        }
        let current = mind.accounts.map(ReplicaReport.init)
        if current != reports {
            reports = current
            bell.ring()
        }
        setTimer()
    }

    /// A record that cannot be written now is written at the next turn; the process bears its mark meanwhile.
    private func keep(_ record: ReplicaRecord) {
        do {
            try directory.write(record)
        } catch {
            logger.error("\(error)")
            return
        }
        if record.final != nil, records[record.id]?.final == nil { tell(record) }
        records[record.id] = record
    }

    private func tell(_ record: ReplicaRecord) {
        guard let final = record.final else { return }
        if final.asOrdered {
            logger.info("\(record.id) stopped")
        } else {
            tally.failures += 1
            let exit = final.exit.map { "\($0)" } ?? "no exit"
            logger.warning("\(record.id) failed: \(exit)\(final.lastLines.last.map { ": " + $0 } ?? "")")
        }
    }

    private func setTimer() {
        let wake = mind.wake
        guard wake != timerAt else { return }
        timerAt = wake
        timer?.cancel()
        timer = wake.map { wake in
            Task {
                guard await thread.sleep(until: wake), !left else { return }
                timerAt = nil
                advance([])
            }
        }
    }

    // MARK: - Upkeep

    /// To be called once a period.
    func upkeep() {
        memoryWatch.sample(now: BootClock.now)
        for id in children.keys where ReplicaLog.trim(directory.log(of: id), to: settings.logBytesMax) {
            logger.info("cut the log of \(id) to its newer half: it was beyond \(settings.logBytesMax) bytes")
        }
        if settings.reapsOrphans { reapOrphans() }
    }

    private func reapOrphans() {
        while true {
            let pid = tandem_any_ended_child()
            // A replica's own process is reaped where its end is looked into.
            if pid == 0 || children.values.contains(where: { $0.process.pid == pid }) { return }
            _ = tandem_reap(pid)
        }
    }

    func write(intent start: Start) throws(Problem) {
        guard let account = mind.accounts.first(where: { $0.order.id == start.order.id }) else { return }
        let record = ReplicaRecord(account, process: nil)
        try directory.write(record)
        records[record.id] = record
    }

    var memoryKillsRose: Bool { memoryWatch.rose }
}
