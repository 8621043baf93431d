import CPlatform
import Foundation
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// A live process that bears the mark of this node.
struct MarkedProcess: Equatable {
    var pid: Int32
    var replica: ReplicaID
    var startTicks: Int64
    /// First of its session, as every replica's own process is.
    var leads: Bool
}

/// Finds the processes of a node's replicas by the marks in their environments, wherever they have moved in
/// the tree of processes. A look at every process of the machine: milliseconds.
struct ProcessMarks {
    var directory: String
    var node: NodeID

    /// A replica that forks faster than it is killed is tried this often; the rest is killed with the next
    /// look.
    static let passesMax = 3

    /// In order of pid.
    func find() -> [MarkedProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).sorted().compactMap(look)
    }

    private func look(_ pid: Int32) -> MarkedProcess? {
        guard pid != getpid(), value(ReplicaMark.directory, of: pid) == directory,
            value(ReplicaMark.node, of: pid) == node.rawValue,
            let replica = value(ReplicaMark.replica, of: pid)
        else { return nil }
        var facts = tandem_process_facts()
        guard tandem_process_facts(pid, &facts) == 0, facts.state != CChar(UInt8(ascii: "Z")) else {
            return nil
        }
        return MarkedProcess(
            pid: pid, replica: ReplicaID(replica), startTicks: facts.start_ticks, leads: facts.session == pid)
    }

    private func value(_ name: String, of pid: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress, tandem_process_variable(pid, name, start, buffer.count) >= 0
            else {
                return nil
            }
            return String(cString: start)
        }
    }

    /// Kills every marked process for which `isStray` holds.
    /// - Returns: how many there were.
    @discardableResult
    func kill(where isStray: (MarkedProcess) -> Bool) -> Int {
        var killed: Set<Int32> = []
        for _ in 0..<Self.passesMax {
            let strays = find().filter { isStray($0) && !killed.contains($0.pid) }
            if strays.isEmpty { break }
            for stray in strays {
                killed.insert(stray.pid)
                guard let process = ChildProcess.adopt(pid: stray.pid, startTicks: stray.startTicks) else {
                    continue
                }
                _ = tandem_pidfd_signal(process.pidfd, SIGKILL)
                close(process.pidfd)
            }
        }
        return killed.count
    }
}
