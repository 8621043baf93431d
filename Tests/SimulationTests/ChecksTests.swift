import Cloud
import Model
import NodeTier
import Simulation
import Store
import Testing

/// Calls, requests and ends that must not be, and quiet worlds.
@Suite("Checks")
struct ChecksTests {
    typealias Rows = ChecksOfRowsTests

    @Test func everyRuleIsNamedOnceAndInOrder() {
        let names =
            (1...30).map { "I-\($0 < 10 ? "0" : "")\($0)" } + (1...10).map { "L-\($0 < 10 ? "0" : "")\($0)" }
        #expect(Rule.all.map(\.name) == names)
        #expect(Rule.named("I-07")?.says.isEmpty == false && Rule.named("I-31") == nil)
    }

    // MARK: - Calls

    private func request(_ node: NodeRow) -> CreateRequest {
        CreateRequest(
            token: node.token, node: node.id, cluster: "c", offerings: node.offerings,
            join: Join(endpoint: "", tokenFile: "", ports: 1...9))
    }

    @Test func callsFollowCommittedRows() {
        let wanted = Rows.node(.requested)
        let state = Rows.cluster { $0.nodes[wanted.id] = wanted }
        func rules(_ call: ProviderCall, _ state: ClusterState, epoch: Int64 = 1, owner: String? = "c")
            -> [String]
        {
            SafetyOfCalls.breaches(call, state, epoch: epoch, cluster: "c", owner: owner).map(\.rule)
        }
        let create = ProviderCall.create(request(wanted))
        #expect(rules(create, state).isEmpty)
        #expect(rules(create, Rows.cluster()) == ["I-02"])
        #expect(rules(create, state, epoch: 2) == ["I-02"])
        let end = ProviderCall.terminate(wanted.id, instance: "i-1")
        #expect(rules(end, state) == ["I-05"])
        var ending = Rows.node(.terminating)
        ending.instance = "i-1"
        let later = Rows.cluster { $0.nodes[ending.id] = ending }
        #expect(rules(end, later).isEmpty)
        #expect(rules(end, later, epoch: 2) == ["I-05"])
        #expect(rules(end, later, owner: "another") == ["I-05"])
        #expect(rules(end, Rows.cluster()) == ["I-05"])
    }

    /// Machines of a provider that was asked so often for nodes of this name.
    private func machines(_ nodes: [String], twice: Bool = false) async throws -> MemoryCloud {
        let cloud = MemoryCloud(
            MemoryCloud.Settings(offerings: [
                .usual(NodeType(name: "small", resources: Resources(["CPU": 2000]), maxWorkers: 3))
            ]))
        for name in nodes {
            var row = Rows.node(.requested, id: name)
            row.offerings = try await cloud.offerings()
            if twice { cloud.inject(.duplicateInstance) }
            _ = try await cloud.create(request(row))
        }
        return cloud
    }

    @Test func machinesAreKnownAndFew() async throws {
        let settings = Rows.cluster().setting?.settings ?? ClusterSettings()
        let state = Rows.cluster { state in
            for name in ["n1", "n2", "n3", "n4"] { state.nodes[NodeID(name)] = Rows.node(.booting, id: name) }
        }
        let one = try await machines(["n1"])
        func rules(_ cloud: MemoryCloud, _ state: ClusterState) -> [String] {
            SafetyOfCalls.breaches(
                live: cloud.liveMachines, twins: cloud.twinnedTokens, state, settings, cluster: "c"
            ).map(\.rule)
        }
        #expect(rules(one, state).isEmpty)
        #expect(rules(one, Rows.cluster()) == ["I-02"])
        #expect(try await rules(machines(["n1", "n2", "n3", "n4"]), state) == ["I-04", "I-04"])
        #expect(try await rules(machines(["n1"], twice: true), state) == ["I-01"])
        #expect(SafetyOfCalls.unknown(live: one.liveMachines, state, cluster: "c").isEmpty)
        #expect(SafetyOfCalls.unknown(live: one.liveMachines, Rows.cluster(), cluster: "c").count == 1)
        #expect(SafetyOfCalls.unknown(live: one.liveMachines, Rows.cluster(), cluster: "d").isEmpty)
    }

    // MARK: - Requests

