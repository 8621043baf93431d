import Foundation

/// The bytes of a file, through `gzip -dc` when its first two bytes say so.
final class ByteSource {
    private let path: String
    private let descriptor: Int32
    private let child: pid_t?
    private var ended = false

    init(path: String) throws(TraceProblem) {
        // O_NONBLOCK: opening a pipe must not wait for its other end.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw Self.problem(path, "the file cannot be read", Self.reason(errno), "the path of a trace")
        }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw Self.problem(
                path, "not a regular file", "a directory, a pipe or a device", "the path of a trace")
        }
        var magic: [UInt8] = [0, 0]
        let got = pread(file, &magic, 2, 0)
        let isPacked = got == 2 && magic == [0x1F, 0x8B]
        guard isPacked || !path.hasSuffix(".gz") else {
            close(file)
            throw Self.problem(
                path, "named as if packed by gzip, and is not", "its first bytes",
                "gzip FILE, or a name without .gz")
        }
        self.path = path
        guard isPacked else {
            (descriptor, child) = (file, nil)
            return
        }
        defer { close(file) }
        (descriptor, child) = try Self.unpack(file, path)
    }

    deinit {
        close(descriptor)
        guard let child, !ended else { return }
        kill(child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }

    /// False: there are no more. Waits for bytes.
    func append(to buffer: inout [UInt8]) throws(TraceProblem) -> Bool {
        let chunk = 1 << 17
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: chunk))
        var got = -1
        repeat {
            got = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress?.advanced(by: old), chunk) }
        } while got < 0 && errno == EINTR
        buffer.removeLast(chunk - max(got, 0))
        guard got >= 0 else {
            throw Self.problem(
                path, "the file cannot be read to its end", Self.reason(errno), "a file that can")
        }
        if got == 0 { try finish() }
        return got > 0
    }

    private func finish() throws(TraceProblem) {
        guard let child, !ended else { return }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        ended = true
        guard status == 0 else {
            let code = status & 0x7F == 0 ? "gzip ended with \((status >> 8) & 0xFF)" : "gzip was ended"
            throw Self.problem(
                path, "cannot be unpacked to its end", code, "a whole file: gzip -t says what is wrong")
        }
    }

    /// gzip(1) with its input and output set: no name of a file reaches it, and no shell.
    private static func unpack(_ file: Int32, _ path: String) throws(TraceProblem) -> (Int32, pid_t?) {
        var ends: [Int32] = [-1, -1]
        // Not a pipe: a socket is closed on exec from its first moment, whoever else spawns meanwhile.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw problem(path, "cannot be unpacked", reason(errno), "try again")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("gzip"), strdup("-dc"), nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, "gzip", &actions, nil, &arguments, environ)
        close(ends[1])
        guard failure == 0 else {
            close(ends[0])
            throw problem(
                path, "cannot be unpacked: gzip", reason(failure), "install gzip, or unpack the file")
        }
        return (ends[0], child)
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

    private static func problem(_ path: String, _ what: String, _ value: String, _ right: String)
        -> TraceProblem
    {
        TraceProblem(file: path, line: 0, what: what, value: value, right: right)
    }
}
