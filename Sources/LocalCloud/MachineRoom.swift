import Cloud
import Logging
import Model
import Wire

/// The machines: the registry and the processes it stands for. Every change is on disk before it is acted on
/// or answered, and what is acted on is only ever read from there.
actor MachineRoom {
    private(set) var settings: LocalCloudSettings
    private let file: RegistryFile
    private let clock: @Sendable () -> Moment
    /// The date, for the bill.
    let unixMillis: @Sendable () -> Int64
    let log: Logger
    private(set) var registry: Registry
    /// By machine id.
    private var agents: [String: AgentProcess] = [:]
    private var restarts: [String: Restart] = [:]
    /// Who bears a mark, read at most once a tick, and only when a machine ends.
    private var scan: [MarkedProcess]?
    /// Calls by name and outcome, for metrics.
    private(set) var outcomes: [CallOutcome: Int64] = [:]
    private(set) var agentStarts: Int64 = 0
    /// Of the latest create or terminate; written down with the next change.
    var callIndex: UInt64

    struct CallOutcome: Hashable {
        var call: String
        var outcome: String
    }

    /// Delay of the next start of an agent that died, as init would: doubled each time, forgotten once it
    /// lived.
    private struct Restart {
        var failures = 0
        var notBefore = Moment(0)
        var startedAt = Moment(0)
    }

    static let restartDelayFirst = Millis(100)
    static let restartDelayMax = Millis(5_000)
    /// An agent that lived so long is restarted after `restartDelayFirst` again.
    static let restartForgets = Millis(10_000)
    /// From SIGTERM to SIGKILL when a machine is given back; an agent gives its replicas 2 s of it.
    static let stopGraceMax = Millis(3_000)

    /// Reads the registry and adopts the agents that live.
    init(
        settings: LocalCloudSettings, boot: String, clock: @escaping @Sendable () -> Moment,
        unixMillis: @escaping @Sendable () -> Int64, log: Logger
    ) throws(Problem) {
        self.clock = clock
        self.unixMillis = unixMillis
        self.log = log
        file = RegistryFile(directory: settings.directory)
        var registry = try file.load() ?? Registry(boot: boot)
        registry.moveToBoot(boot, now: clock())
        let sold = Sold(fake: settings.fake, types: settings.nodeTypes)
        let catalogue = Catalogue.atStart(sold, known: registry.catalogue)
        registry.catalogue = catalogue
        var selling = settings
        (selling.fake, selling.nodeTypes) = (catalogue.inForce.fake, catalogue.inForce.types)
        self.settings = selling
        self.registry = registry
        callIndex = registry.calls
        var agents: [String: AgentProcess] = [:]
        let marked = registry.machines.isEmpty ? [] : MarkedProcess.all()
        for machine in registry.machines where machine.state == .running || machine.state == .stopping {
            agents[machine.id] = Self.adopt(machine, settings, marked)
        }
        self.agents = agents
        for (id, agent) in agents {
            if let index = self.registry.machines.firstIndex(where: { $0.id == id }) {
                self.registry.machines[index].agent = agent.mark
            }
        }
        try file.save(self.registry)
    }

    /// The remembered process, or one started just before a crash that could not be remembered any more.
    private static func adopt(
        _ machine: Machine, _ settings: LocalCloudSettings, _ marked: [MarkedProcess]
    ) -> AgentProcess? {
        if let mark = machine.agent, let agent = AgentProcess.adopt(mark) { return agent }
        let start = machine.start(nodesDirectory: settings.nodesDirectory)
        let mark = ProcessMark(start)
        // The program's own path may have changed with a new build; what it was told has not.
        let told = settings.command(start).dropFirst()
        return marked.first { $0.bears(mark) && $0.arguments.dropFirst() == told }
            .flatMap { AgentProcess.adopt(pid: $0.pid) }
    }

    var now: Moment { clock() }

    func take(_ sold: Sold) { (settings.fake, settings.nodeTypes) = (sold.fake, sold.types) }

    /// Changes the registry on disk, then here.
    func commit<Result>(
        _ change: (inout Registry) throws(Problem) -> Result
    ) throws(Problem) -> Result {
        var next = registry
        let result = try change(&next)
        if next != registry {
            try file.save(next)
            registry = next
        }
        return result
    }

    func count(_ call: String, _ outcome: String) {
        outcomes[CallOutcome(call: call, outcome: outcome), default: 0] += 1
    }
}

// MARK: - Time

extension MachineRoom {
    /// Everything that is due: boots, restarts, ends. Called now and then and after each call; a failure to
    /// write leaves the rest for the next time.
    func advance() {
        scan = nil
        do {
            let now = now
            let forgotten = try commit { $0.forget(now: now) }
            if forgotten { log.info("ended machines forgotten") }
            for machine in registry.machines where !(machine.state == .terminated && machine.isSwept) {
                try advance(machine, now)
            }
        } catch {
            log.error("registry not written", metadata: ["problem": "\(error)"])
        }
    }

