import Cloud
import Model
import Store

extension NodeTier {
    /// The provider calls that committed rows ask for now, and that are not on their way already.
    func dueCalls(in state: ClusterState, now: Moment, wake: inout Moment?) -> [ProviderCall] {
        guard let settings = state.setting?.settings, let provider = settings.provider else { return [] }
        var budget = CallBudget(
            state.paces[provider.name], onTheWay: inFlight.count, called: called, listed: listed, now: now)
        var calls: [ProviderCall] = []
        defer { if !calls.isEmpty { called = now } }
        // What was made while the provider did not answer must be known before more is asked for.
        if budget.listFirst {
            list(in: state, now: now, &budget, &calls, &wake)
            wake = Moment.earliest(wake, budget.next)
            return calls
        }
        if offeringsDue <= now, budget.left > 0, inFlight.insert(.offerings).inserted {
            budget.take()
            calls.append(.offerings)
        }
        list(in: state, now: now, &budget, &calls, &wake)
        if state.isReadopting { return calls }
        for call in wanted(in: state, now: now, wake: &wake) + strays(in: state, now: now, wake: &wake) {
            guard budget.left > 0 else {
                wake = Moment.earliest(wake, budget.next)
                break
            }
            guard inFlight.insert(CallKey(call)).inserted else { continue }
            budget.take()
            if case .terminate(_, let instance) = call, state.instances[instance]?.isStray(in: state) ?? false
            {
                strayAsked[instance] = now
            }
            calls.append(call)
        }
        return calls
    }

    private func list(
        in state: ClusterState, now: Moment, _ budget: inout CallBudget, _ calls: inout [ProviderCall],
        _ wake: inout Moment?
    ) {
        let usual = isUnsettled(state, now, &wake) ? Self.listSoon : Self.listSeldom
        let due = budget.listFirst ? now : listed + max(usual, budget.listEvery)
        guard due <= now else {
            wake = Moment.earliest(wake, due)
            return
        }
        guard budget.left > 0 else {
            wake = Moment.earliest(wake, budget.next)
            return
        }
        guard inFlight.insert(.list).inserted else { return }
        budget.take()
        calls.append(.list)
    }

    /// Of the nodes: launches, and machines that go back.
    private func wanted(in state: ClusterState, now: Moment, wake: inout Moment?) -> [ProviderCall] {
        let open = state.nodes.values.filter { $0.phase == .requested || $0.phase == .terminating }
        var calls: [ProviderCall] = []
        for node in open.sorted(by: { $0.id < $1.id }) where !node.provider.isEmpty {
            #if MUTANTS
                if Mutant.terminatesOnce.isOn, node.phase == .terminating, node.attempts > 0 { continue }
            #endif
            if let due = node.nextTryAt, due > now {
                wake = Moment.earliest(wake, due)
            } else if node.phase == .requested {
                // Machines are told where to say hello: none is made before that is known. And none once its token
                // may have lapsed at the provider, or it would come too late: from then on only lists tell of it.
                if !address.isEmpty, now < node.lastSend { calls.append(.create(request(for: node))) }
            } else if let instance = node.instance {
                calls.append(.terminate(node.id, instance: instance))
            }
        }
        return calls
    }

    private func request(for node: NodeRow) -> CreateRequest {
        #if MUTANTS
            var node = node
            if Mutant.freshToken.isOn, node.attempts > 0 { node.token += "-\(node.attempts)" }
        #endif
        return CreateRequest(
            token: node.token, node: node.id, cluster: store.clusterUUID, offerings: node.offerings,
            join: Join(
                endpoint: address, tokenFile: tokenFile,
                ports: node.portsFirst...max(node.portsFirst, node.portsLast)))
    }

    /// True while something is on its way in or out, or unheard: then lists are wanted soon.
    private func isUnsettled(_ state: ClusterState, _ now: Moment, _ wake: inout Moment?) -> Bool {
        if state.isReadopting || state.holds[HoldRow.list] != nil { return true }
        var silentAt: Moment?
        for node in state.nodes.values {
            switch node.phase {
            case .requested, .booting, .draining, .terminating: return true
            case .ready:
                let silent = max(reports[node.id]?.arrived ?? listening, listening) + NodeRule.silentForLoss
                if node.absentLists != 0 || silent <= now { return true }
                silentAt = silentAt.map { min($0, silent) } ?? silent
            case .gone: break
            }
        }
        wake = Moment.earliest(wake, silentAt)
        return false
    }
}

extension NodeTier {
    /// Machines that carry the token of a node of ours which is gone, or which is another machine: made by a launch
    /// that was given up, lost and found again, or a provider's second one for one token. They go back.
    ///
    /// A machine whose token nobody here knows is left alone: with an older database behind this tier it may be in
    /// use. The view `leak_suspects` shows it.
    func strays(in state: ClusterState, now: Moment, wake: inout Moment?) -> [ProviderCall] {
        let strays = state.instances.values.filter { $0.isStray(in: state) }.sorted {
            $0.instance < $1.instance
        }
        strayAsked = strayAsked.filter { asked in strays.contains { $0.instance == asked.key } }
        var calls: [ProviderCall] = []
        for stray in strays {
            if let asked = strayAsked[stray.instance], asked + Self.strayEvery > now {
                wake = Moment.earliest(wake, asked + Self.strayEvery)
            } else {
                calls.append(.terminate(stray.node, instance: stray.instance))
            }
        }
        return calls
    }
}

extension NodeRow {
    /// A create call is sent no later than this. Counted from the intent, which is before the provider's own count.
    var lastSend: Moment { min(joinDeadline, createdAt + NodeRule.tokenValid) }
}

extension InstanceSeenRow {
    /// Runs, and is not the machine of its node, or of one that is gone.
    func isStray(in state: ClusterState) -> Bool {
        guard self.state != "terminated", self.state != "stopping" else { return false }
        guard let owner = state.nodes[node], owner.token == token, !owner.provider.isEmpty else {
            return false
        }
        return owner.phase == .gone || owner.instance.map { $0 != instance } ?? false
    }
}

/// A call on its way, at most one of each.
enum CallKey: Hashable {
    case offerings, list
    case create(NodeID), terminate(NodeID)

    init(_ call: ProviderCall) {
        switch call {
        case .offerings: self = .offerings
        case .list: self = .list
        case .create(let request): self = .create(request.node)
        case .terminate(let node, _): self = .terminate(node)
        }
    }

    init(_ answer: ProviderAnswer) {
        switch answer {
        case .offerings: self = .offerings
        case .list: self = .list
        case .create(let node, _): self = .create(node)
        case .terminate(let node, _): self = .terminate(node)
        }
    }
}
