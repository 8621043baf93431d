import CPlatform
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What every process of a machine carries in its environment: its agent is started with it, and hands it on.
struct ProcessMark: Hashable, Sendable {
    var node: String
    var cluster: String

    static let nodeVariable = "TANDEM_NODE"
    static let clusterVariable = "TANDEM_CLUSTER"
}

/// The processes of this host that bear a mark, read from /proc.
enum MarkedProcesses {
    /// Of an environment; a mark beyond it is not seen. The kernel's own limit for one string is 128 KiB.
    static let environmentBytesMax = 1 << 20

    /// Everything that bears a mark now, never this process. Zombies have no environment and are not found.
    static func all() -> [ProcessMark: [pid_t]] {
        var found: [ProcessMark: [pid_t]] = [:]
        let own = getpid()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = pid_t(name), pid != own, let mark = mark(of: pid) else { continue }
            found[mark, default: []].append(pid)
        }
        return found
    }

    static func mark(of pid: pid_t) -> ProcessMark? {
        guard let bytes = read("/proc/\(pid)/environ") else { return nil }
        var node: String?
        var cluster: String?
        for entry in bytes.split(separator: 0) {
            if let value = value(of: ProcessMark.nodeVariable, in: entry) { node = node ?? value }
            if let value = value(of: ProcessMark.clusterVariable, in: entry) { cluster = cluster ?? value }
        }
        guard let node, let cluster else { return nil }
        return ProcessMark(node: node, cluster: cluster)
    }

    private static func value(of variable: String, in entry: ArraySlice<UInt8>) -> String? {
        let name = Array("\(variable)=".utf8)
        return entry.starts(with: name) ? String(decoding: entry.dropFirst(name.count), as: UTF8.self) : nil
    }

    /// The argument vector, to tell an agent from its replicas.
    static func arguments(of pid: pid_t) -> [String] {
        guard let bytes = read("/proc/\(pid)/cmdline") else { return [] }
        return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// SIGKILL to exactly the process that bears the mark: looked at again once it cannot change its number.
    static func kill(_ pid: pid_t, bearing mark: ProcessMark) {
        let handle = tandem_pidfd_open(pid)
        guard handle >= 0 else { return }
        defer { close(handle) }
        if Self.mark(of: pid) == mark { _ = tandem_pidfd_signal(handle, SIGKILL) }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < environmentBytesMax {
            let count = Glibc.read(file, &part, part.count)
            if count <= 0 { break }
            bytes += part[..<count]
        }
        return bytes
    }
}
