import GRDB
import Model

/// What a tier may write, within one transaction whose epoch has been checked. Valid only inside `commit`.
package final class StoreTransaction {
    private let db: Database
    private let role: StoreRole
    private let epoch: Int64
    private let clock: StoreClock
    private let now: Moment
    private let memo: JSONMemo
    /// Load buckets that were new.
    private(set) var appended: [LoadBucketRow] = []
    /// Of which no bucket is stored any more.
    private(set) var forgotten: [DeploymentID] = []
    /// Rows that were changed, in order.
    private(set) var written: [WrittenRow] = []
    /// `renew` was called with this address.
    private(set) var renewal: (at: Moment, address: String)?
    /// Set by `raiseClusterGeneration`.
    private(set) var clusterGeneration: Int64?

    init(
        _ db: Database, role: StoreRole, epoch: Int64, clock: StoreClock, now: Moment, memo: JSONMemo
    ) {
        self.memo = memo
        self.db = db
        self.role = role
        self.epoch = epoch
        self.clock = clock
        self.now = now
    }

    private func checked<T>(_ body: () throws -> T) throws(StoreError) -> T {
        do { return try body() } catch { throw StoreError(error, path: "the database") }
    }

    /// Runs a statement that is kept prepared. Rows changed.
    @discardableResult
    private func run(_ sql: String, _ arguments: [DatabaseValue]) throws(StoreError) -> Int {
        try checked {
            // As boxes: the initialiser for arrays of one type reads each value through a key path, which was a tenth of
            // a step in which a thousand deployments report.
            let boxed = arguments.map { $0 as (any DatabaseValueConvertible)? }
            try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(boxed))
            return db.changesCount
        }
    }

    /// Inserts the row, or changes the stored one where it differs. False: they were equal, nothing was written.
    /// Refused when the table is the other tier's, or the phase may not change so.
    @discardableResult
    package func put<R: StoreRow>(_ row: R) throws(StoreError) -> Bool {
        var columns = ColumnWriter(R.sql, memo)
        try row.write(to: &columns)
        guard try run(R.sql.upsert, columns.values) > 0 else { return false }
        written.append(WrittenRow(table: R.sql.table, key: row.key.keyText, row: row))
        return true
    }

    /// False: there was none.
    @discardableResult
    package func delete<R: StoreRow>(_ type: R.Type, _ key: R.Key) throws(StoreError) -> Bool {
        guard try run(R.sql.delete, [key.keyText.databaseValue]) > 0 else { return false }
        written.append(WrittenRow(table: R.sql.table, key: key.keyText, row: nil))
        return true
    }

    /// Appends to the histories of this tier. The ids of the rows, in order, for the log.
    @discardableResult
    package func record(_ decisions: [Decision], at moment: Moment) throws(StoreError) -> [Int64] {
        let table = role == .serve ? "serve_decision" : "node_decision"
        let sql = """
            INSERT INTO \(table) (at_ms, at_unix_ms, epoch, kind, subject, before, after, rule, reason,
              inputs_json, refusals_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        var ids: [Int64] = []
        for decision in decisions {
            let refusals = try StoreJSON.text(decision.refusals)
            let inputs = try Self.object(decision.inputs)
            try run(
                sql,
                [
                    moment.ms.databaseValue, clock.unixMillis().databaseValue, epoch.databaseValue,
                    decision.kind.rawValue.databaseValue, decision.subject.databaseValue,
                    decision.before.databaseValue, decision.after.databaseValue,
                    decision.rule.databaseValue, decision.reason.databaseValue, inputs.databaseValue,
                    refusals.databaseValue,
                ])
            ids.append(db.lastInsertedRowID)
        }
        return ids
    }

    /// `{"name": value, …}` in the order in which the rule read them.
    private static func object(_ inputs: [Decision.Input]) throws(StoreError) -> String {
        var members: [String] = []
        for input in inputs { members.append("\(try StoreJSON.text(input.name)):\(input.value)") }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// Adds to the cost tables, which nobody follows.
    package func book(_ bookings: [CostBooking]) throws(StoreError) {
        let total = """
            INSERT INTO cost_total (account, cause, deployment, time_us) VALUES (?, ?, ?, ?)
            ON CONFLICT (account, cause, deployment) DO UPDATE SET time_us = time_us + excluded.time_us
            """
        let hour = """
            INSERT INTO cost_hour (hour_ms, cause, deployment, microusd_per_hour, time_us, hour_unix_ms)
              VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (hour_ms, cause, deployment, microusd_per_hour)
              DO UPDATE SET time_us = time_us + excluded.time_us
            """
        let unixMillis = clock.unixMillis()
        for booking in bookings {
            let owner = [booking.cause.rawValue.databaseValue, booking.deployment.databaseValue]
            try run(total, [booking.account.databaseValue] + owner + [booking.micros.databaseValue])
            let begin = unixMillis - (now - booking.hour).rawValue
            try run(
                hour,
                [booking.hour.ms.databaseValue] + owner + [
                    booking.microdollarsPerHour.databaseValue, booking.micros.databaseValue,
                    begin.databaseValue,
                ])
        }
    }

    /// Adds buckets; one that is there already (a report sent twice) is passed over. Count of the new ones.
    @discardableResult
    package func append(_ buckets: [LoadBucketRow]) throws(StoreError) -> Int {
        let before = appended.count
        for bucket in buckets {
            var columns = ColumnWriter(LoadBucketRow.sql, memo)
            bucket.write(to: &columns)
            var isNew = try run(LoadBucketRow.sql.insertNew, columns.values) > 0
            #if MUTANTS
                if Mutant.countsTwice.isOn { isNew = true }
            #endif
            if isNew { appended.append(bucket) }
        }
        return appended.count - before
    }

    /// Drops the load of a deployment that is no more.
    package func forgetLoad(of deployment: DeploymentID) throws(StoreError) {
        let sql = "DELETE FROM \(LoadBucketRow.sql.table) WHERE deployment = ?"
        if try run(sql, [deployment.rawValue.databaseValue]) > 0 { forgotten.append(deployment) }
    }

    /// The first of `count` serials that follow each other and are never given out again. Serve tier.
    package func nextReplicaSerial(_ count: Int = 1) throws(StoreError) -> Int64 {
        try next("serial", count)
    }

    /// The same for the numbers in node ids. Node tier.
    package func nextNodeSerial(_ count: Int = 1) throws(StoreError) -> Int64 {
        try next("node_serial", count)
    }

    private func next(_ table: String, _ count: Int) throws(StoreError) -> Int64 {
        let sql = """
            INSERT INTO \(table) (id, next) VALUES (1, 1 + ?1)
            ON CONFLICT (id) DO UPDATE SET next = next + ?1 RETURNING next - ?1
            """
        return try checked {
            let statement = try db.cachedStatement(sql: sql)
            guard let first = try Int64.fetchOne(statement, arguments: [count]) else {
                throw StoreError.failed("table \(table) gave no number")
            }
            return first
        }
    }

    /// Says "alive": counts up, notes the instant (the clock goes on from there after a reboot) and the address.
    package func renew(address: String) throws(StoreError) {
        try run(
            "UPDATE role SET renewals = renewals + 1, heard_ms = ?, address = ? WHERE role = ?",
            [now.ms.databaseValue, address.databaseValue, role.rawValue.databaseValue])
        renewal = (now, address)
    }

    /// Makes this cluster outrank `heard`, when an agent or a proxy remembers a higher generation than ours: the
    /// database is a new or a restored one. Nothing happens when ours is the higher.
    package func raiseClusterGeneration(above heard: Int64) throws(StoreError) {
        let (next, overflow) = heard.addingReportingOverflow(1)
        guard !overflow else { throw .failed("cluster generation \(heard) leaves no higher one") }
        let raised = try run(
            "UPDATE cluster SET cluster_generation = ?1 WHERE cluster_generation < ?1", [next.databaseValue])
        if raised > 0 { clusterGeneration = next }
    }
}
