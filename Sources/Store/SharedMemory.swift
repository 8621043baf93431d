import GRDB
import Synchronization

/// A database in memory that outlives the Stores on it: to drop a Store and open another is the crash of a
/// tier.
package final class SharedMemory: Sendable {
    let connection: Connection

    private struct Held {
        var holders: [StoreRole: (pid: Int32, hold: Int)] = [:]
        var holds = 0
        var faults: (any StoreFaults)?
        var ignoresLocks = false
        var identity: StateIdentity?
    }
    private let held = Mutex(Held())

    package init() throws(StoreError) {
        connection = try Connection.memory()
    }

    /// Makes calls of the Stores on this database fail; nil: none.
    package var faults: (any StoreFaults)? {
        get { held.withLock { $0.faults } }
        set { held.withLock { $0.faults = newValue } }
    }

    /// Locks that do not hold, as on a bad network file system: a second Store may take a role that is held.
    /// The older one hears `fenced` at its next transaction.
    package var ignoresLocks: Bool {
        get { held.withLock { $0.ignoresLocks } }
        set { held.withLock { $0.ignoresLocks = newValue } }
    }

    /// The simulated `cluster.json`, checked and written as the file is. To set it to nil is to delete the
    /// file.
    package var identity: StateIdentity? {
        get { held.withLock { $0.identity } }
        set { held.withLock { $0.identity = newValue } }
    }

    /// A backup of the database as it is now, without its side file, its holders and its faults.
    package func copy() throws(StoreError) -> SharedMemory {
        let copy = try SharedMemory()
        try copy.overwrite(from: self)
        return copy
    }

    /// Writes the database as it is now into a file that is not there yet, to be read with `sqlite3`.
    package func write(to path: String) throws(StoreError) {
        do {
            _ = try connection.gate.hold { try connection.queue.vacuum(into: path) }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Puts a copy of `other` in the place of this database, as a person puts a file back: the side file and
    /// the holders stay, so that the next opening sees an older copy, another cluster or an empty database
    /// for what it is. A Store that is open goes on with the new rows, as a process does whose file was
    /// overwritten in place: end it where that is not meant.
    package func replace(with other: SharedMemory) throws(StoreError) {
        try overwrite(from: other)
    }

    private func overwrite(from other: SharedMemory) throws(StoreError) {
        do {
            try connection.gate.hold { try other.connection.queue.backup(to: connection.queue) }
            connection.forget()
        } catch {
            throw StoreError(error, path: ":memory:")
        }
    }

    /// - Returns: what `release` takes.
    func take(_ role: StoreRole, pid: Int32) throws(StoreError) -> Int {
        let taken: Result<Int, StoreError> = held.withLock { held in
            if let holder = held.holders[role], !held.ignoresLocks {
                return .failure(.roleTaken(role: role, pid: holder.pid))
            }
            held.holds += 1
            held.holders[role] = (pid, held.holds)
            return .success(held.holds)
        }
        return try taken.get()
    }

    /// Frees the role, unless a later holder has it.
    func release(_ role: StoreRole, _ hold: Int) {
        held.withLock { held in
            if held.holders[role]?.hold == hold { held.holders[role] = nil }
        }
    }
}