    @Test func requestsFollowRoutes() {
        var book = TrafficBook()
        let (id, fence) = (Rows.replica, Fence(clusterGeneration: 1, epoch: 1, generation: 5))
        #expect(book.sends(1, to: id, from: 1).map(\.rule) == ["I-14"])
        #expect(book.applies(id.deployment, fence, [id], at: 1).map(\.rule) == ["I-14"])
        book.routes(id)
        #expect(book.applies(id.deployment, fence, [id], at: 1).map(\.rule) == ["I-09"])
        #expect(book.sends(1, to: id, from: 1).isEmpty && book.isRouted(id, at: 1))
        #expect(book.sends(1, to: id, from: 2).map(\.rule) == ["I-14"])
        #expect(book.reaches(1, id, as: id, executions: 0).isEmpty)
        #expect(book.reaches(1, Rows.other, as: id, executions: 1).map(\.rule) == ["I-14", "I-16"])
        #expect(book.ends(1, answers: 1).breaches.isEmpty)
        #expect(book.ends(1, answers: 2).breaches.map(\.rule) == ["I-17"])
        #expect(book.obeys(1, fence).isEmpty)
        #expect(book.obeys(1, Fence(clusterGeneration: 1, epoch: 1, generation: 4)).map(\.rule) == ["I-09"])
    }

    @Test(arguments: [
        (true, RequestEnd.broken, false, 20_000_000, true), (true, .broken, true, 20_000_000, false),
        (false, .broken, false, 20_000_000, false), (true, .notFound, false, 9_000_000, false),
        (true, .notFound, false, 20_000_000, true), (true, .upstream, false, 9_000_000, true),
    ])
    func failuresNeedAnExcuse(spares: Bool, end: RequestEnd, isPastDrain: Bool, at: Int64, isBroken: Bool) {
        var excuses = Excuses(sparesRequests: spares)
        excuses.promise(["/a"], at: 0)
        let found = excuses.fails(1, end, path: "/a", isPastDrain: isPastDrain, at: at)
        #expect(found.map(\.rule) == (isBroken ? ["I-18"] : []))
        #expect(excuses.counts.values.reduce(0, +) == (isBroken ? 0 : 1))
    }

    /// A queue that its operator has bounded may be full; one that nobody has bounded may not.
    @Test(arguments: [true, false]) func aQueueIsFullWhereItsOperatorSaysSo(isBounded: Bool) {
        var excuses = Excuses(sparesRequests: true)
        let found = excuses.fails(
            1, .queueFull, path: "/a", isPastDrain: false, at: 0, isBounded: isBounded)
        #expect(found.map(\.rule) == (isBounded ? [] : ["I-18"]))
        #expect(excuses.counts == (isBounded ? [.queueMax: 1] : [:]))
    }

    /// What cannot be served by as many replicas as are allowed is late whatever a scaler does.
    @Test(arguments: [true, false]) func whatIsTooMuchIsLate(isOverloaded: Bool) {
        var excuses = Excuses(sparesRequests: true)
        let found = excuses.fails(
            1, .deadline, path: "/a", isPastDrain: false, at: 0, isOverloaded: isOverloaded)
        #expect(found.map(\.rule) == (isOverloaded ? [] : ["I-18"]))
    }

    /// Two replicas of three places, a second each: six requests a second, and no more.
    @Test(arguments: [(6_000, false), (6_001, true)] as [(Int64, Bool)])
    func howMuchIsTooMuch(perSecondMilli: Int64, isTooMuch: Bool) {
        var plan = WorldPlan(seed: 1, cluster: ClusterSettings(), applications: [], horizon: .seconds(1))
        var conduct = Conduct()
        conduct.service = .fixed(.seconds(1))
        plan.conduct["serve"] = conduct
        plan.clients = [
            ClientPlan(path: "/a", load: .open([.init(at: .seconds(1), amount: perSecondMilli)])),
            ClientPlan(path: "/b", load: .open([.init(at: .zero, amount: 9_000)])),
        ]
        func overloads(until now: Millis) -> Bool {
            plan.overloads("/a", until: now, command: "serve", replicas: 2, maxOngoing: 3)
        }
        #expect(overloads(until: .seconds(1)) == isTooMuch)
        #expect(!overloads(until: Millis(999)), "what has not come yet")
    }

    // MARK: - Settled

    /// The rules that a world breaks which would have settled but for `change`.
    private func expect(_ rules: [String], _ change: (inout Settled) -> Void) {
        var state = Rows.cluster()
        var (node, placement) = (Rows.node(.ready), Rows.placement(.ready))
        node.instance = "i-1"
        placement.port = 1
        state.nodes[node.id] = node
        state.deployments[Rows.replica.deployment] = Rows.deployment(target: 1)
        state.replicas[Rows.replica] = Rows.wanted(.wanted)
        state.placements[Rows.replica] = placement
        var settled = Settled(state: state, now: Rows.now)
        settled.processes = [Rows.replica]
        settled.isQuiet = true
        change(&settled)
        #expect(settled.breaches().map(\.rule) == rules)
    }

