import Model
import Placement

/// Column generation: the linear program over the patterns found so far says what each item is worth, and by that worth better
/// patterns are looked for, until none is worth more than it costs.
///
/// The worths of the program swing wildly while patterns are few, so that patterns are looked for by a mean of them and of
/// the best worths seen, which are at first those of the resources alone.
///
/// Source: Gilmore and Gomory 1961; for the mean Wentges 1997, "Weighted Dantzig–Wolfe decomposition".
struct Generation {
    private let covering: Covering
    private let problem: CoverProblem
    private let surcharge: Int64
    /// Costs of the program have so many bits less, and its demands.
    private let costShift: Int64
    private let countShift: Int
    /// The row of each item.
    private var row: [Int]
    private var program: CoverProgram
    private(set) var patterns: [Pattern] = []
    private var known: Set<Pattern> = []
    /// What each item is worth in the program.
    private(set) var prices: [Int64]
    private var filling: NodeFilling
    private let counts: [Int]
    /// For each ware and item: it holds one.
    private let held: [Bool]
    /// Items of which a node takes only so many, and up to which price a ware is filled around them.
    private let grouped: [(item: Int, priceMax: Int64)]

    /// Rounds of new patterns.
    private static let roundsMax = 120
    /// A program within this part of what the best worths prove, if fillings are the best, is good enough.
    private static let gapPart: Int128 = 400
    /// The same where nodes take only so many of some items: a round costs many times as much then.
    private static let groupedGapPart: Int128 = 100
    /// So many eighths of the mean are the best worths seen.
    private static let centerEighths: Int64 = 6
    /// Items put in while one best filling is looked for.
    private static let fillStepsMax = 200
    private static let aroundStepsMax = 60
    /// So many times the steps where the usual ones find nothing more.
    private static let effortMost = 8
    /// Replicas of one item in the program; more are counted by twos, fours and so on.
    private static let demandMax = 1 << 22
    /// Wares dearer than this many of the cheapest that holds an item are not filled around it: others do as well.
    private static let aroundMax: Int64 = 6
    /// Of the fillings around one item so many become patterns.
    private static let aroundKept = 2

    init(_ covering: Covering, _ surcharge: Int64) {
        self.covering = covering
        self.surcharge = surcharge
        self.problem = covering.problem
        let problem = covering.problem
        let dearest = (covering.wares.map { problem.wares[$0].price }.max() ?? 1) + surcharge
        costShift = CoverProgram.costShift(dearest)
        let most = covering.items.map { problem.items[$0].count }.max() ?? 1
        var shift = 0
        while most >> shift > Self.demandMax { shift += 1 }
        countShift = shift
        row = Array(repeating: -1, count: problem.items.count)
        for (place, item) in covering.items.enumerated() { row[item] = place }
        program = CoverProgram(
            demands: covering.items.map { Int64(max(1, problem.items[$0].count >> shift)) },
            artificialCost: max(1, dearest >> costShift) * 2)
        prices = problem.items.map { _ in 0 }
        filling = NodeFilling(problem)
        counts = problem.items.map(\.count)
        var held = [Bool](repeating: false, count: problem.wares.count * problem.items.count)
        for ware in covering.wares {
            for item in covering.heldBy[ware] { held[ware * problem.items.count + item] = true }
        }
        self.held = held
        grouped = covering.items.filter { problem.items[$0].group != nil }.map { item in
            let able = covering.wares.filter { held[$0 * problem.items.count + item] }
            let cheapest = able.map { problem.wares[$0].price }.min() ?? 0
            return (item, cheapest * Self.aroundMax + surcharge)
        }
    }

    /// What the program costs, nodes in parts; in the unit of the wares' prices.
    var cost: Int64 { Int64(clamping: program.cost << Int128(Int64(countShift) + costShift)) }

    mutating func add(_ pattern: Pattern) {
        let one = Pattern(ware: pattern.ware, load: pattern.load, times: 1)
        guard !one.load.isEmpty, known.insert(one).inserted else { return }
        patterns.append(one)
        program.add(
            CoverProgram.Column(
                cost: cost(of: one.ware), entries: one.load.map { [row] in (row[$0.item], Int64($0.count)) }))
    }

    private func cost(of ware: Int) -> Int64 {
        max(1, (problem.wares[ware].price + surcharge) >> costShift)
    }

    /// - Parameter floor: what no plan goes below.
    mutating func run(floor: Int64) {
        for pattern in firstPatterns() { add(pattern) }
        var center = covering.plainWorth
        var proven = Int128(floor)
        let gapPart = problem.groups.isEmpty ? Self.gapPart : Self.groupedGapPart
        for _ in 0..<Self.roundsMax {
            program.solve()
            for (place, price) in program.prices.enumerated() {
                prices[covering.items[place]] = Int64(
                    clamping: (Int128(price) << Int128(costShift)) >> Int128(CoverProgram.dualShift))
            }
            let cost = Int128(cost)
            guard (cost - proven) * gapPart > cost else { return }
            let before = patterns.count
            // Before it ends, it looks harder.
            for (eighths, effort) in [(Self.centerEighths, 1), (0, 1), (0, Self.effortMost)]
            where patterns.count == before {
                let values = covering.items.reduce(into: prices) { values, item in
                    values[item] = (center[item] / 8) * eighths + (prices[item] / 8) * (8 - eighths)
                }
                let found = fillings(values, effort: effort)
                let low = low(found, values)
                if low > proven { (proven, center) = (low, values) }
                for one in found where worth(one.pattern) > one.price + one.price >> 14 { add(one.pattern) }
            }
            if patterns.count == before { return }
        }
    }

