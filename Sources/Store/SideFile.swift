import Foundation
import GRDB

/// `cluster.json`: where the identity is kept beside the database. A file there, whatever its state, says
/// that a cluster ran here: from then on nothing starts with an empty database. Written only behind the write
/// gate.
enum SideFile {
    case file(StateDirectory)
    /// Of a simulated cluster.
    case memory(SharedMemory)

    enum Content: Equatable {
        case absent
        /// How, with the path.
        case damaged(String)
        case good(StateIdentity)
    }

    /// Far more than it ever has; a longer one is not ours.
    private static let bytesMax = 4_096

    private var path: String {
        switch self {
        case .file(let directory): directory.identity
        case .memory: "cluster.json"
        }
    }

    func read() throws(StoreError) -> Content {
        switch self {
        case .memory(let shared): return shared.identity.map(Content.good) ?? .absent
        case .file:
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                if errno == ENOENT { return .absent }
                throw StoreError(errno: errno, path: path)
            }
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
            let count = Foundation.read(file, &bytes, bytes.count)
            guard count >= 0 else { throw StoreError(errno: errno, path: path) }
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            guard let identity: StateIdentity = StoreJSON.value(text), identity.isPlausible else {
                return .damaged("\(path) is damaged (it reads: \(text.prefix(80)))")
            }
            return .good(identity)
        }
    }

    /// Before anything is created or changed. `database` is nil when there is none, or nothing of ours in it.
    /// - Parameter firstGeneration: that of a database to be made anew; above the known one it may take its
    ///   place.
    /// - Returns: what a person should be told although the database is good.
    func admit(_ database: StateIdentity?, firstGeneration: Int64?) throws(StoreError) -> String? {
        switch (try read(), database) {
        case (.absent, _): return nil
        case (.good(let known), nil):
            if let firstGeneration, firstGeneration > known.clusterGeneration { return nil }
            throw .misplaced(
                "it is missing or empty, but \(path) says that cluster \(known.uuid) ran here"
                    + " (newest change \(known.change))")
        case (.damaged(let how), nil):
            if firstGeneration != nil { return nil }
            throw .misplaced("it is missing or empty, but a cluster ran here: \(how)")
        case (.damaged(let how), .some): return how + "; it is written anew from the database"
        case (.good(let known), .some(let database)):
            if let objection = known.objection(to: database) { throw .misplaced(objection) }
            return nil
        }
    }

    /// Behind the gate: notes how far the database has come, where that is farther than what is there.
    /// - Parameter anew: the database was made just now; what was there before is of the one it replaces.
    func keep(_ database: StateIdentity, anew: Bool = false) throws(StoreError) {
        var next = database
        if !anew, case .good(let known) = try read() {
            if let objection = known.objection(to: database) { throw .misplaced(objection) }
            next = known.merged(with: database)
            if next == known { return }
        }
        switch self {
        case .memory(let shared): shared.identity = next
        case .file(let directory): try Self.replace(directory, StoreJSON.text(next) + "\n")
        }
    }

    /// A reader, also one after a power loss, finds the old file or the new one, never a part.
    private static func replace(_ directory: StateDirectory, _ text: String) throws(StoreError) {
        let temporary = directory.identity + ".new"
        do {
            let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw StoreError(errno: errno, path: temporary) }
            defer { close(file) }
            let bytes = Array(text.utf8)
            errno = 0
            guard fchmod(file, 0o644) == 0, write(file, bytes, bytes.count) == bytes.count else {
                throw StoreError(errno: errno == 0 ? ENOSPC : errno, path: temporary)
            }
            try flush(file, temporary)
            guard rename(temporary, directory.identity) == 0 else {
                throw StoreError(errno: errno, path: directory.identity)
            }
        } catch {
            unlink(temporary)
            throw error as? StoreError ?? .failed("\(error)")
        }
        let folder = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw StoreError(errno: errno, path: directory.path) }
        defer { close(folder) }
        try flush(folder, directory.path)
    }

    private static func flush(_ file: Int32, _ path: String) throws(StoreError) {
        guard fsync(file) == 0 else { throw StoreError(errno: errno, path: path) }
    }
}
