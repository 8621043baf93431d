import Cloud
import Model
import Store

/// How the state of a running cluster is made anew.
enum ReadoptRule {
    /// For a machine whose agent has not told what it runs. Counted from the first whole list, and from the start of
    /// this process: an agent backs off for two seconds at most, and a machine may be booting.
    static let silentMax = Millis(30_000)
    /// Numbers beyond it are not of our making.
    static let numberMax: Int64 = 1 << 52
}

extension NodeTier {
    /// Writes the first rows of a new database for a cluster that runs already: from here on every step finds out
    /// what there is, until both tiers have taken it over.
    package func beginReadopt() throws(StoreError) {
        let row = ReadoptRow(beganAt: store.now(), beganUnixMs: store.unixMillis())
        try store.commit { transaction in
            try writeSettings(to: transaction, known: [], row.beganUnixMs)
            try transaction.put(row)
        }
    }

    /// Agents are asked what their replicas were started with.
    package var asksForSettings: Bool { (try? store.state().isReadopting) ?? false }
}

extension NodeStep {
    /// The step of a tier whose state is being made anew: takes in who there is and what it runs. Nothing is ordered,
    /// bought or given back.
    mutating func readopt(_ answers: [ProviderAnswer]) {
        for id in reports.keys.sorted() {
            guard let report = reports[id], let node = state.nodes[id] else { continue }
            greet(node, report)
        }
        for answer in answers {
            if case .list(.success(let instances)) = answer { adopt(machines: instances) }
            fold(answer)
        }
        switch state.readopt?.phase {
        case .looking: look()
        case .found where state.readoptTaken != nil: settle()
        case .found, .done, nil: break
        }
    }

    private mutating func greet(_ node: NodeRow, _ report: AgentReport) {
        switch node.phase {
        case .requested, .booting: join(node, report)
        case .ready, .draining: meet(node, report)
        case .terminating, .gone: return
        }
        // A type that the cluster file does not name: its machine is as large as it says.
        if !node.provider.isEmpty, !settings.nodeTypes.contains(where: { $0.name == node.type }) {
            update(node.id) { $0.resources = report.resources }
        }
    }

    // MARK: - Machines

    /// Every machine with the cluster's tag that is not on its way out becomes a node under its own name and token.
    private mutating func adopt(machines: [Instance]) {
        if var row = state.readopt, row.listedAt == nil {
            row.listedAt = now
            put(row)
        }
        var tokens = Set(state.nodes.values.map(\.token))
        for machine in machines.sorted(by: { ($0.isRunning ? 0 : 1, $0.id) < ($1.isRunning ? 0 : 1, $1.id) })
        where machine.isLive && NameRule.accepts(machine.node.rawValue) {
            guard state.nodes[machine.node] == nil, tokens.insert(machine.token).inserted else { continue }
            put(node(of: machine))
            if let report = reports[machine.node], let row = state.nodes[machine.node] { greet(row, report) }
        }
    }

    private func node(of machine: Instance) -> NodeRow {
        let type = settings.nodeTypes.first { $0.name == machine.offering.nodeType }
        let ports = PortRange.of(
            machine.node.number ?? 0, in: settings.ports,
            shared: settings.provider?.name == ProviderSettings.fakeName)
        var row = NodeRow(
            id: machine.node, type: machine.offering.nodeType, phase: .booting, token: machine.token,
            epoch: 0,
            resources: type?.resources ?? Resources(), portsFirst: ports.first, portsLast: ports.last,
            createdAt: now, joinDeadline: now + settings.joinDeadline)
        row.provider = settings.provider?.name ?? ""
        row.offerings = [machine.offering]
        row.instance = machine.id
        row.zone = machine.offering.zone
        row.capacityType = machine.offering.capacityType
        row.microdollarsPerHour = machine.offering.microdollarsPerHour
        row.why = "found running when the state was made anew"
        return row
    }

    // MARK: - What they run

