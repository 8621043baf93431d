import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// The file side of a unix socket.
enum SocketFile {
    /// The kernel's `sun_path` holds 108 bytes with the closing zero.
    static let pathBytesMax = 107

    /// - Throws: when the path cannot be a socket, is a file of another kind, or somebody answers there.
    static func check(_ path: String, name: String) throws(Problem) {
        guard path.hasPrefix("/"), path.utf8.count <= pathBytesMax else {
            throw Problem(
                code: "bind",
                message:
                    "\(name): \(path): the path of a socket is absolute and has at most \(pathBytesMax) bytes"
            )
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Problem(code: "bind", message: "\(name): \(path) is there and is no socket: remove it")
        }
        if isAnswered(path) {
            throw Problem(
                code: "bind",
                message: "\(name): another program listens on \(path): stop it, or choose another path")
        }
    }

    /// True when a connection is accepted, so that the file is not a dead process's.
    private static func isAnswered(_ path: String) -> Bool {
        let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { return false }
        defer { close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// The token is asked for anyway; the mode keeps other users of the machine from even knocking.
    static func restrict(_ path: String) { _ = chmod(path, 0o600) }

    static func isInUse(_ code: Int32) -> Bool { code == EADDRINUSE }
    static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
