import Placement
import Provisioning
import Testing

@Suite struct CoverTests {
    /// Drawn small problems: everything is covered, no node is overdrawn, the bound is below the best plan there is, and the plan
    /// is that one nearly always.
    @Test(arguments: 1...6) func smallProblemsAreCovered(seed: UInt64) {
        var problems = SmallProblems(seed: seed)
        var (exact, tried, paid, best) = (0, 0, Int64(0), Int64(0))
        while tried < 40 {
            let problem = problems.draw().holdable
            guard !problem.items.isEmpty else { continue }
            tried += 1
            let optimum = problem.optimum
            let plan = cover(problem)
            var covered = problem.items.map { _ in 0 }
            for pattern in plan.patterns {
                var load = problem.items.map { _ in 0 }
                for part in pattern.load { load[part.item] = part.count }
                #expect(problem.holds(load, pattern.ware))
                for (item, count) in load.enumerated() { covered[item] += count * pattern.times }
            }
            #expect(covered == problem.items.map(\.count))
            #expect(
                plan.cost == plan.patterns.reduce(0) { $0 + problem.wares[$1.ware].price * Int64($1.times) })
            #expect(plan.cost >= optimum)
            let bound = CoverBound(problem).bound
            #expect(bound <= optimum && bound > 0)
            exact += plan.cost == optimum ? 1 : 0
            paid += plan.cost
            best += optimum
        }
        #expect(exact * 10 >= tried * 8)
        #expect(paid * 20 <= best * 21)
    }

    /// A type of which two can be had, and one that costs more: the two, then the other.
    @Test func whatCanBeHadIsAllThatIsBought() {
        let wares = [
            CoverProblem.Ware(capacity: Amounts(values: [4000]), gpus: 0, price: 100, room: 2),
            CoverProblem.Ware(capacity: Amounts(values: [4000]), gpus: 0, price: 150),
        ]
        let item = CoverProblem.Item(amounts: Amounts(values: [1000]), count: 15, admits: [true, true])
        let plan = cover(CoverProblem(items: [item], wares: wares))
        #expect(plan.nodes == 4 && plan.cost == 500)
        let few = cover(CoverProblem(items: [item], wares: wares, room: 3))
        #expect(
            few.nodes == 3 && few.patterns.reduce(0) { $0 + $1.times * ($1.load.first?.count ?? 0) } == 12)
    }

    /// An item that nothing holds takes nothing from the others.
    @Test func whatFitsNowhereIsLeftOut() {
        let ware = CoverProblem.Ware(capacity: Amounts(values: [4000]), gpus: 0, price: 100)
        let items = [
            CoverProblem.Item(amounts: Amounts(values: [9000]), count: 3, admits: [true]),
            CoverProblem.Item(amounts: Amounts(values: [2000]), count: 4, admits: [true]),
        ]
        let problem = CoverProblem(items: items, wares: [ware])
        #expect(cover(problem).cost == 200 && CoverBound(problem).bound == 200)
    }

    /// One that leaves less of a device than any other takes needs the device: the bound knows.
    @Test func sharesThatLeaveNothingUsefulTakeADevice() {
        let ware = CoverProblem.Ware(capacity: Amounts(values: [100_000]), gpus: 2, price: 100)
        let item = CoverProblem.Item(
            amounts: Amounts(values: [1000]), gpu: .share(600), count: 8, admits: [true])
        #expect(CoverBound(CoverProblem(items: [item], wares: [ware])).bound == 400)
    }

    /// What has room on nodes that are there costs nothing.
    @Test func whatIsThereIsHeldAgainstTheBound() {
        let ware = CoverProblem.Ware(capacity: Amounts(values: [4000]), gpus: 0, price: 100)
        let item = CoverProblem.Item(amounts: Amounts(values: [1000]), count: 8, admits: [true])
        let problem = CoverProblem(items: [item], wares: [ware])
        let held = CoverProblem.Ware(capacity: Amounts(values: [4000]), gpus: 0, price: 0)
        #expect(CoverBound(problem).bound == 200 && CoverBound(problem, held: [held]).bound == 100)
        #expect(CoverBound(problem, held: [held, held]).bound == 0)
    }
}
