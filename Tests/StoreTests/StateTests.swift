import Foundation
import Model
import Store
import Testing

@Suite struct StateTests {
    @Test func rowsOfTheServeTierComeBackAsTheyWentIn() throws {
        let pair = try Pair()
        let application = ApplicationRow(
            name: "shop", routePrefix: "/a", ingress: chat, status: .unhealthy, message: "m", deleting: true,
            deployedUnixMs: 5)
        let proxy = ProxyRow(
            id: "p", incarnation: "a", address: "h:1", heardAt: Moment(1), routes: [chat: 4],
            busy: [ReplicaID(chat, serial: 1): 2])
        try pair.serve.commit { write in
            try write.put(application)
            try write.put(deployment())
            try write.put(scaling())
            try write.put(replica(1))
            try write.put(proxy)
        }
        let state = try pair.nodes.state()
        #expect(state.applications == ["shop": application])
        #expect(state.deployments == [chat: deployment()])
        #expect(state.scalings == [chat: scaling()])
        #expect(state.replicas == [replica(1).id: replica(1)])
        #expect(state.proxies == ["p": proxy])
        #expect(state.roles[.serve]?.epoch == 1)
    }

    @Test func rowsOfTheNodeTierComeBackAsTheyWentIn() throws {
        let pair = try Pair()
        let type = NodeTypeRow(
            name: "small", resources: Resources(["CPU": 1]), minWorkers: 1, maxWorkers: 2,
            idleTimeout: Millis(3))
        let feasible = FeasibleRow(
            deployment: chat, room: 3, reason: .unavailable,
            refusals: [Refusal(candidate: "small", code: .unavailable)], generation: 7, since: Moment(8))
        let drain = DrainRequestRow(node: NodeID("n1"), deadline: Moment(9), reason: "r")
        let seen = InstanceSeenRow(
            instance: "i", token: "t", node: NodeID("n1"), type: "small", state: "odd", seenAt: Moment(1),
            firstSeenAt: Moment(2), preemptedAt: Moment(3))
        let demand = try StandingDemandRow(
            resources: Resources(["CPU": 4000, "memory": 5, "x_y": 1]), count: 3, askedUnixMs: 7)
        try pair.nodes.commit { write in
            try write.put(node(1))
            try write.put(placement(1, on: NodeID("n1")))
            try write.put(type)
            try write.put(drain)
            try write.put(feasible)
            try write.put(seen)
            try write.put(demand)
        }
        let state = try pair.serve.state()
        #expect(state.nodes == [NodeID("n1"): node(1)])
        #expect(state.placements == [replica(1).id: placement(1, on: NodeID("n1"))])
        #expect(state.nodeTypes == ["small": type])
        #expect(state.drainRequests == [NodeID("n1"): drain])
        #expect(state.feasible == [chat: feasible])
        #expect(state.instances == ["i": seen])
        #expect(state.standingDemands == [demand.key: demand])
        #expect(state.roles[.nodes]?.epoch == 1)
    }

    @Test func whatHasFailedComesBackAsItWentIn() throws {
        let pair = try Pair()
        var none = AvailabilityRow(
            offering: "f/s/z/spot", kind: .quota, since: Moment(1), failedAt: Moment(2), until: Moment(4),
            failures: 2, reason: "r")
        (none.isTrusted, none.config) = (true, "c")
        let pace = ProviderPaceRow(
            provider: "f", until: Moment(3), callsMilli: 500, throttledAt: Moment(2), throttles: 4)
        let hold = HoldRow(scope: HoldRow.nodes, since: Moment(5), count: 4, among: 8, reason: "r")
        var trouble = NodeTroubleRow(node: NodeID("n1"), type: "small")
        trouble.flaps = [Moment(1), Moment(2)]
        (trouble.silentAt, trouble.repairedAt, trouble.cause) = (Moment(3), Moment(4), "flapping")
        try pair.nodes.commit { write in
            try write.put(none)
            try write.put(pace)
            try write.put(hold)
            try write.put(trouble)
        }
        let state = try pair.serve.state()
        #expect(state.availability == ["f/s/z/spot": none])
        #expect(state.paces == ["f": pace])
        #expect(state.holds == [HoldRow.nodes: hold])
        #expect(state.troubles == [NodeID("n1"): trouble])
    }

