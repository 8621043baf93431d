import GRDB
import Schema

/// What a database says of its own tables, against what the migrations make. A changed byte in there is no
/// error to SQLite as long as it can be read as SQL: columns would then be missing, or a guard would not
/// guard.
enum SchemaText {
    /// Name and SQL of tables, indexes and triggers that only migrations make; `derived`: of the views,
    /// guards and change triggers.
    static func objects(_ db: Database, derived: Bool) throws -> [String: String] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
                  AND ? = (type = 'view' OR (type = 'trigger'
                    AND (substr(name, 1, ?) = ? OR substr(name, 1, ?) = ?)))
                """,
            arguments: [
                derived, Ownership.guardPrefix.count, Ownership.guardPrefix, Ownership.changePrefix.count,
                Ownership.changePrefix,
            ])
        let pairs = rows.compactMap { row in
            String.fromDatabaseValue(row[0]).flatMap { name in
                String.fromDatabaseValue(row[1]).map { (name, $0) }
            }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// The same of a fresh database of that schema version.
    private static func fresh(version: Int, derived: Bool) throws -> [String: String] {
        let queue = try DatabaseQueue()
        return try queue.inDatabase { db in
            for migration in Schema.migrations where migration.version <= version {
                try db.execute(sql: migration.sql)
            }
            if derived {
                try db.execute(sql: Schema.views)
                try db.execute(sql: Ownership.triggers)
            }
            return try objects(db, derived: derived)
        }
    }

    /// Objects of migrations that are missing or differ; what a person added is no matter.
    static func damaged(_ db: Database) throws -> [String] {
        let found = try objects(db, derived: false)
        let expected = try fresh(version: try Opening.version(db), derived: false)
        return expected.filter { found[$0.key] != $0.value }.keys.sorted()
    }

    /// True when views, guards and change triggers are those of this program.
    static func derivedIsRight(_ db: Database) throws -> Bool {
        let hash = try String.fetchOne(db, sql: "SELECT derived_hash FROM cluster")
        guard hash == Ownership.hash else { return false }
        return try objects(db, derived: true) == newest.get()
    }

    /// Of this program; made once.
    private static let newest = Result { try fresh(version: Opening.newestVersion, derived: true) }
}
