import CPlatform
import Foundation
import GRDB
import Model

/// How long histories are kept. By age and by rows from the first day, so that no table grows without end.
package struct Retention: Sendable {
    /// Decisions older than this go.
    package var decisionAgeMax = Millis(7 * 24 * 3_600_000)
    /// Of each tier; the oldest go.
    package var decisionRowsMax: Int64 = 100_000
    /// A tier that was away for longer than these reads the whole once.
    package var changeRowsMax: Int64 = 50_000
    /// Nodes that are gone, for people to look back at, and as tombstones: a machine that comes late is known by its
    /// token and given back. Twice the day for which a provider keeps a token good (`CloudProvider`, promise 1).
    package var goneNodeAgeMax = Millis(48 * 3_600_000)
    /// Accounts of machines that are gone stay for as long; then their sums are added to those of all before them.
    package var costAccountAgeMax = Millis(48 * 3_600_000)
    /// Costs by the hour: a quarter of a year, for a monthly bill to be compared with.
    package var costHourAgeMax = Millis(92 * 24 * 3_600_000)
    /// Load buckets stay for the largest look-back and this much longer.
    package var loadMargin = Millis(600_000)
    /// Look-back of a cluster without deployments (Ray's default).
    package var lookBackDefault = Millis(30_000)
    /// Rows that go in one transaction, so that nobody waits long for the lock; the rest go the next time.
    package var batchMax = 1_000
    /// Such transactions in a row, with room for others between them.
    package var batchesMax = 50

    package init() {}
}

/// What a checkpoint found.
package struct CheckpointResult: Equatable, Sendable {
    /// Pages in the log, and those of them that are now in the database file.
    package var logPages: Int
    package var movedPages: Int
    /// The log file was cut to nothing.
    package var truncated: Bool
}

extension Store {
    /// A log below this many bytes is left alone (1,000 pages, SQLite's own measure).
    package static let checkpointFromBytes: Int64 = 1_000 * 4_096
    /// A log of this many bytes is cut, once all of it is in the database file.
    package static let truncateFromBytes: Int64 = 16 * 1_024 * 1_024

    /// Moves the log into the database file when it has grown, behind the write lock and never waiting for a
    /// reader. Nil: nothing to do. To be called now and then, at least once a minute.
    @discardableResult
    package func checkpoint() throws(StoreError) -> CheckpointResult? {
        let size = logBytes
        guard size >= Self.checkpointFromBytes else { return nil }
        return try moveLog(cutting: size >= Self.truncateFromBytes)
    }

    /// - Parameter cutting: also cut it, once all of it is in the database file.
    /// - Throws: `broken`, `diskFull`, `corrupt`. A reader on the log is no error: the next call goes on.
    func moveLog(cutting: Bool) throws(StoreError) -> CheckpointResult? {
        try connection.exclusively { db in
            guard let handle = db.sqliteConnection else { return nil }
            var result = CheckpointResult(logPages: 0, movedPages: 0, truncated: false)
            func run(truncate: Bool) throws -> Bool {
                var (log, moved): (Int32, Int32) = (0, 0)
                let code = ResultCode(
                    rawValue: cplatform_sqlite_checkpoint(
                        handle, truncate ? 1 : 0, Int32(Connection.busyMax.rawValue), &log, &moved))
                (result.logPages, result.movedPages) = (Int(log), Int(moved))
                if code == .SQLITE_OK { return true }
                let path = connection.directory?.database ?? ":memory:"
                let failure =
                    StoreError(code: code, path: path, message: nil) ?? .failed("checkpoint: \(code)")
                guard case .busy = failure else { throw failure }
                return false
            }
            if try run(truncate: false), result.logPages == result.movedPages, cutting {
                result.truncated = try run(truncate: true)
            }
            return result
        }
    }

    /// Bytes of the log; beyond a few tens of MiB somebody holds a snapshot open. 0 in memory.
    package var logBytes: Int64 {
        var facts = stat()
        guard let directory = connection.directory, stat(directory.log, &facts) == 0 else { return 0 }
        return Int64(facts.st_size)
    }

    /// Deletes what is too old from the tables of this tier, at most a batch of each. Rows deleted; call
    /// again soon when it is the batch or more.
    @discardableResult
    package func trim(_ retention: Retention = Retention()) throws(StoreError) -> Int {
        let now = now()
        let oldest = role == .serve ? now - (try largestLookBack(retention) + retention.loadMargin) : now
        let deleted = try transaction { db in
            try checkHolder(db)
            return try trim(db, retention, now: now, oldestLoad: oldest)
        }
        if role == .serve { forgetBuckets(endedBefore: oldest) }
        return deleted
    }

