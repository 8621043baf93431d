import Cloud
import Model
import Store

/// How long things may take before a node is given up.
enum NodeRule {
    /// Whole provider lists in a row without an instance, and no word of its agent, before it is called gone.
    static let absentListsToBeGone = 3
    /// So many lists may come before the provider shows a machine just made (half a minute of lists, one each half
    /// second): lists lag behind, and one that was asked for earlier may arrive later. Until its machine is shown, a
    /// row counts up from below zero.
    static let listsBeforeShown = 60
    /// An agent silent for this long no longer speaks against a list that does not show its machine.
    static let silentForLoss = Millis(3_000)
    /// A node whose replicas must move (lost agent, retired type) may take this long.
    static let drainTimeout = Millis(120_000)
    /// Tokens stay good for a day at the provider (`CloudProvider`, promise 1); past that one might make a second machine.
    static let tokenValid = Millis(24 * 3_600_000)
    /// A launch without a definite answer is given up after this long, when as many lists as prove absence do not show it.
    static let unknownQuiet = Millis(300_000)
    /// Between the end of a preempted machine and the latest moment its replicas are let go.
    static let preemptionMargin = Millis(2_000)
}

extension NodeStep {
    /// This machine itself, when there is no provider.
    mutating func ensureLocalNode(token: String) {
        let id = NodeID("local")
        guard settings.provider == nil else {
            retireLocal(id)
            return
        }
        if let row = state.nodes[id], row.phase != .gone { return }
        // The provider was taken away again. No phase follows gone: the old row makes place for a new one.
        if state.nodes[id] != nil { replace(id) }
        var row = NodeRow(
            id: id, type: "local", token: token, epoch: 0, resources: Resources(),
            portsFirst: settings.ports.replicasFirst, portsLast: settings.ports.replicasLast, createdAt: now,
            joinDeadline: Moment(Int64.max))
        row.why = "no provider is configured: this machine is the only node"
        put(row)
    }

    /// A cluster that got a provider no longer uses this machine.
    private mutating func retireLocal(_ id: NodeID) {
        guard let row = state.nodes[id], [.requested, .booting].contains(row.phase) else {
            if state.nodes[id]?.phase == .ready {
                drain(
                    id, by: now + NodeRule.drainTimeout, rule: "provider_configured",
                    because: "the cluster has a provider now")
            }
            return
        }
        update(id) { $0.phase = .gone }
    }

    mutating func advanceNodes() {
        weighHealth()
        for node in nodes(in: [.requested, .booting]) { checkJoin(node) }
        for node in nodes(in: [.ready, .draining]) {
            checkPresence(node)
            checkNotice(node)
            checkFlaps(node)
        }
        for node in nodes(in: [.draining]) { finishDrain(node) }
    }

    private mutating func checkJoin(_ node: NodeRow) {
        #if MUTANTS
            if Mutant.forgetsJoinDeadline.isOn { return }
        #endif
        // An agent that called while nobody listened is given the time to call again.
        let deadline = max(node.joinDeadline, listening + settings.agentSilent)
        if node.phase == .requested, isGivenUp(node) {
            fail(node, .unknown, of: [], reason: "no definite answer: \(node.lastError)")
            terminate(
                node.id, rule: "unknown_outcome",
                because: "the provider gave no definite answer, and no list shows its machine")
        } else if deadline <= now {
            // While hardly anyone is heard it may be that nobody can say hello.
            if node.phase == .booting, holdsDestruction != nil { return }
            // Of one that was never known to be made nothing is learned.
            if node.phase == .booting { failToJoin(node, reason: "\(node.id) did not join in time") }
            terminate(
                node.id, rule: "join_deadline",
                because: refused[node.id].map { "its agent is refused: \($0.why)" }
                    ?? "its agent did not say hello by its join deadline")
        } else if node.joinDeadline.ms < Int64.max {
            wake(at: deadline)
        }
    }

    /// Nobody has said what became of its launch for long enough. A machine that comes later is known by its token, which
    /// the row keeps, and goes back.
    private mutating func isGivenUp(_ node: NodeRow) -> Bool {
        guard node.isUnknown else { return false }
        let end = node.createdAt + NodeRule.unknownQuiet
        wake(at: end > now ? end : nil)
        return end <= now && node.absentLists >= NodeRule.absentListsToBeGone
    }

    /// An agent silent for this long is given up, and its node with it.
    private var lostAfter: Millis {
        #if MUTANTS
            if Mutant.givesUpEarly.isOn { return settings.agentSilent }
        #endif
        return settings.agentLost
    }

