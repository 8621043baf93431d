import Model
import Placement
import Testing

/// Gangs: whole or not at all.
@Suite struct GangTests {
    private func demands(
        _ gangs: Int, of size: Int, _ strategy: GangSettings.Strategy = .pack, cpu: Int64 = 1000,
        from first: Int = 1
    ) -> [Demand] {
        var placing = PlacingSettings()
        placing.gang = GangSettings(size: size, strategy: strategy)
        return (0..<(gangs * size)).map { index in
            Demand(
                replica: replica(first + index), resources: amounts(cpu: cpu), placing: placing,
                gang: Int64(first + index / size * size))
        }
    }

    private func rooms(_ cpus: [Int64], _ states: [Room.State] = []) -> [Room] {
        cpus.enumerated().map { index, cpu in
            room(
                "n\(index)", free: amounts(cpu: cpu * 1000), total: amounts(cpu: 8000),
                states.isEmpty ? .open : states[index])
        }
    }

    private func counts(_ plan: PlacementPlan) -> [Int] {
        Dictionary(grouping: plan.assigned, by: \.node).sorted { $0.key < $1.key }.map(\.value.count)
    }

    private typealias Strategy = (rooms: [Int64], strategy: GangSettings.Strategy, taken: [Int])
    private static let strategies: [Strategy] = [
        ([8, 4, 5], .pack, [4]), ([3, 3, 3], .pack, [3, 1]), ([1, 2, 3], .pack, [1, 3]),
        ([1, 1, 1, 1, 1], .pack, [1, 1, 1, 1]), ([8, 8, 8, 8], .spread, [1, 1, 1, 1]),
        ([8, 8], .spread, [2, 2]), ([8, 1, 1], .spread, [2, 1, 1]), ([4], .spread, [4]),
    ]

    @Test(arguments: strategies)
    private func strategiesAreKeptWhereTheyCanBe(_ row: Strategy) {
        let plan = place(demands(1, of: 4, row.strategy), in: rooms(row.rooms))
        #expect(counts(plan).sorted() == row.taken.sorted() && plan.unplaced.isEmpty)
    }

    /// The tightest node that holds all of it.
    @Test func packTakesOneNodeWhereThereIsOne() {
        let plan = place(demands(1, of: 4), in: rooms([3, 8, 5, 3]))
        #expect(Set(plan.assigned.map(\.node)) == [NodeID("n2")])
    }

    /// So many find room, and so many do not: what those would take is told, of every room that would take one.
    @Test(arguments: [([2, 1], 1), ([1], 3), ([], 4), ([3], 1)] as [([Int64], Int64)])
    func onePlaceTooFewAndNobodyHasOne(free: [Int64], missing: Int64) {
        let plan = place(demands(1, of: 4), in: rooms(free))
        #expect(plan.assigned.isEmpty && plan.coming.isEmpty && plan.unplaced.count == 4)
        for one in plan.unplaced {
            #expect(one.refusals.map(\.code) == free.map { _ in .gang })
            #expect(one.refusals.allSatisfy { $0.short == amounts(cpu: 1000 * missing) })
            #expect(one.demand.gang == 1)
        }
        let left = zip(plan.rooms, free).allSatisfy { $0.free == amounts(cpu: $1 * 1000) }
        #expect(left, "what was tried is taken back")
    }

    /// Who counts on a node that is coming has all of its gang wait, and its room on the others is kept.
    @Test func aGangWaitsWhole() throws {
        let world = rooms([2, 2], [.open, .coming])
        let single = Demand(replica: replica(9), resources: amounts(cpu: 1000))
        let plan = place(demands(1, of: 4) + [single], in: world)
        #expect(plan.assigned.isEmpty && plan.coming.count == 4)
        #expect(Set(plan.coming.map(\.node)) == [NodeID("n0"), NodeID("n1")])
        let isTold = plan.coming.allSatisfy { waiting in
            waiting.refusals.contains { $0.candidate == "n1" && $0.code == .coming }
        }
        #expect(isTold)
        #expect(plan.unplaced.map(\.demand.replica) == [replica(9)])
    }

    @Test func onesThatAreThereGoBeforeThoseThatAreComing() {
        let plan = place(demands(2, of: 2), in: rooms([2, 2], [.coming, .open]))
        #expect(plan.assigned.map(\.replica) == [replica(1), replica(2)])
        #expect(plan.coming.map(\.replica) == [replica(3), replica(4)])
    }

