import Placement
import Provisioning
import Testing

@Suite struct NodeFillingTests {
    private static let problem = CoverProblem(
        items: [
            CoverProblem.Item(amounts: Amounts(values: [1000, 4000]), count: 9, admits: [true]),
            CoverProblem.Item(amounts: Amounts(values: [3000, 1000]), count: 9, admits: [true], group: 0),
            CoverProblem.Item(
                amounts: Amounts(values: [500, 0]), gpu: .share(600), count: 9, admits: [true]),
        ],
        wares: [CoverProblem.Ware(capacity: Amounts(values: [8000, 16_000]), gpus: 2, price: 100)],
        groups: [1])

    /// What is put in and taken out again leaves no trace.
    @Test func itGivesBackWhatItTook() {
        var filling = NodeFilling(Self.problem)
        filling.empty(Self.problem.wares[0])
        let before = (0..<3).map { filling.fits($0, limit: 9) }
        #expect(before == [4, 1, 2])
        filling.take(1, times: 1, value: 5)
        let devices = filling.take(2, times: 1, value: 7)
        #expect(filling.worth == 12 && filling.fits(1, limit: 9) == 0 && filling.fits(2, limit: 9) == 1)
        filling.giveBack(2, times: 1, value: 7, devices: devices)
        filling.giveBack(1, times: 1, value: 5, devices: [])
        #expect((0..<3).map { filling.fits($0, limit: 9) } == before && filling.worth == 0)
    }

    /// Drawn worths: the search finds nothing that does not fit, and nothing worth less than the quick filling.
    @Test(arguments: 1...20) func theSearchIsNoWorseThanTheQuickFilling(seed: UInt64) {
        var dice = Dice(seed: seed)
        let values = (0..<3).map { _ in Int64.random(in: 1...1000, using: &dice) * 1000 }
        let left = [9, 9, 9]
        var filling = NodeFilling(Self.problem)
        filling.empty(Self.problem.wares[0])
        filling.fill([0, 1, 2], values: values, left: left)
        let quick = filling.worth
        #expect(Self.problem.holds(filling.load, 0))
        var steps = 10_000
        let order = filling.order(Self.problem.wares[0], [0, 1, 2], values: values)
        let best = filling.best(Self.problem.wares[0], order, left: left, above: -1, steps: &steps)
        let load = (0..<3).map { item in best?.load.first { $0.item == item }?.count ?? 0 }
        #expect(Self.problem.holds(load, 0) && (best?.worth ?? 0) >= quick)
        // With so many steps it is the best there is.
        var most: Int64 = 0
        for a in 0...9 {
            for b in 0...1 {
                for c in 0...9 where Self.problem.holds([a, b, c], 0) {
                    most = max(most, Int64(a) * values[0] + Int64(b) * values[1] + Int64(c) * values[2])
                }
            }
        }
        #expect(best?.worth == most)
    }
}
