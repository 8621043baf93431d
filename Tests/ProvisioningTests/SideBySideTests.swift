import Model
import Placement
import Provisioning
import Testing

/// Several moves at once, and what one leaves the other.
@Suite struct SideBySideTests {
    private func free(_ world: Standing, _ node: Int) -> Int64 {
        world.capacities[world.nodes[node].type] - world.nodes[node].replicas.reduce(0, +)
    }

    private func rooms(_ world: Standing, _ launches: [Int]) -> [Int64] {
        launches.map { world.capacities[world.offers[$0].type] }
    }

    /// Each alone, while the nodes of the others take nobody; and all of them together, with what is bought for each.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func eachHoldsAloneAndAllTogether(_ seed: UInt64) {
        var world = DrawnConsolidationTests.drawn(seed, sizes: [500, 1_000, 1_500, 3_000])
        var dice = Dice(seed: seed &+ 2_000)
        if Bool.random(using: &dice) { world.offers = [(1, Int64.random(in: 4...20, using: &dice))] }
        world.movesMax = 8
        let moves = world.plan().moves
        let given = moves.flatMap(\.gives)
        #expect(Set(given).count == given.count)
        let open = world.nodes.indices.filter { !given.contains($0) }.map { free(world, $0) }
        func moved(_ gives: [Int]) -> [Int64] { gives.flatMap { world.nodes[$0].replicas }.sorted(by: >) }
        for (place, move) in moves.enumerated() {
            // Those that were found later were still open to it.
            let later = moves.dropFirst(place + 1).flatMap(\.gives).map { free(world, $0) }
            #expect(
                DrawnConsolidationTests.fit(moved(move.gives), open + later + rooms(world, move.launches)))
            let price = move.gives.reduce(Int64(0)) { $0 + world.nodes[$1].price }
            #expect(move.saving * 10 >= price && move.saving > 0)
        }
        #expect(
            DrawnConsolidationTests.fit(moved(given), open + rooms(world, moves.flatMap(\.launches))))
    }

    @Test func severalGoAtOnceAsFarAsTheBudgetAllows() {
        var world = Standing([
            (0, 40, [1_000]), (0, 40, [1_000]), (0, 40, [1_000]), (0, 40, [2_000, 1_000]),
            (0, 40, [2_000, 1_000]), (0, 40, [2_000, 1_000]),
        ])
        world.movesMax = 8
        #expect(Set(world.plan().moves.flatMap(\.gives)).count == 3)
        #expect(world.plan().moves.count == 3)
        world.budgets = [.of(.count(2))]
        #expect(world.plan().moves.count == 2)
        world.movesMax = 1
        #expect(world.plan().moves.count == 1)
    }

    /// One replica of one CPU has room on one other node alone.
    @Test func roomThatAPlanCountsOnIsNotGivenTwice() {
        var world = Standing([(0, 40, [1_000]), (0, 40, [1_000, 2_000]), (0, 44, [2_000, 2_000])])
        #expect(world.plan().moves.map(\.gives) == [[0]])
        // Node 1 is to go into what is free on node 0, which another plan wants to give up.
        world.ahead = [PlanAhead(gives: [0])]
        world.change = { $0[0].stay = NodeStay($0[0].node, .planned) }
        #expect(world.plan().moves.isEmpty)
        // It may come to nothing: the node that is bought for the other plan is no room for this one alone.
        world.nodes = [(0, 40, [2_000, 1_000]), (0, 40, [1_000])]
        world.ahead = [PlanAhead(gives: [0], comes: [.init(type: 0, zone: nil, price: 40)])]
        #expect(world.plan().moves.isEmpty)
        (world.ahead, world.change) = ([], { _ in })
        #expect(world.plan().moves.map(\.gives) == [[1]])
    }

    /// What still has to leave a node that is being emptied takes its part of the room.
    @Test func whatIsOnTheMoveComesFirst() {
        var world = Standing([(0, 40, [1_000]), (0, 40, [1_000]), (0, 40, [3_000])])
        world.change = { $0[0].stay = NodeStay($0[0].node, .planned) }
        #expect(world.plan().moves.map(\.gives) == [[1]])
        world.leaving = [0]
        #expect(world.plan().moves.isEmpty)
    }

    /// A minimum is kept whatever becomes of the other plans.
    @Test func aMinimumIsOneSum() {
        var world = Standing((0..<6).map { _ in (0, 40, [1_000]) })
        world.movesMax = 8
        world.least = [5, 0]
        #expect(world.plan().moves.flatMap(\.gives).count == 1)
        world.least = [4, 0]
        #expect(world.plan().moves.flatMap(\.gives).count == 2)
    }
}
