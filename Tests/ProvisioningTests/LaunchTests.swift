import Model
import Placement
import Provisioning
import Testing

@Suite struct LaunchTests {
    @Test(arguments: [(replicas: 0, nodes: 0), (1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (200, 50), (201, 50)])
    func equalReplicasTakeTheFewestNodes(replicas: Int, nodes: Int) {
        let plan = World(unplaced((0..<replicas).map { _ in cpus(1) })).plan()
        #expect(plan.launches.count == nodes && plan.decisions.count == nodes)
        #expect(plan.launches.flatMap(\.replicas).count == min(replicas, 200))
        #expect(plan.codes(200) == (replicas > 200 ? [.limit] : nil))
    }

    private typealias Limit = (ready: Int, recent: Int, speed: Int64, nodes: Int)
    private static let limits: [Limit] = [
        (0, 0, 0, 1), (5, 0, 0, 1), (0, 0, 1000, 1), (1, 0, 1000, 1), (3, 0, 1000, 3), (3, 0, 1001, 4),
        (3, 0, 500, 2), (3, 2, 1000, 1), (3, 3, 1000, 0), (3, 9, 1000, 0), (20, 0, 1000, 5),
    ]

    @Test(arguments: limits)
    private func theUpscalingLimitHolds(_ row: Limit) {
        var world = World(unplaced((0..<20).map { _ in cpus(1) }))
        world.settings.upscalingSpeed = Thousandths(row.speed)
        world.counts["cpu-4"] = (row.ready, row.ready, 0, row.recent)
        let plan = world.plan()
        #expect(plan.launches.count == row.nodes)
        #expect(plan.refusals.count == 20 - 4 * row.nodes)
        #expect(plan.codes(19) == (row.nodes < 5 ? [.upscalingSpeed] : nil))
        // When the oldest of those launched lately no longer counts, which here is after half a step.
        let soonest = Moment(1_000_000) + (row.recent > 0 ? Millis(500) : upscalingStep)
        #expect(plan.wake == (row.nodes < 5 ? soonest : nil))
    }

    private typealias Most = (live: Int, typeMax: Int, clusterMax: Int, nodes: Int)
    private static let mosts: [Most] = [
        (0, 2, 9, 2), (1, 2, 9, 1), (2, 2, 9, 0), (3, 2, 9, 0), (0, 9, 2, 2), (1, 9, 2, 1), (2, 9, 2, 0),
        (3, 9, 2, 0),
    ]

    @Test(arguments: mosts)
    private func neverMoreThanTheLimits(_ row: Most) {
        var world = World(unplaced((0..<12).map { _ in cpus(1) }))
        world.settings.nodeTypes[0].maxWorkers = row.typeMax
        world.settings.maxWorkers = row.clusterMax
        world.counts["cpu-4"] = (row.live, row.live, 0, 0)
        let plan = world.plan()
        #expect(plan.launches.count == row.nodes)
        #expect(plan.codes(11) == [.limit])
    }

    @Test func nodesOfOtherTypesCountForTheCluster() {
        var world = World(unplaced([cpus(1)]))
        world.settings.maxWorkers = 2
        world.counts["gone-from-the-file"] = (2, 2, 0, 0)
        #expect(world.plan().launches == [])
    }

    @Test(arguments: [(ready: 0, launching: 0, nodes: 3), (1, 1, 1), (3, 0, 0), (0, 3, 0), (9, 0, 0)])
    func theMinimumIsToppedUp(ready: Int, launching: Int, nodes: Int) {
        var world = World()
        world.settings.nodeTypes[0].minWorkers = 3
        world.counts["cpu-4"] = (ready + launching, ready, launching, 0)
        let plan = world.plan()
        #expect(plan.launches.count == nodes)
        #expect(plan.decisions.allSatisfy { $0.rule == "min_workers" })
    }

    @Test func theMinimumTakesDemandBeforeMoreIsBought() {
        var world = World(unplaced((0..<8).map { _ in cpus(1) }))
        world.settings.nodeTypes[0].minWorkers = 2
        #expect(world.plan().launches.map(\.replicas.count) == [4, 4])
        world.settings.upscalingSpeed = Thousandths(0)
        let plan = world.plan()
        #expect(plan.launches.map(\.replicas.count) == [4] && plan.codes(7) == [.upscalingSpeed])
    }

    @Test func whatBuysNothingBuysNothing() {
        let plan = World(unplaced([cpus(1)], buys: false)).plan()
        #expect(plan.launches == [] && plan.codes(0) == [.buysNothing])
    }

    @Test func whatFitsNoTypeSaysByHowMuch() {
        let plan = World(unplaced([cpus(5, gpu: 1)])).plan()
        #expect(plan.launches == [])
        #expect(
            plan.refusals.map(\.refusals) == [
                [Refusal(candidate: "cpu-4", code: .tooLarge, short: cpus(1, gpu: 1))]
            ])
    }

    @Test func withoutAnOfferingNothingIsBought() {
        var world = World(unplaced([cpus(1)]))
        world.offerings = []
        #expect(world.plan().codes(0) == [.unavailable])
        world.offerings = [offering("cpu-4", 1, available: 0)]
        #expect(world.plan().codes(0) == [.unavailable])
    }

    @Test(arguments: [(until: 1_000_001 as Int64, nodes: 0), (1_000_000, 1), (999_999, 1)])
    func anOfferingThatFailedIsLeftOutUntilItsInstant(until: Int64, nodes: Int) {
        var world = World(unplaced([cpus(1)]))
        world.unavailable = [Unavailable(offering: offering("cpu-4", 7), until: Moment(until))]
        let plan = world.plan()
        #expect(plan.launches.count == nodes)
        #expect(plan.wake == (nodes == 0 ? Moment(until) : nil))
    }

    @Test func theCheapestOfferingComesFirst() {
        var world = World(unplaced([cpus(1)]))
        world.offerings = [offering("cpu-4", 50), offering("cpu-4", 40, zone: "b"), offering("other", 1)]
        #expect(world.plan().launches.first?.offerings.map(\.microdollarsPerHour) == [40, 50])
        world.unavailable = [Unavailable(offering: world.offerings[1], until: Moment(2_000_000))]
        #expect(world.plan().launches.first?.offerings.map(\.microdollarsPerHour) == [50])
    }

    @Test func stockBoundsWhatIsBought() {
        var world = World(unplaced((0..<12).map { _ in cpus(1) }))
        world.offerings = [offering("cpu-4", 1, available: 1), offering("cpu-4", 1, zone: "b", available: 1)]
        let plan = world.plan()
        #expect(plan.launches.count == 2 && plan.codes(11) == [.unavailable])
    }

    /// 4 4 3 3 3 3 into nodes of 10: best fit would buy three.
    @Test func unequalReplicasTakeTheFewestNodes() {
        var world = World(unplaced([4, 4, 3, 3, 3, 3].map { cpus($0) }))
        world.settings.nodeTypes[0].resources = cpus(10)
        #expect(world.plan().launches.map { $0.replicas.count } == [3, 3])
    }

    @Test func aLaunchSaysWhy() {
        let plan = World(unplaced([cpus(1)])).plan()
        #expect(plan.decisions.first?.subject == "cpu-4" && plan.decisions.first?.rule == "unplaced_demand")
        #expect(
            plan.launches.first?.reason == "1 replica found no room, the largest CPU 1: cpu-4 is cheapest.")
    }
}
