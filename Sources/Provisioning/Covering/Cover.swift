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
    /// A round that gains less than this part of the cost is the last.
    private static let gainLeast: Int128 = 4096
    /// Items put in while one best filling is looked for.
    fileprivate static let fillStepsMax = 200
    /// Roundings of the program, each for what the one before left.
    private static let roundingsMax = 6
    /// Replicas of one item in the program; more are counted by twos, fours and so on.
    private static let demandMax = 1 << 22
    /// Plans that are made greedily, each by prices that the one before has corrected.
    private static let passesMax = 12
    /// Steps of all greedy plans together: one is an item looked at for a ware.
    private static let greedyStepsMax = 600_000

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
                let (x, y) = (
                    Int128(amount(a)) * Int128(problem.wares[b].price),
                    Int128(amount(b)) * Int128(problem.wares[a].price)
                )
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
        var least: Int64 = 0
        if items.count <= Self.rowsMax {
            let generated = generated(surcharge)
            least = generated.cost
            let start = rounded(generated, surcharge)
            for mode in [GreedyMode.ratio, .waste] {
                var greedy = Greedy(problem, wares, generated.prices, surcharge, mode: mode)
                greedy.take(start)
                let o = greedy.finish(&steps)
                keep(o, &best)
            }
            values = generated.prices.map { max(1, $0) }
        }
        for _ in 0..<Self.passesMax where steps > 0 && !isNear(best, least) {
            var greedy = Greedy(problem, wares, values, surcharge, mode: .ratio)
            let o = greedy.finish(&steps)
            keep(o, &best)
            values = greedy.corrected
        }
        return best ?? Outcome()
    }

    /// Within a fiftieth of what the linear program says.
    private func isNear(_ best: Outcome?, _ least: Int64) -> Bool {
        guard let best, best.missing == 0 else { return false }
        return best.cover.cost <= least + least / 50
    }

    private func keep(_ outcome: Outcome, _ best: inout Outcome?) {
        guard let old = best else { return best = outcome }
        let isBetter =
            outcome.missing != old.missing
            ? outcome.missing < old.missing : outcome.cover.cost < old.cover.cost
        if isBetter { best = outcome }
    }

    // MARK: - Column generation

    /// The linear program over the patterns found.
    private struct Generated {
        /// What each item is worth in it.
        var prices: [Int64]
        var patterns: [Pattern]
        /// What it costs, nodes in parts.
        var cost: Int64
    }

    private func generated(_ surcharge: Int64) -> Generated {
        let dearest = problem.wares.map(\.price).max() ?? 1
        let scale = items.map { problem.items[$0].count }.max() ?? 1
        var shift = 0
        while scale >> shift > Self.demandMax { shift += 1 }
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
        var last = Int128.max
        for _ in 0..<Self.roundsMax {
            program.solve()
            let cost = program.cost
            if cost < last, last != .max, last - cost < last / Self.gainLeast { break }
            last = cost
            for (row, price) in program.prices.enumerated() {
                values[items[row]] = price >> CoverProgram.dualShift
            }
            let before = patterns.count
            for pattern in betterPatterns(&filling, values, left, surcharge) { add(pattern, &program) }
            if patterns.count == before { break }
        }
        return Generated(
            prices: values, patterns: patterns, cost: Int64(clamping: program.cost << Int128(shift)))
    }

    /// Whole nodes by the program: as often as it uses a pattern, rounded down; then once more where it uses most of one; and
    /// again for what is left, until nothing is used half.
    private func rounded(_ generated: Generated, _ surcharge: Int64) -> [Pattern] {
        var left = problem.items.map(\.count)
        var chosen: [Pattern] = []
        for _ in 0..<Self.roundingsMax {
            let open = items.filter { left[$0] > 0 }
            guard !open.isEmpty else { break }
            let before = chosen.count
            for (pattern, level) in uses(of: generated, open, left, surcharge) {
                let most = pattern.load.map { left[$0.item] / $0.count }.min() ?? 0
                let times = min(most, CoverProgram.whole(level + CoverProgram.half))
                guard times > 0 else { continue }
                for load in pattern.load { left[load.item] -= load.count * times }
                chosen.append(Pattern(ware: pattern.ware, load: pattern.load, times: times))
            }
            if chosen.count == before { break }
        }
        return chosen
    }

    /// The patterns that the program for what is left uses, those first that it uses nearly a whole time more.
    private func uses(
        of generated: Generated, _ open: [Int], _ left: [Int], _ surcharge: Int64
    ) -> [(pattern: Pattern, level: Int64)] {
        var place = [Int](repeating: -1, count: problem.items.count)
        for (row, item) in open.enumerated() { place[item] = row }
        let most = open.map { left[$0] }.max() ?? 1
        var shift = 0
        while most >> shift > Self.demandMax { shift += 1 }
        let dearest = problem.wares.map(\.price).max() ?? 1
        var program = CoverProgram(
            demands: open.map { Int64(max(1, left[$0] >> shift)) },
            artificialCost: max(1, dearest + surcharge) * 2)
        for pattern in generated.patterns {
            program.add(
                CoverProgram.Column(
                    cost: max(1, problem.wares[pattern.ware].price + surcharge),
                    entries: pattern.load.compactMap {
                        place[$0.item] < 0 ? nil : (place[$0.item], Int64($0.count))
                    }))
        }
        program.solve()
        return program.solution.map { (generated.patterns[$0.column], $0.level << Int64(shift)) }.sorted {
            let (a, b) = (CoverProgram.part($0.level), CoverProgram.part($1.level))
            return a != b ? a > b : $0.level > $1.level
        }
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

    /// For each ware the filling that is worth most, where it is worth more than it costs; and the best with each item of
    /// which a node takes only so many.
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
                problem.wares[ware], usable, values: values, left: left, above: max(best, least),
                steps: &steps)
            {
                best = better.worth
                found.append(Pattern(ware: ware, load: better.load, times: 1))
            }
        }
        for item in grouped { found += patterns(with: item, &filling, values, left, surcharge) }
        return found
    }
}

