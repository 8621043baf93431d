import CPlatform
import Foundation
import Model
import Supervision

#if canImport(Glibc)
    import Glibc
#endif

/// What the process of one replica is started with: nothing of the agent's environment but four names, and
/// never a token.
struct ChildCommand: Equatable {
    var arguments: [String]
    /// `NAME=value`; the marks come first.
    var environment: [String]
    /// Nil: the agent's.
    var directory: String?
    /// Executed instead of what `arguments[0]` names.
    var program: String?
    var dataBytesMax: UInt64 = 0

    /// Passed on from the agent's environment.
    static let inherited = ["PATH", "HOME", "LANG", "TZ", ReplicaMark.cluster]
    /// What the replica's program is given as its `user_config`, in JSON.
    static let userConfig = "TANDEM_USER_CONFIG"
    static let pathDefault = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// As the first argument it means this very binary.
    static let ownName = "tandem"

    init(_ start: Start, node: NodeID, nodeDirectory: String, agentEnvironment: [String: String]) {
        let settings = start.order.settings
        arguments = settings.command.map { $0.replacing("{port}", with: String(start.port)) }
        directory = settings.workingDirectory
        if arguments.first == Self.ownName { program = "/proc/self/exe" }
        let ours = [
            (ReplicaMark.replica, start.order.id.rawValue), (ReplicaMark.node, node.rawValue),
            (ReplicaMark.directory, nodeDirectory), ("PORT", String(start.port)),
        ]
        var variables = Dictionary(
            uniqueKeysWithValues: Self.inherited.compactMap { name in
                agentEnvironment[name].map { (name, $0) }
            })
        variables["PATH"] = variables["PATH"] ?? Self.pathDefault
        // One without GPUs sees none, as in Ray; its own environment may say otherwise.
        variables["CUDA_VISIBLE_DEVICES"] = start.order.gpus.map(String.init).joined(separator: ",")
        for variable in settings.environment { variables[variable.name] = variable.value }
        if let config = settings.userConfig { variables[Self.userConfig] = config }
        for (name, _) in ours { variables[name] = nil }
        environment =
            ours.map { "\($0.0)=\($0.1)" }
            + variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let memory = settings.resources[Resources.memory]
        if settings.enforceMemory, memory > 0 { dataBytesMax = UInt64(memory) }
    }
}

/// A process that could not be started, in words.
struct NotStarted: Error {
    var reason: String
}

/// A replica's process, child of this agent or adopted.
struct ChildProcess {
    var pid: Int32
    /// Ours to close.
    var pidfd: Int32
    var startTicks: Int64

    /// Starts the command with its output on `output`. To be called on the agent's thread.
    static func start(_ command: ChildCommand, output: Int32) throws(NotStarted) -> ChildProcess {
        let strings = command.arguments + command.environment
        guard let name = command.arguments.first, !name.isEmpty else {
            throw NotStarted(reason: "the command is empty: give at least the program")
        }
        guard strings.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw NotStarted(reason: "the command or its environment holds a zero byte")
        }
        var arguments = command.arguments.map { strdup($0) } + [nil]
        var environment = command.environment.map { strdup($0) } + [nil]
        let directory = command.directory.map { strdup($0) } ?? nil
        let program = command.program.map { strdup($0) } ?? nil
        defer { for string in arguments + environment + [directory, program] { free(string) } }
        var spawned = tandem_spawned()
        let failed = arguments.withUnsafeMutableBufferPointer { arguments in
            environment.withUnsafeMutableBufferPointer { environment -> Int32 in
                guard let argv = arguments.baseAddress, let envp = environment.baseAddress else {
                    return EINVAL
                }
                var request = tandem_spawn_request(
                    path: program, arguments: argv, environment: envp, directory: directory, output: output,
                    data_bytes_max: command.dataBytesMax)
                return tandem_spawn(&request, &spawned)
            }
        }
        guard failed == 0 else {
            throw NotStarted(reason: reason(failed, step: spawned.failed_step, command))
        }
        var facts = tandem_process_facts()
        _ = tandem_process_facts(spawned.pid, &facts)  // ours and not reaped: it is there, be it as a zombie
        return ChildProcess(pid: spawned.pid, pidfd: spawned.pidfd, startTicks: facts.start_ticks)
    }

    private static func reason(_ error: Int32, step: Int32, _ command: ChildCommand) -> String {
        let why = String(cString: strerror(error))
        let name = command.arguments.first ?? ""
        switch (UInt32(step), error) {
        case (tandem_spawn_step_directory.rawValue, _):
            return "working directory \(command.directory ?? ""): \(why)"
        case (tandem_spawn_step_limit.rawValue, _):
            return "cannot limit memory to \(command.dataBytesMax) bytes: \(why)"
        case (tandem_spawn_step_exec.rawValue, ENOENT):
            let path = command.environment.first { $0.hasPrefix("PATH=") } ?? "PATH="
            return name.contains("/")
                ? "command not found: no file \(name), or its interpreter is missing"
                : "command not found: \(name) is nowhere in \(path)"
        case (tandem_spawn_step_exec.rawValue, ENOEXEC):
            return "\(name) is no program: a script needs a first line like #!/bin/sh"
        case (tandem_spawn_step_exec.rawValue, _):
            return "cannot execute \(name): \(why)"
        default:
            return "cannot start a process: \(why)"
        }
    }

    /// Takes over a process of an earlier agent, if it is still the one that was recorded.
    static func adopt(pid: Int32, startTicks: Int64) -> ChildProcess? {
        let pidfd = tandem_pidfd_open(pid)
        guard pidfd >= 0 else { return nil }
        var facts = tandem_process_facts()  // read after the descriptor is had, so that both mean one process
        guard tandem_process_facts(pid, &facts) == 0, facts.start_ticks == startTicks,
            facts.state != CChar(UInt8(ascii: "Z")), facts.state != CChar(UInt8(ascii: "X"))
        else {
            close(pidfd)
            return nil
        }
        return ChildProcess(pid: pid, pidfd: pidfd, startTicks: startTicks)
    }

    /// To the whole process group, while its leader is there to vouch for the number.
    func signal(_ signal: Int32) {
        guard tandem_pidfd_signal(pidfd, 0) == 0 else { return }
        kill(-pid, signal)
    }
}
