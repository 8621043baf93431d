import GRDB

/// Follows a database in memory from outside, row by row, and disturbs nobody: the eyes of whoever checks what the
/// tiers write.
package final class StateWatch {
    private let memory: SharedMemory
    /// As of the last look.
    package private(set) var state = ClusterState()
    /// What the last look found changed.
    package private(set) var changes = StateChanges()
    private var isFirst = true

    package init(_ memory: SharedMemory) { self.memory = memory }

    /// Another database is in the place of this one; its changes may be numbered as the old one's are.
    package func beginAnew() { isFirst = true }

    /// Brings `state` and `changes` up to date.
    /// - Returns: false when it had to be read as a whole: at first, after a gap, or for another database.
    @discardableResult
    package func look() throws(StoreError) -> Bool {
        let connection = memory.connection
        var changes = StateChanges()
        var state = state
        self.state = ClusterState()
        try connection.snapshot { db in
            let reading = StateReading(db: db, memo: connection.memo)
            let touched = isFirst ? nil : try reading.touched(since: state.changeSequence)
            if let touched { changes.note(touched.keys, before: state) }
            var planned: Int64 = 0
            if try reading.advance(&state, by: touched, planned: &planned) {
                changes.note(after: state)
            } else {
                state = try reading.whole()
                changes = StateChanges()
                changes.isWhole = true
            }
        }
        isFirst = false
        self.state = state
        self.changes = changes
        return !changes.isWhole
    }

    /// The whole as it is, read anew.
    package func whole() throws(StoreError) -> ClusterState {
        let connection = memory.connection
        return try connection.snapshot { db in try StateReading(db: db, memo: connection.memo).whole() }
    }

    /// One SELECT or reading PRAGMA.
    package func ask(_ sql: String, _ arguments: [StoreValue] = []) throws(StoreError) -> QueryResult {
        try memory.connection.snapshot { db in
            try QueryResult(db.cachedStatement(sql: sql), arguments, rowsMax: QueryResult.rowsMax)
        }
    }
}

/// One row of before and of now; nil: it was not there, or is no more.
package struct RowChange<R: Sendable>: Sendable {
    package var before: R?
    package var after: R?

    package init(before: R?, after: R?) {
        self.before = before
        self.after = after
    }
}

/// What became of the rows between two looks, each table in the order of its keys.
package struct StateChanges: Sendable {
    /// Everything was read anew: what was before is not known, and nothing is listed.
    package var isWhole = false
    package var applications: [RowChange<ApplicationRow>] = []
    package var deployments: [RowChange<DeploymentRow>] = []
    package var replicas: [RowChange<ReplicaRow>] = []
    package var nodes: [RowChange<NodeRow>] = []
    package var placements: [RowChange<PlacementRow>] = []
    package var movePlans: [RowChange<MovePlanRow>] = []

    private var keys: [String: [String]] = [:]

    package init() {}

    fileprivate mutating func note(_ touched: [String: Set<String>], before state: ClusterState) {
        keys = touched.mapValues { $0.sorted() }
        applications = before(state.applications)
        deployments = before(state.deployments)
        replicas = before(state.replicas)
        nodes = before(state.nodes)
        placements = before(state.placements)
        movePlans = before(state.movePlans)
    }

    fileprivate mutating func note(after state: ClusterState) {
        fill(&applications, state.applications)
        fill(&deployments, state.deployments)
        fill(&replicas, state.replicas)
        fill(&nodes, state.nodes)
        fill(&placements, state.placements)
        fill(&movePlans, state.movePlans)
    }

    private func before<R: StoreRow>(_ rows: [R.Key: R]) -> [RowChange<R>] {
        (keys[R.sql.table] ?? []).map { RowChange(before: rows[R.Key(keyText: $0)], after: nil) }
    }

    private func fill<R: StoreRow>(_ changes: inout [RowChange<R>], _ rows: [R.Key: R]) {
        for (place, key) in (keys[R.sql.table] ?? []).enumerated() {
            changes[place].after = rows[R.Key(keyText: key)]
        }
    }
}
