import Foundation
import GRDB
import Model

/// Which files this process has open as its database, by device and inode. Never by opening them: the close
/// would take SQLite's locks from every connection of this process.
struct OpenedFiles: Sendable {
    private struct Mark: Equatable {
        var device: UInt
        var inode: UInt

        init?(_ path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            (device, inode) = (UInt(facts.st_dev), UInt(facts.st_ino))
        }
    }

    private let marks: [(path: String, mark: Mark?)]

    /// Behind the gate, with the connection open: none of the three is made anew or removed while one is.
    init(_ directory: StateDirectory) {
        marks = [directory.database, directory.log, directory.logIndex].map { ($0, Mark($0)) }
    }

    /// - Throws: `misplaced` when a path leads elsewhere now: what this process commits would be lost at its
    ///   end.
    func check() throws(StoreError) {
        for (path, mark) in marks {
            let now = Mark(path)
            guard now != mark else { continue }
            throw .misplaced(
                "\(path) was \(now == nil ? "deleted or moved" : "replaced") while it was in use")
        }
    }
}

extension StateIdentity {
    /// That of the database of a directory, without changing a byte of it; nil when there is none, or nothing
    /// of ours in it. Behind the gate.
    static func find(_ directory: StateDirectory) throws(StoreError) -> StateIdentity? {
        var facts = stat()
        guard stat(directory.database, &facts) == 0 else {
            if errno == ENOENT { return nil }
            throw StoreError(errno: errno, path: directory.database)
        }
        guard facts.st_size > 0 else { return nil }
        do {
            let queue = try DatabaseQueue(path: directory.database, configuration: Reading.configuration())
            let found = Result { try queue.inDatabase(whole) }
            try queue.close()
            return try found.get()
        } catch {
            throw StoreError(error, path: directory.database)
        }
    }
}

extension StateIdentity {
    /// Damage that no step happens to read would end the tier again and again as soon as one does: all of it
    /// is looked for here.
    private static func whole(_ db: Database) throws -> StateIdentity? {
        guard let found = try StateIdentity(db) else { return nil }
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard verdict == "ok" else { throw StoreError.corrupt(verdict) }
        let damaged = try SchemaText.damaged(db)
        guard damaged.isEmpty else {
            throw StoreError.corrupt("its schema differs in \(damaged.joined(separator: ", "))")
        }
        return found
    }
}

extension Store {
    /// That the database is still the one which was opened: the same files, the same cluster, never behind
    /// what `cluster.json` says. To be called every few seconds.
    /// - Throws: `misplaced` when it is not: end the process; what it would commit is lost or belongs
    ///   elsewhere.
    package func checkPlace() throws(StoreError) {
        try files?.check()
        // The file first: the database only grows, so it is not behind what was read before it.
        let known = try side.read()
        guard let found = try connection.snapshot(StateIdentity.init) else {
            throw .misplaced("it holds no cluster any more")
        }
        guard found.uuid == clusterUUID else {
            throw .misplaced("it belongs to cluster \(found.uuid) now, this process serves \(clusterUUID)")
        }
        if case .good(let known) = known, let objection = known.objection(to: found) {
            throw .misplaced(objection)
        }
    }

    /// Brings `cluster.json` up to date where the database has gone on, or the file is gone or damaged.
    /// - Throws: `misplaced` when the two contradict each other, `diskFull`, `broken`, `unwritable`.
    package func keepIdentity() throws(StoreError) {
        if case .good(let known) = try side.read(), try connection.snapshot(StateIdentity.init) == known {
            return
        }
        try connection.exclusively { db in
            guard let found = try StateIdentity(db) else {
                throw StoreError.misplaced("it holds no cluster any more")
            }
            try side.keep(found)
        }
    }
}
