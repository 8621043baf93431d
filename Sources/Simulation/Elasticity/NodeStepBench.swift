import Cloud
import Foundation
import Model
import NodeTier
import Store

/// How long a step of the node tier takes in a large cluster in which nothing changes: real rows in real SQLite.
struct NodeStepBench {
    var nodes = 10_000
    var replicas = 100_000
    var directory: String

    struct Report {
        /// Steps of half a second each, in microseconds; sorted. At rest: nothing was heard that is news.
        var rest: [Int64] = []
        /// Those that also wrote down that the tier is alive.
        var renew: [Int64] = []
        /// The same where the tier plans everything anew and finds nothing to do.
        var plan: [Int64] = []
        var changes = 0
    }

    private static let rounds = 240
    private static let plans = 20

    func run(_ progress: (String) -> Void) throws -> Report {
        let clock = BenchClock()
        let serve = try Store.open(.directory(directory), role: .serve, clock: clock.store)
        let store = try Store.open(.directory(directory), role: .nodes, clock: clock.store)
        let perNode = max(1, replicas / nodes)
        let kind = NodeType(
            name: "node", resources: Resources([Resources.cpu: Int64(perNode) * 1_000]), maxWorkers: 20_000)
        try fill(serve, store, kind, perNode)
        let tier = try NodeTier(store: store, settings: ElasticShape.cluster([kind]), tokenFile: "/token")
        tier.listens(at: "http://127.0.0.1:6380")
        let instances = (0..<nodes).map { instance($0, kind) }
        progress("\(nodes) nodes and \(nodes * perNode) replicas")
        func second() throws {
            clock.millis += 500
            try serve.commit { try $0.renew(address: "") }
            for number in stride(from: Int(clock.millis / 500 % 10), to: nodes, by: 10) {
                tier.hear(said(number, kind, perNode, store))
            }
        }
        var report = Report()
        // What is new to a process that has just begun is written down first, and looked at until nothing follows from it.
        for number in 0..<nodes { tier.hear(said(number, kind, perNode, store)) }
        for _ in 0..<30 {
            try second()
            for _ in 0..<3 { _ = try step(tier, kind, instances, &report) }
        }
        report.changes = 0
        progress("settled")
        let before = try store.state()
        for _ in 0..<Self.rounds {
            try second()
            let known = store.knownChanges
            let took = try step(tier, kind, instances, &report)
            // One that writes down that its tier is alive waits for the disk; a look at the rows of the other is in all.
            if store.knownChanges == known { report.rest.append(took) } else { report.renew.append(took) }
        }
        for _ in 0..<Self.plans {
            try second()
            tier.endRest()
            report.plan.append(try step(tier, kind, instances, &report))
        }
        let after = try store.state()
        if before.placements != after.placements || before.nodes.count != after.nodes.count {
            report.changes += 1
        }
        report.rest.sort()
        report.renew.sort()
        report.plan.sort()
        store.close()
        serve.close()
        return report
    }

    /// - Returns: microseconds.
    private func step(
        _ tier: NodeTier, _ kind: NodeType, _ instances: [Instance], _ report: inout Report
    ) throws -> Int64 {
        var calls: [ProviderCall] = []
        let took = try BenchClock.measure { (_, calls) = try tier.step() }
        for call in calls {
            switch call {
            case .offerings: tier.hear(.offerings(.success([Offering.usual(kind)])))
            case .list: tier.hear(.list(.success(instances)))
            case .create, .terminate: report.changes += 1
            }
        }
        return took
    }

    // MARK: - The cluster

    private func replica(_ node: Int, _ place: Int, _ perNode: Int) -> ReplicaID {
        ReplicaID(
            DeploymentID(application: "a\(node % 100)", deployment: "d"),
            serial: Int64(node / 100 * perNode + place + 1))
    }

