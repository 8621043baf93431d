import Model
import Placement

/// Which nodes hold a demand at the least price, and what no plan can go below.
package struct Cover: Sendable {
    /// Ways to fill nodes; together they hold the demand, or as much of it as limits allow.
    package var patterns: [Pattern] = []
    /// Millionths of a dollar per hour, of the patterns.
    package var cost: Int64 = 0
    package var nodes: Int { patterns.reduce(0) { $0 + $1.times } }
}

/// The cheapest nodes that hold all items, within the limits; exact only by chance, and never far off: patterns are found by
/// column generation, what is left after rounding down is bought greedily by the prices of the linear program, and the
/// cheapest of several such plans is taken.
///
/// Source: Gilmore and Gomory 1961 and 1963 for cutting stock with several stock sizes; for rounding Scheithauer and
/// Terno 1995: the rounded-down program and a heuristic for the rest is seldom more than one node off.
package func cover(_ problem: CoverProblem) -> Cover {
    let covering = Covering(problem)
    var best = covering.cheapest(surcharge: 0)
    // Fewer, larger nodes where there may be only so many.
    var surcharge = max(1, problem.wares.map(\.price).max() ?? 1) / Int64(Covering.surchargeDivisor)
    for _ in 0..<Covering.surchargesMax where best.missing > 0 || best.cover.nodes > problem.room {
        let other = covering.cheapest(surcharge: max(1, surcharge))
        if other.missing < best.missing { best = other }
        surcharge *= 4
    }
    return best.cover
}

struct Covering {
    let problem: CoverProblem
    /// Indices of the wares that are looked at: with hundreds of them a choice that spans them all.
    let wares: [Int]
    private let items: [Int]
    /// By the prices of resources alone.
    private let plainWorth: [Int64]

    static let surchargesMax = 6
    static let surchargeDivisor = 64
    /// Wares whose patterns are looked for.
    private static let waresMax = 28
    /// Items of which patterns are looked for with a linear program; with more the prices of resources serve.
    static let rowsMax = 400
    /// Rounds of new patterns.
    private static let roundsMax = 40
    /// Items put in while one best filling is looked for.
    private static let fillStepsMax = 300
    /// Plans that are made greedily, each by prices that the one before has corrected.
    private static let passesMax = 12
    /// Steps of all greedy plans together: one is an item looked at for a ware.
    private static let greedyStepsMax = 60_000_000

    /// A plan, and how many replicas it leaves out.
    struct Outcome {
        var cover = Cover()
        var missing = 0
    }

    init(_ problem: CoverProblem) {
        self.problem = problem
        items = problem.items.indices.filter { problem.items[$0].count > 0 }
        plainWorth = CoverBound(problem).worth
        wares = Self.spanning(problem)
    }

    /// The cheapest for each item alone, the cheapest by the unit of each resource, and some of every size.
    private static func spanning(_ problem: CoverProblem) -> [Int] {
        let usable = problem.wares.indices.filter { problem.wares[$0].room > 0 }
        guard usable.count > waresMax else { return usable }
        let byPrice = usable.sorted {
            let (a, b) = (problem.wares[$0].price, problem.wares[$1].price)
            return a != b ? a < b : $0 < $1
        }
        var chosen: Set<Int> = []
        for item in problem.items where item.count > 0 {
            if let first = byPrice.first(where: { problem.holds(item, $0) }) { chosen.insert(first) }
        }
        for column in -1..<(problem.wares[0].capacity.values.count) {
            let amount = { (ware: Int) -> Int64 in
                column < 0
                    ? Int64(problem.wares[ware].gpus) : max(0, problem.wares[ware].capacity.values[column])
            }
            let best = byPrice.filter { amount($0) > 0 }.max { a, b in
                let (x, y) = (Int128(amount(a)) * Int128(problem.wares[b].price),
                    Int128(amount(b)) * Int128(problem.wares[a].price))
                return x != y ? x < y : a > b
            }
            if let best { chosen.insert(best) }
        }
        // From the cheapest on, each a good fifth dearer than the one before.
        var last: Int64 = 0
        for ware in byPrice where chosen.count < waresMax {
            let price = problem.wares[ware].price
            if price > last + last / 5 {
                chosen.insert(ware)
                last = price
            }
        }
        return chosen.sorted()
    }

    // MARK: - Plans

    func cheapest(surcharge: Int64) -> Outcome {
        guard !items.isEmpty, !wares.isEmpty else {
            return Outcome(missing: items.reduce(0) { $0 + problem.items[$1].count })
        }
        var steps = Self.greedyStepsMax
        var values = plainWorth.map { max(1, $0) }
        var best: Outcome?
        if items.count <= Self.rowsMax {
            let (prices, start) = generated(surcharge)
            for mode in [GreedyMode.ratio, .waste] {
                var greedy = Greedy(problem, wares, prices, surcharge, mode: mode)
                greedy.take(start)
                keep(greedy.finish(&steps), &best)
            }
            values = prices.map { max(1, $0) }
        }
        for _ in 0..<Self.passesMax where steps > 0 {
            var greedy = Greedy(problem, wares, values, surcharge, mode: .ratio)
            keep(greedy.finish(&steps), &best)
            values = greedy.corrected
        }
        return best ?? Outcome()
    }