    /// One that may buy is reason enough for all of a gang.
    @Test func aGangBuysTogether() {
        var demands = demands(1, of: 3)
        for index in 0..<2 { demands[index].buys = false }
        #expect(place(demands, in: []).unplaced.allSatisfy { $0.demand.buys })
    }

    /// Against counts of the test's own: no gang is torn, no room overdrawn, and no gang left out for which there is room.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func drawnGangsAreWhole(seed: UInt64) {
        var dice = Dice(seed: seed)
        let states: [Room.State] = [.open, .open, .open, .coming, .closed]
        let world = (0..<Int.random(in: 0...6, using: &dice)).map { number in
            room(
                "n\(number)", free: amounts(cpu: Int64.random(in: 0...8, using: &dice) * 500),
                total: amounts(cpu: 8000), states.randomElement(using: &dice) ?? .open)
        }
        var demands: [Demand] = []
        for _ in 0..<Int.random(in: 0...4, using: &dice) {
            demands += self.demands(
                Int.random(in: 1...3, using: &dice), of: Int.random(in: 2...4, using: &dice),
                Bool.random(using: &dice) ? .pack : .spread,
                cpu: Int64.random(in: 1...4, using: &dice) * 500, from: demands.count + 1)
        }
        for _ in 0..<Int.random(in: 0...5, using: &dice) {
            demands.append(Demand(replica: replica(demands.count + 1), resources: amounts(cpu: 500)))
        }
        let plan = place(demands, in: world)
        #expect(plan == place(demands.shuffled(using: &dice), in: world.shuffled(using: &dice)))
        let (now, later) = (Set(plan.assigned.map(\.replica)), Set(plan.coming.map(\.replica)))
        let placed = plan.assigned.map { ($0.replica, $0.node) } + plan.coming.map { ($0.replica, $0.node) }
        var rest: [NodeID: Int64] = [:]
        for room in world {
            let here = Set(placed.filter { $0.1 == room.node }.map(\.0))
            let used = demands.filter { here.contains($0.replica) }
                .reduce(Int64(0)) { $0 + $1.resources[Resources.cpu] }
            rest[room.node] = room.free[Resources.cpu] - used
            #expect(used <= room.free[Resources.cpu] && (room.state != .closed || here.isEmpty))
        }
        for (_, gang) in Dictionary(grouping: demands.filter { $0.gang != nil }, by: \.gang) {
            let names = Set(gang.map(\.replica))
            #expect(names.isSubset(of: now) || now.isDisjoint(with: names), "seed \(seed)")
            #expect(names.isSubset(of: later) || later.isDisjoint(with: names), "seed \(seed)")
            guard now.isDisjoint(with: names), later.isDisjoint(with: names) else { continue }
            let asked = gang[0].resources[Resources.cpu]
            let fits = world.filter { $0.state != .closed }
                .reduce(Int64(0)) { $0 + max(0, rest[$1.node] ?? 0) / asked }
            #expect(fits < Int64(gang.count), "seed \(seed): there was room")
        }
    }

    // MARK: - Who stops

    private func gang(
        _ serials: [Int], _ nodes: [String?], ready: Bool = true, draining: Bool = false
    ) -> [VictimCandidate] {
        zip(serials, nodes).map {
            VictimCandidate(
                replica: replica($0), ready: ready, node: $1.map { NodeID($0) }, draining: draining)
        }
    }

    @Test func wholeGangsStop() {
        let gangs = [
            gang([1, 2], ["a", "b"]), gang([3, 4], ["b", "b"]), gang([5, 6], ["c", "d"]),
            gang([7, 8], ["e", nil], ready: false), gang([9, 10], ["f", "f"], draining: true),
        ]
        let counts = ["a": 1, "b": 3, "c": 1, "d": 1, "e": 4, "f": 4]
        let chosen = { (count: Int, price: @escaping (NodeID) -> Int64) -> [Int64] in
            var onNode = Dictionary(uniqueKeysWithValues: counts.map { (NodeID($0), $1) })
            return victims(gangs: count, of: gangs, replicasOnNode: &onNode, price: price).map(\.serial)
        }
        // The draining one, the one that does not serve, then the one that empties two nodes.
        #expect(chosen(3) { _ in 1 } == [9, 10, 7, 8, 5, 6])
        // One dear node is worth more than two cheap ones; after that the other half of b is alone there.
        #expect(chosen(5) { $0 == NodeID("a") ? 9 : 1 } == [9, 10, 7, 8, 1, 2, 5, 6, 3, 4])
        #expect(chosen(0) { _ in 1 }.isEmpty && chosen(99) { _ in 1 }.count == 10)
    }
}
