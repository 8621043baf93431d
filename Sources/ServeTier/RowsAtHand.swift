import Model
import Store

/// The replicas of those deployments that a step looks at, as it leaves them: a look asks for them twenty times, and each
/// row that is searched and copied for it would be paid for as often.
struct RowsAtHand {
    /// Of each deployment in the order of their ids; those added in the step come last.
    private var rows: [DeploymentID: [ReplicaRow]] = [:]

    /// Nil: not at hand.
    func replicas(of id: DeploymentID) -> [ReplicaRow]? { rows[id] }

    mutating func take(_ found: [ReplicaRow], of id: DeploymentID) { rows[id] = found }

    func has(_ id: DeploymentID) -> Bool { rows[id] != nil }

    mutating func set(_ row: ReplicaRow) {
        guard let place = place(of: row.id) else { return }
        rows[row.deployment]?[place] = row
    }

    mutating func add(_ row: ReplicaRow) { rows[row.deployment]?.append(row) }

    mutating func remove(_ id: ReplicaID) {
        guard let place = place(of: id) else { return }
        rows[id.deployment]?.remove(at: place)
    }

    private func place(of id: ReplicaID) -> Int? {
        guard let rows = rows[id.deployment] else { return nil }
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].id < id { low = middle + 1 } else { high = middle }
        }
        if low < rows.count, rows[low].id == id { return low }
        return rows.firstIndex { $0.id == id }  // one that was added is not in its place
    }
}

extension [ReplicaRow] {
    /// Those that are to serve; nearly always all of them, and then nothing is copied.
    var wanted: [ReplicaRow] {
        if indices.allSatisfy({ self[$0].phase == .wanted }) { return self }
        return filter { $0.phase == .wanted }
    }
}
