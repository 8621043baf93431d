import Model
import Placement
import Provisioning
import Testing

@Suite struct IdleTests {
    private func idle(_ node: String, since: Int64, type: String = "cpu-4", applied: Bool = true) -> IdleNode
    {
        IdleNode(node: NodeID(node), type: type, idleSince: Moment(since), generationApplied: applied)
    }

    private func world(_ idle: [IdleNode], nodes: Int) -> World {
        var world = World()
        world.settings.idleTimeout = Millis(60_000)
        world.counts["cpu-4"] = (nodes, nodes, 0, 0)
        world.idle = idle
        return world
    }

    private func ended(_ world: World) -> [String] { world.plan().terminate.map(\.node.rawValue) }

    @Test(arguments: [
        (since: 940_001 as Int64, ended: [], wake: 1_000_001 as Int64?), (940_000, ["n1"], nil),
    ])
    func anIdleNodeGoesAfterItsTimeout(since: Int64, ended: [String], wake: Int64?) {
        let plan = world([idle("n1", since: since)], nodes: 1).plan()
        #expect(plan.terminate.map(\.node.rawValue) == ended && plan.wake?.ms == wake)
        #expect(plan.decisions.map(\.rule) == ended.map { _ in "idle_timeout" })
    }

    @Test func aTypesOwnTimeoutComesFirst() {
        var world = world([idle("n1", since: 990_000)], nodes: 1)
        world.settings.nodeTypes[0].idleTimeout = Millis(10_000)
        #expect(ended(world) == ["n1"])
    }

    @Test(arguments: [(least: 0, ended: ["n3", "n1", "n2"]), (1, ["n3", "n1"]), (2, ["n3"]), (3, [])])
    func theLongestIdleGoFirstAndTheMinimumStays(least: Int, ended: [String]) {
        var world = world([idle("n1", since: 2), idle("n2", since: 3), idle("n3", since: 1)], nodes: 3)
        world.settings.nodeTypes[0].minWorkers = least
        #expect(self.ended(world) == ended)
    }

    @Test func anAgentThatHasNotObeyedYetKeepsItsNode() {
        #expect(ended(world([idle("n1", since: 0, applied: false)], nodes: 1)) == [])
    }

    @Test func whatUnplacedDemandWouldFitStays() {
        var world = world([idle("n1", since: 0)], nodes: 1)
        world.unplaced = unplaced([cpus(4)])
        #expect(ended(world) == [])
        world.unplaced = unplaced([cpus(5)])
        #expect(ended(world) == ["n1"])
        // Placement has looked at this very node: it is smaller than its type says.
        world.unplaced = unplaced([cpus(4)])
        world.unplaced[0].refusals = [Refusal(candidate: "n1", code: .tooLarge)]
        #expect(ended(world) == ["n1"])
        world.unplaced[0].refusals = [Refusal(candidate: "n1", code: .notReady)]
        #expect(ended(world) == [])
    }

    @Test(arguments: [
        (typeMax: 3, clusterMax: 9, ended: []), (2, 9, ["n2"]), (1, 9, ["n2", "n1"]), (9, 2, ["n2"]),
    ])
    func aboveALoweredLimitIdleNodesGoAtOnce(typeMax: Int, clusterMax: Int, ended: [String]) {
        var world = world([idle("n1", since: 999_999), idle("n2", since: 999_998)], nodes: 3)
        world.settings.nodeTypes[0].maxWorkers = typeMax
        world.settings.maxWorkers = clusterMax
        #expect(self.ended(world) == ended)
    }

    @Test func nodesOfATypeThatIsNoLongerConfiguredGoAtOnce() {
        var world = world([idle("n1", since: 999_999, type: "old")], nodes: 0)
        world.counts = ["old": (1, 1, 0, 0)]
        #expect(world.plan().decisions.map(\.rule) == ["type_removed"])
    }
}