    /// Batch after batch, until nothing is left that is too old: what comes with every report must also go.
    package func trimAll(_ retention: Retention = Retention()) throws(StoreError) {
        for _ in 0..<retention.batchesMax where try trim(retention) < retention.batchMax { return }
    }

    private func trim(_ db: Database, _ retention: Retention, now: Moment, oldestLoad: Moment) throws -> Int {
        var deleted = 0
        func delete(_ sql: String, _ arguments: [Int64]) throws {
            let statement = try db.cachedStatement(sql: sql)
            try statement.execute(arguments: StatementArguments(arguments + [Int64(retention.batchMax)]))
            deleted += db.changesCount
        }
        let decisions = role == .serve ? "serve_decision" : "node_decision"
        try delete(
            """
            DELETE FROM \(decisions) WHERE id IN (SELECT id FROM \(decisions)
              WHERE at_ms < ? OR id <= (SELECT max(id) FROM \(decisions)) - ? ORDER BY id LIMIT ?)
            """, [(now - retention.decisionAgeMax).ms, retention.decisionRowsMax])
        try delete(
            """
            DELETE FROM change WHERE seq IN (SELECT seq FROM change
              WHERE seq <= (SELECT max(seq) FROM change) - ? ORDER BY seq LIMIT ?)
            """, [retention.changeRowsMax])
        switch role {
        case .serve:
            try delete(
                """
                DELETE FROM load_bucket WHERE (deployment, proxy, incarnation, sequence) IN (SELECT deployment,
                  proxy, incarnation, sequence FROM load_bucket WHERE end_ms < ? ORDER BY end_ms LIMIT ?)
                """, [oldestLoad.ms])
        case .nodes:
            // While the provider still shows its machine, the row is the tombstone that names it.
            try delete(
                """
                DELETE FROM node WHERE id IN (SELECT id FROM node WHERE phase = 'gone' AND phase_ms < ?
                  AND NOT EXISTS (SELECT 1 FROM instance_seen WHERE node = id) LIMIT ?)
                """, [(now - retention.goneNodeAgeMax).ms])
            deleted += try closeOldAccounts(db, retention, now: now)
            try delete(
                """
                DELETE FROM cost_hour WHERE (hour_ms, cause, deployment, microusd_per_hour) IN (SELECT hour_ms, cause,
                  deployment, microusd_per_hour FROM cost_hour WHERE hour_ms < ? ORDER BY hour_ms LIMIT ?)
                """, [(now - retention.costHourAgeMax).ms])
        }
        return deleted
    }

    /// What is no longer kept by machine goes on to count in `cost_past`, so that the sum of all stays exact.
    private func closeOldAccounts(_ db: Database, _ retention: Retention, now: Moment) throws -> Int {
        let old = try String.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id FROM cost_account a WHERE ended_ms < ?
                      AND NOT EXISTS (SELECT 1 FROM instance_seen WHERE instance = a.instance) ORDER BY id LIMIT ?
                    """), arguments: [(now - retention.costAccountAgeMax).ms, Int64(retention.batchMax)])
        for id in old {
            let carry = """
                INSERT INTO cost_past (cause, deployment, microusd_per_hour, time_us)
                  SELECT t.cause, t.deployment, a.microusd_per_hour, t.time_us FROM cost_total t
                  JOIN cost_account a ON a.id = t.account WHERE t.account = ?
                ON CONFLICT (cause, deployment, microusd_per_hour)
                  DO UPDATE SET time_us = time_us + excluded.time_us
                """
            try db.cachedStatement(sql: carry).execute(arguments: [id])
            try db.cachedStatement(sql: "DELETE FROM cost_total WHERE account = ?").execute(arguments: [id])
            try db.cachedStatement(sql: "DELETE FROM cost_account WHERE id = ?").execute(arguments: [id])
        }
        return old.count
    }

    private func largestLookBack(_ retention: Retention) throws(StoreError) -> Millis {
        try state().deployments.values.reduce(retention.lookBackDefault) { largest, row in
            guard case .auto(let settings) = row.settings.count else { return largest }
            return max(largest, settings.lookBack)
        }
    }
}