    private mutating func checkPresence(_ node: NodeRow) {
        #if MUTANTS
            if Mutant.lostOnOneList.isOn, node.absentLists > 0, isSilent(node, for: NodeRule.silentForLoss) {
                return lose(node, because: "the provider does not show it")
            }
        #endif
        if node.absentLists >= NodeRule.absentListsToBeGone, isSilent(node, for: NodeRule.silentForLoss) {
            lose(node, because: "the provider no longer shows it and its agent is silent")
        } else if isSilent(node, for: lostAfter) {
            if node.provider.isEmpty {
                for id in liveReplicas(on: node.id) { end(id, as: .lost, words: "its agent is silent") }
            } else if node.phase == .ready, mayRepair(node) {
                noteRepair(node, "agent_lost")
                for id in liveReplicas(on: node.id) { end(id, as: .lost, words: "its agent is silent") }
                terminate(
                    node.id, rule: "agent_lost",
                    because: "its agent has been silent for \(settings.agentLost.rawValue) ms")
            }
        }
        // No wake: each heartbeat moves these moments and changes nothing else. See `Silences`.
        let ofLoss = node.absentLists > 0 ? [NodeRule.silentForLoss] : []
        watch(node.id, for: ofLoss + [settings.agentSilent, settings.agentLost])
    }

    /// A machine that is no more: its replicas are lost, its row is done.
    private mutating func lose(_ node: NodeRow, because reason: String) {
        for id in liveReplicas(on: node.id) { end(id, as: .lost, words: reason) }
        finish(node.id, rule: "machine_lost", because: reason)
    }

    private mutating func checkNotice(_ node: NodeRow) {
        guard let instance = node.instance, let at = state.instances[instance]?.preemptedAt else { return }
        drain(
            node.id, by: at - NodeRule.preemptionMargin, rule: "preempted",
            because: "the provider takes the machine away")
    }

    /// Cordons a node and asks the serve tier to move what runs there.
    /// - Parameter rule: one of those that `NodeMove` knows for it.
    mutating func drain(_ id: NodeID, by deadline: Moment, rule: String = "drain", because reason: String) {
        guard let row = state.nodes[id], row.phase == .ready || row.phase == .draining else { return }
        if row.phase == .ready {
            decisions.append(
                Decision(
                    .cordon, id.rawValue, before: "ready", after: "draining", rule: rule, reason: reason))
            // Once: a generation for each step would keep agent and tier busy until the deadline.
            reorder(id)
        }
        update(id) { row in
            row.phase = .draining
            row.drainDeadline = deadline
            row.why = reason
        }
        askDrain(id, deadline: deadline, reason: reason)
    }

    /// A cordoned node is given back once its agent says that nothing runs there.
    private mutating func finishDrain(_ node: NodeRow) {
        // What the provider takes away is gone in any case; all else waits with the rest.
        if holdsDestruction != nil, !isTakenAway(node) { return }
        let empty = liveReplicas(on: node.id).isEmpty
        let late = node.drainDeadline.map { $0 <= now } ?? false
        if empty && (hasObeyed(node) || isSilent(node, for: NodeRule.silentForLoss)) {
            terminate(node.id, rule: "drained", because: node.why)
        } else if late {
            for id in liveReplicas(on: node.id) {
                end(id, as: .lost, words: "its node's drain deadline passed")
            }
            terminate(node.id, rule: "drain_deadline", because: node.why)
        } else {
            wake(at: node.drainDeadline)
            if empty { wake(at: lastHeard(node) + NodeRule.silentForLoss) }
        }
    }

    private func isTakenAway(_ node: NodeRow) -> Bool {
        node.instance.flatMap { state.instances[$0]?.preemptedAt } != nil
    }

    /// Commits that a machine is given back. The call follows the row.
    mutating func terminate(_ id: NodeID, rule: String, because reason: String) {
        guard let row = state.nodes[id], row.phase.successors.contains(.terminating) else { return }
        decisions.append(
            Decision(
                .terminate, id.rawValue, before: row.phase.rawValue, after: "terminating", rule: rule,
                reason: reason))
        endDrain(id)
        if row.provider.isEmpty {
            finish(id, rule: rule, because: reason)
            return
        }
        update(id) { row in
            row.phase = .terminating
            row.why = reason
            row.attempts = 0
            row.nextTryAt = nil
        }
        reorder(id)
    }

    /// The last move of a node.
    mutating func finish(_ id: NodeID, rule: String, because reason: String) {
        guard let row = state.nodes[id], row.phase != .gone else { return }
        decisions.append(
            Decision(
                .retire, id.rawValue, before: row.phase.rawValue, after: "gone", rule: rule, reason: reason))
        endDrain(id)
        update(id) { row in
            row.phase = .gone
            row.why = reason
        }
    }
}
