import CPlatform
import Foundation
import GRDB
import Model
import Schema

/// Answers a person's SQL from a state directory, with or without a running cluster: the file is opened for
/// reading only, nothing can be attached, and rows, value size and time are bounded.
package struct StoreReader: Sendable {
    /// For one question; past it the question is interrupted. A snapshot that stays open keeps the log growing.
    package static let timeMax = Millis(10_000)
    /// Size of one value.
    package static let valueBytesMax = 4 * 1_024 * 1_024

    private let connection: Connection

    /// The connection with what its callback in C points at.
    private final class Connection: @unchecked Sendable {
        let queue: DatabaseQueue
        /// CLOCK_MONOTONIC; 0: no question is being answered.
        let deadline: UnsafeMutablePointer<Int64>
        let path: String

        init(path: String) throws {
            self.path = path
            let deadline = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
            deadline.initialize(to: 0)
            self.deadline = deadline
            do {
                queue = try DatabaseQueue(path: path, configuration: Reading.configuration())
            } catch {
                deadline.deallocate()
                throw error
            }
        }

        deinit {
            try? queue.close()
            deadline.deallocate()
        }
    }

    /// Errors: `unwritable` when there is no database to read, `corrupt`, `newerSchema`.
    package init(directory: String) throws(StoreError) {
        let path = StateDirectory(directory).database
        guard access(path, F_OK) == 0 else {
            throw .unwritable(
                path: path, reason: "there is no database; start one with: tandem up --state \(directory)")
        }
        do {
            connection = try Connection(path: path)
            let handle = UncheckedDeadline(pointer: connection.deadline)
            try connection.queue.inDatabase { db in
                try db.execute(sql: "PRAGMA query_only = 1")
                guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                    throw StoreError.corrupt("\(path) is not a database of tandem")
                }
                _ = try Opening.version(db)
                guard let sqlite = db.sqliteConnection else { throw StoreError.failed("no connection") }
                cplatform_sqlite_confine(sqlite, Int32(Self.valueBytesMax), handle.pointer)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private struct UncheckedDeadline: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<Int64>
    }

    /// One SELECT (or EXPLAIN, or reading PRAGMA). `failed` says what SQLite objects to, or that time is up.
    package func query(
        _ sql: String, _ arguments: [StoreValue] = [], rowsMax: Int = QueryResult.rowsMax,
        timeMax: Millis = Self.timeMax
    ) throws(StoreError) -> QueryResult {
        do {
            return try connection.queue.inDatabase { db in
                let statement = try db.makeStatement(sql: sql)
                guard statement.isReadonly else {
                    throw StoreError.failed("only questions (SELECT …) are answered; nothing was changed")
                }
                connection.deadline.pointee = cplatform_monotonic_ms() + timeMax.rawValue
                defer { connection.deadline.pointee = 0 }
                let result = try QueryResult(statement, arguments, rowsMax: rowsMax)
                if db.isInsideTransaction { try db.rollback() }  // someone typed BEGIN, which changes nothing
                return result
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
            throw .failed("the question took longer than \(timeMax.rawValue / 1000) s; narrow it")
        } catch {
            throw StoreError(error, path: connection.path)
        }
    }
}
