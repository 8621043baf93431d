import Foundation

/// Where the database is.
package enum StorePlace: Sendable {
    /// A state directory; made when it is missing. Its file system must be local (flock, WAL).
    case directory(String)
    /// In memory, for one Store alone.
    case memory
    /// In memory, for both tiers of a simulated cluster: same rows, guards and epochs, one connection.
    case shared(SharedMemory)
}

/// The files of a state directory that the Store knows.
package struct StateDirectory: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package var database: String { path + "/tandem.sqlite" }
    package var log: String { path + "/tandem.sqlite-wal" }
    package var writeLock: String { path + "/write.lock" }
    /// The turnstile: whoever waits for the write lock holds this, so that writers take turns.
    package var writeNext: String { path + "/write.next" }
    package var run: String { path + "/run" }
    /// Tells the cluster's database from any other: `StateIdentity`.
    package var identity: String { path + "/cluster.json" }
    /// Room that is given up when the disk is full: `Store.keepReserve`.
    package var reserve: String { path + "/reserve" }
    /// SQLite's index of the log.
    var logIndex: String { path + "/tandem.sqlite-shm" }
    package func roleLock(_ role: StoreRole) -> String { path + "/\(role.rawValue).lock" }

    /// Makes the directory if need be. Whoever may write in it could replace the database, so nobody but its
    /// owner may.
    func prepare() throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw .unwritable(
                path: path, reason: "it cannot be made; choose another --state or make it yourself (\(error))"
            )
        }
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw .unwritable(path: path, reason: Self.errnoText + "; choose another --state")
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            throw .unwritable(path: path, reason: "it is no directory; choose another --state")
        }
        guard facts.st_mode & 0o022 == 0 else {
            throw .unwritable(
                path: path,
                reason: "its group or others may write in it; run: chmod go-w '\(path)'")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw .unwritable(
                path: path,
                reason: "this user may not write in it (\(Self.errnoText)); choose another --state")
        }
        guard mkdir(run, 0o755) == 0 || errno == EEXIST else {
            throw .unwritable(path: run, reason: Self.errnoText)
        }
    }

    /// Makes the file itself so that its mode, which -wal and -shm inherit, does not hang on the umask: others
    /// may read, only the owner writes. A file that exists is never opened here: closing it would take SQLite's
    /// locks from every connection of this process.
    func makeDatabase() throws(StoreError) {
        let file = Foundation.open(database, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            guard errno == EEXIST else {
                throw .unwritable(path: database, reason: Self.errnoText)
            }
            return
        }
        fchmod(file, 0o644)
        close(file)
    }

    static var errnoText: String { String(cString: strerror(errno)) }
}
