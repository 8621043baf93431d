import Foundation
import Testing

extension EndToEnd.Shared {
    /// Traffic scales replicas, replicas scale nodes, and both go again.
    @Test(.timeLimit(.minutes(2)))
    func trafficScalesReplicasAndReplicasScaleNodes() async throws {
        let demo = Application.sleeper(replicas: .auto(from: 1, to: 8))
        let cluster = try await cluster(serveFile(demo))
        let last = try await cluster.number("SELECT coalesce(max(id), 0) FROM node_decision")
        let report = try await cluster.load(users: 11) { load in
            // Six of two users each, and two machines of four.
            try await eventually("six replicas on two nodes") {
                let status = try await cluster.status()
                return try status.deployment(demo.deployment).ready == 6 && status.readyNodes == 2
            }
            try await load.answers(50)
        }
        #expect(report.failed == 0, "\(report.failures)")
        try await eventually("back to one replica") {
            try await cluster.status().deployment(demo.deployment).ready == 1
        }
        try await cluster.atRest()
        let launched = try await cluster.number(
            "SELECT count(*) FROM node_decision WHERE kind = 'launch' AND id > \(last)")
        #expect(launched == 1, "one more machine is the fewest, and it was bought once")
        #expect(try await cluster.instances().count { $0.state == "running" } == 1)
        try await cluster.nothingLeaks()
    }

    @Test(.timeLimit(.minutes(1)))
    func theIngressAnswersForItself() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0), .sleeper("deep", at: "/deep", ms: 0)))
        let named = try await cluster.request(headers: [("X-Request-Id", "from-outside-1")])
        #expect(named.status == 200)
        #expect(named.headers["x-request-id"] == "from-outside-1")
        #expect(named.body.hasPrefix("demo#d#"))
        let one = try await cluster.request().headers["x-request-id"]
        let other = try await cluster.request().headers["x-request-id"]
        #expect(one?.isEmpty == false)
        #expect(one != other)
        #expect(try await cluster.request("/deep/er").body.hasPrefix("deep#d#"))
        #expect(try await cluster.request("/deeper").body.hasPrefix("demo#d#"))
        #expect(try await cluster.request(method: "POST").status == 200)
        #expect(try await cluster.request("/-/routes").body == #"{"/":"demo","/deep":"deep"}"#)
        let health = try await cluster.request("/-/healthz")
        #expect(health.status == 200)
        #expect(health.body == "success")
    }

    /// From nothing: the first request waits until a machine is bought, has booted, and runs a replica.
    @Test(.timeLimit(.minutes(1)))
    func theFirstRequestBringsAReplicaAndItsMachine() async throws {
        // The other takes one CPU of the machine that is there, so that this one needs another machine.
        let other = Application.sleeper("other", at: "/other")
        let large = Application.sleeper(
            "large", at: "/large", ms: 10, replicas: .auto(from: 0, to: 1), cpus: 4)
        let cluster = try await cluster(serveFile(other, large))
        for round in 1...2 {
            #expect(try await cluster.status().deployment(large.deployment).ready == 0)
            let answer = try await cluster.request("/large", within: 30)
            #expect(answer.status == 200, "round \(round)")
            #expect(answer.body.hasPrefix("large#d#"))
            try await eventually("back to no replica") {
                let status = try await cluster.status()
                return try status.deployment(large.deployment).target == 0 && status.replicas.count == 1
            }
            try await cluster.atRest()
        }
    }

    /// A changed command replaces replicas one by one, and no request notices.
    @Test(.timeLimit(.minutes(1)))
    func aChangedCommandIsRolledOutUnderLoad() async throws {
        let before = Application.sleeper(ms: 50, replicas: .fixed(3))
        let after = Application.sleeper(ms: 51, replicas: .fixed(3))
        let cluster = try await cluster(serveFile(before))
        let old = Set(try await cluster.status().pids.keys)
        #expect(old.count == 3)
        struct Seen: Decodable {
            var replica: String
            var wanted: String
            var phase: String
        }
        let report = try await cluster.load(users: 4) { load in
            let file = try cluster.write(serveFile(after), as: "apps.yaml")
            #expect(try await cluster.tandem("deploy", file).code == 0)
            try await eventually("three replicas of the new command", every: .milliseconds(10)) {
                let seen = try await cluster.rows(
                    "SELECT replica, wanted, phase FROM replicas_now", as: Seen.self)
                let wanted = seen.filter { $0.wanted == "wanted" }
                #expect(wanted.count <= 4, "one more than wanted at most: \(seen)")
                #expect(wanted.count { $0.phase == "ready" } >= 2, "one less than wanted at least: \(seen)")
                return seen.count == 3 && seen.allSatisfy { !old.contains($0.replica) && $0.phase == "ready" }
            }
            try await load.answers(50)
        }
        #expect(report.failed == 0, "\(report.failures)")
        let commands = Processes.naming(cluster.state).map(Processes.arguments).filter {
            $0.contains("sleep")
        }
        #expect(commands.count == 3)
        #expect(commands.allSatisfy { $0.last == "51" }, "\(commands)")
        try await cluster.served()
    }
}
