import Cloud
import CloudAdapters
import Foundation
import Link
import Listener
import LocalCloud
import Model
import Testing
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// A directory with a fake cloud, and a cluster tag that only this test uses. Everything that bears its mark
/// is killed at the end.
struct Place: Sendable {
    let directory: String
    let cluster: String
    let settings: LocalCloudSettings
    let token = Token(secret: String(repeating: "a", count: 64))
    /// One for each time that the cloud has looked after its machines; of those that nobody waited for, the last.
    private let looks = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(directory: String, cluster: String, settings: LocalCloudSettings) {
        self.directory = directory
        self.cluster = cluster
        self.settings = settings
    }

    static let socket = "/cloud/cloud.sock"

    func cloud() -> LocalCloud { LocalCloud(settings, token: token) }

    var join: Join {
        Join(endpoint: "http://127.0.0.1:1", tokenFile: "\(directory)/token", ports: 20_000...20_099)
    }

    func request(_ token: String, node: String) -> CreateRequest {
        let small = Offering(
            nodeType: "small", zone: "local", capacityType: "on_demand", microdollarsPerHour: 0)
        return CreateRequest(
            token: token, node: NodeID(node), cluster: cluster, offerings: [small], join: join)
    }

    /// Runs the daemon for as long as `body` runs.
    func whileRunning<Result: Sendable>(
        _ body: @escaping @Sendable (NativeCloud, Link) async throws -> Result
    ) async throws -> Result {
        let (bound, bell) = AsyncStream<Void>.makeStream()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { bell.finish() }
                try await cloud().run(onBound: { _ in bell.yield() }, onLook: { looks.continuation.yield() })
                return nil
            }
            group.addTask {
                for await _ in bound { break }
                try Task.checkCancellation()
                let link = Link(.unix(path: directory + Self.socket), token: token)
                return try await body(NativeCloud(link), link)
            }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let result = next { return result }
            }
            throw CancellationError()
        }
    }

    /// Processes that bear a mark of this cluster or of its nodes' directories, and are no zombies.
    func processes() -> [pid_t] {
        let marks = ["TANDEM_CLUSTER=\(cluster)", "TANDEM_NODE_DIRECTORY=\(directory)/"].map {
            Array($0.utf8)
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.sorted().filter { pid in
            guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ")) else {
                return false
            }
            return bytes.split(separator: 0).contains { entry in marks.contains { entry.starts(with: $0) } }
        }
    }

    func kill(_ pid: pid_t) { _ = Glibc.kill(pid, SIGKILL) }

    /// Looks each time that the cloud has looked after its machines, so many times at most.
    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        for _ in 0..<Self.looksMax {
            if try await holds() { return }
            try await pause(looks: 1)
        }
        throw Overdue(what: what)
    }

    private static let looksMax = 600

    struct Overdue: Error { var what: String }

    /// Lets the cloud look after its machines so many times in whole: for what must not happen.
    func ticks(_ count: Int) async throws {
        // One that nobody waited for, and one that may have begun before this call.
        try await pause(looks: count + 2)
    }

    private func pause(looks count: Int) async throws {
        var iterator = looks.stream.makeAsyncIterator()
        for _ in 0..<count where await iterator.next() == nil { throw CancellationError() }
    }
}

func withPlace(
    fake shape: (inout FakeCloudSettings) -> Void = { _ in },
    command: @escaping @Sendable (MachineStart) -> [String] = { _ in ["/bin/sleep", "1000"] },
    _ body: (Place) async throws -> Void
) async throws {
    let directory = "/tmp/tandem-\(UUID().uuidString.prefix(8))"
    var fake = FakeCloudSettings()
    fake.bootDelay = .fixed(.zero)
    shape(&fake)
    let settings = LocalCloudSettings(
        directory: directory + "/cloud", nodesDirectory: directory + "/nodes", fake: fake,
        nodeTypes: [.init(name: "small", resources: Resources([Resources.cpu: 1000]))],
        bind: .unix(path: directory + Place.socket), command: command)
    let place = Place(directory: directory, cluster: "test-\(UUID().uuidString)", settings: settings)
    defer {
        for pid in place.processes() { place.kill(pid) }
        try? FileManager.default.removeItem(atPath: directory)
    }
    try await body(place)
}
