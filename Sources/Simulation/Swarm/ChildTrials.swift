import Foundation
import Synchronization

/// Trials in a process of their own, so that one which ends in a trap, or does not end, is a finding like
/// others.
package struct ChildTrials: Sendable {
    private let program: String
    private let arguments: [String]

    /// A run that takes longer hangs.
    static let secondsMax: UInt32 = 300
    /// Lines of a dead process that are kept.
    private static let lastWordsMax = 50
    private static let batch = 8

    /// - Parameter arguments: with which the program runs `performHere`.
    /// - Parameter program: a path; this same program unless another is named.
    package static func stage(_ arguments: [String], program: String = "/proc/self/exe") -> TrialStage {
        let children = ChildTrials(program: program, arguments: arguments)
        return TrialStage(batch: batch) { trials, told in children.perform(trials, told) }
    }

    /// In the child: runs the trials that standard input names, a line each, and says what came of each in a
    /// line.
    package static func performHere() {
        while let line = readLine() {
            do {
                let trial = try Trial(words: line.split(separator: " ").map(String.init))
                alarm(secondsMax)
                let report = TrialReport.of(trial) { try World($0).run() }
                alarm(0)
                FileHandle.standardOutput.write(Data((report.encoded() + "\n").utf8))
            } catch {
                FileHandle.standardOutput.write(Data("\(line): \(error)\n".utf8))
                exit(2)
            }
        }
    }

    private func perform(_ trials: [Trial], _ told: (TrialReport) -> Bool) {
        var rest = trials[...]
        while let first = rest.first {
            let end = run(rest.map { $0.words.joined(separator: " ") }) { report in
                rest = rest.dropFirst()
                return told(report)
            }
            guard case .died(let why, let words) = end else { return }
            // It died in the first of those that it has said nothing of.
            let dead = rest.first ?? first
            rest = rest.dropFirst()
            guard told(TrialReport(dead, rule: "trap", why, last: words)) else { return }
        }
    }

    private enum End {
        case done
        /// Somebody wanted no more of it.
        case ended
        /// How, and what it said at last.
        case died(String, [String])
    }

    private func run(_ lines: [String], _ told: (TrialReport) -> Bool) -> End {
        guard let input = Tube(), let output = Tube() else {
            return .died("no pipe: \(Self.words(errno))", [])
        }
        defer { input.shut(); output.shut() }
        // A batch is shorter than what a pipe holds: nobody need read it yet.
        input.put(lines.map { $0 + "\n" }.joined())
        guard let pid = start(input, output) else { return .died("no process: \(Self.words(errno))", []) }
        input.shut()
        output.shutEntry()
        var heard = 0
        var last: [String] = []
        var isWanted = true
        output.readLines { line in
            guard let report = TrialReport(line: line) else {
                last.append(line)
                if last.count > Self.lastWordsMax { last.removeFirst() }
                return true
            }
            heard += 1
            last = []
            isWanted = told(report)
            return isWanted
        }
        if !isWanted { kill(pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        if !isWanted { return .ended }
        if heard == lines.count { return .done }
        return Self.death(status, last)
    }

    private static func death(_ status: Int32, _ last: [String]) -> End {
        let signal = status & 0x7f
        let why =
            signal == SIGALRM
            ? "it does not end in \(secondsMax) s"
            : signal != 0
                ? "the process dies of signal \(signal)" : "the process ends with \(status >> 8 & 0xff)"
        let reason = last.first { $0.contains("Fatal error") || $0.contains("rror:") }
        return .died([why, reason].compactMap(\.self).joined(separator: ": "), last)
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// The program; it reads from `input`, and all it says goes to `output`.
    private func start(_ input: Tube, _ output: Tube) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.from, 0)
        posix_spawn_file_actions_adddup2(&actions, output.to, 1)
        posix_spawn_file_actions_adddup2(&actions, output.to, 2)
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        // A trap is told in a line; the whole trace of it takes seconds.
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        var envp = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let failure = births.withLock { _ in posix_spawn(&pid, program, &actions, nil, &argv, &envp) }
        errno = failure
        return failure == 0 ? pid : nil
    }
}

/// Between the birth of a tube and the mark that keeps it from children no child is started.
private let births = Mutex(())

/// Two ends that no other child inherits.
private final class Tube {
    private(set) var from: Int32
    private(set) var to: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        let isMade = births.withLock { _ in
            guard pipe(&ends) == 0 else { return false }
            return ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
        }
        guard isMade else { return nil }
        (from, to) = (ends[0], ends[1])
    }

    func put(_ text: String) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(to, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            done += max(count, 0)
        }
    }

    /// Until its end, or until `told` says no.
    func readLines(_ told: (String) -> Bool) {
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(from, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest += chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                guard told(line) else { return }
            }
        }
        if !rest.isEmpty { _ = told(String(decoding: rest, as: UTF8.self)) }
    }

    func shutEntry() {
        if to >= 0 { close(to) }
        to = -1
    }

    func shut() {
        shutEntry()
        if from >= 0 { close(from) }
        from = -1
    }
}