    private func advance(_ machine: Machine, _ now: Moment) throws(Problem) {
        if let end = machine.preemptedAt, end <= now, machine.state != .terminated {
            return try lose(machine.id)
        }
        switch machine.state {
        case .pending where machine.bootsAt <= now: try boot(machine, now)
        case .pending: break
        case .running: try keep(machine, now)
        case .stopping: try stop(machine, now)
        case .terminated: try sweep(machine)
        }
    }

    private func boot(_ machine: Machine, _ now: Moment) throws(Problem) {
        // Of a machine of the same name in a former life of this directory.
        NodeFiles.removeRetired(settings.nodesDirectory, machine.node)
        try change(machine.id) { $0.state = .running }
        try start(machine, now)
    }

    private func keep(_ machine: Machine, _ now: Moment) throws(Problem) {
        if let agent = agents[machine.id] {
            if agent.isAlive { return }
            agents[machine.id] = nil
            log.info("agent ended", metadata: ["node": "\(machine.node)", "pid": "\(agent.mark.pid)"])
            delayRestart(machine.id, now)
        }
        // Told by its tier that it is no more: it would only be told so again.
        if NodeFiles.isRetired(settings.nodesDirectory, machine.node) { return }
        if let restart = restarts[machine.id], now < restart.notBefore { return }
        try start(machine, now)
    }

    private func delayRestart(_ id: String, _ now: Moment) {
        var restart = restarts[id] ?? Restart()
        restart.failures = now - restart.startedAt >= Self.restartForgets ? 1 : restart.failures + 1
        let doubled = Self.restartDelayFirst.rawValue << min(restart.failures - 1, 10)
        restart.notBefore = now + min(Millis(doubled), Self.restartDelayMax)
        restarts[id] = restart
    }

    private func start(_ machine: Machine, _ now: Moment) throws(Problem) {
        let start = machine.start(nodesDirectory: settings.nodesDirectory)
        do {
            let agent = try AgentProcess.start(
                settings.command(start), start)
            agents[machine.id] = agent
            agentStarts += 1
            restarts[machine.id, default: Restart()].startedAt = now
            try change(machine.id) { $0.agent = agent.mark }
        } catch  where error.code == "agent" {
            log.error("agent not started", metadata: ["node": "\(machine.node)", "problem": "\(error)"])
            delayRestart(machine.id, now)
        }
    }

    /// First the agent's own way: it stops its replicas. After the grace, whatever bears the mark is killed.
    private func stop(_ machine: Machine, _ now: Moment) throws(Problem) {
        if agents[machine.id]?.isAlive == true {
            guard let since = machine.stoppingAt, since + Self.stopGraceMax <= now else { return }
            agents[machine.id]?.signal(Signals.kill)
        }
        let left = marked(machine)
        if left.isEmpty { return try end(machine.id) }
        if let since = machine.stoppingAt, now < since + Self.stopGraceMax { return }
        for process in left { process.kill() }
    }

    private func marked(_ machine: Machine) -> [MarkedProcess] {
        let found = scan ?? MarkedProcess.all()
        scan = found
        let mark = ProcessMark(machine.start(nodesDirectory: settings.nodesDirectory))
        return found.filter { $0.bears(mark) }
    }

    /// After the end, until a look finds nothing: a process may have forked while /proc was read.
    private func sweep(_ machine: Machine) throws(Problem) {
        let left = marked(machine)
        for process in left { process.kill() }
        if left.isEmpty { try change(machine.id) { $0.isSwept = true } }
    }

    private func end(_ id: String) throws(Problem) {
        let (now, unixMs) = (now, unixMillis())
        try commit { registry throws(Problem) in
            guard let index = registry.machines.firstIndex(where: { $0.id == id }) else { return }
            registry.finish(index, now: now, unixMs: unixMs)
        }
        agents[id] = nil
        restarts[id] = nil
    }

    /// The loss of a machine: it is gone from the registry's point of view before its processes are, all at
    /// once.
    func lose(_ id: String) throws(Problem) {
        guard let machine = registry.machines.first(where: { $0.id == id }), machine.state != .terminated
        else { return }
        let agent = agents[id]
        try end(id)
        agent?.signal(Signals.kill)
        scan = nil
        for process in marked(machine) { process.kill() }
        scan = nil
    }

    func change(_ id: String, _ change: (inout Machine) -> Void) throws(Problem) {
        try commit { registry throws(Problem) in
            guard let index = registry.machines.firstIndex(where: { $0.id == id }) else { return }
            change(&registry.machines[index])
        }
    }

    /// Asks the agent to stop its replicas and end.
    func askToStop(_ id: String) { agents[id]?.signal(Signals.terminate) }
}
