import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

/// Several plans are carried out at once.
@Suite struct SideBySideTests {
    private static let names = "abcdefghijkl"

    /// Six nodes of two CPUs with one small replica each: three of them can go at once, and the next look finds nothing more.
    private func world(most: Int = 6) async throws -> (TwoTiers, [Character]) {
        var settings = ClusterSettings.consolidating([.cpus("small", 2)])
        var budget = DisruptionBudget()
        budget.nodes = .count(most)
        settings.budgets = [budget]
        let world = try TwoTiers(settings)
        try world.apply(letters(Self.names))
        // All of them are old enough by then, and full.
        try await world.run(.seconds(60))
        #expect(world.machines.count == 6)
        let kept = try world.thin()
        #expect(kept.count == 6)
        // What moves takes a while to be ready, so that they meet.
        world.conduct["serve"] = Conduct(readyAfter: .seconds(5))
        return (world, kept)
    }

    private func areProposed(_ world: TwoTiers) throws -> Bool {
        try world.plans().count { $0.phase == .proposed } >= 3
    }

    private func gives(_ plan: MovePlanRow, _ world: TwoTiers) throws -> [NodeID] {
        try world.state().moveSteps.values.filter { $0.plan == plan.id && $0.part == .gives }
            .compactMap(\.node)
    }

    private func isThin(_ world: TwoTiers) throws -> Bool {
        try world.machines.count == 3 && world.plans().allSatisfy(\.phase.isOver)
    }

    @Test func plansThatShareNoNodeAreCarriedOutTogether() async throws {
        let (world, kept) = try await world()
        #expect(try await world.run(until: { try areProposed(world) }, within: .seconds(120)))
        let nodes = try world.plans().flatMap { try gives($0, world) }
        #expect(nodes.count == 3 && Set(nodes).count == 3)
        var together = 0
        let (done, missed) = try await world.watch(
            kept,
            until: {
                together = max(together, try world.plans().count { $0.phase == .moving })
                return try isThin(world)
            }, within: .seconds(60))
        #expect(done && missed.isEmpty && together == 3)
        #expect(try world.plans().map(\.phase) == [.done, .done, .done])
        #expect(world.creates().count == 6, "nothing was bought")
        #expect(world.violations == [])
    }

    /// What one of them is told takes no other with it.
    @Test func oneThatNoLongerHoldsIsGivenUpAlone() async throws {
        let (world, kept) = try await world()
        #expect(try await world.run(until: { try areProposed(world) }, within: .seconds(120)))
        let plans = try world.plans()
        let standing = try world.standing()
        let stays = try #require(try gives(plans[1], world).first)
        let name = try #require(standing[stays]?.first)
        var applications = letters(String(kept))
        for index in applications.indices where applications[index].name == String(name) {
            applications[index].deployments[0].isUndisturbed = true
        }
        try world.apply(applications)
        let (done, missed) = try await world.watch(
            kept, until: { try world.plans().prefix(3).allSatisfy(\.phase.isOver) }, within: .seconds(120))
        #expect(done && missed.isEmpty)
        let over = try world.plans().prefix(3)
        #expect(over.map(\.phase) == [.done, .dropped, .done])
        #expect(over[1].ended.contains("must not be disturbed"), "\(over[1].ended)")
        #expect(try world.nodes(in: .ready).contains { $0.id == stays })
        #expect(try world.state().drainRequests[stays] == nil)
        try await world.run(.seconds(900))
        #expect(try world.nodes(in: .ready).contains { $0.id == stays }, "it is never asked again")
        #expect(world.machines.count == 3, "another one goes in its place, when its time has come")
        #expect(world.violations == [])
    }

    /// Together they disturb no more nodes than one plan may.
    @Test(arguments: [1, 2])
    func theBudgetIsOneSum(_ most: Int) async throws {
        let (world, kept) = try await world(most: most)
        var disturbed = 0
        let (done, missed) = try await world.watch(
            kept,
            until: {
                disturbed = max(disturbed, try world.nodes(in: .draining, .terminating).count)
                return try isThin(world)
            }, within: .seconds(600))
        #expect(done && missed.isEmpty)
        #expect(disturbed == most)
        #expect(world.violations == [])
    }

    /// In each phase of each plan and step, whenever the rows say something new.
    @Test(arguments: [true, false])
    func aRestartAtEveryEdgeGoesOn(both: Bool) async throws {
        let (world, kept) = try await world()
        var together = 0
        let (done, missed, edges) = try await world.restartingAtEveryEdge(kept, both: both) {
            together = max(together, try world.plans().count { $0.phase == .moving })
            return try isThin(world)
        }
        #expect(done && missed.isEmpty)
        #expect(edges.count >= 4 && together == 3, "\(edges.sorted())")
        #expect(try world.plans().map(\.phase) == [.done, .done, .done])
        #expect(try world.state().drainRequests.isEmpty && world.creates().count == 6)
        #expect(world.violations == [])
    }

    /// At rest nothing happens by itself.
    @Test func aDayPassesWithoutAnyAction() async throws {
        let (world, kept) = try await world()
        #expect(try await world.run(until: { try isThin(world) }, within: .seconds(300)))
        try await world.run(.seconds(120))
        let (calls, plans) = (world.creates().count, try world.plans())
        let decisions = try count(world)
        try await world.run(.seconds(86_400))
        #expect(world.creates().count == calls && world.machines.count == 3)
        #expect(try world.plans() == plans)
        #expect(try count(world) == decisions)
        for name in kept { #expect(try world.ready(letter(name)).count == 1) }
        #expect(world.nodes?.missedWakes == 0)
        #expect(world.violations == [])
    }

    private func count(_ world: TwoTiers) throws -> String {
        let rows = try world.serve?.store.query(
            "SELECT (SELECT count(*) FROM node_decision) || ' ' || (SELECT count(*) FROM serve_decision)"
        ).rows
        return rows?.first?.first?.text ?? ""
    }
}
