import Foundation
import Wire

/// Where a control peer listens. Plain HTTP leaves this machine nowhere: without TLS only loopback and unix
/// sockets are accepted, so that no token crosses a network in the clear.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// `host` is a loopback name or address; an IPv6 address stands without brackets.
    case tcp(host: String, port: Int)
    /// An absolute path.
    case unix(path: String)

    /// The kernel's `sun_path` holds 108 bytes with the closing zero.
    package static let pathBytesMax = 107

    /// Reads `http://127.0.0.1:8265` or `unix:/path/to/socket`.
    /// - Throws: `Problem` with code `invalid` that names the text and what would be right.
    package init(parsing text: String) throws(Problem) {
        self = text.hasPrefix("unix:") ? try Self.unix(text) : try Self.http(text)
    }

    private static func unix(_ text: String) throws(Problem) -> Endpoint {
        let path = String(text.dropFirst("unix:".count))
        guard path.hasPrefix("/") else {
            throw wrong(text, "the path of a unix socket is absolute, as in unix:/run/tandem/cloud.sock")
        }
        guard path.utf8.count <= pathBytesMax, !path.utf8.contains(0) else {
            throw wrong(text, "a socket path has at most \(pathBytesMax) bytes: choose a shorter directory")
        }
        return .unix(path: path)
    }

    private static func http(_ text: String) throws(Problem) -> Endpoint {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme, let host = parts.host else {
            throw wrong(text, "write http://127.0.0.1:PORT or unix:/PATH")
        }
        guard scheme == "http" else {
            throw wrong(text, "\(scheme) is not spoken here: write http://127.0.0.1:PORT or unix:/PATH")
        }
        guard parts.user == nil, parts.query == nil, parts.fragment == nil, ["", "/"].contains(parts.path)
        else {
            throw wrong(text, "it is host and port only: the path is added by the caller")
        }
        guard let port = parts.port, (1...65_535).contains(port) else {
            throw wrong(text, "it needs a port from 1 to 65535, as in http://127.0.0.1:8265")
        }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard isLoopback(bare) else {
            throw wrong(
                text,
                "without TLS the token could be read on the way: name this machine (127.0.0.1) or unix:/PATH"
            )
        }
        return .tcp(host: bare, port: port)
    }

    private static func wrong(_ text: String, _ what: String) -> Problem {
        Problem(code: "invalid", message: "endpoint \"\(text)\": \(what)")
    }

    /// True for `localhost`, `::1` and every address of 127.0.0.0/8 in its four-number form.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return numbers.count == 4 && numbers[0] == 127 && numbers.allSatisfy { $0 != nil }
    }

    /// As `init(parsing:)` reads it.
    package var description: String {
        switch self {
        case .tcp(let host, let port): "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
