import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

/// Tiers end and begin anew while a plan is carried out.
@Suite struct StoredPlanTests {
    private func settings() -> ClusterSettings {
        var settings = ClusterSettings.consolidating([.cpus("large", 4), .cpus("tiny", 1)])
        settings.consolidation.payback = .seconds(3_600)
        return settings
    }

    /// One large node with one small replica: it is replaced by a tiny one.
    private func world() async throws -> (TwoTiers, [Character]) {
        let world = try TwoTiers(
            settings(), offerings: [.usual("large", cents: 3), .usual("tiny", cents: 1)])
        try world.apply(letters("abcd"))
        try await world.run(.seconds(15))
        return (world, try world.thin())
    }

    private func isDone(_ world: TwoTiers) throws -> Bool {
        let nodes = try world.nodes(in: .requested, .booting, .ready, .draining, .terminating)
        return try nodes.map(\.type) == ["tiny"] && world.plans().last?.phase == .done
    }

    /// In each phase of the plan and of its steps, whenever the rows say something new.
    @Test(arguments: [true, false])
    func aRestartAtEveryEdgeGoesOn(both: Bool) async throws {
        let (world, kept) = try await world()
        let (done, missed, edges) = try await world.restartingAtEveryEdge(kept, both: both) {
            try isDone(world)
        }
        #expect(done && missed.isEmpty)
        #expect(edges.count >= 6, "\(edges.sorted())")
        #expect(try world.plans().map(\.phase) == [.done])
        #expect(world.machines.count == 1 && world.creates().map(\.node).deduplicated.count == 2)
        #expect(world.violations == [])
    }

    @Test(arguments: stride(from: Int64(1), through: 91, by: 5).map { $0 })
    func aTierThatIsAwayForAWhileComesBackToIt(_ second: Int64) async throws {
        let (world, kept) = try await world()
        try await world.run(.seconds(second))
        world.killNodes()
        try await world.run(.seconds(40))
        try world.openNodes()
        let (done, missed) = try await world.watch(
            kept, until: { try isDone(world) }, within: .seconds(1_200))
        let plans = try world.plans()
        #expect(done && missed.isEmpty, "\(plans)")
        #expect(try world.state().drainRequests.isEmpty)
        #expect(world.violations == [])
    }

    /// The new node is not to be had: the old one serves on, and is left alone for a while.
    @Test func withoutItsNewNodeThePlanIsGivenUp() async throws {
        let (world, kept) = try await world()
        let isLaunching = { try world.plans().first?.phase == .launching }
        #expect(try await world.run(until: isLaunching, within: .seconds(120)))
        for machine in world.machines where machine.instance.offering.nodeType == "tiny" {
            try? await world.cloud.terminate(instance: machine.instance.id)
        }
        let (dropped, missed) = try await world.watch(
            kept, until: { try world.plans().first?.phase == .dropped }, within: .seconds(1_500))
        #expect(dropped && missed.isEmpty)
        #expect(try world.nodes(in: .ready).map(\.type).contains("large"))
        #expect(try world.nodes(in: .draining).isEmpty)
    }

    /// At rest nothing happens by itself: no call but questions, no decision, no plan.
    @Test func aDayPassesWithoutAnyAction() async throws {
        let (world, kept) = try await world()
        #expect(try await world.run(until: { try isDone(world) }, within: .seconds(600)))
        try await world.run(.seconds(120))
        let calls = world.calls.count
        let decisions = try count(world)
        try await world.run(.seconds(86_400))
        let acts = world.calls.dropFirst(calls).filter { call in
            switch call {
            case .create, .terminate: true
            case .offerings, .list: false
            }
        }
        #expect(acts.isEmpty)
        #expect(try count(world) == decisions)
        #expect(try world.plans().count == 1)
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
