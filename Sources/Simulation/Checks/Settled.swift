import Cloud
import Model
import ServeTier
import Store

/// A world after its trouble, as values: what L-01 to L-05, L-08 and L-09 are asked of.
package struct Settled: Sendable {
    package var state: ClusterState
    package var now: Moment
    /// The cluster file that the node tier was given; nil: what the rows say counts.
    package var file: ClusterSettings?
    /// The provider's machines of this cluster; nil: the cluster has no provider.
    package var live: [MemoryCloud.Machine]?
    /// Replicas of which a process is alive.
    package var processes: [ReplicaID] = []
    /// Of each proxy that listens: deployments with a route.
    package var routes: [String: [DeploymentID]] = [:]
    /// Deployments whose processes never become ready.
    package var hopeless: Set<DeploymentID> = []
    /// No request comes any more.
    package var isQuiet = false
    /// The provider has as many machines as are asked.
    package var hasCapacity = true

    package init(state: ClusterState, now: Moment) {
        self.state = state
        self.now = now
    }

    /// The first broken rule leads.
    package func breaches() -> [Breach] {
        wanted() + intents() + machines() + nodes() + transient() + leftovers() + tiers()
    }

    private var settings: ClusterSettings? { file ?? state.setting?.settings }

    // MARK: - Deployments

    private var deployments: [DeploymentRow] {
        state.deployments.values.filter { !$0.deleting && !hopeless.contains($0.id) }.sorted { $0.id < $1.id }
    }

    private func wanted() -> [Breach] {
        guard isFeasible else { return [] }
        return deployments.flatMap { row -> [Breach] in
            var found: [Breach] = []
            let due: Int? =
                switch state.count(of: row.settings) {
                case .fixed(let count): count
                case .auto(let settings): isQuiet ? settings.minReplicas : nil
                }
            if let due, row.target != due {
                found.append(Breach("L-01", "target of \(row.id) is \(row.target), not \(due)"))
            }
            let ready = state.replicas.values.count {
                $0.deployment == row.id && $0.phase == .wanted && $0.version == row.version
                    && state.placements[$0.id]?.phase == .ready && processes.contains($0.id)
            }
            if ready != row.target {
                found.append(Breach("L-01", "\(ready) of \(row.target) replicas of \(row.id) are ready"))
            }
            return found
        }
    }

    /// All that is wanted fits on the machines that may be had, packed without any art.
    package var isFeasible: Bool {
        guard hasCapacity, let settings else { return false }
        var free: [Resources] = []
        if settings.provider == nil {
            free = state.nodes.values.filter { $0.phase != .gone }.map(\.resources)
        } else {
            let types = settings.nodeTypes.sorted {
                $0.resources[Resources.cpu] > $1.resources[Resources.cpu]
            }
            for type in types { free += Array(repeating: type.resources, count: type.maxWorkers) }
            free = Array(free.prefix(settings.maxWorkers))
        }
        let demands = state.deployments.values.filter { !$0.deleting }.sorted { $0.id < $1.id }
            .flatMap { Array(repeating: $0.settings.replica.resources, count: $0.target) }
            .sorted { $0[Resources.cpu] > $1[Resources.cpu] }
        for demand in demands {
            guard let place = free.firstIndex(where: { $0.covers(demand) }) else { return false }
            free[place] = free[place] - demand
        }
        return true
    }

    // MARK: - Nodes

    private func list(_ nodes: [NodeRow]) -> String {
        nodes.sorted { $0.id < $1.id }.map { "\($0.id) \($0.phase)" }.joined(separator: ", ")
    }

    private func intents() -> [Breach] {
        let open = state.nodes.values.filter { $0.phase == .requested || $0.phase == .booting }
        return minimum()
            + (open.isEmpty || !isFeasible ? [] : [Breach("L-02", "still on their way: \(list(open))")])
    }

    /// Nodes that are kept whatever the load; one that could not be had is asked for again after its pause.
    private func minimum() -> [Breach] {
        guard hasCapacity, let settings, settings.provider != nil else { return [] }
        let ready = state.nodes.values.filter { $0.phase == .ready && !$0.provider.isEmpty }
        return settings.nodeTypes.compactMap { type in
            let count = ready.count { $0.type == type.name }
            guard count < min(type.minWorkers, type.maxWorkers), ready.count < settings.maxWorkers else {
                return nil
            }
            return Breach(
                "L-02", "\(count) of at least \(type.minWorkers) nodes of type \(type.name) are ready")
        }
    }

    private func machines() -> [Breach] {
        guard let live, isFeasible else { return [] }
        let ours = state.nodes.values.filter { $0.phase == .ready && !$0.provider.isEmpty }
        let known = Dictionary(ours.map { ($0.token, $0) }, uniquingKeysWith: { $1 })
        var found: [Breach] = []
        for machine in live where known[machine.instance.token]?.instance != machine.instance.id {
            let node = machine.instance.node
            let phase = state.nodes[node].map { "\($0.phase)" } ?? "unknown"
            found.append(Breach("L-03", "\(machine.instance.id) is paid for; \(node) is \(phase)"))
        }
        if live.count < ours.count {
            found.append(Breach("L-03", "\(ours.count) nodes are ready on \(live.count) machines"))
        }
        return found
    }

    private func nodes() -> [Breach] {
        guard live != nil, let settings, isQuiet else { return [] }
        let used = Set(state.placements.values.filter(\.phase.holdsRoom).compactMap(\.node))
        return settings.nodeTypes.compactMap { type in
            let ready = state.nodes.values.filter { $0.type == type.name && $0.phase == .ready }
            let empty = ready.filter { !used.contains($0.id) }
            // Room that is kept free may be a whole node.
            guard !empty.isEmpty, ready.count > type.minWorkers, settings.headroom.isEmpty else { return nil }
            return Breach(
                "L-04",
                "\(ready.count) nodes of \(type.name), \(empty.count) without replicas; the minimum is \(type.minWorkers)"
            )
        }
    }

    // MARK: - In between

    private func transient() -> [Breach] {
        var found: [Breach] = []
        func say(_ what: String) { found.append(Breach("L-05", what)) }
        for row in state.nodes.values.sorted(by: { $0.id < $1.id })
        where row.phase == .draining || row.phase == .terminating {
            say("\(row.id) is \(row.phase): \(row.why)")
        }
        for row in state.replicas.values.sorted(by: { $0.id < $1.id }) where row.phase != .wanted {
            say("\(row.id) is \(row.phase): \(row.stopReason)")
        }
        for row in state.placements.values.sorted(by: { $0.replica < $1.replica })
        where row.phase != .ready && !hopeless.contains(row.deployment) && isFeasible {
            say("placement of \(row.replica) is \(row.phase)")
        }
        for row in state.deployments.values.sorted(by: { $0.id < $1.id }) where row.deleting {
            say("\(row.id) is being deleted")
        }
        for row in state.applications.values.sorted(by: { $0.name < $1.name }) where row.deleting {
            say("application \(row.name) is being deleted")
        }
        if state.isReadopting { say("the state is still made anew") }
        for plan in state.movePlans.values.sorted(by: { $0.id < $1.id }) where !plan.phase.isOver {
            say("\(plan.id) is \(plan.phase): \(plan.reason)")
        }
        for row in state.holds.values.sorted(by: { $0.scope < $1.scope }) {
            say("\(row.scope) holds: \(row.reason)")
        }
        for row in state.nodes.values.sorted(by: { $0.id < $1.id }) where row.phase == .ready {
            if mayStillGo(row) { say("\(row.id) may still be given up for less") }
        }
        return found
    }

    /// From the moment at which a node may be disturbed to the look that says whether it goes, and a plan's first edge.
    private static let lookedAtWithin = Millis(40_000)

    /// It has only lately come to the age at which it may go, or is about to.
    private func mayStillGo(_ node: NodeRow) -> Bool {
        guard let settings, settings.consolidation.isOn, !node.provider.isEmpty,
            let note = state.nodeNotes[node.id], state.nodes.values.count(where: { $0.phase == .ready }) > 1
        else { return false }
        let rules = settings.consolidation
        let last = state.movePlans.values.filter { $0.phase == .dropped }.map { $0.phaseAt + Millis(300_000) }
        let due = max(node.createdAt + rules.ageMin, note.changedAt + rules.after, last.max() ?? Moment(0))
        return now < due + Self.lookedAtWithin
    }

    private func leftovers() -> [Breach] {
        var found: [Breach] = []
        for id in processes.sorted() where state.replicas[id] == nil {
            found.append(Breach("L-08", "a process of \(id) is left"))
        }
        for id in state.replicas.keys.sorted() where state.deployments[id.deployment] == nil {
            found.append(Breach("L-08", "replica \(id) of no deployment is left"))
        }
        for node in state.drainRequests.keys.sorted() where state.nodes[node]?.phase != .draining {
            found.append(Breach("L-08", "\(node) is not being emptied, and is asked to be"))
        }
        for id in state.placements.keys.sorted() where state.replicas[id] == nil {
            found.append(Breach("L-08", "the placement of \(id), which is no more, is left"))
        }
        for proxy in routes.keys.sorted() {
            for id in (routes[proxy] ?? []).sorted() where state.deployments[id] == nil {
                found.append(Breach("L-08", "\(proxy) still routes \(id)"))
            }
        }
        return found
    }

    private func tiers() -> [Breach] {
        let isInForce = file == nil || state.setting?.settings == file
        let file = isInForce ? [] : [Breach("L-09", "the cluster file is not in force")]
        return file
            + state.roles.values.sorted { $0.role.rawValue < $1.role.rawValue }.compactMap {
                role -> Breach? in
                let silence = now - role.heardAt
                guard silence >= TierPace.silentAfter else { return nil }
                return Breach("L-09", "\(role.role.rawValue) has not renewed for \(silence.rawValue) ms")
            }
    }
}
