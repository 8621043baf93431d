import Model
import Store

/// What these checks keep of the rows, so that a commit is looked at by what it changed alone.
package struct RowBook: Equatable, Sendable {
    /// What placements hold of each node; a node of which nothing is held is absent.
    package private(set) var held: [NodeID: Resources] = [:]
    /// Placements that hold room, by node.
    package private(set) var count: [NodeID: Int] = [:]
    /// Replicas that shall run, by deployment.
    package private(set) var wanted: [DeploymentID: Int] = [:]

    package init() {}

    /// Of all rows.
    package init(_ state: ClusterState) {
        for placement in state.placements.values { add(placement, 1) }
        for replica in state.replicas.values { add(replica, 1) }
    }

    /// Takes over what changed.
    package mutating func take(_ changes: StateChanges) {
        for change in changes.placements {
            if let row = change.before { add(row, -1) }
            if let row = change.after { add(row, 1) }
        }
        for change in changes.replicas {
            if let row = change.before { add(row, -1) }
            if let row = change.after { add(row, 1) }
        }
    }

    private mutating func add(_ row: PlacementRow, _ sign: Int) {
        guard row.phase.holdsRoom, let node = row.node else { return }
        let sum = held[node] ?? Resources()
        let now = sign > 0 ? sum + row.resources : sum - row.resources
        held[node] = now.entries.isEmpty ? nil : now
        let number = (count[node] ?? 0) + sign
        count[node] = number == 0 ? nil : number
    }

    private mutating func add(_ row: ReplicaRow, _ sign: Int) {
        guard row.phase == .wanted else { return }
        let number = (wanted[row.deployment] ?? 0) + sign
        wanted[row.deployment] = number == 0 ? nil : number
    }
}

/// What a check must know besides the rows.
package struct Instant: Sendable {
    /// On the cluster clock.
    package var now: Moment
    /// Since when the present process of each role listens; absent: as long as anyone knows.
    package var listening: [StoreRole: Moment]
    /// When an agent or a proxy, by its node or id, was last heard; what the rows say is written later.
    package var heard: [String: Moment]

    package init(_ now: Moment, listening: [StoreRole: Moment] = [:], heard: [String: Moment] = [:]) {
        self.now = now
        self.listening = listening
        self.heard = heard
    }

    /// The later of what the row says and of what is known.
    func last(_ written: Moment?, of who: String) -> Moment {
        max(written ?? Moment(Int64.min / 2), heard[who] ?? Moment(Int64.min / 2))
    }

    /// Silent for this long at least, as the present process of `role` can know it.
    func silence(of heard: Moment, for role: StoreRole) -> Millis {
        now - max(heard, listening[role] ?? heard)
    }
}
