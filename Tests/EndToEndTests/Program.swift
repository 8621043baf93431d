import Foundation

/// The built program under test.
enum Tandem {
    /// Of the package these tests belong to.
    static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    private static var places: [String] {
        if let given = ProcessInfo.processInfo.environment["TANDEM_BINARY"], !given.isEmpty { return [given] }
        return [
            packageRoot + "/.build/release/tandem",
            packageRoot + "/.build/x86_64-unknown-linux-gnu/release/tandem",
            packageRoot + "/.build/aarch64-unknown-linux-gnu/release/tandem",
        ]
    }

    /// A build in progress takes the file away for a moment.
    private static let absentMax = Duration.seconds(20)

    /// Looked for once: where there is no program, all tests fail at once.
    private static let first = Task { try await look() }

    /// - Throws: a sentence that says what to build.
    static func path() async throws -> String {
        _ = try await first.value
        return try await look()
    }

    private static func look() async throws -> String {
        do {
            return try await eventually("the program", within: absentMax) {
                places.first { access($0, X_OK) == 0 }
            }
        } catch is Overdue {
            throw Hopeless(
                description: """
                    there is no program to test at \(places.joined(separator: " or ")): build it \
                    (swift build -c release --product tandem), or name it in TANDEM_BINARY
                    """)
        }
    }

    /// What a finished command left.
    struct Outcome {
        var code: Int32
        var output: String
        var errors: String

        /// For messages of expectations.
        var whole: String { "exit \(code)\n\(output)\n\(errors)" }
    }

    /// Runs one command to its end.
    /// - Throws: `Overdue` when it does not end; it is killed then.
    @discardableResult
    static func run(_ arguments: [String], within limit: Duration = .seconds(60)) async throws -> Outcome {
        let running = try await RunningProgram.start(try await path(), arguments)
        return try await running.ended(within: limit)
    }
}

/// A program that was started, its output in two files of its own.
final class RunningProgram: Sendable {
    let pid: pid_t
    private let directory: String
    /// The other end of its standard input.
    private let input: Int32

    private init(pid: pid_t, directory: String, input: Int32) {
        self.pid = pid
        self.directory = directory
        self.input = input
    }

    deinit {
        close(input)
        try? FileManager.default.removeItem(atPath: directory)
    }

    var output: String { text("out") }
    var errors: String { text("err") }

    private func text(_ name: String) -> String {
        String(
            decoding: FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data(), as: UTF8.self)
    }

    /// It stays in the process group of the tests, so that a Ctrl-C reaches it too.
    static func start(_ path: String, _ arguments: [String]) async throws -> RunningProgram {
        let directory = try temporaryDirectory()
        // A socket in place of a pipe: writing to one whose reader has gone must not end the tests.
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else {
            throw Hopeless(description: "no socket: \(errno)")
        }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        for (descriptor, name) in [(Int32(1), "out"), (2, "err")] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, "\(directory)/\(name)", O_WRONLY | O_CREAT | O_APPEND, 0o644)
        }
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid = pid_t()
        let failure = posix_spawn(&pid, path, &actions, nil, &argv, environ)
        guard failure == 0 else {
            close(ends[0])
            throw Overdue(description: "cannot start \(path): \(String(cString: strerror(failure)))")
        }
        return RunningProgram(pid: pid, directory: directory, input: ends[0])
    }

    func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Awaits the end. Once only: the process is gone from the table then.
    func ended(within limit: Duration = .seconds(60)) async throws -> Tandem.Outcome {
        do {
            let status = try await eventually(
                "the end of process \(pid)", within: limit, every: .milliseconds(5)
            ) {
                exitStatus()
            }
            let signal = status & 0x7f
            return .init(
                code: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: output, errors: errors)
        } catch let overdue {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            throw Overdue(description: "\(overdue)\n\(output)\n\(errors)")
        }
    }

    private func exitStatus() -> Int32? {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == pid ? status : nil
    }
}

/// A new directory, its path short: that of a unix socket in it ends at 107 bytes.
func temporaryDirectory() throws -> String {
    var template = Array("/tmp/tandem-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Hopeless(description: "no directory in /tmp: \(errno)") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
