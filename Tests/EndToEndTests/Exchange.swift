import Foundation

/// An HTTP answer as it came.
struct Answer {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: String
}

/// Where a request goes.
enum Address {
    case tcp(port: Int)
    case unix(String)

    /// From `http://127.0.0.1:8000` or `unix:/path`.
    init(_ text: String) throws {
        if text.hasPrefix("unix:") {
            self = .unix(String(text.dropFirst("unix:".count)))
        } else if let port = text.split(separator: ":").last.flatMap({ Int($0) }) {
            self = .tcp(port: port)
        } else {
            throw Overdue(description: "\"\(text)\" is no address")
        }
    }
}

/// One request on a connection of its own: what the library under the program does for it must not be what checks it.
enum Exchange {
    static func send(
        _ method: String = "GET", _ path: String, to address: Address, headers: [(String, String)] = [],
        body: String = "", within limit: Int = 20
    ) async throws -> Answer {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.utf8.count)\r\n" }
        let bytes = Array((head + "\r\n" + body).utf8)
        let received = try await withCheckedThrowingContinuation { continuation in
            // A thread that may block.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try talk(bytes, address, seconds: limit) })
            }
        }
        return try parse(received)
    }

    private static func talk(_ bytes: [UInt8], _ address: Address, seconds: Int) throws -> [UInt8] {
        let descriptor = try connected(address, seconds: seconds)
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw failure("cannot send to \(address)") }
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isWhole(received) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { break }
            guard count > 0 else { throw failure("no whole answer of \(address) within \(seconds) s") }
            received += buffer[..<count]
        }
        return received
    }

    /// True once the promised length has come; without one the end of the connection is the end.
    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        guard let answer = try? parse(bytes) else { return false }
        return answer.headers["content-length"] != nil
    }

    private static func connected(_ address: Address, seconds: Int) throws -> Int32 {
        let isUnix = if case .unix = address { true } else { false }
        let descriptor = socket(
            isUnix ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let result =
            switch address {
            case .tcp(let port): connect(descriptor, to: inet(port))
            case .unix(let path): connect(descriptor, to: unix(path))
            }
        guard result == 0 else {
            defer { close(descriptor) }
            throw failure("cannot connect to \(address)")
        }
        return descriptor
    }

    static func inet(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func unix(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return address
    }

    private static func connect<Place>(_ descriptor: Int32, to place: Place) -> Int32 {
        withUnsafeBytes(of: place) {
            Glibc.connect(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    }

    private static func failure(_ what: String) -> Overdue {
        Overdue(description: "\(what): \(String(cString: strerror(errno)))")
    }

    // MARK: - Reading

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let cut = text.range(of: "\r\n\r\n") else {
            throw Overdue(description: "no answer: \"\(text)\"")
        }
        var lines = text[..<cut.lowerBound].components(separatedBy: "\r\n")
        let first = lines.removeFirst().split(separator: " ")
        guard first.count >= 2, let status = Int(first[1]) else {
            throw Overdue(description: "no status line: \(first)")
        }
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let body = String(text[cut.upperBound...])
        if let length = headers["content-length"].flatMap({ Int($0) }), body.utf8.count != length {
            throw Overdue(description: "\(body.utf8.count) of \(length) bytes came")
        }
        let chunked = headers["transfer-encoding"] == "chunked"
        return Answer(status: status, headers: headers, body: chunked ? try joined(body) : body)
    }

    /// The content of a chunked body.
    private static func joined(_ body: String) throws -> String {
        var rest = Array(body.utf8)[...]
        var content: [UInt8] = []
        while let end = rest.firstIndex(of: 10) {
            let size = String(decoding: rest[..<end], as: UTF8.self).trimmingCharacters(
                in: .whitespacesAndNewlines)
            guard let count = Int(size, radix: 16), rest.endIndex - end > count else { break }
            if count == 0 { return String(decoding: content, as: UTF8.self) }
            content += rest[(end + 1)...(end + count)]
            rest = rest[(end + count + 1)...].dropFirst(2)
        }
        throw Overdue(description: "the chunked body has no end")
    }
}
