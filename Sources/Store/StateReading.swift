import GRDB
import Model

/// Makes a `ClusterState` from rows: whole, or the last one with what `change` names since.
struct StateReading {
    let db: Database
    let memo: JSONMemo

    /// The tables of `ClusterState`.
    private static let tables: [any FollowedTable] = [
        Followed(\.applications), Followed(\.deployments), Followed(\.scalings), Followed(\.capacities),
        Followed(\.httpWishes),
        Followed(\.replicas),
        Followed(\.proxies),
        Followed(\.settings), Followed(\.standingDemands), Followed(\.nodeTypes), Followed(\.nodes),
        Followed(\.placements),
        Followed(\.drainRequests), Followed(\.feasible), Followed(\.instances), Followed(\.availability),
        Followed(\.paces), Followed(\.holds), Followed(\.troubles),
        Followed(\.readopts), Followed(\.foundReplicas), Followed(\.readoptsTaken),
        Followed(\.movePlans), Followed(\.moveSteps), Followed(\.nodeNotes), Followed(\.nodeStays),
        Followed(\.demandHistories),
        Followed(\.costAccounts), Followed(\.kept),
    ]
    private static let tableByName = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0) })

    /// The newest change in the database.
    static func newestChange(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(seq), 0) FROM change")) ?? 0
    }

    func whole() throws -> ClusterState {
        var state = ClusterState()
        for table in Self.tables { try table.readAll(into: &state, self) }
        state.roles = try roles()
        state.changeSequence = try Self.newestChange(db)
        return state
    }

    /// Brings `state` up to date in place, so that nothing is copied which nobody else holds.
    /// - Parameter touched: since `state`; nil: a gap.
    /// - Parameter planned: told the newest change if a table was touched which the plans of `role` read.
    /// - Returns: false on a gap: `state` is then of no use.
    func advance(
        _ state: inout ClusterState, by touched: Touched?, for role: StoreRole? = nil,
        planned: inout Int64
    ) throws -> Bool {
        guard let touched else { return false }
        for (table, keys) in touched.keys {
            guard let table = Self.tableByName[table] else { return false }
            for key in keys { try table.read(key, into: &state, self) }
        }
        if touched.keys.keys.contains(where: { Ownership.isPlanned($0, by: role) }) {
            planned = touched.newest
        }
        state.changeSequence = touched.newest
        state.roles = try roles()
        return true
    }

    /// What a commit of this process wrote is in `state` without being read again.
    /// - Returns: false: these are not all the changes from `span.before` to `span.after`, or `state` is not of then.
    static func follow(
        _ written: [WrittenRow], _ span: (before: Int64, after: Int64), in state: inout ClusterState,
        for role: StoreRole, planned: inout Int64
    ) -> Bool {
        guard state.changeSequence == span.before, Int64(written.count) == span.after - span.before,
            written.allSatisfy({ tableByName[$0.table] != nil })
        else { return false }
        for row in written { tableByName[row.table]?.follow(row, in: &state) }
        state.changeSequence = span.after
        if written.contains(where: { Ownership.isPlanned($0.table, by: role) }) { planned = span.after }
        return true
    }

    /// What has changed since a state was read.
    struct Touched {
        /// By table.
        var keys: [String: Set<String>] = [:]
        var newest: Int64
    }

    /// What has changed since `seen`. The sequence has no holes, so a first number that does not follow is a gap.
    /// - Returns: nil on a gap: entries were trimmed that were not seen, or the database is another one.
    func touched(since seen: Int64) throws -> Touched? {
        let newest = try Self.newestChange(db)
        guard newest != seen else { return Touched(newest: newest) }
        guard newest > seen else { return nil }
        let statement = try db.cachedStatement(
            sql: "SELECT seq, tbl, key FROM change WHERE seq > ? ORDER BY seq")
        let rows = try Row.fetchCursor(statement, arguments: [seen])
        var touched = Touched(newest: newest)
        var expected = seen
        while let row = try rows.next() {
            expected += 1
            guard row[0] as Int64 == expected else { return nil }
            touched.keys[row[1] as String, default: []].insert(row[2] as String)
        }
        return expected == newest ? touched : nil
    }

    private func roles() throws -> [StoreRole: RoleRow] {
        let rows = try Row.fetchCursor(db.cachedStatement(sql: RoleRow.sql.selectAll))
        var roles: [StoreRole: RoleRow] = [:]
        while let row = try rows.next() {
            var columns = ColumnReader(row, RoleRow.sql, memo)
            let role = try RoleRow(reading: &columns)
            roles[role.role] = role
        }
        return roles
    }

    func loadBuckets() throws -> [LoadBucketRow] {
        let rows = try Row.fetchCursor(db.cachedStatement(sql: LoadBucketRow.sql.selectAll))
        var buckets: [LoadBucketRow] = []
        while let row = try rows.next() {
            var columns = ColumnReader(row, LoadBucketRow.sql, memo)
            buckets.append(try LoadBucketRow(reading: &columns))
        }
        return buckets
    }
}

/// One table of the state, with its row type out of sight.
private protocol FollowedTable: Sendable {
    var name: String { get }
    func readAll(into state: inout ClusterState, _ reading: StateReading) throws
    func read(_ key: String, into state: inout ClusterState, _ reading: StateReading) throws
    func follow(_ written: WrittenRow, in state: inout ClusterState)
}

/// What a commit has made of one row.
struct WrittenRow {
    var table: String
    var key: String
    /// Nil: it was deleted.
    var row: (any StoreRow)?
}

private struct Followed<R: StoreRow>: FollowedTable {
    let place: any WritableKeyPath<ClusterState, [R.Key: R]> & Sendable

    init(_ place: any WritableKeyPath<ClusterState, [R.Key: R]> & Sendable) { self.place = place }

    var name: String { R.sql.table }

    func readAll(into state: inout ClusterState, _ reading: StateReading) throws {
        let rows = try Row.fetchCursor(reading.db.cachedStatement(sql: R.sql.selectAll))
        while let row = try rows.next() {
            var columns = ColumnReader(row, R.sql, reading.memo)
            let value = try R(reading: &columns)
            state[keyPath: place][value.key] = value
        }
    }

    func read(_ key: String, into state: inout ClusterState, _ reading: StateReading) throws {
        let statement = try reading.db.cachedStatement(sql: R.sql.selectOne)
        let row = try Row.fetchOne(statement, arguments: [key])
        #if MUTANTS
            if Mutant.keepsDeleted.isOn, row == nil { return }
        #endif
        state[keyPath: place][R.Key(keyText: key)] = try row.map { row in
            var columns = ColumnReader(row, R.sql, reading.memo)
            return try R(reading: &columns)
        }
    }

    func follow(_ written: WrittenRow, in state: inout ClusterState) {
        #if MUTANTS
            if Mutant.keepsDeleted.isOn, written.row == nil { return }
        #endif
        state[keyPath: place][R.Key(keyText: written.key)] = written.row as? R
    }
}
