import Model
import Placement
import Provisioning
import Testing

/// Nodes of one resource with replicas on them, and a market. Type 0 is `small`: 4 CPU at 40; type 1 is `tiny`: 1 CPU at 12.
struct Standing {
    var settings = ConsolidationSettings()
    var budgets = [DisruptionBudget.of(.count(100))]
    /// Type, price and the CPUs of the replicas of each node.
    var nodes: [(type: Int, price: Int64, replicas: [Int64])] = []
    var capacities: [Int64] = [4_000, 1_000]
    var offers: [(type: Int, price: Int64)] = []
    var least = [0, 0]
    var soft: [Int64: Int] = [:]
    var change: (inout [StandingNode]) -> Void = { _ in }
    var isWaiting = false
    var maxWorkers = 100
    var bootTimes = [Millis(60_000), Millis(60_000)]
    var unixMinute: Int64 = 0
    var movesMax = 1
    var ahead: [PlanAhead] = []
    var leaving: [Int] = []

    init(_ nodes: [(type: Int, price: Int64, replicas: [Int64])]) {
        self.nodes = nodes
        settings.savingMin = Thousandths(100)
    }

    var sizes: [Int64] { Set(nodes.flatMap(\.replicas)).sorted() }

    var input: ConsolidationInput {
        let sizes = sizes
        let keys = soft.keys.sorted()
        var classes = sizes.map { DemandClass(amounts: Amounts(values: [0, $0])) }
        classes += keys.map { DemandClass(amounts: Amounts(values: [0, $0]), priority: SoftDemand.priority) }
        let packed = nodes.map { node in
            let total = Amounts(values: [0, capacities[node.type]])
            var free = total
            free.take(Amounts(values: [0, node.replicas.reduce(0, +)]))
            return PackedNode(
                total: total, free: free, devices: Devices(), zone: nil, labels: 0,
                isUsed: !node.replicas.isEmpty)
        }
        let world = FleetWorld(
            classes: classes, singles: sizes.map { _ in 0 } + keys.map { soft[$0] ?? 0 }, nodes: packed,
            types: capacities.indices.map { type in
                FleetType(
                    name: "t\(type)", capacity: Amounts(values: [0, capacities[type]]), gpus: 0, labels: 0,
                    live: nodes.count { $0.type == type }, minWorkers: least[type], maxWorkers: 100)
            },
            offers: offers.map {
                Offer(type: $0.type, zone: nil, capacityType: "", price: $0.price, room: 100)
            },
            labels: [[:]], zones: [], maxWorkers: maxWorkers, cpu: 1)
        var standing = nodes.enumerated().map { index, node in
            StandingNode(
                node: NodeID("n\(index)"), type: node.type, price: node.price,
                replicas: Set(node.replicas).sorted().map { size in
                    Party.Member(
                        demand: sizes.firstIndex(of: size) ?? 0, count: node.replicas.count { $0 == size })
                }, createdAt: Moment(0), changedAt: Moment(0))
        }
        change(&standing)
        var input = ConsolidationInput(
            settings: settings, budgets: budgets, fleet: world, nodes: standing, bootTimes: bootTimes,
            there: nodes.count, isWaiting: isWaiting, now: Moment(10_000_000), unixMinute: unixMinute)
        (input.movesMax, input.ahead, input.leaving) = (movesMax, ahead, leaving)
        return input
    }

    func plan() -> ConsolidationPlan { consolidate(input) }
    func code(_ node: Int) -> NodeStay.Code? { plan().stays.first { $0.node == NodeID("n\(node)") }?.code }
}

extension DisruptionBudget {
    static func of(_ nodes: Disruption) -> DisruptionBudget {
        var budget = DisruptionBudget()
        budget.nodes = nodes
        return budget
    }
}

@Suite struct ConsolidationTests {
    @Test func aNodeGoesWhoseReplicasFitElsewhere() {
        let plan = Standing([(0, 40, [2_000, 1_000]), (0, 40, [1_000])]).plan()
        #expect(plan.move?.gives == [1] && plan.move?.launches == [])
        #expect(plan.move?.before == 80 && plan.move?.after == 40 && plan.move?.replicas == 1)
        #expect(Standing([(0, 40, [3_000]), (0, 40, [2_000])]).code(1) == .needed)
    }

    @Test(arguments: [
        (price: 30 as Int64, moves: true), (36, true), (37, false), (39, false), (40, false), (41, false),
    ])
    func aNewNodeMustSaveATenth(price: Int64, moves: Bool) {
        var world = Standing([(0, 40, [1_000])])
        world.offers = [(1, price)]
        #expect((world.plan().move != nil) == moves)
        world.settings.savingMin = .init(0)
        world.settings.payback = .seconds(36_000)
        #expect((world.plan().move != nil) == (price < 40), "never by one of the same price")
    }

