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

    /// False too for one that has ended and is not yet reaped.
    static func isAlive(_ pid: pid_t) -> Bool {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
            let end = data.lastIndex(of: UInt8(ascii: ")"))
        else { return false }
        // The state is the word after the name, which may itself hold anything.
        return !data[end...].dropFirst(2).starts(with: "Z".utf8)
            && !data[end...].dropFirst(2).starts(with: "X".utf8)
    }

    /// All that name the path in an argument or a variable, but for these tests themselves.
    static func naming(_ path: String) -> [pid_t] {
        all.filter { pid in
            pid != getpid()
                && (words(pid, "cmdline") + words(pid, "environ")).contains { $0.contains(path) }
        }
    }
}
