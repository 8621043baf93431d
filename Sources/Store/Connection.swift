import CPlatform
import Foundation
import GRDB
import Model
import Synchronization

/// The one connection that writes, set up as the file needs it, and its gate.
final class Connection: @unchecked Sendable {
    /// For SQLITE_BUSY while the write lock is held; past it the lock is released and taken again, since a
    /// person's open transaction must not stop the other tier too.
    static let busyMax = Millis(50)
    /// Pause between such tries.
    static let retryPause = Millis(20)

    let queue: DatabaseQueue
    let gate: WriteGate
    /// Nil: in memory.
    let directory: StateDirectory?
    /// Whose statements run now: the answer of the SQL function `tandem_role()`. Changed only inside the
    /// gate.
    private let acting: ActingRole
    /// Used only inside the queue.
    let memo = JSONMemo()
    private let commits = Atomic<Int>(0)

    private init(queue: DatabaseQueue, gate: WriteGate, directory: StateDirectory?, acting: ActingRole) {
        self.queue = queue
        self.gate = gate
        self.directory = directory
        self.acting = acting
    }

    static func memory() throws(StoreError) -> Connection {
        do {
            let acting = ActingRole()
            let queue = try DatabaseQueue(configuration: configuration(acting, journal: "memory"))
            return Connection(queue: queue, gate: WriteGate(), directory: nil, acting: acting)
        } catch {
            throw StoreError(error, path: ":memory:")
        }
    }

    /// Opening can create, switch to WAL and recover: all of it under the gate.
    /// - Parameter admit: before anything is created or changed; what it throws ends the opening.
    static func open(
        _ directory: StateDirectory, pid: Int32, admit: () throws(StoreError) -> Void
    ) throws(StoreError) -> Connection {
        let gate = try WriteGate(directory, pid: pid)
        do {
            let acting = ActingRole()
            let queue = try gate.hold {
                try admit()
                try directory.makeDatabase()
                return try DatabaseQueue(
                    path: directory.database, configuration: configuration(acting, journal: "wal"))
            }
            let connection = Connection(queue: queue, gate: gate, directory: directory, acting: acting)
            try queue.inDatabase(checkSettings)
            return connection
        } catch {
            throw StoreError(error, path: directory.database)
        }
    }

    /// GRDB's own WAL set-up would lower `synchronous` and may write: `journalMode` stays `.default`, and
    /// every pragma is ours.
    private static func configuration(_ acting: ActingRole, journal: String) -> Configuration {
        var configuration = Configuration()
        configuration.journalMode = .default
        configuration.busyMode = .timeout(Double(busyMax.rawValue) / 1000)
        configuration.prepareDatabase { db in
            try harden(db)
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            guard mode == journal else {
                throw StoreError.unwritable(
                    path: db.description,
                    reason: "journal mode \(mode ?? "none") instead of \(journal); is the disk a local one?")
            }
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
            db.add(
                function: DatabaseFunction("tandem_role", argumentCount: 0) { _ in acting.role?.rawValue })
        }
        return configuration
    }

    static func harden(_ db: Database) throws {
        guard let handle = db.sqliteConnection, cplatform_sqlite_harden(handle) == 0 else {
            throw StoreError.failed("this SQLite lets neither DEFENSIVE nor NO_CKPT_ON_CLOSE be set")
        }
    }

    /// Read back what was set: a silent difference would cost commits at a power loss.
    private static func checkSettings(_ db: Database) throws {
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
        let automatic = try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint")
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode")
        let hardened = db.sqliteConnection.map(cplatform_sqlite_is_hardened) ?? 0
        guard synchronous == 2, automatic == 0, mode == "wal", hardened == 1 else {
            throw StoreError.failed(
                "settings did not hold: synchronous \(synchronous ?? -1), wal_autocheckpoint"
                    + " \(automatic ?? -1), journal \(mode ?? "?"), hardened \(hardened)")
        }
    }

