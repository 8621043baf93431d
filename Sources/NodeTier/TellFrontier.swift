import Model
import Provisioning
import Store

/// Rows of `feasible` that a step changes.
struct FrontierRows {
    private(set) var touched: [DeploymentID: FeasibleRow] = [:]
    private(set) var removed: Set<DeploymentID> = []

    var isEmpty: Bool { touched.isEmpty && removed.isEmpty }

    mutating func put(_ row: FeasibleRow) { touched[row.deployment] = row }
    mutating func remove(_ id: DeploymentID) { removed.insert(id) }

    func write(to transaction: StoreTransaction) throws {
        for id in touched.keys.sorted() {
            if let row = touched[id] { try transaction.put(row) }
        }
        for id in removed.sorted() { try transaction.delete(FeasibleRow.self, id) }
    }
}

extension NodeStep {
    /// Tells the serve tier of which deployments more is wanted than can be placed, once everything is placed and bought
    /// that can be.
    mutating func tellFrontier() {
        // In the order of their ids, so of each deployment the oldest first.
        var waiting: [DeploymentID: [PlacementRow]] = [:]
        for id in self.waiting() where mayBuy(id) {
            if let row = state.placements[id] { waiting[row.deployment, default: []].append(row) }
        }
        let asked = Set(waiting.keys).union(state.feasible.keys)
        // A process that has just begun does not know the market yet.
        guard !asked.isEmpty, settings.provider == nil || !offerings.isEmpty else { return }
        let placed = placed(asked)
        for id in asked.sorted() {
            tell(id, placed: placed[id] ?? 0, waiting[id] ?? [])
        }
    }

    private mutating func tell(_ id: DeploymentID, placed: Int, _ waiting: [PlacementRow]) {
        let known = state.feasible[id]
        let (found, wake) = Provisioning.frontier(
            placed: placed,
            waiting: waiting.map {
                Waiting(
                    refusals: $0.refusals, since: max($0.pendingAt, listening), promise: promise($0))
            },
            known: known.map { Frontier($0) }, now: now)
        self.wake(at: wake)
        guard let found else {
            if known != nil { frontier.remove(id) }
            return
        }
        var row =
            known
            ?? FeasibleRow(deployment: id, room: found.room, reason: found.reason, generation: 0, since: now)
        row.room = found.room
        row.reason = found.reason
        // Of nodes there may be thousands, and what they lack changes with every move.
        row.refusals = found.refusals.filter { state.nodes[NodeID($0.candidate)] == nil }
        // Phases say which nodes there are to be divided.
        guard row != known || !phases.isEmpty else { return }
        row.generation += 1
        frontier.put(row)
    }

    private func mayBuy(_ id: ReplicaID) -> Bool {
        state.replicas[id].map { $0.phase == .wanted && $0.buys } ?? false
    }

    private func placed(_ deployments: Set<DeploymentID>) -> [DeploymentID: Int] {
        var counts: [DeploymentID: Int] = [:]
        for row in state.placements.values
        where row.phase.holdsRoom && deployments.contains(row.deployment)
            && state.replicas[row.replica]?.phase == .wanted
        {
            counts[row.deployment, default: 0] += 1
        }
        return counts
    }

    private func promise(_ row: PlacementRow) -> Waiting.Promise {
        guard let coming = row.refusals.first(where: { $0.code == .coming }) else { return .none }
        switch state.nodes[NodeID(coming.candidate)]?.phase {
        // The name of a type: it is being asked for in this very step.
        case nil, .requested: return .asked
        default: return .made
        }
    }
}

extension Frontier {
    fileprivate init(_ row: FeasibleRow) {
        self.init(room: row.room, reason: row.reason, refusals: row.refusals)
    }
}
