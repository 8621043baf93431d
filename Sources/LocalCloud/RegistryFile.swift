import Foundation
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// `registry.json` in the cloud's directory: replaced whole, so that a crash leaves the old one or the new
/// one.
struct RegistryFile: Sendable {
    private let directory: String
    private var path: String { "\(directory)/registry.json" }

    init(directory: String) { self.directory = directory }

    /// - Returns: nil when there is none yet.
    /// - Throws: when it cannot be read, is damaged, or was written by a newer version.
    func load() throws(Problem) -> Registry? {
        let bytes: Data
        do {
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw Problem(code: "registry", message: "cannot read \(path): \(error.localizedDescription)")
        }
        let version = (try? WireCoding.decode(Version.self, from: bytes))?.version ?? 0
        guard version <= Registry.currentVersion else {
            throw Problem(
                code: "registry",
                message:
                    "\(path) is of version \(version), not \(Registry.currentVersion): use the newer program"
            )
        }
        do {
            return try WireCoding.decode(Registry.self, from: bytes)
        } catch {
            throw Problem(
                code: "registry",
                message:
                    "\(path) is damaged: end its machines, then remove the file (\(error))"
            )
        }
    }

    private struct Version: Decodable { var version: Int }

    /// Durable when it returns.
    func save(_ registry: Registry) throws(Problem) {
        let draft = "\(path).draft"
        do {
            let bytes = try WireCoding.encode(registry)
            let file = try opened(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
            defer { close(file) }
            try written(bytes, to: file)
            try succeeded(fsync(file))
            try succeeded(rename(draft, path))
            let folder = try opened(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(folder) }
            try succeeded(fsync(folder))
        } catch let error as Failure {
            throw Problem(
                code: CloudProblem.outcomeUnknown,
                message: "cannot write \(path): \(String(cString: strerror(error.code)))")
        } catch {
            throw Problem(code: CloudProblem.outcomeUnknown, message: "cannot write \(path): \(error)")
        }
    }

    private struct Failure: Error { var code: Int32 }

    private func opened(_ path: String, _ flags: Int32) throws -> Int32 {
        let file = open(path, flags, 0o600)
        guard file >= 0 else { throw Failure(code: errno) }
        return file
    }

    private func succeeded(_ result: Int32) throws {
        guard result == 0 else { throw Failure(code: errno) }
    }

    private func written(_ bytes: Data, to file: Int32) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw Failure(code: errno) }
                rest = rest.dropFirst(count)
            }
        }
    }
}

/// Held for the life of one fake cloud: a second one on the same directory would start every machine twice.
struct DirectoryLock: ~Copyable {
    private let file: Int32

    init(directory: String) throws(Problem) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw Problem(
                code: "directory", message: "cannot make \(directory): \(error.localizedDescription)")
        }
        let file = open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw Problem(
                code: "directory",
                message: "cannot write in \(directory): \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw Problem(
                code: "directory",
                message: "another fake cloud runs on \(directory): stop it, or choose another --state")
        }
        self.file = file
    }

    deinit {
        flock(file, LOCK_UN)  // a child between fork and exec holds a copy of the descriptor
        close(file)
    }
}