    private func worth(_ pattern: Pattern) -> Int64 {
        pattern.load.reduce(0) { $0 + prices[$1.item] * Int64($1.count) }
    }

    /// What no plan goes below if these fillings are the best.
    private func low(_ found: [Filling], _ values: [Int64]) -> Int128 {
        let sum = covering.items.reduce(Int128(0)) {
            $0 + Int128(values[$1]) * Int128(problem.items[$1].count)
        }
        var worst: (price: Int128, worth: Int128) = (1, 1)
        for one in found where Int128(one.worth) * worst.price > Int128(one.price) * worst.worth {
            worst = (Int128(one.price), Int128(one.worth))
        }
        return sum / worst.worth * worst.price
    }

    // MARK: - Patterns

    private struct Filling {
        var pattern: Pattern
        var worth: Int64
        var price: Int64

        func isBetter(than other: Filling) -> Bool {
            let (a, b) = (Int128(worth) * Int128(other.price), Int128(other.worth) * Int128(price))
            return a != b ? a > b : pattern.ware < other.pattern.ware
        }
    }

    /// Each item alone on the ware that is cheapest for it.
    private mutating func firstPatterns() -> [Pattern] {
        covering.items.compactMap { item in
            var best: (pattern: Pattern, count: Int64, price: Int64)?
            for ware in covering.wares where held[ware * problem.items.count + item] {
                filling.empty(problem.wares[ware])
                let count = Int64(filling.fits(item, limit: problem.items[item].count))
                guard count > 0 else { continue }
                let price = problem.wares[ware].price
                if let old = best, Int128(price) * Int128(old.count) >= Int128(old.price) * Int128(count) {
                    continue
                }
                let load = [Pattern.Load(item: item, count: Int(count))]
                best = (Pattern(ware: ware, load: load, times: 1), count, price)
            }
            return best?.pattern
        }
    }

    /// For each ware the filling that is worth most by the values; and the best with each item of which a node takes only so
    /// many.
    private mutating func fillings(_ values: [Int64], effort: Int) -> [Filling] {
        var found: [Filling] = []
        var around = grouped.map { _ in [Filling]() }
        for ware in covering.wares {
            let price = problem.wares[ware].price + surcharge
            let usable = covering.heldBy[ware].filter { values[$0] > 0 }
            filling.empty(problem.wares[ware])
            filling.fill(usable, values: values, left: counts)
            var (load, worth) = (filling.pattern, filling.worth)
            let order = filling.order(problem.wares[ware], usable, values: values)
            var steps = Self.fillStepsMax * effort
            if let better = filling.best(
                problem.wares[ware], order, left: counts, above: worth, steps: &steps)
            {
                (load, worth) = better
            }
            guard !load.isEmpty else { continue }
            found.append(
                Filling(pattern: Pattern(ware: ware, load: load, times: 1), worth: worth, price: price))
            for (place, one) in grouped.enumerated()
            where values[one.item] > 0 && price <= one.priceMax && held[ware * problem.items.count + one.item]
            {
                var steps = Self.aroundStepsMax * effort
                // Only what is better for its price than those that are kept is of use.
                let least = around[place].count < Self.aroundKept ? nil : around[place].last
                guard
                    let better = filling.best(
                        problem.wares[ware], order, left: counts, forced: (one.item, values[one.item]),
                        above: least.map {
                            Int64(clamping: Int128($0.worth) * Int128(price) / Int128($0.price))
                        } ?? 0,
                        steps: &steps)
                else { continue }
                around[place].append(
                    Filling(
                        pattern: Pattern(ware: ware, load: better.load, times: 1), worth: better.worth,
                        price: price))
                around[place].sort { $0.isBetter(than: $1) }
                if around[place].count > Self.aroundKept { around[place].removeLast() }
            }
        }
        return found + around.joined()
    }

    // MARK: - Answers

    /// The patterns that the program uses, those first that it uses nearly a whole time more.
    var uses: [(pattern: Pattern, level: Int64)] { sorted(program) }

    /// The same for other counts of some of the items.
    func uses(of open: [Int], _ left: [Int]) -> [(pattern: Pattern, level: Int64)] {
        var place = [Int](repeating: -1, count: problem.items.count)
        for (row, item) in open.enumerated() { place[item] = row }
        let dearest = patterns.map { cost(of: $0.ware) }.max() ?? 1
        var program = CoverProgram(
            demands: open.map { Int64(max(1, left[$0] >> countShift)) }, artificialCost: dearest * 2)
        for pattern in patterns {
            program.add(
                CoverProgram.Column(
                    cost: cost(of: pattern.ware),
                    entries: pattern.load.compactMap {
                        place[$0.item] < 0 ? nil : (place[$0.item], Int64($0.count))
                    }))
        }
        program.solve()
        return sorted(program).map { pattern, level in
            let load = pattern.load.filter { place[$0.item] >= 0 }
            return (Pattern(ware: pattern.ware, load: load, times: 1), level)
        }
    }

    private func sorted(_ program: CoverProgram) -> [(pattern: Pattern, level: Int64)] {
        program.solution.map { (patterns[$0.column], $0.level << Int64(countShift)) }.sorted {
            let (a, b) = (CoverProgram.part($0.level), CoverProgram.part($1.level))
            return a != b ? a > b : $0.level > $1.level
        }
    }
}