    @Test func anUnsettledWorldIsNoticed() async throws {
        expect([]) { _ in }
        expect(["L-01"]) { $0.processes = [] }
        expect(["L-01", "L-01"]) { $0.state.deployments[Rows.replica.deployment]?.target = 2 }
        expect(["L-02"]) { $0.state.nodes[NodeID("n9")] = Rows.node(.booting, id: "n9") }
        expect(["L-05"]) { $0.state.nodes[NodeID("n9")] = Rows.node(.terminating, id: "n9") }
        expect(["L-05"]) { $0.state.replicas[Rows.other] = Rows.wanted(.draining, of: Rows.other) }
        expect(["L-08"]) { $0.processes.append(Rows.other) }
        expect(["L-08"]) { $0.routes = ["proxy-1": [DeploymentID("gone#d")]] }
    }

    @Test func aMachineThatIsPaidForNeedsItsNode() async throws {
        let live = try await machines(["n1"]).liveMachines
        let instance = live.first?.instance.id
        expect([]) {
            $0.live = live
            $0.state.nodes[NodeID("n1")]?.instance = instance
        }
        expect(["L-03"]) {
            $0.live = live
            $0.state.nodes[NodeID("n1")]?.instance = "another"
        }
        expect(["L-03"]) { $0.live = [] }
        expect(["L-03", "L-04"]) {
            $0.live = live
            $0.state.nodes[NodeID("n1")]?.instance = instance
            $0.state.nodes[NodeID("n9")] = Rows.node(.ready, id: "n9")
        }
    }

    @Test func sumsThatWereKeptEqualThoseMadeAnew() {
        let state = Rows.cluster {
            $0.placements[Rows.replica] = Rows.placement(.ready)
            $0.replicas[Rows.replica] = Rows.wanted(.wanted)
        }
        var changes = StateChanges()
        changes.placements = [RowChange(before: nil, after: Rows.placement(.ready))]
        var book = RowBook()
        book.take(changes)
        #expect(book != RowBook(state))
        changes.placements = []
        changes.replicas = [RowChange(before: nil, after: Rows.wanted(.wanted))]
        book.take(changes)
        #expect(book == RowBook(state))
        changes.replicas = [RowChange(before: Rows.wanted(.wanted), after: Rows.wanted(.stopping))]
        book.take(changes)
        #expect(book.wanted.isEmpty)
    }

    // MARK: - Worlds

    /// Two minutes of a small cluster; users leave after one.
    private func small(_ change: (inout WorldPlan) -> Void = { _ in }) -> WorldPlan {
        var cluster = Rows.cluster().setting?.settings ?? ClusterSettings()
        cluster.idleTimeout = .seconds(20)
        var settings = Rows.deployment(target: 1).settings
        settings.maxOngoing = 2
        if case .auto(var scaling) = settings.count {
            (scaling.upscaleDelay, scaling.downscaleDelay) = (.seconds(2), .seconds(10))
            (scaling.metricsInterval, scaling.lookBack) = (.seconds(1), .seconds(5))
            settings.count = .auto(scaling)
        }
        var plan = WorldPlan(
            seed: 7, cluster: cluster,
            applications: [ApplicationSettings(name: "shop", routePrefix: "/shop", deployments: [settings])],
            horizon: .seconds(1_500))
        plan.cloud.bootDelay = .seconds(2)
        plan.clients = [
            ClientPlan(
                path: "/shop",
                load: .closed(
                    [.init(at: .seconds(5), amount: 6), .init(at: .seconds(60), amount: 0)], think: .zero))
        ]
        plan.healAt = .seconds(100)
        plan.settleWithin = .seconds(700)
        change(&plan)
        return plan
    }

    @Test func aQuietWorldBreaksNothing() throws {
        let report = try World(small()).run()
        #expect(report.violations.isEmpty)
        #expect(report.requests > 500 && report.failed == 0 && report.machinesMade > 1)
    }

    @Test func aReplicaThatDiesInASoundWorldHasNoExcuse() throws {
        let plan = small { $0.script = [Deed(at: .seconds(40), .pause(.serve, for: .seconds(1)))] }
        #expect(try World(plan).run().violations.isEmpty)
        // A replica that ends by itself is no planned change: its requests break, and that is excused.
        let crash = small { $0.script = [Deed(at: .seconds(40), .crashReplica(Rows.replica.deployment, 1))] }
        let report = try World(crash).run()
        #expect(report.violations.isEmpty && report.failed > 0)
    }

    /// It must have settled while its machines still boot.
    private static func hasty(_ plan: WorldPlan) -> WorldPlan {
        var plan = plan
        plan.cloud.bootDelay = .seconds(60)
        plan.healAt = .seconds(20)
        plan.settleWithin = .seconds(1)
        return plan
    }

    @Test func aWorldThatIsNotGivenTimeHasNotSettled() throws {
        let report = try World(Self.hasty(small())).run()
        #expect(!report.violations.isEmpty)
        #expect(report.violations.allSatisfy { $0.rule.hasPrefix("L-") })
    }
}
