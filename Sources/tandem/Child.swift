import CPlatform
import Dispatch
import Foundation
import Wire

/// A process that this one started or adopted, watched by its pidfd.
final class Child: Sendable {
    let pid: Int32
    private let pidfd: Int32

    private init(pid: Int32, pidfd: Int32) {
        self.pid = pid
        self.pidfd = pidfd
    }

    deinit { close(pidfd) }

    /// Starts this same program with other arguments, in a session of its own, its output appended to a file.
    /// - Throws: a sentence that names what could not be started.
    static func start(arguments: [String], log: String) throws(Problem) -> Child {
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard output >= 0 else {
            throw Problem(code: "state", message: "cannot write \(log): \(String(cString: strerror(errno)))")
        }
        defer { close(output) }
        var spawned = tandem_spawned()
        let environment = ProcessInfo.processInfo.environment.sorted { $0.key < $1.key }.map {
            "\($0.key)=\($0.value)"
        }
        let failure = withCStrings(["tandem"] + arguments) { argv in
            withCStrings(environment) { envp in
                "/proc/self/exe".withCString { path in
                    var request = tandem_spawn_request(
                        path: path, arguments: argv, environment: envp, directory: nil, output: output,
                        data_bytes_max: 0)
                    return tandem_spawn(&request, &spawned)
                }
            }
        }
        guard failure == 0 else {
            throw Problem(
                code: "spawn",
                message:
                    "cannot start tandem \(arguments.prefix(2).joined(separator: " ")): \(String(cString: strerror(failure)))"
            )
        }
        return Child(pid: spawned.pid, pidfd: spawned.pidfd)
    }

    /// Watches a process that somebody else started. Nil when it is gone.
    static func adopt(_ file: RunFile) -> Child? {
        let pidfd = tandem_pidfd_open(file.pid)
        guard pidfd >= 0 else { return nil }
        guard file.isAlive else {
            close(pidfd)
            return nil
        }
        return Child(pid: file.pid, pidfd: pidfd)
    }

    /// Waits for its end, or for the end of the task. The exit code, or nil when it is not ours to know.
    func ended() async -> Int32? {
        // A descriptor of its own: two waits may overlap.
        let watch = fcntl(pidfd, F_DUPFD_CLOEXEC, 0)
        guard watch >= 0 else { return nil }
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        let source = DispatchSource.makeReadSource(fileDescriptor: watch, queue: .global())
        source.setEventHandler { continuation.finish() }
        source.setCancelHandler { close(watch) }
        source.resume()
        for await _ in ends {}
        source.cancel()
        var ended = tandem_exit()
        guard tandem_wait(pidfd, 1, &ended) == 0 else { return nil }
        return ended.signal == 0 ? ended.code : 128 + ended.signal
    }

    func signal(_ number: Int32) { tandem_pidfd_signal(pidfd, number) }
}

/// A NULL-ended array of C strings for the length of a call.
private func withCStrings<Value>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}
