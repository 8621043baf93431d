import CPlatform
import Foundation
import GRDB
import Model

/// The read-only connections beside the writer: one that only watches for commits, and a pool for questions.
final class Reading: @unchecked Sendable {
    /// Readers at once in the pool; further ones wait.
    static let readersMax = 4

    private let directory: StateDirectory
    private let watch: DatabaseQueue
    private let pool: DatabasePool
    private let lock = NSLock()
    private var seenVersion: Int64?
    private var restingAt: Int64?

    /// The file must exist: the writer opens first.
    init(_ directory: StateDirectory) throws(StoreError) {
        self.directory = directory
        do {
            watch = try DatabaseQueue(path: directory.database, configuration: Self.configuration())
            pool = try DatabasePool(path: directory.database, configuration: Self.configuration())
        } catch {
            throw StoreError(error, path: directory.database)
        }
    }

    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.maximumReaderCount = readersMax
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { db in
            try Connection.harden(db)
            try db.execute(sql: "PRAGMA busy_timeout = 1000")  // a pool's readers have GRDB's 10 s otherwise
        }
        return configuration
    }

    /// The newest change; nil when nothing was committed since `rest`. `data_version` belongs to this connection
    /// and moves with every commit of another one.
    func newestChange() throws(StoreError) -> Int64? {
        do {
            return try watch.inDatabase { db in
                let version = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) ?? 0
                lock.lock()
                defer { lock.unlock() }
                seenVersion = version
                if version == restingAt { return nil }
                return try StateReading.newestChange(db)
            }
        } catch {
            throw StoreError(error, path: directory.database)
        }
    }

    /// Everything up to the last look is known: say nothing until the next commit.
    func rest() { lock.withLock { restingAt = seenVersion } }

    func read<T>(_ body: (Database) throws -> T) throws -> T { try pool.read(body) }

    func close() {
        try? watch.close()
        try? pool.close()
    }
}

extension Store {
    /// A question in a snapshot of its own, on a connection that cannot write. Keep it short: while a snapshot
    /// is open the log cannot be emptied.
    package func read<T: Sendable>(_ body: (Database) throws -> T) throws -> T {
        if let reading { return try reading.read(body) }
        return try snapshot(body)
    }

    /// The same without GRDB's types: rows of one SELECT with its arguments.
    package func query(_ sql: String, _ arguments: [StoreValue] = []) throws(StoreError) -> QueryResult {
        do {
            return try read { db in
                let statement = try db.makeStatement(sql: sql)
                return try QueryResult(statement, arguments, rowsMax: QueryResult.rowsMax)
            }
        } catch {
            throw StoreError(error, path: connection.directory?.database ?? ":memory:")
        }
    }
}
