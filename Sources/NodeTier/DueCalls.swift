import Cloud
import Model
import Store

extension NodeTier {
    /// The provider calls that committed rows ask for now, and that are not on their way already.
    func dueCalls(in state: ClusterState, now: Moment, wake: inout Moment?) -> [ProviderCall] {
        guard let settings = state.setting?.settings, settings.provider != nil else { return [] }
        var calls: [ProviderCall] = []
        if offeringsDue <= now, inFlight.insert(.offerings).inserted { calls.append(.offerings) }
        let listEvery = isUnsettled(state, now, &wake) ? Self.listSoon : Self.listSeldom
        if listed + listEvery <= now {
            if inFlight.insert(.list).inserted { calls.append(.list) }
        } else {
            wake = wake.map { min($0, listed + listEvery) } ?? listed + listEvery
        }
        if state.isReadopting { return calls }
        let open = state.nodes.values.filter { $0.phase == .requested || $0.phase == .terminating }
        for node in open.sorted(by: { $0.id < $1.id }) where inFlight.count < Self.callsMax {
            #if MUTANTS
                if Mutant.terminatesOnce.isOn, node.phase == .terminating, node.attempts > 0 { continue }
            #endif
            guard !node.provider.isEmpty else { continue }
            if let due = node.nextTryAt, due > now {
                wake = wake.map { min($0, due) } ?? due
                continue
            }
            // Machines are told where to say hello: none is made before that is known.
            if node.phase == .requested, !address.isEmpty, inFlight.insert(.create(node.id)).inserted {
                calls.append(.create(request(for: node)))
            } else if node.phase == .terminating, let instance = node.instance,
                inFlight.insert(.terminate(node.id)).inserted
            {
                calls.append(.terminate(node.id, instance: instance))
            }
        }
        return calls + strayCalls(in: state, now: now, wake: &wake)
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
        if state.isReadopting { return true }
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
    func strayCalls(in state: ClusterState, now: Moment, wake: inout Moment?) -> [ProviderCall] {
        let strays = state.instances.values.filter { $0.isStray(in: state) }.sorted {
            $0.instance < $1.instance
        }
        strayAsked = strayAsked.filter { asked in strays.contains { $0.instance == asked.key } }
        var calls: [ProviderCall] = []
        for stray in strays where inFlight.count < Self.callsMax {
            if let asked = strayAsked[stray.instance], asked + Self.strayEvery > now {
                wake = wake.map { min($0, asked + Self.strayEvery) } ?? asked + Self.strayEvery
            } else if inFlight.insert(.terminate(stray.node)).inserted {
                strayAsked[stray.instance] = now
                calls.append(.terminate(stray.node, instance: stray.instance))
            }
        }
        return calls
    }
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