extension Covering {
    /// Wares dearer than this many of the cheapest that holds an item are not filled around it: others do as well.
    private static let aroundMax: Int64 = 6
    /// Of the fillings around one item so many become patterns.
    private static let aroundKept = 2

    /// The best fillings around one of a grouped item.
    private func patterns(
        with item: Int, _ filling: inout NodeFilling, _ values: [Int64], _ left: [Int], _ surcharge: Int64
    ) -> [Pattern] {
        let able = wares.filter { problem.holds(problem.items[item], $0) }
        guard let cheapest = able.map({ problem.wares[$0].price }).min() else { return [] }
        var found: [(pattern: Pattern, worth: Int64, price: Int64)] = []
        for ware in able where problem.wares[ware].price <= cheapest * Self.aroundMax {
            let price = problem.wares[ware].price + surcharge
            let others = problem.items.indices.filter {
                values[$0] > 0 && problem.items[$0].admits[ware]
            }
            var steps = Self.fillStepsMax
            if let better = filling.best(
                problem.wares[ware], others, values: values, left: left, forced: item,
                above: price + price >> 14, steps: &steps)
            {
                found.append((Pattern(ware: ware, load: better.load, times: 1), better.worth, price))
            }
        }
        found.sort { a, b in
            let (x, y) = (Int128(a.worth) * Int128(b.price), Int128(b.worth) * Int128(a.price))
            return x != y ? x > y : a.pattern.ware < b.pattern.ware
        }
        return found.prefix(Self.aroundKept).map(\.pattern)
    }
}

extension CoverProblem {
    /// One of the item fits on an empty node of the ware.
    func holds(_ item: Item, _ ware: Int) -> Bool {
        item.admits[ware] && wares[ware].capacity.covers(item.amounts)
            && Devices(count: wares[ware].gpus).fits(item.gpu)
    }
}