    @Test func theClusterFileComesBackAsItWentIn() throws {
        let pair = try Pair()
        var settings = ClusterSettings()
        settings.nodeTypes = [
            NodeType(name: "small", resources: Resources(["CPU": 1, "x_y": 2]), maxWorkers: 3)
        ]
        var file = settings
        file.name = "file"
        var cloud = FakeCloudSettings()
        cloud.bootDelay = .lognormal(median: Millis(5), sigma: Thousandths(6))
        cloud.offerings = [
            Offering(nodeType: "small", zone: "z", capacityType: "spot", microdollarsPerHour: 1, available: 2)
        ]
        settings.provider = .fake(cloud)
        settings.priceMax = 5
        settings.consolidation.isOn = false
        settings.budgets = [DisruptionBudget()]
        settings.budgets[0].nodes = .count(3)
        settings.budgets[0].causes = [.drift]
        settings.budgets[0].schedule = CronSchedule(
            text: "0 9 * * *", minutes: [0], hours: [9], days: [1], months: [1], weekdays: [0])
        settings.headroom = [
            .fixed(Resources(["CPU": 1]), count: 2), .percent(3), .economic(quantile: Thousandths(900)),
        ]
        settings.spot.onDemandBase = 4
        settings.nodeTypes[0].config = #"{"a":1}"#
        settings.nodeTypes[0].expireAfter = Millis(9)
        var setting = SettingRow(settings: settings, appliedUnixMs: 8, file: file)
        (setting.refused, setting.refusedUnixMs) = ("c:1:1: wrong", 9)
        let written = setting
        try pair.nodes.commit { try $0.put(written) }
        #expect(try pair.serve.state().setting == written)
    }

    @Test func accountsComeBackAsTheyWentIn() throws {
        let pair = try Pair()
        let shares = [
            CostShare(.deployment, deployment: chat.rawValue, milli: 400), CostShare(.idle, milli: 600),
        ]
        var paid = account(1, began: Moment(7), shares)
        paid.recent = [CostSpan(since: Moment(7), until: Moment(9), shares: [CostShare(.starting)])]
        (paid.since, paid.endedAt, paid.isEstimate) = (Moment(9), Moment(9), true)
        let kept = KeptRow(node: NodeID("n1"), reason: .minWorkers, detail: "2", since: Moment(6))
        try pair.nodes.commit { write in
            try write.put(paid)
            try write.put(kept)
        }
        let state = try pair.serve.state()
        #expect(state.costAccounts == [paid.id: paid])
        #expect(state.kept == [NodeID("n1"): kept])
    }

    @Test func anEqualRowIsNotWritten() throws {
        let pair = try Pair()
        #expect(try pair.serve.commit { try $0.put(replica(1)) })
        let before = try pair.serve.state().changeSequence
        #expect(try !pair.serve.commit { try $0.put(replica(1)) })
        var other = replica(1)
        other.routedAt = nil
        #expect(try pair.serve.commit { try $0.put(other) })
        #expect(try pair.serve.state().changeSequence == before + 1)
        #expect(try pair.serve.commit { try $0.delete(ReplicaRow.self, other.id) })
        #expect(try !pair.serve.commit { try $0.delete(ReplicaRow.self, other.id) })
        #expect(try pair.serve.state().replicas.isEmpty)
    }

