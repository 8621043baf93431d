#if canImport(Glibc)
    import Glibc
#endif

/// A port of this machine at which every connection is refused, and which nobody else is given meanwhile: a socket has
/// it and does not listen. (The port of a server that was stopped may be anybody's a moment later.)
package final class ClosedPort: Sendable {
    package let number: Int
    private let socket: Int32

    /// - Throws: `ClosedPortError` with the system's reason.
    package init() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw ClosedPortError(reason: String(cString: strerror(errno))) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isBound else {
            let reason = String(cString: strerror(errno))
            close(socket)
            throw ClosedPortError(reason: reason)
        }
        self.socket = socket
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}

/// No port could be held.
package struct ClosedPortError: Error {
    package var reason: String
}
