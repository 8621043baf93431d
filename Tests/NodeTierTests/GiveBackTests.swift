import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

/// Applications of one deployment of one replica each, by the letters of their names.
func letters(_ names: String, milliCPU: Int64 = 1_000) -> [ApplicationSettings] {
    names.map { name in
        .of(.named("m", of: "\(name)", .fixed(1), milliCPU: milliCPU), name: "\(name)")
    }
}

func letter(_ name: Character) -> DeploymentID { DeploymentID(application: "\(name)", deployment: "m") }

extension ClusterSettings {
    /// Nodes come into question after 20 s, and 5 s after the last change.
    static func consolidating(_ types: [NodeType], idleTimeout: Millis = .seconds(30)) -> ClusterSettings {
        var settings = ClusterSettings.cloud(types, idleTimeout: idleTimeout)
        settings.consolidation.ageMin = .seconds(20)
        settings.consolidation.after = .seconds(5)
        return settings
    }
}

extension TwoTiers {
    /// The letters whose replicas stand on each node.
    func standing() throws -> [NodeID: [Character]] {
        var standing: [NodeID: [Character]] = [:]
        for placement in try state().placements.values where placement.phase.holdsRoom {
            guard let node = placement.node, let name = placement.deployment.application.first else {
                continue
            }
            standing[node, default: []].append(name)
        }
        return standing.mapValues { $0.sorted() }
    }

    /// Deletes all but one of each node's.
    func thin() throws -> [Character] {
        var kept: [Character] = []
        for (_, names) in try standing().sorted(by: { $0.key < $1.key }) {
            kept.append(names[0])
            for name in names.dropFirst() { _ = try delete("\(name)") }
        }
        return kept
    }

    /// In the order of their numbers.
    func plans() throws -> [MovePlanRow] {
        try state().movePlans.values.sorted { $0.number < $1.number }
    }

    /// Runs as `watch` does, and starts the node tier anew whenever the rows of plans, steps and nodes say something new.
    /// - Parameter both: the serve tier too.
    /// - Returns: also the words after which that was done, each once.
    func restartingAtEveryEdge(
        _ names: [Character], both: Bool, until isDone: () throws -> Bool
    ) async throws -> (done: Bool, missed: Set<Character>, edges: Set<String>) {
        var edges: Set<String> = []
        let (done, missed) = try await watch(
            names,
            until: {
                let state = try state()
                let words =
                    state.movePlans.values.map { "\($0.id) \($0.phase)" }
                    + state.moveSteps.values.map { "\($0.key) \($0.phase)" }
                    + state.nodes.values.map { "\($0.id) \($0.phase)" }
                if !state.movePlans.isEmpty, edges.insert(words.sorted().joined(separator: " ")).inserted {
                    killNodes()
                    if both {
                        killServe()
                        try openServe()
                    }
                    try openNodes()
                }
                return try isDone()
            }, within: .seconds(600))
        return (done, missed, edges)
    }

    /// Runs, and says which of these was without a ready replica at any time.
    func watch(_ names: [Character], until isDone: () throws -> Bool, within limit: Millis) async throws -> (
        done: Bool, missed: Set<Character>
    ) {
        var missed: Set<Character> = []
        let done = try await run(
            until: {
                for name in names where routed(letter(name)).isEmpty { missed.insert(name) }
                return try isDone()
            }, within: limit)
        return (done, missed)
    }
}

@Suite struct GiveBackTests {
    private func half() async throws -> (TwoTiers, [Character]) {
        let world = try TwoTiers(.consolidating([.cpus("small", 2)]))
        try world.apply(letters("abcd"))
        try await world.run(.seconds(15))
        #expect(world.machines.count == 2)
        let kept = try world.thin()
        #expect(kept.count == 2)
        return (world, kept)
    }

    @Test func aHalfEmptyNodeIsGivenBackAndNobodyIsWithoutAReplica() async throws {
        let (world, kept) = try await half()
        let (done, missed) = try await world.watch(
            kept, until: { world.machines.count == 1 }, within: .seconds(120))
        #expect(done && missed.isEmpty)
        try await world.run(.seconds(30))
        let plan = try #require(try world.plans().first)
        #expect(try world.plans().count == 1)
        #expect(plan.phase == .done && plan.before == 40_000 && plan.after == 20_000, "\(plan)")
        #expect(plan.bound <= plan.after && plan.bound > 0)
        #expect(try world.state().moveSteps.values.map(\.phase) == [.ended])
        #expect(try world.nodes(in: .draining, .ready).count == 1)
        #expect(world.creates().count == 2, "nothing was bought for it")
        #expect(world.violations == [])
    }

