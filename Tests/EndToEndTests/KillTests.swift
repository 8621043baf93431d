import Foundation
import Testing

extension EndToEnd.Shared {
    /// What no death of a control process may change.
    private struct Standing: Equatable {
        var pids: [String: Int32]
        var nodes: [String]
        var target: Int
        var tokens: [String]
        var scalings: Int
        var purchases: Int

        init(_ cluster: Cluster) async throws {
            let status = try await cluster.status()
            pids = status.pids
            nodes = status.nodes.map { "\($0.id) \($0.phase)" }
            target = status.deployments.reduce(0) { $0 + $1.target }
            tokens = try await cluster.instances().map { "\($0.node) \($0.token) \($0.state)" }.sorted()
            scalings = try await cluster.number("SELECT count(*) FROM serve_decision")
            purchases = try await cluster.number("SELECT count(*) FROM node_decision")
        }
    }

    /// `kill -9` of any process but the ingress, under load.
    @Test(.timeLimit(.minutes(1)), arguments: ["serve", "nodes", "cloud", "agent"])
    func aKilledProcessComesBackAndNobodyNotices(role: String) async throws {
        let demo = Application.sleeper(replicas: .auto(from: 1, to: 8))
        let cluster = try await cluster(serveFile(demo))
        let isTier = ["serve", "nodes"].contains(role)
        let report = try await cluster.load(users: 3) { load in
            try await eventually("two replicas for three users") {
                try await cluster.status().deployment(demo.deployment).ready == 2
            }
            try await load.answers(20)
            let before = try await Standing(cluster)
            let epoch = isTier ? try await cluster.epoch(role) : 0
            let lives = try await cluster.agentLives()
            let victim = try cluster.pid(role)
            kill(victim, SIGKILL)
            try await eventually("\(role) is back") {
                let pid = try cluster.pid(role)
                return pid != victim && Processes.isAlive(pid)
            }
            if isTier { #expect(try await cluster.epoch(role) == epoch + 1) }
            if role == "agent" {
                try await eventually("the node tier has heard the new agent") {
                    try await cluster.agentLives() != lives
                }
            }
            try await load.answers(40)
            #expect(try await Standing(cluster) == before)
        }
        #expect(report.failed == 0, "\(report.failures)")
        // It not only lives: it works. The load has gone, and with it a replica.
        try await eventually("one replica for no users") {
            let status = try await cluster.status()
            return try status.deployment(demo.deployment).ready == 1 && status.replicas.count == 1
        }
    }

    /// `kill -9` while a machine is being bought: it is bought once, and the scaling goes on.
    @Test(.timeLimit(.minutes(1)), arguments: ["serve", "nodes", "cloud"])
    func aPurchaseOutlivesWhoMadeIt(role: String) async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 20)))
        let last = try await cluster.number("SELECT max(id) FROM node_decision")
        let launches = "SELECT count(*) FROM node_decision WHERE kind = 'launch' AND id > \(last)"
        let file = try cluster.write(serveFile(.sleeper(ms: 20, replicas: .fixed(6))), as: "apps.yaml")
        let report = try await cluster.load(users: 2) { load in
            #expect(try await cluster.tandem("deploy", file).code == 0)
            try await eventually("a machine is ordered", every: .milliseconds(5)) {
                try await cluster.number(launches) == 1
            }
            kill(try cluster.pid(role), SIGKILL)
            try await cluster.served()
            try await cluster.atRest(nodes: 2)
            try await load.answers(20)
        }
        #expect(report.failed == 0, "\(report.failures)")
        #expect(try await cluster.number(launches) == 1)
        let running = try await cluster.instances().filter { $0.state == "running" }
        #expect(Set(running.map(\.token)).count == 2)
        #expect(running.map(\.node).sorted() == (try await cluster.status().nodes.map(\.id).sorted()))
        try await cluster.nothingLeaks()
    }

    /// The ingress itself is not above it: it comes back where it was.
    @Test(.timeLimit(.minutes(1)))
    func aKilledIngressComesBackToItsPort() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let before = try cluster.runFile("proxy")
        kill(before.pid, SIGKILL)
        try await eventually("the ingress is back") { try cluster.runFile("proxy").pid != before.pid }
        #expect(try cluster.runFile("proxy").address == before.address)
        #expect(try await cluster.request().status == 200)
        let report = try await cluster.load(users: 2) { load in try await load.answers(50) }
        #expect(report.failed == 0, "\(report.failures)")
    }

    /// A replica that dies is replaced, and the others go on.
    @Test(.timeLimit(.minutes(1)))
    func aKilledReplicaIsReplaced() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0, replicas: .fixed(2))))
        let before = try await cluster.status().pids
        let victim = try #require(before.min { $0.key < $1.key })
        kill(victim.value, SIGKILL)
        let after = try await eventually("two replicas, one of them new") {
            let pids = try await cluster.status().pids
            return pids.count == 2 && pids[victim.key] == nil ? pids : nil
        }
        #expect(after.filter { before[$0.key] == $0.value }.count == 1)
        let report = try await cluster.load(users: 2) { load in try await load.answers(50) }
        #expect(report.failed == 0, "\(report.failures)")
    }

    /// `kill -9` of everything but agents and proxy; then `tandem up` finds it all.
    @Test(.timeLimit(.minutes(1)))
    func whatRunsIsAdoptedByTheNextUp() async throws {
        let demo = Application.sleeper(replicas: .fixed(5))
        let cluster = try await cluster(serveFile(demo), nodes: 2)
        let report = try await cluster.load(users: 4) { load in
            let before = try await Standing(cluster)
            #expect(before.pids.count == 5)
            #expect(before.nodes.count == 2)
            let roles = ["serve", "nodes", "cloud"]
            let victims = try roles.map { try cluster.pid($0) }
            let (proxy, agents) = (try cluster.pid("proxy"), cluster.agents())
            try await cluster.killUp()
            for victim in victims { kill(victim, SIGKILL) }
            try await eventually("all are dead") { !victims.contains(where: Processes.isAlive) }
            try await load.answers(40)
            try await cluster.start(apps: nil)
            try await load.answers(40)
            #expect(try await Standing(cluster) == before)
            #expect(try cluster.pid("proxy") == proxy)
            #expect(cluster.agents() == agents)
            for (role, victim) in zip(roles, victims) { #expect(try cluster.pid(role) != victim) }
        }
        #expect(report.failed == 0, "\(report.failures)")
        // The adopted nodes and replicas obey.
        try await cluster.deploy(serveFile(.sleeper(replicas: .fixed(1))))
        try await cluster.atRest()
    }

    /// Proxies keep routing while both tiers are gone.
    @Test(.timeLimit(.minutes(1)))
    func requestsAreAnsweredWithoutAnyTier() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 5, replicas: .fixed(2))))
        let victims = try ["serve", "nodes"].map { try cluster.pid($0) }
        try await cluster.killUp()
        for victim in victims { kill(victim, SIGKILL) }
        try await eventually("both are dead") { !victims.contains(where: Processes.isAlive) }
        let report = try await cluster.load(users: 6) { load in
            try await load.answers(1_000)
            let status = try await cluster.status()
            #expect(status.pids.count == 2, "status is read from the file")
            #expect(Set(status.warnings).isSuperset(of: ["serve is not running", "nodes is not running"]))
        }
        #expect(report.requests >= 1_000)
        #expect(report.failed == 0, "\(report.failures)")
        try await cluster.start(apps: nil)
        try await cluster.served()
    }

    /// A machine with all its processes is gone at once: its replicas move, it is not paid for any longer.
    @Test(.timeLimit(.minutes(1)))
    func theReplicasOfALostMachineMove() async throws {
        let demo = Application.sleeper(ms: 20, replicas: .fixed(6))
        let cluster = try await cluster(serveFile(demo), nodes: 2)
        let before = try await cluster.status()
        let nodes = Set(before.nodes.map(\.id))
        #expect(nodes.count == 2)
        let victim = try #require(before.nodes.max { $0.replicas < $1.replicas })
        let lost = Set(before.replicas.filter { $0.node == victim.id }.map(\.id))
        #expect(try await cluster.tandem("cloud", "kill", victim.id).code == 0)
        try await eventually("six replicas again, none of them lost") {
            let pids = try await cluster.status().pids
            return pids.count == 6 && lost.isDisjoint(with: pids.keys)
        }
        try await cluster.served()
        let report = try await cluster.load(users: 4) { load in try await load.answers(100) }
        #expect(report.failed == 0, "\(report.failures)")
        #expect(
            try await cluster.number("SELECT count(*) FROM node WHERE id = '\(victim.id)' AND phase = 'gone'")
                == 1)
        let after = try await cluster.status()
        #expect(after.nodes.count == 2)
        #expect(
            after.nodes.filter { !nodes.contains($0.id) }.count == 1, "one machine was bought in its place")
        let running = try await cluster.instances().filter { $0.state == "running" }
        #expect(running.map(\.node).sorted() == after.nodes.map(\.id).sorted())
        try await cluster.nothingLeaks()
        #expect(Processes.naming("\(cluster.state)/nodes/\(victim.id)/") == [])
    }
}
