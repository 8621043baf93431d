import Foundation
import Model

/// What this machine has.
enum MachineFacts {
    static var resources: Resources {
        Resources([
            Resources.cpu: Int64(ProcessInfo.processInfo.activeProcessorCount) * 1000,
            Resources.memory: Int64(clamping: ProcessInfo.processInfo.physicalMemory),
        ])
    }
}

/// Tells a kill for want of memory from any other SIGKILL, as well as can be known: the kernel counts such
/// kills (in the agent's cgroup, which its replicas share; without cgroup v2 on the whole machine), and one
/// must have been counted in the last seconds.
struct OutOfMemoryWatch {
    /// A kill is looked for this far back, at least, and twice as far at most.
    static let window = Millis(2_000)

    private var older: Int64
    private var newer: Int64
    private var sampledAt: Moment

    init(now: Moment) {
        older = Self.kills()
        newer = older
        sampledAt = now
    }

    /// To be called now and then.
    mutating func sample(now: Moment) {
        guard now - sampledAt >= Self.window else { return }
        older = newer
        newer = Self.kills()
        sampledAt = now
    }

    var rose: Bool { Self.kills() > older }

    private static let source: String = {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let group = groups.split(separator: "\n").first { $0.hasPrefix("0::") }.map { $0.dropFirst(3) }
        let events = "/sys/fs/cgroup\(group ?? "")/memory.events"
        return FileManager.default.isReadableFile(atPath: events) ? events : "/proc/vmstat"
    }()

    private static func kills() -> Int64 {
        let text = (try? String(contentsOfFile: source, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int64($0.dropFirst("oom_kill ".count)) } ?? 0
    }
}
