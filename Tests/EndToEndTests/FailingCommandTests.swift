import Foundation
import Testing

extension EndToEnd.Shared {
    /// A command that cannot work is tried less and less often, says why in status, and buys nothing.
    @Test(.timeLimit(.minutes(1)))
    func aFailingCommandIsHeldBackAndExplained() async throws {
        let absent = Application(
            name: "absent", prefix: "/absent", command: ["/no/such/program"], replicas: .fixed(2))
        let brief = Application(
            name: "brief", prefix: "/brief", command: ["tandem", "replica", "sleep", "--ms", "never"])
        let good = Application.sleeper(ms: 0)
        let cluster = try await cluster(serveFile(good))
        let nodes = try await cluster.number("SELECT count(*) FROM node")
        let pids = try await cluster.status().pids
        let file = try cluster.write(serveFile(good, absent, brief), as: "apps.yaml")
        #expect(try await cluster.tandem("deploy", file).code == 0)
        try await eventually("four failures of each") {
            let status = try await cluster.status()
            return try [absent, brief].allSatisfy { try status.deployment($0.deployment).failures >= 4 }
        }
        let status = try await cluster.status()
        for (application, words) in [(absent, "/no/such/program"), (brief, "never")] {
            let deployment = try status.deployment(application.deployment)
            #expect(deployment.status == "DEPLOY_FAILED")
            #expect(deployment.message.contains(words), "\(deployment.message)")
            #expect(try status.application(application.name).status == "DEPLOY_FAILED")
            #expect(try status.application(application.name).message.contains(words))
        }
        #expect(try status.application("demo").status == "RUNNING")
        #expect(status.pids == pids, "what is well is left alone")
        #expect(try await cluster.request().status == 200)
        #expect(try await cluster.number("SELECT count(*) FROM node") == nodes, "nothing was bought")
        try await backsOff(cluster, brief.deployment)

        try await cluster.deploy(
            serveFile(good, .sleeper("absent", at: "/absent", ms: 0), .sleeper("brief", at: "/brief", ms: 0)))
        for path in ["/absent", "/brief"] {
            let answer = try await cluster.request(path)
            #expect(answer.status == 200, "\(path)")
        }
        #expect(try await cluster.number("SELECT count(*) FROM node") == nodes)
    }

    /// Each wait is at least a second, and twice the one before.
    private func backsOff(_ cluster: Cluster, _ deployment: String) async throws {
        struct Failure: Decodable { var atMs: Int }
        let failures = try await cluster.rows(
            """
            SELECT at_ms FROM serve_decision WHERE rule = 'start_failure' AND subject LIKE '\(deployment)#%'
            ORDER BY id
            """, as: Failure.self)
        try #require(failures.count >= 4)
        for (index, wait) in [1_000, 2_000, 4_000].enumerated() {
            let gap = failures[index + 1].atMs - failures[index].atMs
            #expect(gap >= wait, "after failure \(index + 1)")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aPythonApplicationSaysWhyItDoesNotRun() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let text =
            serveFile(.sleeper(ms: 0)) + "  - {name: py, route_prefix: /py, import_path: \"py.app:graph\"}\n"
        let file = try cluster.write(text, as: "apps.yaml")
        #expect(try await cluster.tandem("deploy", file).code == 0)
        let message = try await eventually("its failure is shown") {
            let application = try await cluster.status().application("py")
            return application.status == "DEPLOY_FAILED" ? application.message : nil
        }
        #expect(message.contains("import_path"))
        #expect(try await cluster.status().application("demo").status == "RUNNING")
        try await cluster.deploy(serveFile(.sleeper(ms: 0)))
        #expect(try await cluster.status().applications.map(\.name) == ["demo"])
    }
}