    @Test func aDearNodeIsReplacedByACheaperOneWhichComesFirst() async throws {
        var settings = ClusterSettings.consolidating([.cpus("large", 4), .cpus("tiny", 1)])
        settings.consolidation.payback = .seconds(3_600)
        let world = try TwoTiers(
            settings, offerings: [.usual("large", cents: 3), .usual("tiny", cents: 1)])
        try world.apply(letters("abcd"))
        try await world.run(.seconds(15))
        #expect(try world.nodes(in: .ready).map(\.type) == ["large"])
        let kept = try world.thin()
        let (done, missed) = try await world.watch(
            kept, until: { try world.nodes(in: .ready, .draining, .terminating).map(\.type) == ["tiny"] },
            within: .seconds(180))
        #expect(done && missed.isEmpty)
        let plan = try #require(try world.plans().first)
        #expect(plan.after == 10_000 && plan.before == 30_000)
        try await world.run(.seconds(120))
        #expect(try world.plans().count == 1 && world.creates().count == 2)
        #expect(world.violations == [])
    }

    /// Thrash as in kubernetes-sigs/karpenter#2388 and aws/karpenter-provider-aws#7146.
    @Test func noNodeIsReplacedByOneOfTheSamePrice() async throws {
        let world = try TwoTiers(
            .consolidating([.cpus("other", 2), .cpus("small", 2)]),
            offerings: [.usual("other", cents: 2), .usual("small", cents: 2)])
        try world.apply(letters("abc"))
        try await world.run(.seconds(3_600))
        #expect(world.creates().count == 2)
        #expect(try world.plans().isEmpty)
        #expect(world.violations == [])
    }

    /// Waves as in aws/karpenter-provider-aws#3059: what is bought and given back is the same with and without it.
    @Test func shortWavesDoNotChurn() async throws {
        var counts: [Int] = []
        for isOn in [true, false] {
            var settings = ClusterSettings.cloud([.cpus("small", 2)], idleTimeout: .seconds(90))
            settings.consolidation.isOn = isOn
            let world = try TwoTiers(settings)
            for _ in 0..<10 {
                try world.apply([.of(.named("chat", .fixed(5)))])
                try await world.run(.seconds(60))
                try world.apply([.of(.named("chat", .fixed(2)))])
                try await world.run(.seconds(60))
            }
            counts.append(world.creates().count)
            #expect(world.violations == [])
        }
        #expect(counts[0] == counts[1] && counts[0] <= 4, "\(counts)")
    }

    @Test(arguments: ["undisturbed", "budget", "off", "young"])
    func whatMayNotBeDisturbedStays(_ why: String) async throws {
        var settings = ClusterSettings.consolidating([.cpus("small", 2)])
        var apps = letters("abcd")
        switch why {
        case "undisturbed": for index in apps.indices { apps[index].deployments[0].isUndisturbed = true }
        case "budget":
            var none = DisruptionBudget()
            none.nodes = .count(0)
            settings.budgets = [none]
        case "off": settings.consolidation.isOn = false
        default: settings.consolidation.ageMin = .seconds(100_000)
        }
        let world = try TwoTiers(settings)
        try world.apply(apps)
        try await world.run(.seconds(15))
        _ = try world.thin()
        try await world.run(.seconds(600))
        #expect(world.machines.count == 2)
        #expect(try world.plans().isEmpty)
        if why != "off" {
            let codes = Set(try world.state().nodeStays.values.map(\.code))
            #expect(codes == [why], "\(codes)")
        }
        #expect(world.violations == [])
    }