    /// One transaction of `role`, behind the gate. `body` runs at most once.
    func transaction<T>(as role: StoreRole, _ body: (Database) throws -> T) throws(StoreError) -> T {
        try exclusively { db throws in
            acting.role = role
            defer { acting.role = nil }
            // Not GRDB's `inTransaction`, which prepares both statements each time.
            try db.cachedStatement(sql: "BEGIN IMMEDIATE TRANSACTION").execute()
            do {
                let result = try body(db)
                try db.cachedStatement(sql: "COMMIT TRANSACTION").execute()
                commits.add(1, ordering: .relaxed)
                return result
            } catch {
                // After some errors SQLite has done so by itself. The first error is the one to be told.
                if db.isInsideTransaction { try? db.rollback() }
                throw error
            }
        }
    }

    /// Of a database in memory: what `PRAGMA data_version` is to a file, for every Store on it. Nil for a file.
    var version: Int? { directory == nil ? commits.load(ordering: .relaxed) : nil }

    /// Whatever was known of the rows is not any more: another database stands here.
    func forget() { commits.add(1, ordering: .relaxed) }

    /// The connection, outside a transaction, behind the gate; again after a pause while SQLite says busy.
    func exclusively<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        let end = DispatchTime.now() + .milliseconds(Int(WriteGate.waitMax.rawValue))
        while true {
            let failure: StoreError
            do {
                return try gate.hold { try queue.writeWithoutTransaction(body) }
            } catch {
                failure = StoreError(error, path: directory?.database ?? ":memory:")
            }
            // In memory there is nobody else: "busy" comes from a simulation, which waits by its own clock.
            guard case .busy = failure, directory != nil, DispatchTime.now() < end else { throw failure }
            usleep(UInt32(Self.retryPause.micros))
        }
    }

    /// A snapshot of the rows; needs no gate.
    func snapshot<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        do {
            return try queue.inDatabase { db in
                // In memory nobody else writes while this connection is held.
                if directory == nil { return try body(db) }
                var result: T?
                try db.inTransaction(.deferred) {
                    result = try body(db)
                    return .commit
                }
                guard let result else { throw StoreError.failed("the reading had no result") }
                return result
            }
        } catch {
            throw StoreError(error, path: directory?.database ?? ":memory:")
        }
    }
}

/// See `Connection.acting`.
private final class ActingRole: @unchecked Sendable {
    var role: StoreRole?
}

extension StoreError {
    /// Sorts an error of SQLite by what the caller can do.
    init(_ error: any Error, path: String) {
        if let known = error as? StoreError {
            self = known
            return
        }
        guard let sqlite = error as? DatabaseError else {
            self = .failed("\(error)")
            return
        }
        self =
            Self(code: sqlite.extendedResultCode, path: path, message: sqlite.message)
            ?? .failed(sqlite.description)
    }

    /// Nil: neither the file nor its disk is to blame.
    init?(code: ResultCode, path: String, message: String?) {
        let message = message ?? "\(code)"
        switch (code, code.primaryResultCode) {
        case (.SQLITE_IOERR_SHMSIZE, _): self = .diskFull  // no room for the index of the log
        case (.SQLITE_READONLY_DBMOVED, _): self = .misplaced("\(path) was moved or deleted")
        case (_, .SQLITE_BUSY), (_, .SQLITE_LOCKED): self = .busy("another connection to \(path)")
        case (_, .SQLITE_FULL): self = .diskFull
        case (_, .SQLITE_CORRUPT), (_, .SQLITE_NOTADB): self = .corrupt("\(path): \(message)")
        case (_, .SQLITE_IOERR): self = .broken("\(path): \(message) (\(code.rawValue))")
        case (_, .SQLITE_CANTOPEN), (_, .SQLITE_READONLY), (_, .SQLITE_PERM):
            self = .unwritable(path: path, reason: message)
        default: return nil
        }
    }
}
