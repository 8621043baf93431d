import Cloud
import Model
import NodeTier
import Supervision
import Wire

/// An agent's process: the real supervisor, with processes and probes that are simulated. It keeps on the machine's
/// disk what its successor must know, as the real one does.
final class AgentHost {
    private let machine: MachineHost
    private(set) var mind: Supervisor
    private let incarnation: String
    private var isOver = false
    private var isClosing = false
    private var alarmAt: Moment?
    private var reports: [AgentReplica] = []
    private var exchange: Exchange<NodeHead.Answer>?
    private var call = 0
    private var began: Int64 = 0
    private var backoff = Backoff(first: LongPoll.pauseFirst, max: LongPoll.pauseMax)
    private var isResting = false
    private var tellsSettings = false
    private var dice: SeededDice

    /// From the order to the process, and from a question to its answer.
    static let spawnTakes: Int64 = 2_000
    static let probeTakes: Int64 = 1_000

    init(on machine: MachineHost, _ world: World) {
        self.machine = machine
        incarnation = "\(machine.host)-\(machine.disk.incarnations)"
        mind = Supervisor(ports: machine.portRange, now: Self.clock(world))
        dice = SeededDice(
            seed: world.plan.seed, text: "agent-\(machine.number)-\(machine.disk.incarnations)")
    }

    /// The boot clock of its machine.
    private static func clock(_ world: World) -> Moment { Moment(world.now / 1000) }

    // MARK: - Life

    /// Adopts what an earlier agent left, and goes on with the last orders.
    func begin(_ world: World) {
        let now = Self.clock(world)
        let disk = machine.disk
        let found = disk.records.keys.sorted().compactMap { id -> FoundReplica? in
            guard let record = disk.records[id] else { return nil }
            return FoundReplica(
                order: record.account.order, attempt: record.account.attempt, port: record.account.port ?? 0,
                applied: record.account.applied, unwell: record.account.unwell,
                condition: condition(of: record, world))
        }
        for id in machine.processes.keys.sorted() where disk.records[id] == nil {
            machine.processes[id]?.exit(.signal(9), world)
        }
        mind = Supervisor(
            ports: machine.portRange, nextPort: disk.nextPort, found: found, fence: disk.fence, now: now)
        if let orders = disk.orders { _ = mind.obey(orders, fence: disk.fence, now: now) }
        advance([], world)
        send(world)
    }

    private func condition(of record: MachineHost.Record, _ world: World) -> FoundReplica.Condition {
        let account = record.account
        if let final = account.final { return .ended(final) }
        if let process = machine.processes[account.order.id] {
            let age = Millis((world.now - process.startedAt) / 1000)
            return .running(pid: process.pid, ready: account.phase == .ready, age: age)
        }
        return record.hasProcess ? .gone(stopping: account.phase == .stopping) : .unstarted
    }

    func end() {
        isOver = true
        exchange?.abandon()
    }

    /// Something on its machine happens; not heard by one that is no more.
    func hears(_ world: World, in span: Int64, _ news: @escaping (AgentHost, World) -> Void) {
        world.after(span) { world in
            if !self.isOver { news(self, world) }
        }
    }

    // MARK: - The turn

    func advance(_ news: [Event], _ world: World) {
        let now = Self.clock(world)
        for event in news { mind.note(event, now: now) }
        for action in mind.step(now: now) { carryOut(action, world) }
        for account in mind.accounts {
            let started = machine.disk.records[account.order.id]?.hasProcess ?? false
            machine.disk.records[account.order.id] = MachineHost.Record(
                account: account, hasProcess: started || account.pid != nil)
        }
        let current = account()
        if current != reports {
            reports = current
            if !isResting { send(world) }
        }
        setAlarm(world)
        if isClosing, mind.isIdle { machine.retire(world) }
    }

    private func carryOut(_ action: Action, _ world: World) {
        switch action {
        case .start(let start): self.start(start, world)
        case .probe(let probe): ask(probe, world)
        case .configure(let configuration): configure(configuration, world)
        case .terminate(let id, _): machine.processes[id]?.terminate(world)
        case .kill(let id, _): machine.processes[id]?.exit(.signal(9), world)
        case .forget(let id):
            machine.disk.nextPort = mind.nextPort
            machine.disk.records[id] = nil
        }
    }

    private func start(_ start: Start, _ world: World) {
        let id = start.order.id
        // The intent is on the disk before the process is.
        machine.disk.records[id] = mind.accounts.first { $0.order.id == id }.map {
            MachineHost.Record(account: $0, hasProcess: false)
        }
        let machine = machine
        world.after(Self.spawnTakes) { world in
            // An agent that died meanwhile starts nothing; one that dies after this leaves a process behind.
            guard !self.isOver, machine.isAlive else { return }
            let process = world.spawn(start, on: machine)
            machine.disk.records[id]?.hasProcess = true
            self.advance([Event(id, attempt: start.attempt, .started(pid: process.pid))], world)
        }
    }

