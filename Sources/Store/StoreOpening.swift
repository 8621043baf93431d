import Foundation
import Model

extension Store {
    /// Takes the role for life, migrates, raises the epoch. Where `cluster.json` says that a cluster ran
    /// here, only its own database is opened, as far on as it was or farther; nothing is created or changed
    /// before that is certain. Errors: `roleTaken`, `newerSchema`, `unwritable`, `diskFull`, `busy`,
    /// `corrupt`, `misplaced`, `broken`.
    /// - Parameters:
    ///   - pid: of this process, for those who find its locks.
    ///   - uuid: of the cluster of a database made anew; an existing one keeps its own.
    ///   - firstGeneration: cluster generation of a database made anew. Nil: Unix time in seconds. Above the
    ///     one in `cluster.json` it says that the missing or empty database is replaced on purpose.
    package static func open(
        _ place: StorePlace, role: StoreRole, clock: StoreClock = .system,
        pid: Int32 = ProcessInfo.processInfo.processIdentifier,
        uuid: @escaping @Sendable () -> String = { UUID().uuidString.lowercased() },
        firstGeneration: Int64? = nil
    ) throws(StoreError) -> Store {
        let opening = Opening(
            role: role, clock: clock, pid: pid, uuid: uuid, firstGeneration: firstGeneration)
        switch place {
        case .memory: return try open(SharedMemory(), opening)
        case .shared(let shared): return try open(shared, opening)
        case .directory(let path): return try open(StateDirectory(path), opening)
        }
    }

    private static func open(_ shared: SharedMemory, _ opening: Opening) throws(StoreError) -> Store {
        let hold = try shared.take(opening.role, pid: opening.pid)
        do {
            let side = SideFile.memory(shared)
            let found = try shared.connection.snapshot(StateIdentity.init)
            let remark = try side.admit(found, firstGeneration: opening.firstGeneration)
            return try settled(
                Opened(
                    connection: shared.connection, side: side, found: found, remark: remark,
                    simulated: (shared, hold)), opening)
        } catch {
            shared.release(opening.role, hold)
            throw error
        }
    }

    private static func open(_ directory: StateDirectory, _ opening: Opening) throws(StoreError) -> Store {
        try directory.prepare()
        let roleLock = try LockFile(directory.roleLock(opening.role))
        guard roleLock.tryLock() else { throw .roleTaken(role: opening.role, pid: roleLock.pid) }
        roleLock.write(pid: opening.pid)
        func attempt() throws(StoreError) -> Store {
            let side = SideFile.file(directory)
            var found: StateIdentity?
            var remark: String?
            let connection = try Connection.open(directory, pid: opening.pid) { () throws(StoreError) in
                found = try StateIdentity.find(directory)
                remark = try side.admit(found, firstGeneration: opening.firstGeneration)
            }
            return try settled(
                Opened(
                    connection: connection, side: side, found: found, remark: remark, roleLock: roleLock),
                opening)
        }
        let store: Store
        do {
            store = try attempt()
        } catch {
            // Started again on a full disk: the reserve is for this too.
            guard error == .diskFull, directory.removeReserve() else { throw error }
            store = try attempt()
        }
        store.keepReserve()
        return store
    }

    /// What an opening has in hand before the Store is there.
    struct Opened {
        var connection: Connection
        var side: SideFile
        /// Nil: the database is made by this opening.
        var found: StateIdentity?
        var remark: String?
        var roleLock: LockFile?
        var simulated: (shared: SharedMemory, hold: Int)?
    }

    private static func settled(_ opened: Opened, _ opening: Opening) throws(StoreError) -> Store {
        let connection = opened.connection
        let settled = try opening.run(on: connection)
        let window = try loadWindow(of: connection, role: opening.role)
        // The epoch is committed: what the side file says is never ahead of the database.
        let files = try connection.exclusively { db in
            guard let identity = try StateIdentity(db) else {
                throw StoreError.misplaced("it holds no cluster any more")
            }
            try opened.side.keep(identity, anew: opened.found == nil)
            return connection.directory.map(OpenedFiles.init)
        }
        return try Store(opened, opening, settled, window, files)
    }

    private static func loadWindow(
        of connection: Connection, role: StoreRole
    ) throws(StoreError) -> LoadWindow {
        guard role == .serve else { return LoadWindow() }
        return try connection.snapshot { db in
            LoadWindow(try StateReading(db: db, memo: connection.memo).loadBuckets())
        }
    }
}
