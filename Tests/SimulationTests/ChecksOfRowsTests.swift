import Cloud
import Model
import Simulation
import Store
import Testing

/// Rows that must not be, and the rules that they break.
@Suite("Checks of rows")
struct ChecksOfRowsTests {
    static let replica = ReplicaID(DeploymentID("shop#web"), serial: 1)
    static let other = ReplicaID(DeploymentID("shop#web"), serial: 2)
    static let now = Moment(1_000_000)

    static func node(_ phase: NodePhase, id: String = "n1") -> NodeRow {
        var row = NodeRow(
            id: NodeID(id), type: "small", phase: phase, token: "t-\(id)", epoch: 1,
            resources: Resources(["CPU": 2000]), portsFirst: 1, portsLast: 9, createdAt: Moment(0),
            joinDeadline: Moment(9_000_000))
        row.provider = "native"
        row.heardAt = now
        return row
    }

    static func placement(
        _ phase: PlacementPhase, of id: ReplicaID = replica, cpu: Int64 = 1000, on node: String? = "n1"
    ) -> PlacementRow {
        PlacementRow(
            replica: id, node: phase == .pending ? nil : node.map { NodeID($0) }, phase: phase,
            resources: Resources(["CPU": cpu]), pendingAt: Moment(0))
    }

    static func wanted(_ phase: ReplicaPhase, of id: ReplicaID = replica) -> ReplicaRow {
        ReplicaRow(
            id: id, version: "v", settings: ReplicaSettings(command: ["serve"]), phase: phase,
            createdAt: Moment(0))
    }

    static func deployment(target: Int, min: Int = 1, max: Int = 4) -> DeploymentRow {
        var scaling = AutoscalingSettings()
        scaling.minReplicas = min
        scaling.maxReplicas = max
        var settings = DeploymentSettings(
            id: replica.deployment, replica: ReplicaSettings(command: ["serve"]))
        settings.count = .auto(scaling)
        return DeploymentRow(id: settings.id, settings: settings, version: "v", target: target)
    }

    static func cluster(_ change: (inout ClusterState) -> Void = { _ in }) -> ClusterState {
        var state = ClusterState()
        var settings = ClusterSettings()
        settings.provider = .native(endpoint: "http://cloud", tokenFile: "/token")
        settings.maxWorkers = 3
        settings.nodeTypes = [NodeType(name: "small", resources: Resources(["CPU": 2000]), maxWorkers: 3)]
        state.settings[SettingRow.onlyKey] = SettingRow(settings: settings, appliedUnixMs: 0)
        change(&state)
        return state
    }

    private func rules(
        _ state: ClusterState = cluster(), at: Instant = Instant(now), _ change: (inout StateChanges) -> Void
    ) -> [String] {
        var changes = StateChanges()
        change(&changes)
        return SafetyOfRows.breaches(changes, state, RowBook(state), at).map(\.rule)
    }

    @Test(arguments: [
        (NodePhase.terminating, NodePhase.draining, true), (.gone, .ready, true),
        (.terminating, .ready, true),
        (.requested, .booting, false), (.draining, .ready, false), (.requested, .draining, false),
    ])
    func nodesMoveAlongEdges(from: NodePhase, to: NodePhase, isBroken: Bool) {
        let found = rules { $0.nodes = [RowChange(before: Self.node(from), after: Self.node(to))] }
        #expect(found.contains("I-10") == isBroken)
    }

