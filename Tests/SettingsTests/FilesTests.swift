import Foundation
import Model
import Settings
import Testing

/// The files that come with the project, and files that cannot be read.
struct FilesTests {
    static let config = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Config/").path()

    static func text(_ name: String) throws -> String { try Settings.read(path: config + name) }

    @Test func theQuickstartIsRead() throws {
        let cluster = try Settings.cluster(text: Self.text("quickstart/cluster.yaml"), file: "cluster.yaml")
        let type = try #require(cluster.nodeTypes.first)
        #expect(type.resources == Resources(["CPU": 4000]) && type.minWorkers == 1 && type.maxWorkers == 8)
        #expect(cluster.idleTimeout == Millis(5000) && cluster.maxWorkers == 8)
        let serve = try Settings.serve(text: Self.text("quickstart/serve.yaml"), file: "serve.yaml")
        #expect(serve.warnings.isEmpty)
        let deployment = try #require(serve.applications.first?.deployments.first)
        #expect(deployment.replica.command == ["tandem", "replica", "sleep", "--ms", "200", "--slots", "2"])
        guard case .auto(let auto) = deployment.count else {
            Issue.record("num_replicas is not auto")
            return
        }
        #expect(
            auto.maxReplicas == 30 && auto.metricsInterval == Millis(250) && auto.lookBack == Millis(1000))
        #expect(auto.upscaleDelay == Millis(1000) && auto.downscaleDelay == Millis(3000))
    }

    /// What the reference calls a default is one.
    @Test func theServeReferenceShowsTheDefaults() throws {
        let serve = try Settings.serve(text: Self.text("serve.reference.yaml"), file: "serve.reference.yaml")
        #expect(serve.warnings.isEmpty)
        let read = try #require(serve.applications.first?.deployments.first)
        let text = "applications: [{deployments: [{name: d, command: [x], num_replicas: auto}]}]"
        let plain = try Settings.serve(text: text, file: "f")
        let bare = try #require(plain.applications.first?.deployments.first)
        guard case .auto(var shown) = read.count, case .auto(let implied) = bare.count else {
            Issue.record("num_replicas is not auto")
            return
        }
        #expect(
            shown.initialReplicas == implied.minReplicas
                && shown.downscaleToZeroDelay == implied.downscaleDelay)
        shown.initialReplicas = nil
        shown.downscaleToZeroDelay = nil
        #expect(shown == implied)
        #expect(read.maxOngoing == bare.maxOngoing && read.maxQueued == bare.maxQueued)
        #expect(read.gracefulShutdownTimeout == bare.gracefulShutdownTimeout)
        #expect(read.replica.health.period == bare.replica.health.period)
        #expect(read.replica.health.timeout == bare.replica.health.timeout)
        #expect(read.replica.health.startDeadline == bare.replica.health.startDeadline)
        #expect(read.replica.resources[Resources.cpu] == bare.replica.resources[Resources.cpu])
    }

    @Test func theClusterReferenceShowsTheDefaults() throws {
        var read = try Settings.cluster(
            text: Self.text("cluster.reference.yaml"), file: "cluster.reference.yaml")
        var fake = FakeCloudSettings()
        fake.capacity = [.init(type: "large", count: 2)]
        fake.prices = [
            .init(type: "large", microdollarsPerHour: 160_000),
            .init(type: "small", microdollarsPerHour: 40_000),
        ]
        #expect(read.provider == .fake(fake))
        #expect(read.nodeTypes.map(\.name) == ["large", "small"])
        #expect(
            read.importPaths == [
                ImportPath(path: "chat:app", command: ["python3", "serve_chat.py", "{port}"])
            ])
        read.provider = nil
        read.nodeTypes = []
        read.importPaths = nil
        #expect(read == ClusterSettings())
    }

    /// A key that is read is also explained.
    @Test func everyKnownKeyIsInTheReference() throws {
        for (name, broken) in [
            (
                "serve.reference.yaml",
                "applications: [{zzzzzz: 1, runtime_env: {zzzzzz: 1}, deployments: [{zzzzzz: 1, "
                    + "autoscaling_config: {zzzzzz: 1}, ray_actor_options: {zzzzzz: 1}, "
                    + "readiness: {zzzzzz: 1}, backpressure_config: {zzzzzz: 1}, spread: [{zzzzzz: 1}], "
                    + "affinity: [{zzzzzz: 1}], anti_affinity: [{zzzzzz: 1}]}]}]\n"
                    + "http_options: {zzzzzz: 1}\nzzzzzz: 1"
            ),
            (
                "cluster.reference.yaml",
                "zzzzzz: 1\nports: {zzzzzz: 1}\nconsolidation: {zzzzzz: 1}\nspot: {zzzzzz: 1}\n"
                    + "disruption_budgets: [{zzzzzz: 1}]\nheadroom: [{zzzzzz: 1}]\n"
                    + "provider: {type: fake, zzzzzz: 1, error_rates: {zzzzzz: 1}, offerings: {a: [{zzzzzz: 1}]}}\n"
                    + "available_node_types: {a: {zzzzzz: 1}}"
            ),
        ] {
            let reference = try Self.text(name)
            var known: [Substring] = []
            for problem in name.hasPrefix("serve") ? serveProblems(broken) : clusterProblems(broken)
            where problem.what.hasPrefix("unknown key") {
                known += problem.right.dropFirst("known here: ".count).split(separator: ", ")
            }
            #expect(known.count > 20)
            for key in known where key != "policy" {
                #expect(reference.contains("\(key)"), "\(key) in \(name)")
            }
        }
    }

    private func serveProblems(_ text: String) -> [SettingsProblem] {
        do { _ = try Settings.serve(text: text, file: "f") } catch { return error.problems }
        return []
    }

    private func clusterProblems(_ text: String) -> [SettingsProblem] {
        do { _ = try Settings.cluster(text: text, file: "f") } catch { return error.problems }
        return []
    }

    @Test func whatCannotBeReadIsSaid() throws {
        let directory = URL(filePath: NSTemporaryDirectory()).appending(path: "settings-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func file(_ name: String, _ bytes: [UInt8]) throws -> String {
            let url = directory.appending(path: name)
            try Data(bytes).write(to: url)
            return url.path()
        }
        let pipe = directory.appending(path: "pipe").path()
        #expect(mkfifo(pipe, 0o600) == 0)
        let cases = [
            (directory.appending(path: "absent").path(), "No such file or directory"),
            (directory.path(), "not a regular file"), (pipe, "not a regular file"),
            (try file("big", Array(repeating: 0x61, count: (1 << 20) + 1)), "more than 1048576 bytes"),
            (try file("latin1", [0x61, 0xE9]), "not UTF-8"),
        ]
        for (path, value) in cases {
            let error = #expect(throws: SettingsProblems.self) { try Settings.read(path: path) }
            #expect(error?.description.hasPrefix("\(path): the file cannot be read: \(value): ") == true)
        }
        #expect(
            try Settings.read(path: file("full", Array(repeating: 0x61, count: 1 << 20))).utf8.count == 1
                << 20)
        #expect(try Settings.read(path: file("marked", [0xEF, 0xBB, 0xBF, 0x61])) == "a")
    }
}
