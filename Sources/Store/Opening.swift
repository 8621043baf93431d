import Foundation
import GRDB
import Model
import Schema

/// What opening settles, all of it behind the gate: the schema, the views and guards, the clock, the epoch.
struct Opening {
    let role: StoreRole
    let clock: StoreClock
    let pid: Int32
    /// For a new database: that of the cluster.
    let uuid: @Sendable () -> String
    /// For a new database; nil: Unix time.
    let firstGeneration: Int64?

    struct Settled {
        var epoch: Int64
        var clusterGeneration: Int64
        var clusterUUID: String
        /// Cluster clock = boot clock + this.
        var clockOffset: Int64
    }

    static let newestVersion = Schema.migrations.last?.version ?? 0

    func run(on connection: Connection) throws(StoreError) -> Settled {
        for migration in Schema.migrations {
            try connection.transaction(as: role) { db in
                let found = try Self.version(db)
                guard found < migration.version else { return }
                if found == 0 { try Self.claim(db, path: connection.directory?.database ?? ":memory:") }
                try Self.dropDerived(db)
                try db.execute(sql: migration.sql)
                try db.execute(sql: "PRAGMA user_version = \(migration.version)")
            }
        }
        return try connection.transaction(as: role, settle)
    }

    /// The schema version, refused when it is a newer one.
    static func version(_ db: Database) throws -> Int {
        let found = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA user_version")) ?? 0
        guard found <= newestVersion else {
            throw StoreError.newerSchema(found: found, known: newestVersion)
        }
        return found
    }

    /// Marks an empty file as ours; a file that holds something else is left alone.
    private static func claim(_ db: Database, path: String) throws {
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard objects == 0 else {
            throw StoreError.unwritable(
                path: path,
                reason: "it is the database of another program; move it away or choose another --state")
        }
        try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
    }

    private func settle(_ db: Database) throws -> Settled {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id")
        guard application == Schema.applicationID else {
            throw StoreError.corrupt("application_id is \(application ?? 0), not \(Schema.applicationID)")
        }
        if try !SchemaText.derivedIsRight(db) { try Self.makeDerived(db) }
        try db.execute(
            sql: """
                INSERT INTO cluster (id, uuid, cluster_generation, boot_id, clock_offset_ms, created_unix_ms,
                  derived_hash)
                VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
                """,
            arguments: [
                uuid(), firstGeneration ?? generationOfToday, clock.bootID(), -clock.bootMillis(),
                clock.unixMillis(), Ownership.hash,
            ])
        guard
            let cluster = try Row.fetchOne(
                db,
                sql: "SELECT uuid, cluster_generation, boot_id, clock_offset_ms FROM cluster")
        else { throw StoreError.corrupt("table cluster is empty") }
        let offset = try settleClock(db, bootID: cluster["boot_id"], offset: cluster["clock_offset_ms"])
        let epoch = try takeRole(db, now: clock.bootMillis() + offset)
        return Settled(
            epoch: epoch, clusterGeneration: cluster["cluster_generation"], clusterUUID: cluster["uuid"],
            clockOffset: offset)
    }

    /// Seconds since 1970: a database made anew on the same machines outranks the lost one, whose orders agents
    /// and proxies may still remember. `raiseClusterGeneration` corrects a date that was set back.
    private var generationOfToday: Int64 { max(1, clock.unixMillis() / 1000) }

    /// Goes on from the latest committed instant when the machine was started anew, so that a timer resumes with
    /// the time it had left.
    private func settleClock(_ db: Database, bootID: String, offset: Int64) throws -> Int64 {
        let latest =
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(coalesce((SELECT max(heard_ms) FROM role), 0),
                      coalesce((SELECT at_ms FROM serve_decision ORDER BY id DESC LIMIT 1), 0),
                      coalesce((SELECT at_ms FROM node_decision ORDER BY id DESC LIMIT 1), 0),
                      coalesce((SELECT max(end_ms) FROM load_bucket), 0))
                    """) ?? 0
        let boot = clock.bootMillis()
        if bootID == clock.bootID(), boot + offset >= latest { return offset }
        try db.execute(
            sql: "UPDATE cluster SET boot_id = ?, clock_offset_ms = ?",
            arguments: [clock.bootID(), latest - boot])
        return latest - boot
    }

    private func takeRole(_ db: Database, now: Int64) throws -> Int64 {
        try db.execute(
            sql: """
                INSERT INTO role (role, epoch, pid, heard_ms, started_unix_ms) VALUES (?, 1, ?, ?, ?)
                ON CONFLICT (role) DO UPDATE SET epoch = epoch + 1, pid = excluded.pid, address = '',
                  heard_ms = excluded.heard_ms, started_unix_ms = excluded.started_unix_ms
                """,
            arguments: [role.rawValue, pid, now, clock.unixMillis()])
        let epoch = try Int64.fetchOne(
            db, sql: "SELECT epoch FROM role WHERE role = ?", arguments: [role.rawValue])
        guard let epoch else { throw StoreError.corrupt("table role lost its row") }
        return epoch
    }

    // MARK: - Views and guards

    private static func dropDerived(_ db: Database) throws {
        let derived = try Row.fetchAll(
            db,
            sql: """
                SELECT type, name FROM sqlite_schema WHERE type = 'view'
                  OR (type = 'trigger' AND (substr(name, 1, ?) = ? OR substr(name, 1, ?) = ?))
                """,
            arguments: [
                Ownership.guardPrefix.count, Ownership.guardPrefix, Ownership.changePrefix.count,
                Ownership.changePrefix,
            ])
        for row in derived {
            try db.execute(sql: "DROP \(row["type"] as String) \"\(row["name"] as String)\"")
        }
        if try db.tableExists("cluster") { try db.execute(sql: "UPDATE cluster SET derived_hash = ''") }
    }

    private static func makeDerived(_ db: Database) throws {
        try dropDerived(db)
        try db.execute(sql: Schema.views)
        try db.execute(sql: Ownership.triggers)
        try db.execute(sql: "UPDATE cluster SET derived_hash = ?", arguments: [Ownership.hash])
    }
}