    @Test func replicasAndPlacementsMoveAlongEdges() {
        #expect(
            rules { $0.replicas = [RowChange(before: Self.wanted(.stopping), after: Self.wanted(.wanted))] }
                == ["I-10"])
        #expect(
            rules {
                $0.placements = [RowChange(before: Self.placement(.lost), after: Self.placement(.ready))]
            } == ["I-10"])
        #expect(rules { $0.placements = [RowChange(before: Self.placement(.ready), after: nil)] } == ["I-10"])
        let running = Self.cluster { $0.placements[Self.replica] = Self.placement(.ready) }
        #expect(
            rules(running) { $0.replicas = [RowChange(before: Self.wanted(.stopping), after: nil)] } == [
                "I-10"
            ])
        #expect(rules { $0.replicas = [RowChange(before: Self.wanted(.stopping), after: nil)] }.isEmpty)
    }

    @Test func generationsAndEpochsDoNotFall() {
        var (before, after) = (Self.node(.ready), Self.node(.ready))
        before.generation = 2
        after.generation = 1
        #expect(rules { $0.nodes = [RowChange(before: before, after: after)] } == ["I-11"])
        (before.generation, before.epoch) = (1, 5)
        #expect(rules { $0.nodes = [RowChange(before: before, after: after)] } == ["I-08"])
        var (old, new) = (Self.deployment(target: 1), Self.deployment(target: 1))
        (old.routeGeneration, new.routeGeneration) = (7, 6)
        #expect(rules { $0.deployments = [RowChange(before: old, after: new)] } == ["I-11"])
    }

    @Test(arguments: [(0, true), (1, false), (4, false), (5, true)])
    func targetsKeepTheirBounds(target: Int, isBroken: Bool) {
        let found = rules {
            $0.deployments = [RowChange(before: nil, after: Self.deployment(target: target))]
        }
        #expect(found == (isBroken ? ["I-22"] : []))
    }

    @Test func aScaleDownStopsNoMoreThanItSays() {
        var left = Self.wanted(.draining)
        left.stopReason = "scaled down"
        let state = Self.cluster {
            $0.deployments[Self.replica.deployment] = Self.deployment(target: 1)
            $0.replicas[Self.replica] = left
        }
        let change = RowChange(before: Self.wanted(.wanted), after: left)
        #expect(rules(state) { $0.replicas = [change] } == ["I-22"])
        var enough = state
        enough.replicas[Self.other] = Self.wanted(.wanted, of: Self.other)
        #expect(rules(enough) { $0.replicas = [change] }.isEmpty)
    }

    @Test(arguments: [(1000, false), (2000, false), (2001, true)])
    func aNodeIsNotOverdrawn(cpu: Int64, isBroken: Bool) {
        let row = Self.placement(.ready, cpu: cpu)
        let state = Self.cluster {
            $0.nodes[NodeID("n1")] = Self.node(.ready)
            $0.placements[Self.replica] = row
        }
        let found = rules(state) {
            $0.placements = [RowChange(before: Self.placement(.starting), after: row)]
        }
        #expect(found == (isBroken ? ["I-12"] : []))
    }

    @Test func nothingIsPlacedOnTheUnfit() {
        func expect(_ expected: [String], _ change: (inout ClusterState) -> Void) {
            var state = Self.cluster {
                $0.nodes[NodeID("n1")] = Self.node(.ready)
                $0.placements[Self.replica] = Self.placement(.assigned)
            }
            change(&state)
            let found = rules(state) {
                $0.placements = [
                    RowChange(before: Self.placement(.pending), after: Self.placement(.assigned))
                ]
            }
            #expect(found == expected)
        }
        expect([]) { _ in }
        expect(["I-13"]) { $0.nodes[NodeID("n1")]?.phase = .draining }
        expect(["I-13"]) { $0.nodes[NodeID("n1")]?.heardAt = Self.now - .seconds(13) }
        expect(["I-13"]) {
            $0.drainRequests[NodeID("n1")] = DrainRequestRow(
                node: NodeID("n1"), deadline: Self.now, reason: "r")
        }
    }

    @Test func noNodeEndsForOneListOrWithReplicas() {
        var (before, gone) = (Self.node(.ready), Self.node(.gone))
        gone.absentLists = 1
        #expect(rules { $0.nodes = [RowChange(before: before, after: gone)] } == ["I-06"])
        gone.absentLists = 2
        #expect(rules { $0.nodes = [RowChange(before: before, after: gone)] }.isEmpty)
        let state = Self.cluster { $0.placements[Self.replica] = Self.placement(.ready) }
        #expect(rules(state) { $0.nodes = [RowChange(before: before, after: gone)] }.contains("I-13"))
        before.heardAt = Self.now
        var end = Self.node(.terminating)
        let lost = RowChange(before: Self.placement(.ready), after: Self.placement(.lost))
        func found() -> [String] {
            rules {
                $0.nodes = [RowChange(before: before, after: end)]
                $0.placements = [lost]
            }
        }
        #expect(found() == ["I-06"])
        end.heardAt = Self.now - .seconds(60)
        #expect(found().isEmpty)
    }

    @Test func nothingShrinksBlindly() {
        var state = Self.cluster()
        state.proxies["p1"] = ProxyRow(
            id: "p1", incarnation: "a", address: "", heardAt: Self.now - .seconds(30))
        let fall = RowChange(before: Self.deployment(target: 3), after: Self.deployment(target: 2))
        #expect(rules(state) { $0.deployments = [fall] } == ["I-21"])
        let soon = Instant(Self.now, listening: [.serve: Self.now - .seconds(1)])
        #expect(rules(state, at: soon) { $0.deployments = [fall] }.isEmpty)
        let heard = Instant(Self.now, heard: ["p1": Self.now])
        #expect(rules(state, at: heard) { $0.deployments = [fall] }.isEmpty)
    }

    // MARK: - Purchases

    private func bought(
        _ count: Int, waiting: Int, coming: Int = 0, ready: Int = 0, isSound: Bool = false
    ) -> [String] {
        var state = Self.cluster()
        var changes = StateChanges()
        for number in 0..<(coming + ready) {
            let row = Self.node(number < coming ? .booting : .ready, id: "old\(number)")
            state.nodes[row.id] = row
        }
        for number in 0..<count {
            let row = Self.node(.requested, id: "new\(number)")
            state.nodes[row.id] = row
            changes.nodes.append(RowChange(before: nil, after: row))
        }
        for number in 0..<waiting {
            let id = ReplicaID(Self.replica.deployment, serial: Int64(number + 1))
            state.replicas[id] = Self.wanted(.wanted, of: id)
            state.placements[id] = Self.placement(.pending, of: id)
        }
        return Purchases.breaches(changes, state, RowBook(state), isSound: isSound).map(\.rule)
    }

    @Test func noMoreIsBoughtThanWaits() {
        #expect(bought(1, waiting: 1).isEmpty)
        #expect(bought(2, waiting: 1) == ["I-07"])
        #expect(bought(1, waiting: 2, coming: 1) == ["I-07"])
        #expect(bought(1, waiting: 3, coming: 1).isEmpty)
        #expect(bought(4, waiting: 9) == ["I-04", "I-04"])
        #expect(bought(1, waiting: 1, ready: 1).isEmpty)
        #expect(bought(1, waiting: 1, ready: 1, isSound: true) == ["I-07"])
    }

    // MARK: - Words

    @Test func whatNobodyAskedForIsNoticed() {
        var changes = StateChanges()
        var changed = Self.deployment(target: 1)
        changed.settings.maxOngoing += 1
        changes.deployments = [RowChange(before: Self.deployment(target: 1), after: changed)]
        #expect(SafetyOfWords.unasked(changes).map(\.rule) == ["I-19"])
        changes.deployments = [RowChange(before: Self.deployment(target: 1), after: nil)]
        #expect(SafetyOfWords.unasked(changes).map(\.rule) == ["I-19"])
        changes.deployments = [
            RowChange(before: Self.deployment(target: 1), after: Self.deployment(target: 2))
        ]
        #expect(SafetyOfWords.unasked(changes).isEmpty)
        #expect(SafetyOfWords.moved(changes) == ["shop#web 1 2"])
        #expect(SafetyOfWords.unrest(changes).map(\.rule) == ["L-07"])
        var plan = MovePlanRow(
            id: "m1", cause: .consolidation, due: Moment(9), begunAt: Moment(1), replicas: 1, before: 3,
            after: 2,
            bound: 1, reason: "n1 can go")
        changes.deployments = []
        changes.movePlans = [RowChange(before: nil, after: plan)]
        #expect(SafetyOfWords.unrest(changes).map(\.rule) == ["L-07"])
        let proposed = plan
        plan.due = Moment(10)
        changes.movePlans = [RowChange(before: proposed, after: plan), RowChange(before: plan, after: nil)]
        #expect(SafetyOfWords.unrest(changes).isEmpty)
        let applied = ApplicationSettings(
            name: "shop", routePrefix: "/", deployments: [Self.deployment(target: 1).settings])
        #expect(SafetyOfWords.broken([applied], Self.cluster()).map(\.rule) == ["I-19"])
        let state = Self.cluster { $0.deployments[Self.replica.deployment] = Self.deployment(target: 1) }
        #expect(SafetyOfWords.broken([applied], state).isEmpty)
        #expect(SafetyOfWords.broken([], state).map(\.rule) == ["I-19"])
    }
}
