import Foundation

/// A file that one process at a time holds by `flock`, with the holder's pid in it. The kernel lets go of it when
/// the process ends, however it ends; the descriptor is not inherited, or a child would go on holding it.
final class LockFile: @unchecked Sendable {
    let path: String
    fileprivate let descriptor: Int32

    init(_ path: String) throws(StoreError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .unwritable(path: path, reason: StateDirectory.errnoText + "; choose another --state")
        }
    }

    deinit {
        unlock()  // a child between fork and exec holds a copy of the descriptor
        close(descriptor)
    }

    /// Does not wait. Excludes other descriptors, so other threads only by way of other LockFiles.
    func tryLock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    func unlock() { flock(descriptor, LOCK_UN) }

    /// Digits that a pid has at most, and a line feed.
    private static let pidWidth = 11

    /// Of fixed width, so that one write replaces the whole and no reader sees a mixture.
    func write(pid: Int32) {
        let digits = String(pid)
        let line = String(repeating: " ", count: max(0, Self.pidWidth - 1 - digits.count)) + digits + "\n"
        _ = line.withCString { pwrite(descriptor, $0, Self.pidWidth, 0) }
    }

    /// Of the holder, or of the last one. Nil: never held.
    var pid: Int32? {
        var bytes = [UInt8](repeating: 0, count: Self.pidWidth)
        guard pread(descriptor, &bytes, Self.pidWidth, 0) == Self.pidWidth else { return nil }
        return Int32(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

extension LockFile {
    /// Who holds it now. The kernel's own list comes first: a process that was stopped just after taking the lock
    /// has not written its pid yet. From within another pid namespace that list names nobody.
    var holder: Int32? {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0,
            let list = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return pid }
        for line in list.split(separator: "\n") where !line.contains("->") {  // "->": one that waits
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[1] == "FLOCK", fields[5].hasSuffix(":\(facts.st_ino)"),
                let found = Int32(fields[4]), found > 0
            else { continue }
            return found
        }
        return pid
    }
}

/// What /proc says about another process.
enum Neighbour {
    /// True when the process is stopped (a signal, a debugger), so that waiting for it has no end.
    static func isStopped(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let afterName = text.lastIndex(of: ")")
        else { return false }
        return ["T", "t"].contains(text[afterName...].dropFirst(2).first)
    }

    /// True when it runs the same program as this process.
    static func isOurs(_ pid: Int32) -> Bool {
        guard let own = program("self"), let other = program(String(pid)) else { return false }
        return own == other
    }

    private static func program(_ process: String) -> String? {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
        else { return nil }
        let replaced = " (deleted)"  // the kernel's mark after the file was built anew
        return path.hasSuffix(replaced) ? String(path.dropLast(replaced.count)) : path
    }
}