    private func keep(_ outcome: Outcome, _ best: inout Outcome?) {
        guard let old = best else { return best = outcome }
        let isBetter =
            outcome.missing != old.missing
            ? outcome.missing < old.missing : outcome.cover.cost < old.cover.cost
        if isBetter { best = outcome }
    }

    // MARK: - Column generation

    /// What each item is worth in the linear program over all patterns found, and its patterns, rounded down.
    private func generated(_ surcharge: Int64) -> (prices: [Int64], patterns: [Pattern]) {
        let dearest = problem.wares.map(\.price).max() ?? 1
        let scale = items.map { problem.items[$0].count }.max() ?? 1
        var shift = 0
        while scale >> shift > 1 << 22 { shift += 1 }
        var program = CoverProgram(
            demands: items.map { Int64(max(1, problem.items[$0].count >> shift)) },
            artificialCost: max(1, dearest + surcharge) * 2)
        var place = [Int](repeating: -1, count: problem.items.count)
        for (row, item) in items.enumerated() { place[item] = row }
        var known: Set<Pattern> = []
        var patterns: [Pattern] = []
        let add = { (pattern: Pattern, program: inout CoverProgram) in
            guard !pattern.load.isEmpty, known.insert(pattern).inserted else { return }
            patterns.append(pattern)
            program.add(
                CoverProgram.Column(
                    cost: max(1, problem.wares[pattern.ware].price + surcharge),
                    entries: pattern.load.map { (place[$0.item], Int64($0.count)) }))
        }
        var filling = NodeFilling(problem)
        let left = problem.items.map(\.count)
        for pattern in firstPatterns(&filling, left) { add(pattern, &program) }
        var values = problem.items.map { _ in Int64(0) }
        for _ in 0..<Self.roundsMax {
            program.solve()
            for (row, price) in program.prices.enumerated() {
                values[items[row]] = price >> CoverProgram.dualShift
            }
            let before = patterns.count
            for pattern in betterPatterns(&filling, values, left, surcharge) { add(pattern, &program) }
            if patterns.count == before { break }
        }
        let whole = program.solution.compactMap { use -> Pattern? in
            var pattern = patterns[use.column]
            pattern.times = CoverProgram.whole(use.level) << shift
            return pattern.times > 0 ? pattern : nil
        }
        return (values, whole)
    }

    /// Each item alone on the ware that is cheapest for it.
    private func firstPatterns(_ filling: inout NodeFilling, _ left: [Int]) -> [Pattern] {
        items.compactMap { item in
            var best: (pattern: Pattern, count: Int64, price: Int64)?
            for ware in wares where problem.items[item].admits[ware] {
                filling.empty(problem.wares[ware])
                let count = Int64(filling.fits(item, limit: left[item]))
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

    /// For each ware the filling that is worth most, where it is worth more than it costs; for small wares also with each
    /// item of which a node takes only so many.
    private func betterPatterns(
        _ filling: inout NodeFilling, _ values: [Int64], _ left: [Int], _ surcharge: Int64
    ) -> [Pattern] {
        var found: [Pattern] = []
        let grouped = items.filter { problem.items[$0].group != nil && values[$0] > 0 }
        for ware in wares {
            let price = problem.wares[ware].price + surcharge
            let least = price + price >> 14
            let usable = items.filter { values[$0] > 0 && problem.items[$0].admits[ware] }
            filling.empty(problem.wares[ware])
            filling.fill(usable, values: values, left: left)
            var best = filling.worth
            if best > least { found.append(Pattern(ware: ware, load: filling.pattern, times: 1)) }
            var steps = Self.fillStepsMax
            if let better = filling.best(
                problem.wares[ware], usable, values: values, left: left, above: max(best, least), steps: &steps)
            {
                best = better.worth
                found.append(Pattern(ware: ware, load: better.load, times: 1))
            }
            let others = usable.filter { problem.items[$0].group == nil }
            for item in grouped where problem.items[item].admits[ware] {
                var steps = Self.fillStepsMax
                if let better = filling.best(
                    problem.wares[ware], others, values: values, left: left, forced: item, above: least,
                    steps: &steps)
                {
                    found.append(Pattern(ware: ware, load: better.load, times: 1))
                }
            }
        }
        return found
    }
}

extension CoverProblem {
    /// One of the item fits on an empty node of the ware.
    func holds(_ item: Item, _ ware: Int) -> Bool {
        item.admits[ware] && wares[ware].capacity.covers(item.amounts)
            && Devices(count: wares[ware].gpus).fits(item.gpu)
    }
}