    @Test func severalBecomeSeveralWhereNoneCanGoAlone() {
        // Two of four CPUs with three each: three tiny ones hold none of it, but one of eight does.
        var world = Standing([(0, 40, [3_000]), (0, 40, [3_000]), (0, 40, [3_000])])
        world.capacities = [4_000, 5_000]
        world.offers = [(1, 41)]
        #expect(world.plan().move == nil)
        world.capacities = [4_000, 6_000]
        world.offers = [(1, 50)]
        let move = world.plan().move
        #expect(move?.gives.count == 2 && move?.launches == [0])
        #expect(move?.after == 90 && move?.before == 120)
        #expect((move?.bound ?? 0) > 0 && (move?.bound ?? .max) <= 90)
    }

    @Test func whatIsSavedPaysForTheTimeInWhichBothRun() {
        var world = Standing([(0, 40, [1_000])])
        world.offers = [(1, 30)]
        // 30 for two minutes against 10 for the payback time.
        world.settings.payback = .seconds(360)
        #expect(world.plan().move != nil)
        world.settings.payback = .seconds(359)
        #expect(world.code(0) == .noSaving)
    }

    @Test func aMinimumStays() {
        var world = Standing([(0, 40, [3_000]), (0, 40, [1_000])])
        world.least = [2, 0]
        #expect(world.plan().move == nil)
    }

    @Test func theYoungAndTheUnsettledAreLeftAlone() {
        var world = Standing([(0, 40, [3_000]), (0, 40, [1_000])])
        world.change = { $0[1].createdAt = Moment(9_400_001) }
        #expect(world.code(1) == .young && world.plan().wake == Moment(10_000_001))
        world.change = { $0[1].changedAt = Moment(9_970_001) }
        #expect(world.code(1) == .unsettled && world.plan().wake == Moment(10_000_001))
        world.change = { $0[1].stay = NodeStay($0[1].node, .undisturbed) }
        #expect(world.code(1) == .undisturbed)
        world.change = { _ in }
        world.isWaiting = true
        #expect(world.code(1) == .unplaced)
        world.isWaiting = false
        world.settings.isOn = false
        #expect(world.code(1) == .off)
    }

    @Test func budgetsHold() {
        var world = Standing([(0, 40, [3_000]), (0, 40, [1_000])])
        world.budgets = [.of(.count(3)), .of(.count(0))]
        #expect(world.code(1) == .budget && world.plan().move == nil)
    }

    @Test func whatMustGoIsReplacedAtAnyPriceAndAsManyAsMayBeDisturbed() {
        var world = Standing([(0, 40, [3_000]), (0, 40, [3_000]), (0, 40, [3_000])])
        world.offers = [(0, 90)]
        world.budgets = [.of(.count(2))]
        world.settings.isOn = false
        world.change = { for index in 0..<3 { $0[index].cause = .drift } }
        let move = world.plan().move
        #expect(move?.cause == .drift && move?.gives == [0, 1] && move?.launches == [0, 0])
        #expect(world.code(2) == .budget)
        // There is no room for old and new ones at once.
        world.maxWorkers = 3
        #expect(world.plan().move == nil && world.code(0) == .needed)
    }

    @Test func roomThatIsKeptFreeHoldsANodeOnlyAsFarAsNeeded() {
        var world = Standing([(0, 40, [3_000]), (0, 40, [1_000])])
        world.soft = [1_000: 3]
        #expect(world.plan().move == nil)
        world.nodes.append((0, 40, [1_000]))
        #expect(world.plan().move?.gives.count == 1)
    }

    /// What is moved onto a node that is idle keeps it: that saves nothing.
    @Test func anIdleNodeOfTheSamePriceIsNoBetter() {
        let world = Standing([(0, 40, [1_000]), (0, 40, [])])
        #expect(world.plan().move == nil && world.code(1) == .idle)
        #expect(Standing([(0, 40, [1_000]), (1, 12, [])]).plan().move?.after == 12)
    }
}

/// Against plain search, on small worlds.
@Suite struct DrawnConsolidationTests {
    /// They fit into these rooms, tried in every way.
    static func fit(_ sizes: [Int64], _ rooms: [Int64]) -> Bool {
        guard let size = sizes.first else { return true }
        for place in rooms.indices where rooms[place] >= size {
            if rooms[..<place].contains(rooms[place]) { continue }
            var rest = rooms
            rest[place] -= size
            if fit(Array(sizes.dropFirst()), rest) { return true }
        }
        return false
    }

