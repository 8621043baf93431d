import Provisioning
import Testing

@Suite struct CoverProgramTests {
    /// Drawn programs of two rows: the cost is that of the best pair of columns, which all pairs are tried for.
    @Test(arguments: 1...30) func twoRowsAreSolved(seed: UInt64) {
        var dice = Dice(seed: seed)
        let demands = [Int64.random(in: 1...200, using: &dice), Int64.random(in: 1...200, using: &dice)]
        let columns = (0..<6).map { _ in
            (
                cost: Int64.random(in: 1_000...9_000, using: &dice), a: Int64.random(in: 1...9, using: &dice),
                b: Int64.random(in: 1...9, using: &dice)
            )
        }
        var program = CoverProgram(demands: demands, artificialCost: 1_000_000)
        for one in columns {
            program.add(CoverProgram.Column(cost: one.cost, entries: [(0, one.a), (1, one.b)]))
        }
        program.solve()
        let best = columns.flatMap { x in columns.compactMap { y in Self.cost(demands, x, y) } }.min() ?? 0
        #expect(abs(program.cost - best) <= best / 1_000 + 2)
        // Prices under which no column is worth more than it costs, and all demand what the plan costs.
        let prices = program.prices
        for one in columns {
            let worth = (prices[0] * one.a + prices[1] * one.b) >> CoverProgram.dualShift
            #expect(worth <= one.cost + one.cost / 1_000 + 1)
        }
        let worth = Int128(prices[0] * demands[0] + prices[1] * demands[1]) >> Int128(CoverProgram.dualShift)
        #expect(abs(worth - best) <= best / 1_000 + 2)
    }

    private typealias Pair = (cost: Int64, a: Int64, b: Int64)

    /// Of both rows covered by two columns, or by one of them with something over; nil: not by these.
    private static func cost(_ demands: [Int64], _ x: Pair, _ y: Pair) -> Int128? {
        let alone = max(
            Int128(x.cost) * Int128(demands[0]) * 1_000 / Int128(x.a),
            Int128(x.cost) * Int128(demands[1]) * 1_000 / Int128(x.b))
        let whole = x.a * y.b - x.b * y.a
        guard whole != 0 else { return alone / 1_000 }
        let (first, second) = (
            (demands[0] * y.b - demands[1] * y.a) * whole.signum(),
            (demands[1] * x.a - demands[0] * x.b) * whole.signum()
        )
        guard first >= 0, second >= 0 else { return alone / 1_000 }
        let both =
            (Int128(x.cost) * Int128(first) + Int128(y.cost) * Int128(second)) * 1_000
            / Int128(abs(whole))
        return min(alone, both) / 1_000
    }

    /// More pivots than one inverse is trusted for: fractions of a resource stay true.
    @Test func manyRowsStayTrue() {
        let rows = 40
        var program = CoverProgram(
            demands: (0..<rows).map { Int64(100 + $0) }, artificialCost: 1_000_000)
        for row in 0..<rows {
            program.add(CoverProgram.Column(cost: 1_000, entries: [(row, 3), ((row + 1) % rows, 1)]))
            program.add(CoverProgram.Column(cost: 700, entries: [(row, 2)]))
        }
        program.solve()
        let worth = zip(program.prices, 0..<rows).reduce(Int128(0)) { $0 + Int128($1.0) * Int128(100 + $1.1) }
        #expect(abs((worth >> Int128(CoverProgram.dualShift)) - program.cost) <= program.cost / 1_000)
        #expect(program.cost > 0)
    }
}
