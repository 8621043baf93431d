import Model
import Store

/// What must hold of every row as it is committed.
package enum SafetyOfRows {
    /// Everything that can be said from the rows alone.
    package static func breaches(
        _ changes: StateChanges, _ state: ClusterState, _ book: RowBook, _ at: Instant
    ) -> [Breach] {
        moves(changes, state) + generations(changes, state) + bounds(changes, state, book)
            + rooms(changes, state, book)
            + assignments(changes, state, at)
            + ends(changes, book, at, lost: state.setting?.settings.agentLost) + blindness(changes, state, at)
    }

    /// I-10. One commit may hold two moves of a row: the first and the last are what is seen of it.
    package static func moves(_ changes: StateChanges, _ state: ClusterState) -> [Breach] {
        var found: [Breach] = []
        func move<P: Equatable>(
            _ what: String, _ before: P?, _ after: P?, _ first: Set<P>, _ next: Set<P>, final: Bool
        ) {
            switch (before, after) {
            case (nil, let after?) where !first.contains(after):
                found.append(Breach("I-10", "\(what) begins as \(after)"))
            case (let before?, let after?) where before != after && !next.contains(after):
                found.append(Breach("I-10", "\(what) goes from \(before) to \(after)"))
            case (let before?, nil) where !final:
                found.append(Breach("I-10", "\(what) is deleted while \(before)"))
            default: break
            }
        }
        for change in changes.nodes {
            let id = change.after?.id ?? change.before?.id ?? NodeID("?")
            // This machine itself begins anew when a provider is taken away again.
            if id == NodeID("local"), change.before?.phase == .gone { continue }
            move(
                "node \(id)", change.before?.phase, change.after?.phase,
                change.after?.provider == "" ? [.requested, .ready] : [.requested],
                nodeMoves(change.before?.phase), final: change.before?.phase == .gone)
        }
        for change in changes.replicas {
            let id = change.after?.id ?? change.before?.id ?? ReplicaID("?")
            move(
                "replica \(id)", change.before?.phase, change.after?.phase, [.wanted],
                change.before?.phase.successors ?? [], final: state.placements[id]?.phase.isFinal ?? true)
        }
        for change in changes.placements {
            let id = change.after?.replica ?? change.before?.replica ?? ReplicaID("?")
            move(
                "placement of \(id)", change.before?.phase, change.after?.phase, [.pending, .assigned],
                change.before?.phase.successors ?? [],
                final: change.before.map { $0.phase.isFinal || $0.phase == .pending } ?? true)
        }
        return found
    }

    /// One commit may see it ready and drained at once.
    private static func nodeMoves(_ before: NodePhase?) -> Set<NodePhase> {
        let next = before?.successors ?? []
        return next.contains(.ready) ? next.union([.draining]) : next
    }

    /// I-08 and I-11.
    package static func generations(_ changes: StateChanges, _ state: ClusterState) -> [Breach] {
        var found: [Breach] = []
        func falls(_ rule: String, _ what: String, _ before: Int64?, _ after: Int64?) {
            guard let before, let after, after < before else { return }
            found.append(Breach(rule, "\(what) falls from \(before) to \(after)"))
        }
        for change in changes.nodes {
            guard let row = change.after else { continue }
            falls("I-11", "generation of \(row.id)", change.before?.generation, row.generation)
            falls("I-08", "epoch of \(row.id)", change.before?.epoch, row.epoch)
            if let role = state.roles[.nodes], row.epoch > role.epoch {
                found.append(Breach("I-08", "\(row.id) is of epoch \(row.epoch), the role of \(role.epoch)"))
            }
        }
        for change in changes.deployments {
            guard let row = change.after else { continue }
            falls(
                "I-11", "route generation of \(row.id)", change.before?.routeGeneration, row.routeGeneration)
        }
        return found
    }

    /// I-22.
    package static func bounds(_ changes: StateChanges, _ state: ClusterState, _ book: RowBook) -> [Breach] {
        var found: [Breach] = []
        for change in changes.deployments {
            guard let row = change.after else { continue }
            let range: ClosedRange<Int> =
                switch row.settings.count {
                case _ where row.deleting: 0...0
                case .auto(let settings):
                    settings.minReplicas...max(settings.minReplicas, settings.maxReplicas)
                case .fixed: 0...Int.max
                }
            if !range.contains(row.target) {
                found.append(
                    Breach(
                        "I-22",
                        "target of \(row.id) is \(row.target), not within \(range.lowerBound) and \(range.upperBound)"
                    ))
            }
        }
        for change in changes.replicas {
            guard let row = change.after, change.before?.phase == .wanted, row.phase != .wanted,
                row.stopReason == "scaled down", let target = state.deployments[row.deployment]?.target
            else { continue }
            let left = book.wanted[row.deployment] ?? 0
            if left < target {
                found.append(Breach("I-22", "\(row.id) is scaled down and \(left) of \(target) are left"))
            }
        }
        return found
    }

    /// I-12.
    package static func rooms(_ changes: StateChanges, _ state: ClusterState, _ book: RowBook) -> [Breach] {
        let nodes = Set(
            changes.placements.compactMap { $0.after?.node } + changes.nodes.compactMap { $0.after?.id })
        return nodes.sorted().compactMap { id in
            guard let held = book.held[id] else { return nil }
            guard let row = state.nodes[id] else {
                return Breach("I-12", "\(held) is placed on \(id), which is not")
            }
            if !row.resources.covers(held) {
                return Breach("I-12", "\(held) is placed on \(id), which has \(row.resources)")
            }
            return held[Resources.gpu] > 0 ? devices(of: row, state) : nil
        }
    }

    /// No GPU is given more than once, in parts or whole.
    private static func devices(of node: NodeRow, _ state: ClusterState) -> Breach? {
        var held: [Int: Int64] = [:]
        for row in state.placements.values where row.node == node.id && row.phase.holdsRoom {
            for index in row.gpus { held[index, default: 0] += min(row.resources[Resources.gpu], 1_000) }
        }
        guard let (index, milli) = held.filter({ $0.value > 1_000 }).min(by: { $0.key < $1.key }) else {
            return nil
        }
        return Breach("I-12", "GPU \(index) of \(node.id) is given \(milli) thousandths of it")
    }
}
