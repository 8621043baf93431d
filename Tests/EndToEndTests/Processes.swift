import Foundation

/// The processes of this machine, as /proc shows them.
enum Processes {
    static var all: [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
            .sorted()
    }

    /// Argument vector; empty for one that has ended and is not yet reaped.
    static func arguments(_ pid: pid_t) -> [String] { words(pid, "cmdline") }

    private static func words(_ pid: pid_t, _ file: String) -> [String] {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/\(file)") else { return [] }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    static func isAlive(_ pid: pid_t) -> Bool { !arguments(pid).isEmpty }

    /// All that name the path in an argument or a variable, but for these tests themselves.
    static func naming(_ path: String) -> [pid_t] {
        all.filter { pid in
            pid != getpid() && isAlive(pid)
                && (words(pid, "cmdline") + words(pid, "environ")).contains { $0.contains(path) }
        }
    }
}