    /// Random writes of both tiers; the kept state must always equal what a new reader reads whole.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func theKeptStateEqualsTheWhole(seed: UInt64) throws {
        var pair = try Pair()
        var dice = SeededDice(state: seed)
        for round in 0..<40 {
            for _ in 0..<Int.random(in: 0...8, using: &dice) { try write(pair, &dice) }
            if round % 13 == 12 {  // entries go that one of the tiers has not seen: a gap
                var retention = Retention()
                retention.changeRowsMax = 2
                try pair.nodes.trim(retention)
            }
            if Bool.random(using: &dice) { _ = try pair.nodes.state() }
            let kept = try pair.serve.state()
            pair.nodes.close()
            pair.nodes = try Store.open(.shared(pair.memory), role: .nodes, clock: pair.time.clock)
            var whole = try pair.nodes.state()
            #expect(whole.changeSequence == kept.changeSequence)
            whole.roles = kept.roles
            #expect(whole == kept, "seed \(seed), round \(round)")
        }
        #expect(pair.serve.stateMismatches == 0)
    }

    private func write(_ pair: Pair, _ dice: inout SeededDice) throws {
        let number = Int.random(in: 1...12, using: &dice)
        let choice = Int.random(in: 0..<6, using: &dice)
        let value = Int64.random(in: 0..<4, using: &dice)
        if choice < 3 {
            try pair.serve.commit { write in
                switch choice {
                case 0:
                    var row = replica(Int64(number))
                    row.routedAt = Moment(value)
                    try write.put(row)
                case 1: try write.delete(ReplicaRow.self, replica(Int64(number)).id)
                default:
                    try write.put(
                        ProxyRow(id: "p\(number)", incarnation: "a", address: "h", heardAt: Moment(value)))
                }
            }
        } else {
            try pair.nodes.commit { write in
                switch choice {
                case 3:
                    var row = node(number)
                    row.generation = value
                    try write.put(row)
                case 4: try write.delete(NodeRow.self, NodeID("n\(number)"))
                default:
                    var row = placement(Int64(number))
                    row.refusals = value == 0 ? [] : row.refusals
                    try write.put(row)
                }
            }
        }
    }

    @Test func sampledReadingsAgree() throws {
        let pair = try Pair()
        for step in 0..<600 {
            if step % 3 == 0 { try pair.nodes.commit { try $0.put(node(step % 7)) } }
            _ = try pair.serve.state()
        }
        #expect(pair.serve.stateMismatches == 0)
    }

    @Test(arguments: [true, false])
    func onlyTheOthersWritesAreNews(inMemory: Bool) throws {
        let place = try Place()
        let memory = try SharedMemory()
        let shared: StorePlace = inMemory ? .shared(memory) : .directory(place.path)
        let serve = try Store.open(shared, role: .serve)
        let nodes = try Store.open(shared, role: .nodes)
        _ = try serve.state()
        #expect(try !serve.hasNews())
        try serve.commit { try $0.put(replica(1)) }
        #expect(try !serve.hasNews())
        try nodes.commit { try $0.renew(address: "a") }
        #expect(try !serve.hasNews())
        try nodes.commit { try $0.put(node(1)) }
        #expect(try serve.hasNews())
        try serve.commit { try $0.put(replica(2)) }
        #expect(try serve.hasNews())
        #expect(try serve.state().nodes.count == 1)
        #expect(try serve.state().replicas.count == 2)
        #expect(try !serve.hasNews())
        #expect(try nodes.hasNews())
    }

    @Test func serialsAreNeverGivenTwice() throws {
        let pair = try Pair()
        #expect(try pair.serve.commit { try $0.nextReplicaSerial() } == 1)
        #expect(try pair.serve.commit { try $0.nextReplicaSerial(5) } == 2)
        #expect(try pair.serve.commit { try $0.nextReplicaSerial() } == 7)
        #expect(try pair.nodes.commit { try $0.nextNodeSerial(2) } == 1)
        #expect(try pair.nodes.commit { try $0.nextNodeSerial() } == 3)
    }

    @Test func decisionsBecomeRows() throws {
        let pair = try Pair()
        let decision = Decision(
            .place, "shop#chat#1", before: "pending", after: "n1", rule: "best_fit", reason: "it fits",
            inputs: [.init("b", 2), .init("a", 1)], refusals: [Refusal(candidate: "n2", code: .notReady)])
        let ids = try pair.nodes.commit { try $0.record([decision, decision], at: Moment(77)) }
        let rows = try pair.serve.query(
            "SELECT id, at_ms, epoch, kind, inputs_json, refusals_json FROM node_decision"
        ).rows
        #expect(ids == [1, 2])
        #expect(
            rows.first == [
                .integer(1), .integer(77), .integer(1), .text("place"), .text(#"{"b":2,"a":1}"#),
                .text(#"[{"candidate":"n2","code":"not_ready","short":{}}]"#),
            ])
    }
}
