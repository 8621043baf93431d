import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The bearer token of the control plane. Printing it shows `***`; comparing it takes the same time wherever the
/// first difference is.
package struct Token: Sendable, Equatable, CustomStringConvertible {
    /// 256 random bits as 64 hexadecimal digits.
    package let secret: String

    package init(secret: String) { self.secret = secret }

    package var description: String { "***" }

    package static func == (a: Token, b: Token) -> Bool { a.matches(b.secret) }

    package func matches(_ other: some StringProtocol) -> Bool {
        let mine = Array(secret.utf8)
        let theirs = Array(other.utf8)
        var difference = mine.count ^ theirs.count
        for index in mine.indices {
            difference |= Int(mine[index] ^ (index < theirs.count ? theirs[index] : 0xff))
        }
        return difference == 0
    }

    /// Reads the token file, or makes it with mode 0600 when it is not there.
    /// - Throws: `Problem` when the file cannot be read or written, or is open to others.
    package static func load(path: String, createIfMissing: Bool) throws(Problem) -> Token {
        if createIfMissing { try create(path: path) }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw Problem(
                code: "token",
                message: "no token at \(path): start the cluster first (tandem up), or name its --state")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Problem(
                code: "token", message: "\(path) is open to others: run chmod 600 \(path)")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Problem(code: "token", message: "cannot read \(path): check its owner")
        }
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard secret.utf8.count >= 32 else {
            throw Problem(code: "token", message: "\(path) holds no token: remove it and start again")
        }
        return Token(secret: secret)
    }

    /// Writes a new token beside the path and links it into place, so that of two starters one wins whole.
    private static func create(path: String) throws(Problem) {
        if access(path, F_OK) == 0 { return }
        var dice = SystemRandomNumberGenerator()
        var secret = ""
        for _ in 0..<4 {
            let part = String(dice.next(), radix: 16)
            secret += String(repeating: "0", count: 16 - part.count) + part
        }
        let draft = "\(path).\(getpid())"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw Problem(
                code: "token", message: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let text = Array((secret + "\n").utf8)
        let written = write(file, text, text.count)
        close(file)
        defer { unlink(draft) }
        guard written == text.count else {
            throw Problem(code: "token", message: "cannot write \(path): the disk is full")
        }
        _ = link(draft, path)  // EEXIST: another starter was first, and its token is as good
    }
}
