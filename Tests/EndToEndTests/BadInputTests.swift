import Foundation
import Testing

/// Two mistakes, on lines 3 and 7.
private let wrongApplications = """
    applications:
      - name: demo
        rout_prefix: /
        deployments:
          - name: d
            command: [tandem, replica, sleep]
            num_replicas: minus one

    """

extension EndToEnd.Shared {
    @Test(.timeLimit(.minutes(1)))
    func aBadDeployChangesNothingAndNamesEveryPlace() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let before = try await cluster.output("sql", "--json", "SELECT * FROM deployment")
        let decisions = try await cluster.number("SELECT count(*) FROM timeline")

        let file = try cluster.write(wrongApplications, as: "wrong.yaml")
        let outcome = try await cluster.tandem("deploy", file)
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains("\(file):3:5: "), "\(outcome.errors)")
        #expect(outcome.errors.contains("route_prefix"), "the nearest key is offered")
        #expect(outcome.errors.contains("\(file):7:"), "\(outcome.errors)")
        #expect(outcome.errors.contains("minus one"))

        let serve = try cluster.runFile("serve").address
        let answer = try await cluster.control(
            "PUT", "/api/serve/applications/", at: serve, body: wrongApplications)
        #expect(answer.status == 400)
        struct Refusal: Decodable {
            var code: String
            var problems: [String]
        }
        let refusal = try JSONDecoder().decode(Refusal.self, from: Data(answer.body.utf8))
        #expect(refusal.code == "invalid")
        #expect(refusal.problems.contains { $0.hasPrefix("body:3:5: ") }, "\(refusal.problems)")
        #expect(refusal.problems.contains { $0.hasPrefix("body:7:") }, "\(refusal.problems)")

        #expect(try await cluster.output("sql", "--json", "SELECT * FROM deployment") == before)
        #expect(try await cluster.number("SELECT count(*) FROM timeline") == decisions)
        #expect(try await cluster.request().status == 200)
    }

    /// Every control listener, whatever is asked of it.
    @Test(.timeLimit(.minutes(1)))
    func controlRoutesAskForTheToken() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let pids = try await cluster.status().pids
        let calls = [
            ("serve", "GET", "/api/serve/applications/"), ("serve", "PUT", "/api/serve/applications/"),
            ("serve", "DELETE", "/api/serve/applications/"),
            ("serve", "DELETE", "/api/serve/applications/demo"),
            ("serve", "POST", "/v1/proxies/stranger/sync"), ("serve", "GET", "/metrics"),
            ("serve", "GET", "/-/healthz"), ("serve", "GET", "/no/such/route"),
            ("nodes", "POST", "/v1/nodes/n1/sync"), ("nodes", "GET", "/metrics"),
            ("nodes", "GET", "/-/healthz"),
            ("cloud", "GET", "/v1/instances"), ("cloud", "POST", "/v1/instances"),
            ("cloud", "GET", "/metrics"),
        ]
        for (role, method, path) in calls {
            let address = try cluster.runFile(role).address
            let wrong = String(repeating: "0", count: try cluster.token.count)
            for token in [String?.none, wrong, ""] {
                let answer = try await cluster.control(
                    method, path, at: address, body: "{}", token: .some(token))
                let expected = token == nil ? 401 : 403
                #expect(
                    answer.status == expected, "\(method) \(path) of \(role) with token \(token ?? "nil")")
            }
        }
        #expect(try await cluster.status().pids == pids)
        let mode = try FileManager.default.attributesOfItem(atPath: cluster.state + "/token")[
            .posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test(.timeLimit(.minutes(1)))
    func aSecondUpOnOneStateIsRefused() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let second = try await Tandem.run(try cluster.upArguments(apps: nil), within: .seconds(20))
        #expect(second.code != 0)
        #expect(second.errors.contains("already runs on \(cluster.state)"), "\(second.errors)")
        #expect(cluster.isUp)
        #expect(try await cluster.request().status == 200)
    }
}

