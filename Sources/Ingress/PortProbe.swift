import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// Holds a port while the listeners of all loops join it.
///
/// With SO_REUSEPORT alone the kernel would let us share a port with any other process of the same user that
/// set it, and send each of us half of the connections. A socket that binds *without* it fails whenever
/// anybody has the port; once bound, it allows sharing and holds the place until the listeners are there. It
/// never listens.
struct PortProbe: ~Copyable {
    /// With the port, also when any was asked for.
    let address: SocketAddress
    private let socket: Int32

    init(host: String, port: Int) throws(IngressError) {
        let wanted: SocketAddress
        do {
            wanted = try SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw .cannotListen(host: host, port: port, why: "\(host) is no address of this machine")
        }
        let family: Int32 = wanted.protocol == .inet6 ? AF_INET6 : AF_INET
        let socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else {
            throw .cannotListen(host: host, port: port, why: String(cString: strerror(errno)))
        }
        // Otherwise connections of an earlier process that linger in TIME_WAIT would count as a stranger.
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        guard wanted.withSockAddr({ bind(socket, $0, socklen_t($1)) }) == 0 else {
            let code = errno
            close(socket)
            throw code == EADDRINUSE
                ? .portTaken(host: host, port: port)
                : .cannotListen(host: host, port: port, why: String(cString: strerror(code)))
        }
        setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &yes, size)
        var bound = wanted
        bound.port = Self.port(of: socket) ?? port
        address = bound
        self.socket = socket
    }

    deinit { close(socket) }

    private static func port(of socket: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0 else { return nil }
        // The port stands at the same place in both families, most significant byte first.
        return withUnsafeBytes(of: &storage) { Int($0[2]) << 8 | Int($0[3]) }
    }
}
