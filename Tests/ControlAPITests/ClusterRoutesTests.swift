import ControlAPI
import Foundation
import Listener
import Logging
import Model
import NodeTier
import Store
import Testing
import TwoTiers
import Wire

/// The node tier over HTTP: another cluster file, and a standing demand.
@Suite(.timeLimit(.minutes(1))) struct ClusterRoutesTests {
    private func serving(_ body: (RayDoor, Store) async throws -> Void) async throws {
        let store = try Store.open(.memory, role: .nodes, clock: VirtualTime().clock)
        var settings = ClusterSettings.cloud([.cpus("small", 4)])
        settings.provider = .fake(FakeCloudSettings())
        let tier = try NodeTier(store: store, settings: settings, tokenFile: "/token")
        let thread = TierThread(
            desk: NodeDesk(tier: tier, calls: AsyncStream.makeStream().continuation), store: store, bell: nil,
            log: Logger(label: "test"))
        let (ports, bell) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await thread.run() }
            group.addTask {
                defer { bell.finish() }
                try await Listener(name: "test", bind: .tcp(port: 0), token: RayHouse.token).run(
                    routes: { addClusterRoutes(to: $0, thread: thread, startFile: "/c.yaml") },
                    onBound: { bell.yield($0) })
            }
            defer { group.cancelAll() }
            for await port in ports { return try await body(RayDoor(port: port), store) }
            throw CancellationError()
        }
    }

    private static let types = "available_node_types: {small: {resources: {CPU: 4}}}"

    private func reload(
        _ door: RayDoor, _ text: String?, dryRun: Bool = false, watched: Bool = false
    ) async throws -> RayReply {
        let call = ReloadCall(
            file: "/c.yaml", text: text, problem: text == nil ? "/c.yaml: gone" : nil, dryRun: dryRun,
            watched: watched)
        return try await door.call(
            "POST", Routes.cluster, body: String(decoding: try WireCoding.encode(call), as: UTF8.self))
    }

    @Test func aFileIsTakenWholeOrNotAtAll() async throws {
        try await serving { door, store in
            let good = "max_workers: 3\nidle_timeout_s: 30\nprovider: {type: fake}\n\(Self.types)"
            let look = try await reload(door, good, dryRun: true)
            #expect(look.status == 200 && look.body.contains("max_workers 8 to 3"), "\(look)")
            #expect(try store.state().setting?.settings.maxWorkers != 3)
            let taken = try await reload(door, good)
            #expect(taken.status == 200, "\(taken)")
            #expect(try store.state().setting?.settings.maxWorkers == 3)
            #expect(try store.state().setting?.file.maxWorkers == 3, "it is the file of the start")
            let wrong = try await reload(door, "max_worker: 3\nidle_timeout_s: x")
            #expect(
                wrong.status == 400 && wrong.body.contains("c.yaml:1:1: unknown key: max_worker"), "\(wrong)")
            #expect(wrong.body.contains("c.yaml:2:17: "), "every problem at once")
            #expect(try store.state().setting?.refused.contains("did you mean max_workers?") == true)
            let other = try await reload(
                door, good.replacingOccurrences(of: "max_workers: 3", with: "cluster_name: b"))
            #expect(other.status == 409 && other.body.contains("cluster_name tandem to b"), "\(other)")
            let gone = try await reload(door, nil)
            #expect(gone.status == 400 && gone.body.contains("c.yaml: gone"), "\(gone)")
            #expect(try store.state().setting?.settings.maxWorkers == 3)
            let standing = try await door.call("GET", Routes.cluster)
            #expect(
                standing.body.contains(#""is_overtaken":false"#) && standing.body.contains("gone"),
                "\(standing)")
            let again = try await reload(door, good, watched: true)
            #expect(again.status == 200 && again.body.contains(#""changes":[]"#), "\(again)")
            #expect(try store.state().setting?.refused == "")
        }
    }

    @Test func aStandingDemandIsPutReadAndCleared() async throws {
        try await serving { door, store in
            let path = Routes.standingDemand
            let put = try await door.call(
                "PUT", path,
                body:
                    #"{"num_cpus": 2, "bundles": [{"resources": {"GPU": 0.5, "memory": "1 KiB"}, "count": 3}]}"#
            )
            #expect(put.status == 200, "\(put)")
            let read = try await door.call("GET", path)
            let expected =
                #"{"bundles":[{"count":2,"resources":{"CPU":1}},{"count":3,"resources":{"GPU":0.5,"memory":1024}}]"#
            #expect(read.body.hasPrefix(expected) && put.body == read.body)
            // There is no GPU to be had, which is no reason to forget the wish.
            #expect(read.body.contains("no node holds GPU 0.5"), "\(read)")
            #expect(try store.state().standingDemand.map(\.count) == [2, 3])
            for wrong in [
                "{}", "{bundles: 3}", "{bundles: [{}]}", "{bundles: [{resources: {}}]}", "{num_cpus: -1}",
                "{bundles: [{resources: {cpu: 1}}]}", "{bundles: [{resources: {CPU: 1}, count: 0}]}",
                "{cpus: 1}",
                "{num_cpus: 100000, bundles: [{resources: {CPU: 1}}]}", "[",
            ] {
                let refused = try await door.call("PUT", path, body: wrong)
                #expect(
                    refused.status == 400 && refused.body.contains("nothing was changed"),
                    "\(wrong): \(refused)")
            }
            #expect(try await door.call("GET", path).body == read.body)
            #expect(try await door.call("PUT", path, body: "{bundles: []}").body == #"{"bundles":[]}"#)
            _ = try await door.call("PUT", path, body: "{num_cpus: 1}")
            #expect(try await door.call("DELETE", path).body == #"{"bundles":[]}"#)
            #expect(try store.state().standingDemand.isEmpty)
            let stranger = try await door.call("PUT", path, headers: [], body: "{num_cpus: 1}")
            #expect(stranger.status == 401, "\(stranger)")
        }
    }
}
