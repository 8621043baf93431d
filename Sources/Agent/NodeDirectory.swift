import Foundation
import Logging
import Model
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// The agent's directory: `orders.json`, `replicas/ID.json`, `next-port.json`, `logs/ID.log`, `agent.lock`, and
/// `retired` when the node has been told to end. Open to its owner only: environments may hold secrets.
struct NodeDirectory: Sendable {
    /// Absolute, without symbolic links, so that two names of one directory are one mark.
    let path: String

    /// The longest id that can be a file name with its ending.
    static let idBytesMax = 240

    /// - Throws: `Problem` when it cannot be made.
    init(_ path: String) throws(Problem) {
        do {
            for part in ["replicas", "logs"] {
                try FileManager.default.createDirectory(
                    atPath: path + "/" + part, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw Problem(code: "state", message: "cannot make \(path): \(error.localizedDescription)")
        }
        guard let real = realpath(path, nil) else {
            throw Self.failure("cannot resolve", path)
        }
        self.path = String(cString: real)
        free(real)
    }

    /// True when the id can stand in a file name.
    static func accepts(_ id: ReplicaID) -> Bool {
        let parts = id.rawValue.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
        return parts.count == 3 && parts.allSatisfy(NameRule.accepts) && id.rawValue.utf8.count <= idBytesMax
    }

    func log(of id: ReplicaID) -> String { "\(path)/logs/\(id).log" }
    var logs: String { path + "/logs" }

    // MARK: - The one holder

    /// The descriptor that holds the directory until it is closed.
    /// - Throws: `Problem` with code `in_use` when another agent has it.
    func lock() throws(Problem) -> Int32 {
        let name = path + "/agent.lock"
        let file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure("cannot open", name) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw Problem(
                code: "in_use",
                message: "another agent holds \(path): stop it first, or give this one a directory of its own"
            )
        }
        return file
    }

    // MARK: - Orders and records

    func readOrders(_ logger: Logger) -> RecordedOrders {
        read(RecordedOrders.self, path + "/orders.json", logger) ?? RecordedOrders()
    }

    func write(_ orders: RecordedOrders) throws(Problem) {
        try Self.write(orders, to: path + "/orders.json")
    }

    /// In order of id.
    func readRecords(_ logger: Logger) -> [ReplicaRecord] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/replicas")) ?? []
        return names.filter { $0.hasSuffix(".json") }
            .compactMap { read(ReplicaRecord.self, "\(path)/replicas/\($0)", logger) }
            .filter { Self.accepts($0.id) }
            .sorted { $0.id < $1.id }
    }

    func write(_ record: ReplicaRecord) throws(Problem) {
        try Self.write(record, to: "\(path)/replicas/\(record.id).json")
    }

    /// Nil: no replica of this node was ever forgotten.
    func readNextPort(_ logger: Logger) -> Int? { read(Int.self, path + "/next-port.json", logger) }

    func write(nextPort: Int) throws(Problem) { try Self.write(nextPort, to: path + "/next-port.json") }

    func removeRecord(of id: ReplicaID) {
        unlink("\(path)/replicas/\(id).json")
    }

    /// Tells whoever restarts agents that this one is not to come back.
    func markRetired() throws(Problem) {
        try Self.write("retired", to: path + "/retired")
    }

    /// A file that cannot be read is set aside: its processes then count as strangers.
    private func read<Value: Decodable>(_ type: Value.Type, _ name: String, _ logger: Logger) -> Value? {
        guard let data = FileManager.default.contents(atPath: name) else { return nil }
        do {
            return try WireCoding.decode(type, from: data)
        } catch {
            logger.error("\(name) cannot be read and is set aside as \(name).bad: \(error)")
            rename(name, name + ".bad")
            return nil
        }
    }

    /// Whole or not at all, and on the disk when it returns.
    private static func write(_ value: some Encodable, to name: String) throws(Problem) {
        let data: Data
        do {
            data = try WireCoding.encode(value)
        } catch {
            throw Problem(code: "state", message: "cannot encode \(name): \(error)")
        }
        let draft = name + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot write", draft) }
        let whole = data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let part = Glibc.write(file, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if part < 0 && errno == EINTR { continue }
                guard part > 0 else { return false }
                done += part
            }
            return fsync(file) == 0
        }
        let why = errno
        close(file)
        guard whole, rename(draft, name) == 0 else {
            if whole { throw failure("cannot replace", name) }
            unlink(draft)
            errno = why
            throw failure("cannot write", draft)
        }
        let parent = open((name as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    private static func failure(_ what: String, _ name: String) -> Problem {
        Problem(code: "state", message: "\(what) \(name): \(String(cString: strerror(errno)))")
    }
}
