import CPlatform
import Foundation
import Model
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// A running agent: our child, or one that a former fake cloud left behind.
final class AgentProcess {
    let mark: AgentMark
    private let handle: Int32
    private var hasEnded = false

    /// The agent's own output beyond this many bytes is moved to `agent.log.1` at its next start.
    static let logBytesMax = 1 << 20

    private init(mark: AgentMark, handle: Int32) {
        self.mark = mark
        self.handle = handle
    }

    deinit { close(handle) }

    /// Starts it in a session of its own, so that it outlives this process.
    /// - Throws: why it could not be started.
    static func start(_ command: [String], _ start: MachineStart) throws(Problem) -> AgentProcess {
        let directory = start.directory
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw Problem(code: "agent", message: "cannot make \(directory): \(error.localizedDescription)")
        }
        let output = openLog(directory)
        defer { if output >= 0 { close(output) } }
        var environment = ProcessInfo.processInfo.environment
        environment["TANDEM_REPLICA"] = nil  // should this cloud itself run in a replica
        environment[ProcessMark.directoryVariable] = nil
        environment[ProcessMark.nodeVariable] = start.node.rawValue
        environment[ProcessMark.clusterVariable] = start.cluster
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var spawned = tandem_spawned()
        let code = withStrings(command) { arguments in
            withStrings(variables) { variables in
                var request = tandem_spawn_request(
                    path: nil, arguments: arguments, environment: variables, directory: nil, output: output,
                    data_bytes_max: 0)
                return tandem_spawn(&request, &spawned)
            }
        }
        guard code == 0 else {
            throw Problem(
                code: "agent",
                message: "cannot start \(command.first ?? "nothing"): \(String(cString: strerror(code)))")
        }
        var facts = tandem_process_facts()
        let ticks = tandem_process_facts(spawned.pid, &facts) == 0 ? facts.start_ticks : 0
        return AgentProcess(mark: AgentMark(pid: spawned.pid, startTicks: ticks), handle: spawned.pidfd)
    }

    /// The process that the registry remembers, if it is that one and lives.
    static func adopt(_ mark: AgentMark) -> AgentProcess? {
        let handle = tandem_pidfd_open(mark.pid)
        guard handle >= 0 else { return nil }
        let process = AgentProcess(mark: mark, handle: handle)
        return process.isAlive ? process : nil
    }

    /// A process found by its mark and arguments: started just before a crash, hence not in the registry.
    static func adopt(pid: pid_t) -> AgentProcess? {
        var facts = tandem_process_facts()
        guard tandem_process_facts(pid, &facts) == 0 else { return nil }
        return adopt(AgentMark(pid: pid, startTicks: facts.start_ticks))
    }

    /// Reaps it at its end, when it is our child.
    var isAlive: Bool {
        if hasEnded { return false }
        var ended = tandem_exit()
        switch tandem_wait(handle, 1, &ended) {
        case EAGAIN: return true
        case 0: hasEnded = true
        default:
            var facts = tandem_process_facts()
            let zombie = CChar(bitPattern: UInt8(ascii: "Z"))
            hasEnded =
                tandem_process_facts(mark.pid, &facts) != 0 || facts.start_ticks != mark.startTicks
                || facts.state == zombie
        }
        return !hasEnded
    }

    func signal(_ number: Int32) {
        if !hasEnded { _ = tandem_pidfd_signal(handle, number) }
    }

    /// -1 when it cannot be opened; the output is then thrown away.
    private static func openLog(_ directory: String) -> Int32 {
        let path = "\(directory)/agent.log"
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let file = open(path, flags, 0o644)
        guard file >= 0, lseek(file, 0, SEEK_END) > logBytesMax else { return file }
        close(file)
        rename(path, "\(path).1")
        return open(path, flags, 0o644)
    }
}

/// Lends `strings` as an array of C strings that ends with NULL.
private func withStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { buffer in
        // Never empty: it ends with nil.
        guard let base = buffer.baseAddress else { preconditionFailure("an array with an end has a start") }
        return body(base)
    }
}