extension EndToEnd.Alone {
    @Test(.timeLimit(.minutes(1)))
    func filesAreCheckedBeforeAnythingIsStarted() async throws {
        let cluster = try Cluster(settings: "max_workers: 8\nidle_timeout: 5\nports: {ingress: 70000}\n")
        defer { cluster.clear() }
        let outcome = try await Tandem.run(
            try cluster.upArguments(apps: wrongApplications), within: .seconds(20))
        #expect(outcome.code != 0)
        let file = cluster.directory + "/cluster.yaml"
        #expect(outcome.errors.contains("\(file):2:1: "), "\(outcome.errors)")
        #expect(outcome.errors.contains("\(file):3:18: "), "\(outcome.errors)")
        #expect(Processes.naming(cluster.directory) == [])
        #expect(!FileManager.default.fileExists(atPath: cluster.state + "/tandem.sqlite"))
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["--control-port", "--nodes-port", "--ingress-port"])
    func aPortOfAStrangerIsNamed(option: String) async throws {
        let stranger = try Stranger()
        let cluster = try Cluster(settings: nil)
        defer { cluster.clear() }
        let outcome = try await Tandem.run(
            try cluster.upArguments(apps: nil, more: [option, "\(stranger.port)"]), within: .seconds(30))
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains("\(stranger.port)"), "\(outcome.errors)")
        #expect(outcome.errors.contains("did not start"), "\(outcome.errors)")
        try await eventually("nothing is left") { Processes.naming(cluster.directory) == [] }
    }

    @Test(.timeLimit(.minutes(1)))
    func aStateThatCannotBeWrittenIsNamed() async throws {
        let cluster = try Cluster(settings: nil)
        defer { cluster.clear() }
        try "a file".write(toFile: cluster.state, atomically: true, encoding: .utf8)
        let outcome = try await Tandem.run(try cluster.upArguments(apps: nil), within: .seconds(20))
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains(cluster.state), "\(outcome.errors)")
        #expect(outcome.errors.contains("--state"), "\(outcome.errors)")
        #expect(Processes.naming(cluster.directory) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func aDatabaseOfANewerVersionIsLeftAlone() async throws {
        let cluster = try Cluster(settings: nil)
        defer { cluster.clear() }
        try await cluster.start(apps: nil)
        #expect(try await cluster.stop() == [])
        let database = cluster.state + "/tandem.sqlite"
        try #require(try await Stock.sqlite([database, "PRAGMA user_version = 99"]).code == 0)
        let outcome = try await Tandem.run(try cluster.upArguments(apps: nil), within: .seconds(30))
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains("99"), "\(outcome.errors)")
        try await eventually("nothing is left") { Processes.naming(cluster.directory) == [] }
        #expect(try await Stock.sqlite(["-readonly", database, "PRAGMA user_version"]).output == "99\n")
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ["status"], ["sql", "SELECT 1"], ["deploy", "apps.yaml"], ["delete", "demo"], ["logs", "a#b#1"],
            ["cloud", "list"], ["load", "--users", "1"],
        ])
    func withoutAClusterACommandSaysSo(words: [String]) async throws {
        let cluster = try Cluster(settings: nil)
        defer { cluster.clear() }
        let apps = try cluster.write(serveFile(.sleeper()), as: "apps.yaml")
        let outcome = try await Tandem.run(
            words.map { $0 == "apps.yaml" ? apps : $0 } + ["--state", cluster.state])
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains(cluster.state), "\(outcome.whole)")
        #expect(!outcome.errors.contains("Optional("))
    }

    /// Programs read the same failure as people, as JSON.
    @Test(.timeLimit(.minutes(1)), arguments: [["status"], ["sql", "SELECT 1"], ["explain", "node", "n1"]])
    func aFailureIsJSONForWhoAskedForIt(words: [String]) async throws {
        struct Told: Decodable {
            struct Failure: Decodable { var code: String, message: String }
            var error: Failure
        }
        let cluster = try Cluster(settings: nil)
        defer { cluster.clear() }
        let outcome = try await Tandem.run(words + ["--json", "--state", cluster.state])
        #expect(outcome.code != 0)
        let told = try JSONDecoder().decode(Told.self, from: Data(outcome.output.utf8))
        #expect(!told.error.code.isEmpty && told.error.message.contains(cluster.state), "\(outcome.whole)")
        #expect(outcome.errors.contains(told.error.message), "\(outcome.whole)")
    }
}

/// A program of somebody else's: it listens and never answers.
private final class Stranger {
    let port: Int
    private let descriptor: Int32

    init() throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        descriptor = listening
        let any = Exchange.inet(0)
        let bound = withUnsafeBytes(of: any) {
            bind(listening, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard bound == 0, listen(listening, 8) == 0 else { throw Hopeless(description: "no port: \(errno)") }
        var taken = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &taken) {
            _ = getsockname(listening, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        port = Int(UInt16(bigEndian: taken.sin_port))
    }

    deinit { close(descriptor) }
}