    private func fit(_ sizes: [Int64], _ rooms: [Int64]) -> Bool { Self.fit(sizes, rooms) }

    static func drawn(_ seed: UInt64, sizes: [Int64]) -> Standing {
        var dice = Dice(seed: seed)
        let nodes = (0..<Int.random(in: 1...6, using: &dice)).map { _ in
            var (left, replicas) = (Int64(4_000), [Int64]())
            for _ in 0..<Int.random(in: 0...4, using: &dice) {
                let size = sizes.randomElement(using: &dice) ?? 1_000
                if size <= left { replicas.append(size) }
                left -= replicas.last == size ? size : 0
                left = max(0, 4_000 - replicas.reduce(0, +))
            }
            return (
                type: 0, price: [40, 44, 60].randomElement(using: &dice) ?? 40 as Int64, replicas: replicas
            )
        }
        return Standing(nodes)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func aMoveLeavesRoomForAll(_ seed: UInt64) throws {
        var world = Self.drawn(seed, sizes: [500, 1_000, 1_500, 3_000])
        var dice = Dice(seed: seed &+ 1_000)
        if Bool.random(using: &dice) { world.offers = [(1, Int64.random(in: 4...20, using: &dice))] }
        guard let move = world.plan().move else { return }
        let gone = Set(move.gives)
        let rest = world.nodes.indices.filter { !gone.contains($0) }
        let moved = move.gives.flatMap { world.nodes[$0].replicas }.sorted(by: >)
        var rooms = rest.map { 4_000 - world.nodes[$0].replicas.reduce(0, +) }
        rooms += move.launches.map { world.capacities[world.offers[$0].type] }
        #expect(fit(moved, rooms))
        let price = move.gives.reduce(Int64(0)) { $0 + world.nodes[$1].price }
        #expect(move.saving * 10 >= price && move.saving > 0)
        #expect(move.bound <= move.after && move.gap >= 0)
    }

    /// With replicas of one size nothing is missed: neither one that could go alone, nor any set.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func nothingIsMissedWhereAllAreAlike(_ seed: UInt64) {
        let world = Self.drawn(seed, sizes: [1_000])
        guard world.plan().move == nil else { return }
        let used = world.nodes.indices.filter { !world.nodes[$0].replicas.isEmpty }
        for give in used {
            let rooms = used.filter { $0 != give }.map { 4_000 - world.nodes[$0].replicas.reduce(0, +) }
            #expect(!fit(world.nodes[give].replicas, rooms), "n\(give) could go")
        }
    }

    /// Plan after plan it comes to rest, each time for less, and no node comes back.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func itComesToRest(_ seed: UInt64) {
        var world = Self.drawn(seed, sizes: [1_000, 2_000])
        world.offers = [(0, 40), (1, 12)]
        var costs: [Int64] = []
        while let move = world.plan().move, costs.count < 50 {
            costs.append(move.after)
            var moved = move.gives.flatMap { world.nodes[$0].replicas }.sorted(by: >)
            let gone = Set(move.gives)
            world.nodes = world.nodes.indices.filter { !gone.contains($0) }.map { world.nodes[$0] }
            world.nodes += move.launches.map {
                (world.offers[$0].type, world.offers[$0].price, [])
            }
            // The fullest that takes it, as placing does.
            while let size = moved.first {
                moved.removeFirst()
                let places = world.nodes.indices.filter {
                    world.capacities[world.nodes[$0].type] - world.nodes[$0].replicas.reduce(0, +) >= size
                }
                guard
                    let place = places.min(by: {
                        let (a, b) = (world.nodes[$0], world.nodes[$1])
                        return world.capacities[a.type] - a.replicas.reduce(0, +)
                            < world.capacities[b.type] - b.replicas.reduce(0, +)
                    })
                else { break }
                world.nodes[place].replicas.append(size)
            }
            world.nodes.removeAll { $0.replicas.isEmpty }
        }
        #expect(costs.count < 20)
        #expect(zip(costs, costs.dropFirst()).allSatisfy { $1 <= $0 }, "\(costs)")
    }

    /// A large cluster is looked at within the counted work, and as many nodes go at once as may be disturbed.
    @Test func manyNodesAreLookedAtWithinTheBudget() {
        let world = Standing((0..<1_000).map { _ in (0, 40, [1_000]) })
        #expect(world.plan().move?.gives.count == 100)
    }
}
