import Foundation
import Testing

/// Programs of the machine itself, run beside ours.
enum Stock {
    /// The stock SQLite shell; scripts/test installs it.
    static func sqlite(_ arguments: [String]) async throws -> Tandem.Outcome {
        guard access("/usr/bin/sqlite3", X_OK) == 0 else {
            throw Hopeless(description: "there is no /usr/bin/sqlite3: install the package sqlite3")
        }
        return try await RunningProgram.start("/usr/bin/sqlite3", arguments).ended()
    }
}

extension EndToEnd.Shared {
    @Test(.timeLimit(.minutes(1)))
    func theDatabaseIsForReading() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        struct View: Decodable { var name: String }
        let views = try await cluster.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'view'", as: View.self)
        for name in [
            "nodes_now", "replicas_now", "deployments_now", "why_pending", "timeline", "leak_suspects",
        ] {
            #expect(views.contains { $0.name == name })
        }
        for view in views {
            let outcome = try await cluster.tandem("sql", "SELECT * FROM \(view.name)")
            #expect(outcome.code == 0, "\(view.name): \(outcome.whole)")
        }
        for statement in [
            "DELETE FROM replica", "UPDATE deployment SET target = 9", "DROP VIEW timeline",
            "INSERT INTO drain_request VALUES ('n1', 0, '')", "PRAGMA user_version = 9",
            "SELECT 1; DELETE FROM node",
        ] {
            let outcome = try await cluster.tandem("sql", statement)
            #expect(outcome.code != 0, "\(statement): \(outcome.whole)")
        }
        #expect(try await cluster.number("SELECT count(*) FROM replica") == 1)
        #expect(try await cluster.number("SELECT target FROM deployment") == 1)
        #expect(try await cluster.number("SELECT count(*) FROM node") >= 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func theStockShellReadsWhileTheClusterRuns() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let database = cluster.state + "/tandem.sqlite"
        let ready = try await Stock.sqlite(["-readonly", database, "SELECT ready FROM deployments_now"])
        #expect(ready.code == 0)
        #expect(ready.output == "1\n", "\(ready.whole)")
        let schema = try await Stock.sqlite(["-readonly", database, ".schema replica"])
        #expect(schema.output.contains("-- when it was ordered"), "the comments are the manual")
        let queries = Tandem.packageRoot + "/State/queries"
        let files = try FileManager.default.contentsOfDirectory(atPath: queries).filter {
            $0.hasSuffix(".sql")
        }
        #expect(!files.isEmpty)
        for file in files {
            let outcome = try await Stock.sqlite(["-readonly", "-bail", database, ".read \(queries)/\(file)"])
            #expect(outcome.code == 0, "\(file): \(outcome.whole)")
            #expect(outcome.errors.isEmpty, "\(file): \(outcome.whole)")
        }
        #expect(try await cluster.request().status == 200)
    }

    @Test(.timeLimit(.minutes(1)))
    func whatAReplicaPrintedIsShown() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let brief = Application(
            name: "brief", prefix: "/brief", command: ["tandem", "replica", "sleep", "--ms", "never"])
        let file = try cluster.write(serveFile(.sleeper(ms: 0), brief), as: "apps.yaml")
        #expect(try await cluster.tandem("deploy", file).code == 0)
        struct Failure: Decodable { var subject: String }
        let failed = try await eventually("one has failed") {
            try await cluster.rows(
                "SELECT subject FROM timeline WHERE rule = 'start_failure' AND subject LIKE 'brief#d#%'",
                as: Failure.self
            ).last
        }
        let log = try await cluster.tandem("logs", failed.subject)
        #expect(log.code == 0)
        #expect(log.output.contains("never"), "\(log.whole)")
        #expect(try await cluster.tandem("logs", "demo#d#9999").code != 0)
        try await cluster.deploy(serveFile(.sleeper(ms: 0)))
    }

    @Test(.timeLimit(.minutes(1)))
    func everyProcessHasAPageOfMetrics() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        #expect(try await cluster.request().status == 200)
        let port = try await cluster.number("SELECT agent_port FROM node WHERE phase = 'ready'")
        let proxy = try #require(try cluster.runFile("proxy").metrics)
        let pages = [
            (
                "serve", try cluster.runFile("serve").address,
                #"tandem_deployment_ready_replicas{deployment="demo#d"} 1"#
            ),
            ("nodes", try cluster.runFile("nodes").address, #"tandem_nodes{phase="ready"} 1"#),
            ("proxy", proxy, #"tandem_proxy_requests_total{deployment="demo#d",class="2xx"}"#),
            ("cloud", try cluster.runFile("cloud").address, #"tandem_cloud_instances{state="running"} 1"#),
            ("agent", "http://127.0.0.1:\(port)", #"tandem_agent_replicas{phase="ready"} 1"#),
        ]
        for (role, address, line) in pages {
            let page = try await cluster.control("GET", "/metrics", at: address)
            #expect(page.status == 200, "\(role)")
            #expect(page.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true, "\(role)")
            #expect(page.body.contains(line), "\(role): \(page.body)")
            #expect(
                try await cluster.control("GET", "/metrics", at: address, token: .some(nil)).status == 401,
                "\(role)")
        }
    }
}
