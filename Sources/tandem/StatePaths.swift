import CPlatform
import Foundation
import Store
import Wire

/// The files of a state directory that processes find each other by.
struct StatePaths: Sendable {
    /// Absolute.
    let root: String

    init(_ path: String) {
        let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        root = URL(fileURLWithPath: absolute).standardizedFileURL.path
    }

    var token: String { root + "/token" }
    var run: String { root + "/run" }
    var logs: String { root + "/logs" }
    var nodes: String { root + "/nodes" }
    var cloud: String { root + "/cloud" }
    var cloudSocket: String { cloud + "/cloud.sock" }
    func proxy(_ id: String) -> String { root + "/proxies/\(id)" }
    /// There since a `tandem down` that ended every machine, until the next start.
    var ended: String { run + "/ended" }
    func runFile(_ role: String) -> String { run + "/\(role).json" }
    func log(_ role: String) -> String { logs + "/\(role).log" }

    /// Makes the directories. - Throws: a sentence that names the path.
    func prepare() throws(Problem) {
        for path in [root, run, logs, nodes] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            } catch {
                throw Problem(
                    code: "state",
                    message: "cannot make \(path): choose another --state or make it yourself (\(error))")
            }
            guard access(path, W_OK | X_OK) == 0 else {
                throw Problem(
                    code: "state",
                    message:
                        "cannot write in \(path) (\(String(cString: strerror(errno)))): choose another --state"
                )
            }
        }
    }

    func loadToken(create: Bool = false) throws(Problem) -> Token {
        try Token.load(path: token, createIfMissing: create)
    }
}

/// What a running process wrote about itself once it was ready: `run/ROLE.json`.
struct RunFile: Codable, Sendable {
    var pid: Int32
    /// With the pid it names one process for good.
    var startTicks: Int64
    /// URL or `host:port`, as the role has it.
    var address: String
    /// Of the second listener, where there is one.
    var metrics: String?
    /// Set: the tier has no database that it may use.
    var safeMode: SafeModeNote?

    static func read(_ path: String) -> RunFile? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return try? WireCoding.decode(RunFile.self, from: data)
    }

    /// Writes the file for this process, whole or not at all.
    static func write(
        _ path: String, address: String, metrics: String? = nil, safeMode: SafeModeNote? = nil
    ) throws(Problem) {
        let file = RunFile(
            pid: getpid(), startTicks: ProcessFacts(getpid())?.startTicks ?? 0, address: address,
            metrics: metrics, safeMode: safeMode)
        let draft = "\(path).\(getpid())"
        do {
            try WireCoding.encode(file).write(to: URL(fileURLWithPath: draft))
        } catch {
            throw Problem(code: "state", message: "cannot write \(path): \(error)")
        }
        guard rename(draft, path) == 0 else {
            throw Problem(code: "state", message: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// True while exactly that process runs.
    var isAlive: Bool {
        guard let facts = ProcessFacts(pid) else { return false }
        return facts.startTicks == startTicks && !facts.isZombie
    }

    var port: Int? { address.split(separator: ":").last.flatMap { Int($0) } }
}

/// What the kernel says of a process.
struct ProcessFacts {
    var startTicks: Int64
    var isZombie: Bool

    init?(_ pid: Int32) {
        var facts = tandem_process_facts()
        guard tandem_process_facts(pid, &facts) == 0 else { return nil }
        startTicks = facts.start_ticks
        isZombie = facts.state == CChar(UInt8(ascii: "Z")) || facts.state == CChar(UInt8(ascii: "X"))
    }
}

/// The tag on every machine of a cluster.
enum ClusterTag {
    static func read(_ paths: StatePaths) throws -> String {
        // It outlives the database, and is right also when that is another cluster's.
        if let identity = (try? StateIdentity.read(directory: paths.root)) ?? nil { return identity.uuid }
        let rows = try StoreReader(directory: paths.root).query("SELECT uuid FROM cluster").rows
        guard case .text(let uuid)? = rows.first?.first else {
            throw Problem(
                code: "state",
                message: "the database in \(paths.root) names no cluster: start one (tandem up)")
        }
        return uuid
    }
}
