import Model
import Store

extension SafetyOfRows {
    /// I-13.
    package static func assignments(_ changes: StateChanges, _ state: ClusterState, _ at: Instant) -> [Breach]
    {
        let silent = (state.setting?.settings ?? ClusterSettings()).agentSilent
        var found: [Breach] = []
        for change in changes.placements {
            guard let row = change.after, row.phase == .assigned, change.before?.phase != .assigned,
                let id = row.node
            else { continue }
            func unfit(_ why: String) {
                found.append(Breach("I-13", "\(row.replica) is placed on \(id), which \(why)"))
            }
            guard let node = state.nodes[id] else {
                unfit("is not")
                continue
            }
            if node.phase != .ready { unfit("is \(node.phase)") }
            if let request = state.drainRequests[id] { unfit("is to be drained: \(request.reason)") }
            let heard = max(at.last(node.heardAt, of: id.rawValue), node.joinedAt ?? Moment(Int64.min / 2))
            let silence = at.silence(of: heard, for: .nodes)
            if silence >= silent { unfit("has been silent for \(silence.rawValue) ms") }
            if let instance = node.instance.flatMap({ state.instances[$0] }),
                !["pending", "running", "stopping", "terminated"].contains(instance.state)
            {
                unfit("the provider calls \(instance.state)")
            }
        }
        return found
    }

    /// I-06, and that no node goes with replicas on it.
    package static func ends(
        _ changes: StateChanges, _ book: RowBook, _ at: Instant, lost: Millis? = nil
    ) -> [Breach] {
        var found: [Breach] = []
        let bereft = Set(
            changes.placements.compactMap { change in
                change.after?.phase == .lost && change.before?.phase != .lost ? change.after?.node : nil
            })
        for change in changes.nodes {
            guard let before = change.before, let row = change.after, row.phase != before.phase,
                row.phase == .terminating || row.phase == .gone
            else { continue }
            if let held = book.count[row.id] {
                found.append(Breach("I-13", "\(row.id) is \(row.phase) with \(held) replicas on it"))
            }
            guard before.phase == .ready || before.phase == .draining, !row.provider.isEmpty else { continue }
            if row.phase == .gone, row.absentLists < 2 {
                found.append(
                    Breach("I-06", "\(row.id) is taken for lost after \(row.absentLists) lists: \(row.why)"))
            }
            if row.phase == .terminating, before.phase == .ready, bereft.contains(row.id),
                row.drainDeadline == nil, let lost
            {
                let silence = at.silence(of: at.last(row.heardAt, of: row.id.rawValue), for: .nodes)
                if silence < lost {
                    found.append(
                        Breach(
                            "I-06",
                            "\(row.id) is given back after a silence of \(silence.rawValue) ms: \(row.why)"))
                }
            }
        }
        return found
    }

    /// I-21.
    package static func blindness(_ changes: StateChanges, _ state: ClusterState, _ at: Instant) -> [Breach] {
        var found: [Breach] = []
        for change in changes.deployments {
            guard let before = change.before, let row = change.after, row.target < before.target,
                before.settings == row.settings, !row.deleting, case .auto(let settings) = row.settings.count,
                let who = unseen(state, settings, at)
            else { continue }
            found.append(
                Breach("I-21", "target of \(row.id) falls from \(before.target) to \(row.target): \(who)"))
        }
        guard let serve = state.roles[.serve] else { return found }
        let silence = at.silence(of: serve.heardAt, for: .nodes)
        for change in changes.nodes {
            guard let before = change.before, let row = change.after, before.phase == .ready,
                row.phase == .draining,
                state.drainRequests[row.id] == nil, silence >= TierPace.silentAfter
            else { continue }
            found.append(
                Breach(
                    "I-21", "\(row.id) is given back while serve has been silent for \(silence.rawValue) ms"))
        }
        return found
    }

    /// Whoever should have been heard and was not.
    private static func unseen(
        _ state: ClusterState, _ settings: AutoscalingSettings, _ at: Instant
    ) -> String? {
        let stale = max(Millis(settings.metricsInterval.rawValue * 2), Millis(10_000))
        for proxy in state.proxies.values.sorted(by: { $0.id < $1.id }) {
            let silence = at.silence(of: at.last(proxy.heardAt, of: proxy.id), for: .serve)
            if silence >= stale { return "\(proxy.id) has been silent for \(silence.rawValue) ms" }
        }
        guard let nodes = state.roles[.nodes] else { return nil }
        let silence = at.silence(of: nodes.heardAt, for: .serve)
        return silence >= TierPace.silentAfter ? "nodes has been silent for \(silence.rawValue) ms" : nil
    }
}
