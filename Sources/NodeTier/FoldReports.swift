import Model
import Store

extension NodeStep {
    /// Writes down what the agents said: hellos, and how the replicas fare.
    mutating func foldReports() {
        for id in unfolded.sorted() {
            guard let report = reports[id], let node = state.nodes[id] else { continue }
            switch node.phase {
            case .requested, .booting: join(node, report)
            case .ready, .draining: meet(node, report)
            case .terminating, .gone: continue
            }
            foldReplicas(of: id, report)
        }
    }

    mutating func join(_ node: NodeRow, _ report: AgentReport) {
        let now = now
        update(node.id) { row in
            row.phase = .ready
            row.joinedAt = now
            row.idleSince = now
            row.attempts = 0
            row.nextTryAt = nil
            row.lastError = ""
        }
        if let row = state.nodes[node.id] { meet(row, report) }
        learnJoin(of: node)
    }

    mutating func meet(_ node: NodeRow, _ report: AgentReport) {
        update(node.id) { row in
            row.incarnation = report.incarnation
            row.host = report.host
            row.agentPort = report.port
            if row.provider.isEmpty {
                row.resources = row.resources.covers(report.resources) ? row.resources : report.resources
            }
        }
    }

    private mutating func foldReplicas(of node: NodeID, _ report: AgentReport) {
        let said = Dictionary(report.replicas.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for id in said.keys.sorted() {
            guard let placement = state.placements[id], placement.node == node, let replica = said[id] else {
                continue
            }
            if placement.phase.isFinal { continue }
            take(replica, placement, host: report.host)
        }
        // An agent names every replica it was ever ordered until it is told to forget it. One that it does not name
        // although it has obeyed the orders is not there: its records were lost.
        guard let row = state.nodes[node], report.fence.generation >= row.generation else { return }
        for id in liveReplicas(on: node) where said[id] == nil {
            guard let placement = state.placements[id] else { continue }
            end(id, as: placement.phase == .stopping ? .stopped : .lost, words: "unknown to its agent")
        }
    }

    private mutating func take(_ replica: AgentReplica, _ placement: PlacementRow, host: String) {
        let now = now
        let id = placement.replica
        switch replica.phase {
        case .starting where placement.phase == .assigned:
            update(id) { row in
                row.phase = .starting
                row.startingAt = now
                row.pid = replica.pid
                row.port = replica.port
                row.host = host
            }
        case .starting:
            update(id) { row in
                row.pid = replica.pid
                row.port = replica.port
            }
        case .ready where placement.phase != .stopping:
            update(id) { row in
                row.phase = .ready
                row.readyAt = row.readyAt ?? now
                row.startingAt = row.startingAt ?? now
                row.pid = replica.pid
                row.port = replica.port
                row.host = host
                row.applied = replica.applied ?? row.applied
                row.unwellAt = replica.unwell == nil ? nil : row.unwellAt ?? now
                row.unwellText = replica.unwell ?? ""
            }
        case .ready, .stopping: break
        case .stopped:
            end(id, as: .stopped, words: replica.exitText, replica)
        case .failed:
            end(id, as: placement.phase == .stopping ? .stopped : .failed, words: replica.exitText, replica)
        }
    }

    /// A placement's final word.
    mutating func end(
        _ id: ReplicaID, as phase: PlacementPhase, words: String, _ replica: AgentReplica? = nil
    ) {
        let now = now
        guard let node = state.placements[id]?.node else { return }
        update(id) { row in
            row.phase = phase
            row.endedAt = now
            row.exitText = words
            row.exitJSON = replica?.exitJSON
            row.lastLines = replica?.lastLines ?? ""
        }
        reorder(node)
        if liveReplicas(on: node).isEmpty { update(node) { $0.idleSince = now } }
    }

    /// Takes in what the serve tier wants: new replicas wait for a node, unwanted ones are told to stop, and
    /// placements without a replica row go.
    mutating func followReplicas() {
        for id in followed() {
            if let replica = state.replicas[id] {
                follow(replica, state.placements[id])
            } else if let placement = state.placements[id] {
                leave(placement)
            }
        }
    }

    /// Those that may not be as they are wanted; sorted.
    private func followed() -> [ReplicaID] {
        if let touchedReplicas { return touchedReplicas.sorted() }
        var ids: [ReplicaID] = []
        for (id, replica) in state.replicas {
            guard let placement = state.placements[id] else {
                ids.append(id)
                continue
            }
            let stays = replica.phase == .wanted || placement.phase.isFinal || placement.phase == .stopping
            if !stays || placement.adjustment != replica.adjustment { ids.append(id) }
        }
        for id in state.placements.keys where state.replicas[id] == nil { ids.append(id) }
        return ids.sorted()
    }

    private mutating func follow(_ replica: ReplicaRow, _ placement: PlacementRow?) {
        let (now, id) = (now, replica.id)
        switch (replica.phase, placement?.phase) {
        case (.wanted, nil):
            var row = PlacementRow(replica: id, resources: replica.settings.resources, pendingAt: now)
            row.adjustment = replica.adjustment
            put(row)
        case (.stopping, .pending), (.draining, .pending):
            update(id) { row in
                row.phase = .stopped
                row.endedAt = now
            }
        case (.stopping, .assigned), (.stopping, .starting), (.stopping, .ready):
            stop(id, on: placement?.node)
        default:
            guard let placement, placement.adjustment != replica.adjustment else { return }
            update(id) { $0.adjustment = replica.adjustment }
            if let node = placement.node, placement.phase.holdsRoom { reorder(node) }
        }
    }

    private mutating func leave(_ placement: PlacementRow) {
        if placement.phase.isFinal || placement.phase == .pending {
            remove(placement.replica)
        } else if placement.phase != .stopping {
            stop(placement.replica, on: placement.node)
        }
    }

    private mutating func stop(_ id: ReplicaID, on node: NodeID?) {
        let now = now
        update(id) { row in
            row.phase = .stopping
            row.stoppingAt = now
        }
        #if MUTANTS
            if Mutant.tellsNobody.isOn, state.replicas[id] != nil { return }
        #endif
        if let node { reorder(node) }
    }
}
