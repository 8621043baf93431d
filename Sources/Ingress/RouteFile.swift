import Foundation
import Model
import Routing
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// The last routes on disk, by which a proxy routes that was started while the tier is away.
struct RouteFile: Sendable {
    private struct Content: Codable {
        var routes: [DeploymentRoute]
        var removed: [AppliedRoute]
    }

    let path: String

    /// - Throws: `IngressError.cannotWrite` when the directory is not there and cannot be made.
    init(directory: String) throws(IngressError) {
        path = directory + "/routes.json"
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: directory, why: error.localizedDescription)
        }
        guard access(directory, W_OK) == 0 else {
            throw .cannotWrite(path: directory, why: String(cString: strerror(errno)))
        }
    }

    /// Nil: there is none yet.
    func load() throws -> (routes: [Route], removed: [AppliedRoute])? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let content = try WireCoding.decode(Content.self, from: data)
        return (content.routes.map { Route($0) }, content.removed)
    }

    /// Replaces the file whole: a reader, also after a crash, finds the old one or the new one.
    func save(_ routes: [Route], removed: [(deployment: DeploymentID, fence: Fence)]) throws {
        let content = Content(
            routes: routes.map(\.wire),
            removed: removed.map { AppliedRoute(deployment: $0.deployment, fence: $0.fence) })
        let data = try WireCoding.encode(content)
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(draft) }
        defer { close(file) }
        let written = data.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == data.count, fsync(file) == 0, rename(draft, path) == 0 else {
            throw failure(draft)
        }
    }

    private func failure(_ path: String) -> IngressError {
        .cannotWrite(path: path, why: String(cString: strerror(errno)))
    }
}