    private mutating func look() {
        guard var row = state.readopt else { return }
        if settings.provider == nil { row.listedAt = row.listedAt ?? now }
        let nodes = nodes(in: [.requested, .booting, .ready, .draining])
        var told: Set<ReplicaID> = []
        var silent: [NodeID] = []
        for node in nodes {
            guard let report = reports[node.id] else {
                silent.append(node.id)
                continue
            }
            var isWhole = true
            for replica in report.replicas where replica.isThere {
                guard let found = FoundReplicaRow(replica, on: node.id, host: report.host) else {
                    isWhole = false
                    continue
                }
                // Two nodes with one replica: the first one's is kept, the other is not ordered and so stopped.
                if told.insert(found.replica).inserted { put(found) }
            }
            if !isWhole { silent.append(node.id) }
        }
        for id in state.foundReplicas.keys.sorted() where !told.contains(id) { forget(found: id) }
        row.machines = nodes.count
        row.heard = nodes.count - silent.count
        row.replicas = told.count
        if let listed = row.listedAt {
            let end = max(listed, listening) + ReadoptRule.silentMax
            if silent.isEmpty || end <= now {
                row.phase = .found
                row.foundAt = now
                row.silent = silent.map(\.rawValue).joined(separator: " ")
            } else {
                wake(at: end)
            }
        }
        put(row)
    }

    // MARK: - The end

    /// The serve tier has made replicas of what was found: each is where it runs, and from here on it is ordered.
    private mutating func settle() {
        for id in state.foundReplicas.keys.sorted() {
            guard let found = state.foundReplicas[id] else { continue }
            if let replica = state.replicas[id], let node = state.nodes[found.node],
                [.ready, .draining].contains(node.phase)
            {
                put(placement(of: found, replica))
                update(found.node) { $0.idleSince = nil }
            }
            forget(found: id)
        }
        for node in nodes(in: [.booting, .ready, .draining]) {
            reorder(node.id)
            let count = liveReplicas(on: node.id).count
            decisions.append(
                Decision(
                    .place, node.id.rawValue, after: node.phase.rawValue, rule: "readopt",
                    reason: "\(node.id) was found with \(count) replicas when the state was made anew",
                    inputs: [.init("replicas", Int64(count))]))
        }
        for node in nodes(in: [.booting]) { hurry(node) }
        numbersTaken =
            (Array(state.nodes.keys) + state.instances.values.map(\.node))
            .compactMap(\.number).max() ?? 0
        guard var row = state.readopt else { return }
        row.phase = .done
        row.doneAt = now
        put(row)
        raiseGenerations()
        wake(at: now)
    }

    /// A machine that runs and has said nothing all the while is no longer thought to be booting: it has as long as
    /// any agent that was lost, and not the whole time to join.
    private mutating func hurry(_ node: NodeRow) {
        guard let instance = node.instance, state.instances[instance]?.state == InstanceWord.running else {
            return
        }
        let last = min(node.joinDeadline, now + settings.agentLost)
        update(node.id) { $0.joinDeadline = last }
    }

    private func placement(of found: FoundReplicaRow, _ replica: ReplicaRow) -> PlacementRow {
        var row = PlacementRow(
            replica: found.replica, node: found.node, resources: found.settings.resources, pendingAt: now)
        row.assignedAt = now
        row.startingAt = now
        row.host = found.host
        row.port = found.port
        row.pid = found.pid
        row.gpus = found.gpus
        switch found.phase {
        case .starting: row.phase = .starting
        case .ready:
            row.phase = .ready
            row.readyAt = now
        case .stopping:
            row.phase = .stopping
            row.stoppingAt = now
        }
        return row
    }
}

extension Instance {
    /// It is there and not on its way out.
    fileprivate var isLive: Bool {
        switch state {
        case .pending, .running, .unknown: true
        case .stopping, .terminated: false
        }
    }

    fileprivate var isRunning: Bool { state == .running }
}

extension NodeID {
    /// Of a node of ours: 7 of `n7`.
    fileprivate var number: Int64? {
        guard rawValue.hasPrefix("n"), let number = Int64(rawValue.dropFirst()),
            (1...ReadoptRule.numberMax).contains(number)
        else { return nil }
        return number
    }
}

extension AgentReplica {
    fileprivate var isThere: Bool { phase != .stopped && phase != .failed }
}

extension FoundReplicaRow {
    /// Nil: the agent has not said what it was started with, or its name is none of ours.
    fileprivate init?(_ replica: AgentReplica, on node: NodeID, host: String) {
        guard let settings = replica.settings else { return nil }
        let phase: Phase =
            switch replica.phase {
            case .starting: .starting
            case .ready: .ready
            case .stopping, .stopped, .failed: .stopping
            }
        self.init(
            replica: replica.id, node: node, phase: phase, host: host, port: replica.port, pid: replica.pid,
            settings: settings)
        gpus = replica.gpus
    }
}
