import Foundation
import Testing

extension EndToEnd.Alone {
    /// The files of the quickstart, as a newcomer uses them.
    @Test(.timeLimit(.minutes(1)))
    func theQuickstartAnswers() async throws {
        let quickstart = Tandem.packageRoot + "/Config/quickstart"
        let cluster = try Cluster(
            settings: try String(contentsOfFile: quickstart + "/cluster.yaml", encoding: .utf8))
        defer { cluster.clear() }
        try await cluster.start(apps: try String(contentsOfFile: quickstart + "/serve.yaml", encoding: .utf8))
        let answer = try await cluster.request()
        #expect(answer.status == 200)
        #expect(answer.headers["x-tandem-replica"]?.hasPrefix("demo#sleeper#") == true)
        #expect(try await cluster.tandem("delete", "demo").code == 0)
        try await eventually("the application is gone") { try await cluster.status().applications.isEmpty }
        #expect(try await cluster.request().status == 404)
        #expect(try await cluster.stop() == [])
    }

    /// Without a cluster file this machine is the only node.
    @Test(.timeLimit(.minutes(1)))
    func thisMachineAloneIsACluster() async throws {
        let cluster = try Cluster(settings: nil)
        defer { cluster.clear() }
        try await cluster.start(apps: serveFile(.sleeper(ms: 0)))
        #expect(try await cluster.request().status == 200)
        let nodes = try await cluster.status().nodes
        #expect(nodes.map { "\($0.id) \($0.type) \($0.phase)" } == ["local local ready"])
        let pids = try await cluster.status().pids

        let agent = try cluster.pid("agent")
        kill(agent, SIGKILL)
        try await eventually("the agent is back") {
            let pid = try cluster.runFile("agent").pid
            return pid != agent && Processes.isAlive(pid)
        }
        try await cluster.deploy(serveFile(.sleeper(ms: 0, replicas: .fixed(2))))
        #expect(try await cluster.status().pids.filter { pids[$0.key] == $0.value } == pids, "it was adopted")

        #expect(try await cluster.stop() == [])
        #expect(try await cluster.status().deployments.count == 1, "the state stays")
    }

    /// The state of a stopped cluster is taken up again.
    @Test(.timeLimit(.minutes(1)))
    func aStoppedClusterGoesOnWhereItWas() async throws {
        let cluster = try Cluster(settings: SharedCluster.settings)
        defer { cluster.clear() }
        try await cluster.start(apps: serveFile(.sleeper(ms: 0, replicas: .fixed(2))))
        #expect(try await cluster.stop() == [])
        try await cluster.start(apps: nil)
        try await cluster.served()
        let status = try await cluster.status()
        #expect(status.pids.count == 2)
        #expect(try await cluster.request().status == 200)
        try await cluster.nothingLeaks()
        #expect(try await cluster.stop() == [])
    }

    /// Ctrl-C.
    @Test(.timeLimit(.minutes(1)))
    func anInterruptEndsEverything() async throws {
        let cluster = try Cluster(settings: SharedCluster.settings)
        defer { cluster.clear() }
        try await cluster.start(apps: serveFile(.sleeper(ms: 0)))
        kill(try cluster.pid("up"), SIGINT)
        try await eventually("nothing is left") { Processes.naming(cluster.directory) == [] }
        #expect(try await cluster.stop() == [])
    }

    /// What scripts/run shows, in small.
    @Test(.timeLimit(.minutes(1)))
    func theDemonstrationDrawsWhatHappened() async throws {
        let cluster = try Cluster(settings: SharedCluster.settings)
        defer { cluster.clear() }
        let apps = try cluster.write(serveFile(.sleeper(ms: 20)), as: "apps.yaml")
        let picture = cluster.directory + "/picture.svg"
        let outcome = try await cluster.tandem(
            "demo", "--cluster", cluster.directory + "/cluster.yaml", "--apps", apps, "--users", "1,3",
            "--seconds", "1", "--after", "1", "--picture", picture, "--plain", "--ingress-port", "0",
            "--control-port", "0", "--nodes-port", "0")
        #expect(outcome.code == 0, "\(outcome.whole)")
        #expect(outcome.output.contains(picture))
        let drawn = try String(contentsOfFile: picture, encoding: .utf8)
        #expect(drawn.contains("<svg") && drawn.contains("Users and replicas"))
        #expect(Processes.naming(cluster.directory) == [])
    }
}