    /// Before a node is bought for what comes, the one that is about to go takes it.
    @Test func aPlanIsGivenUpWhenDemandComes() async throws {
        let (world, kept) = try await half()
        world.conduct["serve"] = Conduct(readyAfter: .seconds(20))
        let isMoving = { try world.plans().last?.phase == .moving && !world.state().drainRequests.isEmpty }
        #expect(try await world.run(until: isMoving, within: .seconds(120)))
        try world.apply(letters(String(kept) + "x"))
        try await world.run(.seconds(100))
        #expect(try world.plans().first?.phase == .dropped)
        #expect(world.creates().count == 2, "nothing was bought")
        for name in kept + ["x"] { #expect(try world.ready(letter(name)).count == 1) }
        #expect(try world.nodes(in: .draining).isEmpty && world.state().drainRequests.isEmpty)
        #expect(world.violations == [])
    }

    @Test func aReplicaThatNeverBecomesReadyElsewhereStays() async throws {
        let (world, kept) = try await half()
        world.conduct["serve"] = Conduct(readyAfter: nil)
        let (done, missed) = try await world.watch(
            kept, until: { try world.plans().first?.phase == .dropped }, within: .seconds(900))
        #expect(done && missed.isEmpty)
        #expect(try world.nodes(in: .ready).count == 2)
        #expect(try world.state().drainRequests.isEmpty)
    }

    // MARK: - What must go

    @Test func driftedAndAgedNodesAreReplacedAndServeMeanwhile() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        let world = try TwoTiers(settings)
        try world.apply(letters("abcd"))
        try await world.run(.seconds(15))
        let old = try world.nodes(in: .ready).map(\.id)
        settings.nodeTypes[0].config = "{\"image\":\"new\"}"
        world.settings = settings
        world.killNodes()
        try world.openNodes()
        let (done, missed) = try await world.watch(
            Array("abcd"),
            until: {
                try world.nodes(in: .ready, .draining, .terminating).allSatisfy { !old.contains($0.id) }
            }, within: .seconds(600))
        #expect(done && missed.isEmpty)
        try await world.run(.seconds(300))
        #expect(world.machines.count == 2 && world.creates().count == 4)
        #expect(try world.plans().allSatisfy { $0.cause == .drift && $0.phase == .done })
        settings.nodeTypes[0].expireAfter = .seconds(2_000)
        world.settings = settings
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(2_500))
        #expect(world.creates().count == 6 && world.machines.count == 2)
        #expect(try world.plans().count { $0.cause == .expiry } == 2)
        #expect(world.violations == [])
    }

    // MARK: - Launches

    @Test func aLaunchThatNobodyWaitsForIsCancelledAfterAWhile() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) { $0.bootDelay = .seconds(200) }
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(5))
        #expect(world.machines.count == 1)
        _ = try world.delete("shop")
        try await world.run(.seconds(20))
        #expect(world.machines.count == 1, "demand may come back")
        try await world.run(.seconds(60))
        #expect(world.machines.isEmpty)
        #expect(try world.nodes(in: .requested, .booting).isEmpty)
        #expect(world.violations == [])
    }

    @Test func demandThatFlapsKeepsItsLaunch() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) { $0.bootDelay = .seconds(100) }
        for _ in 0..<4 {
            try world.apply([.of(.named("chat", .fixed(1)))])
            try await world.run(.seconds(12))
            _ = try world.delete("shop")
            try await world.run(.seconds(12))
        }
        #expect(world.creates().count == 1)
    }

    // MARK: - Headroom

    @Test func roomIsKeptFreeBesideWhatIsWanted() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.headroom = [.fixed(Resources(["CPU": 1_000]), count: 2)]
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(120))
        #expect(world.machines.count == 2, "1 and 2 more")
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(3))
        #expect(try world.ready(chat).count == 3, "at once, in the room that was kept")
        try await world.run(.seconds(30))
        #expect(world.machines.count == 3, "3 and 2 more")
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(120))
        #expect(world.machines.count == 2)
        let creates = world.creates().count
        try await world.run(.seconds(1_800))
        #expect(world.creates().count == creates)
        #expect(world.violations == [])
    }

    @Test func aShareIsKeptOfWhatIsWanted() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.headroom = [.percent(50)]
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(4)))])
        try await world.run(.seconds(120))
        #expect(world.machines.count == 3)
        _ = try world.delete("shop")
        try await world.run(.seconds(120))
        #expect(world.machines.isEmpty)
        #expect(world.violations == [])
    }

    /// What came within a boot time twice is waited for the third time.
    @Test func economicHeadroomLearnsFromGrowth() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 1)])
        settings.headroom = [.economic(quantile: Thousandths(1_000))]
        let world = try TwoTiers(settings)
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(700))
        #expect(world.machines.count == 1)
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(60))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(1_300))
        #expect(world.machines.count == 3, "1, and the 2 that came at once")
        #expect(try world.state().demandHistories[chat]?.steps.map(\.count) == [1, 3, 1])
        #expect(world.violations == [])
    }
}
