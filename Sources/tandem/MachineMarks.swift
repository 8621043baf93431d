import Agent
import CPlatform
import Foundation

/// Ends what still runs on this machine itself for a cluster without a provider.
enum MachineMarks {
    /// Kills every process whose environment names the agent's directory: the replicas, and what they started.
    static func kill(directory: String) {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in entries.compactMap({ Int32($0) }).sorted() where pid > 1 && pid != getpid() {
            guard value(pid, ReplicaMark.directory) == directory else { continue }
            let pidfd = tandem_pidfd_open(pid)
            guard pidfd >= 0 else { continue }
            defer { close(pidfd) }
            // Looked at once more through the open descriptor: the number may have changed hands before.
            if value(pid, ReplicaMark.directory) == directory { tandem_pidfd_signal(pidfd, SIGKILL) }
        }
    }

    private static func value(_ pid: Int32, _ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let length = tandem_process_variable(pid, name, &buffer, buffer.count)
        guard length >= 0 else { return nil }
        return String(decoding: buffer.prefix(min(Int(length), buffer.count - 1)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