    private func ask(_ probe: Probe, _ world: World) {
        let process = machine.processes[probe.replica]
        let isHung = process?.isHung ?? false
        hears(world, in: isHung ? probe.timeout.micros : Self.probeTakes) { agent, world in
            let isWell = !isHung && (process?.isReady(at: world.now) ?? false)
            let kind = isWell ? Event.Kind.well : .ill(isHung ? "no answer" : "connection refused")
            agent.advance([Event(probe.replica, attempt: probe.attempt, kind)], world)
        }
    }

    private func configure(_ configuration: Configuration, _ world: World) {
        let process = machine.processes[configuration.replica]
        let isHung = process?.isHung ?? false
        hears(world, in: isHung ? configuration.timeout.micros : Self.probeTakes) { agent, world in
            let isTaken = !isHung && (process?.isReady(at: world.now) ?? false)
            let kind = isTaken ? Event.Kind.configured : .notConfigured("no answer")
            agent.advance([Event(configuration.replica, attempt: configuration.attempt, kind)], world)
        }
    }

    private func setAlarm(_ world: World) {
        guard let wake = mind.wake, alarmAt.map({ wake < $0 }) ?? true else { return }
        alarmAt = wake
        world.at(wake.ms * 1000) { world in
            guard !self.isOver, self.alarmAt == wake else { return }
            self.alarmAt = nil
            self.advance([], world)
        }
    }

    // MARK: - The conversation

    private func account() -> [AgentReplica] {
        mind.accounts.map { AgentReplica($0, tellsSettings: tellsSettings) }
    }

    private func send(_ world: World) {
        exchange?.abandon()
        call += 1
        began = world.now
        let call = call
        let request = NodeHead.Request(
            node: machine.node, incarnation: incarnation, sent: Millis(world.now / 1000),
            resources: machine.resources, host: machine.host,
            fence: mind.fence, replicas: account())
        let exchange = Exchange<NodeHead.Answer>(
            from: machine.party, to: .nodes, deadline: LongPoll.clientDeadline.micros, in: world
        ) { world, answer in
            guard !self.isOver, call == self.call else { return }
            self.heard(answer, world)
        }
        self.exchange = exchange
        world.carry(from: machine.party, to: .nodes) { world in
            guard let head = world.nodeHead else { return exchange.reset(in: world) }
            head.sync(request, exchange, world)
        }
    }

    private func heard(_ answer: NodeHead.Answer?, _ world: World) {
        exchange = nil
        guard let answer, !answer.unknown, answer.fence >= mind.fence else {
            return rest(backoff.next(using: &dice).micros, world)
        }
        backoff.reset()
        let isAsked = answer.tellSettings && !tellsSettings
        tellsSettings = answer.tellSettings
        if answer.orders?.retire == true { return retire(world) }
        let isNews = obey(answer, world)
        if world.plan.torment == .everythingTwice { _ = obey(answer, world) }
        guard !isOver else { return }
        // Obeying may have sent the next call already.
        if exchange != nil { return }
        if isNews || isAsked {
            send(world)
        } else {
            rest(max(0, began + LongPoll.emptyPause.micros - world.now), world)
        }
    }

    /// Carries out the orders, after they are on the disk.
    /// - Returns: whether there was anything new in them.
    private func obey(_ answer: NodeHead.Answer, _ world: World) -> Bool {
        guard !isClosing else { return false }
        let orders = answer.orders.map { $0.replicas.map(StandingOrder.init) } ?? machine.disk.orders
        if answer.fence == machine.disk.fence, orders == machine.disk.orders { return false }
        machine.disk.fence = answer.fence
        machine.disk.orders = orders
        world.checks.obeys(machine, answer.fence, world)
        _ = mind.obey(
            answer.orders.map { $0.replicas.map(StandingOrder.init) }, fence: answer.fence,
            now: Self.clock(world))
        advance([], world)
        return true
    }

    private func retire(_ world: World) {
        guard !isClosing else { return }
        world.say("\(machine.party) of \(machine.node) is told to end")
        isClosing = true
        mind.stopAll(grace: .zero, now: Self.clock(world))
        advance([], world)
    }

    private func rest(_ span: Int64, _ world: World) {
        isResting = true
        let call = call
        hears(world, in: span) { agent, world in
            guard agent.call == call else { return }
            agent.isResting = false
            agent.send(world)
        }
    }
}

extension MachineHost {
    /// The agent has let go of everything and ends; the machine stays until the provider takes it.
    func retire(_ world: World) {
        world.say("\(party) of \(node) ends")
        disk.isRetired = true
        agent?.end()
        agent = nil
    }
}

extension StandingOrder {
    init(_ order: Orders.Replica) {
        self.init(
            id: order.id, settings: order.settings, stopGrace: order.stopGrace,
            gpus: order.gpus, adjustment: order.adjustment)
    }
}

extension AgentReplica {
    init(_ account: Account, tellsSettings: Bool) {
        let phase: Phase =
            switch account.phase {
            case .starting: .starting
            case .ready: .ready
            case .stopping: .stopping
            case .stopped: .stopped
            case .failed: .failed
            }
        self.init(
            id: account.order.id, phase: phase, port: account.port, pid: account.pid, exitJSON: nil,
            exitText: account.final?.end.map { "\($0)" } ?? "", lastLines: "",
            settings: tellsSettings ? account.order.settings : nil)
        gpus = account.order.gpus
        applied = account.applied
        unwell = account.unwell
    }
}