    private func fill(_ serve: Store, _ store: Store, _ kind: NodeType, _ perNode: Int) throws {
        let now = store.now()
        try serve.commit { transaction in
            try transaction.renew(address: "")
            for node in 0..<nodes {
                for place in 0..<perNode {
                    let id = replica(node, place, perNode)
                    try transaction.put(
                        ReplicaRow(
                            id: id, version: "1", settings: ReplicaSettings(command: ["serve"]),
                            createdAt: now))
                }
            }
        }
        try store.commit { transaction in
            try transaction.renew(address: "")
            for node in 0..<nodes {
                var row = NodeRow(
                    id: NodeID("n\(node)"), type: kind.name, token: "t\(node)", epoch: 1,
                    resources: kind.resources, portsFirst: 20_000, portsLast: 32_000, createdAt: now,
                    joinDeadline: now + .seconds(900))
                (row.provider, row.instance, row.zone) = ("native", "i\(node)", "z1")
                (row.capacityType, row.microdollarsPerHour) = (
                    "on_demand", Offering.usual(kind).microdollarsPerHour
                )
                (row.joinedAt, row.host, row.agentPort) = (now, "h\(node)", 1)
                row.incarnation = "i\(node)"
                for phase in [NodePhase.requested, .booting, .ready] {
                    row.phase = phase
                    try transaction.put(row)
                }
                for place in 0..<perNode {
                    var placement = PlacementRow(
                        replica: replica(node, place, perNode), node: row.id, phase: .ready,
                        resources: ReplicaSettings(command: []).resources, pendingAt: now)
                    (placement.host, placement.port, placement.pid) = (row.host, 20_000 + place, 7)
                    (placement.assignedAt, placement.startingAt, placement.readyAt) = (now, now, now)
                    placement.applied = 0
                    try transaction.put(placement)
                }
            }
        }
    }

    private func instance(_ node: Int, _ kind: NodeType) -> Instance {
        Instance(
            id: "i\(node)", token: "t\(node)", node: NodeID("n\(node)"), cluster: "", offering: .usual(kind),
            state: .running, createdUnixMs: 1_700_000_000_000 + 1_000_000)
    }

    private func said(_ node: Int, _ kind: NodeType, _ perNode: Int, _ store: Store) -> AgentReport {
        AgentReport(
            node: NodeID("n\(node)"), incarnation: "i\(node)", resources: kind.resources, host: "h\(node)",
            port: 1,
            fence: Fence(clusterGeneration: store.clusterGeneration, epoch: store.epoch, generation: 1_000),
            replicas: (0..<perNode).map { place in
                var replica = AgentReplica(
                    id: replica(node, place, perNode), phase: .ready, port: 20_000 + place, pid: 7,
                    exitJSON: nil, exitText: "", lastLines: "")
                replica.applied = 0
                return replica
            }, arrived: store.now())
    }

    /// - Parameter words: as in the program's help.
    static func main(_ words: Words) throws -> String {
        guard let directory = words["state"] else { throw SwarmProblem("where? --state DIR, an empty one") }
        var bench = NodeStepBench(directory: directory)
        bench.nodes = try words.number("nodes", atLeast: 1) ?? bench.nodes
        bench.replicas = try words.number("replicas", atLeast: 1) ?? bench.replicas
        let report = try bench.run(SwarmProgram.tell)
        let figures: [String: Any] = [
            "nodes": bench.nodes, "replicas": bench.replicas,
            "rest_us_p50": report.rest[report.rest.count / 2],
            "rest_us_p99": report.rest[report.rest.count * 99 / 100], "rest_us_max": report.rest.last ?? 0,
            "renew_us_p50": report.renew.isEmpty ? 0 : report.renew[report.renew.count / 2],
            "plan_us_p50": report.plan[report.plan.count / 2], "plan_us_max": report.plan.last ?? 0,
            "changes": report.changes,
        ]
        let bytes = try JSONSerialization.data(withJSONObject: figures, options: .sortedKeys)
        return String(decoding: bytes, as: UTF8.self)
    }
}
