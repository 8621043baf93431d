import CPlatform
import Foundation
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// By what the processes of a machine are known. Its agent is started with node and cluster; the agent starts
/// replicas with node and directory, which every process that they start inherits.
struct ProcessMark: Hashable, Sendable {
    var node: String
    var cluster: String
    /// Of the agent, without symbolic links.
    var directory: String

    static let nodeVariable = "TANDEM_NODE"
    static let clusterVariable = "TANDEM_CLUSTER"
    static let directoryVariable = "TANDEM_NODE_DIRECTORY"

    init(_ start: MachineStart) {
        node = start.node.rawValue
        cluster = start.cluster
        let real = realpath(start.directory, nil)
        defer { free(real) }
        directory = real.map { String(cString: $0) } ?? start.directory
    }
}

/// Kills at once whatever still belongs to a node whose directory lies under `directory`: agents, replicas, and what
/// those started. For the end of a whole cluster on this machine.
package func killMachines(under directory: String) {
    let real = realpath(directory, nil)
    defer { free(real) }
    let root = (real.map { String(cString: $0) } ?? directory) + "/"
    for process in MarkedProcess.all() {
        let owned = process.directory?.hasPrefix(root) ?? process.arguments.contains { $0.hasPrefix(root) }
        if owned { process.kill() }
    }
}

/// A process with a node in its environment.
struct MarkedProcess: Hashable, Sendable {
    var pid: Int32
    var node: String
    var cluster: String?
    var directory: String?

    func bears(_ mark: ProcessMark) -> Bool {
        node == mark.node && (cluster.map { $0 == mark.cluster } ?? (directory == mark.directory))
    }

    /// Everything that bears a mark now, in order of pid, never this process. Zombies have no environment and
    /// are not found. A look at every process of the host: milliseconds.
    static func all() -> [MarkedProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.sorted().filter { $0 != getpid() }.compactMap { look($0) }
    }

    private static func look(_ pid: Int32) -> MarkedProcess? {
        guard let node = value(ProcessMark.nodeVariable, of: pid) else { return nil }
        return MarkedProcess(
            pid: pid, node: node, cluster: value(ProcessMark.clusterVariable, of: pid),
            directory: value(ProcessMark.directoryVariable, of: pid))
    }

    private static func value(_ name: String, of pid: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress,
                tandem_process_variable(pid, name, start, buffer.count) >= 0
            else { return nil }
            return String(cString: start)
        }
    }

    /// The argument vector, to tell an agent from its replicas.
    var arguments: [String] {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline")) else {
            return []
        }
        return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// SIGKILL to exactly this process: looked at again once its number cannot change hands.
    func kill() {
        let handle = tandem_pidfd_open(pid)
        guard handle >= 0 else { return }
        defer { close(handle) }
        if Self.look(pid) == self { _ = tandem_pidfd_signal(handle, SIGKILL) }
    }
}
