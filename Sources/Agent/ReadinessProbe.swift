import Foundation
import Model
import Supervision

#if canImport(Glibc)
    import Glibc
#endif

/// One question to a replica on this machine: a connection, a GET, or a POST of its configuration; right when it is
/// answered with 2xx.
struct ReadinessProbe {
    private let port: Int
    private let timeout: Millis
    /// Nil: an accepted connection is enough.
    private let path: String?
    /// JSON to be posted; nil: a GET.
    private let body: String?
    private let thread: AgentThread

    init(_ probe: Probe, thread: AgentThread) {
        (port, timeout, path, body) = (probe.port, probe.timeout, probe.path, nil)
        self.thread = thread
    }

    init(_ configuration: Configuration, thread: AgentThread) {
        (port, timeout) = (configuration.port, configuration.timeout)
        (path, body) = (configuration.path, configuration.body)
        self.thread = thread
    }

    /// Of the answer, only so much is read before its status line counts as nonsense.
    static let statusBytesMax = 1_024
    /// After the verdict the rest is read this long, so that the replica sees an orderly close.
    static let drainMax = Millis(100)
    static let drainBytesMax = 64 << 10

    /// - Returns: nil when it is well, else what was wrong, in words.
    func run() async -> String? {
        let deadline = BootClock.now + timeout
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return "no socket: \(Self.words(errno))" }
        defer { close(descriptor) }
        if let wrong = await connect(descriptor, deadline) { return wrong }
        guard let path else { return nil }
        return await ask(path, descriptor, deadline)
    }

    private func connect(_ descriptor: Int32, _ deadline: Moment) async -> String? {
        var address = LoopbackAddress.make(port: port, host: INADDR_LOOPBACK)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        if done == 0 { return nil }
        let refused = "port \(port): "
        guard errno == EINPROGRESS else { return refused + Self.words(errno) }
        guard await thread.wait(descriptor, for: POLLOUT, until: deadline) else {
            return refused + "no connection within \(timeout.rawValue) ms"
        }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error == 0 ? nil : refused + Self.words(error)
    }

    private func ask(_ path: String, _ descriptor: Int32, _ deadline: Moment) async -> String? {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return "\"\(path)\" is no path: it begins with / and has no spaces"
        }
        let method = body == nil ? "GET" : "POST"
        if let wrong = await send(method, path, descriptor, deadline) { return wrong }
        var answer: [UInt8] = []
        while !answer.contains(UInt8(ascii: "\n")), answer.count < Self.statusBytesMax {
            guard await thread.wait(descriptor, for: POLLIN, until: deadline) else {
                return "\(method) \(path): no answer within \(timeout.rawValue) ms"
            }
            guard let part = Self.read(descriptor) else { return "\(method) \(path): \(Self.words(errno))" }
            if part.isEmpty { return "\(method) \(path): the connection was closed without an answer" }
            answer += part
        }
        let verdict = Self.verdict(answer, "\(method) \(path)")
        await drain(descriptor, until: min(deadline, BootClock.now + Self.drainMax))
        return verdict
    }

    private func send(
        _ method: String, _ path: String, _ descriptor: Int32, _ deadline: Moment
    ) async -> String? {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"]
        if let body { lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"] }
        var rest = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")).utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest.removeFirst(count)
            } else if errno != EAGAIN {
                return "\(method) \(path): \(Self.words(errno))"
            } else if !(await thread.wait(descriptor, for: POLLOUT, until: deadline)) {
                return "\(method) \(path): not taken within \(timeout.rawValue) ms"
            }
        }
        return nil
    }

    private func drain(_ descriptor: Int32, until deadline: Moment) async {
        var count = 0
        while count < Self.drainBytesMax, await thread.wait(descriptor, for: POLLIN, until: deadline) {
            guard let part = Self.read(descriptor), !part.isEmpty else { return }
            count += part.count
        }
    }

    /// Nil for `HTTP/1.x 2dd`.
    static func verdict(_ answer: [UInt8], _ question: String) -> String? {
        let line = String(
            decoding: answer.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            return "\(question): no HTTP answer: \(line.prefix(80))"
        }
        return (200..<300).contains(status) ? nil : "\(question): HTTP \(status)"
    }

    /// Empty: the other side has closed. Nil: failed.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    private static func words(_ error: Int32) -> String { String(cString: strerror(error)) }
}

enum LoopbackAddress {
    static func make(port: Int, host: UInt32) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return address
    }

    /// True when nobody listens on the port, at any address of this machine.
    static func isFree(port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return true }  // no descriptors: the start itself will say so
        defer { close(descriptor) }
        var yes: Int32 = 1  // connections that are closing do not count
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = make(port: port, host: INADDR_ANY)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
