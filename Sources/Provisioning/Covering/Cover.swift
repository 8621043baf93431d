import Model
import Placement

/// Which nodes hold a demand at the least price, and what no plan can go below.
package struct Cover: Sendable {
    /// Ways to fill nodes; together they hold the demand, or as much of it as limits allow.
    package var patterns: [Pattern] = []
    /// What the patterns cost, in the unit of the wares' prices.
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
    for _ in 0..<Covering.surchargesMax where best.missing > 0 && problem.isLimited {
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
    /// Items that one of them holds.
    let items: [Int]
    /// For each ware, looked at or not, those of the items that it holds.
    let heldBy: [[Int]]
    /// By the prices of resources alone.
    let plainWorth: [Int64]
    private let floor: Int64

    static let surchargesMax = 6
    static let surchargeDivisor = 64
    /// Wares whose patterns are looked for.
    private static let waresMax = 28
    /// Items of which patterns are looked for with a linear program; with more the prices of resources serve.
    static let rowsMax = 400
    /// Roundings of the program, each for what the one before left.
    private static let roundingsMax = 6
    /// Plans that are made greedily, each by prices that the one before has corrected.
    private static let passesMax = 12
    /// So many of them in a row that are no better are the last.
    private static let idlePassesMax = 4
    /// Work of all greedy plans together: one is an item looked at for a ware.
    private static let greedyStepsMax = 1_000_000
    /// A plan within this part of the bound, or of what the linear program says, is good enough.
    private static let nearPart: Int64 = 100

    /// A plan, and how many replicas it leaves out.
    struct Outcome {
        var cover = Cover()
        var missing = 0
    }

    init(_ problem: CoverProblem) {
        self.problem = problem
        let bound = CoverBound(problem)
        plainWorth = bound.worth
        floor = bound.bound
        let wares = Self.spanning(problem)
        self.wares = wares
        var heldBy = problem.wares.map { _ in [Int]() }
        for ware in wares {
            heldBy[ware] = problem.items.indices.filter {
                problem.items[$0].count > 0 && problem.holds(problem.items[$0], ware)
            }
        }
        self.heldBy = heldBy
        items = Set(heldBy.joined()).sorted()
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
        var greedy = Greedy(self, plainWorth, surcharge, mode: problem.groups.isEmpty ? .ratio : .waste)
        var best = greedy.finish(&steps)
        // Worths that plans correct from one to the next: from those of the resources, and from those of the program.
        var chains = [greedy.corrected]
        let floor = surcharge == 0 ? floor : 0
        if isNear(best, floor) { return best }
        var least = floor
        if items.count <= Self.rowsMax {
            var generation = Generation(self, surcharge)
            for pattern in best.cover.patterns { generation.add(pattern) }
            generation.run(floor: floor)
            least = max(least, generation.cost)
            chains.append(generation.prices)
            let start = rounded(generation, surcharge)
            for mode in problem.groups.isEmpty ? [GreedyMode.ratio] : [.ratio, .waste] {
                var greedy = Greedy(self, generation.prices, surcharge, mode: mode)
                greedy.take(start)
                keep(greedy.finish(&steps), &best)
            }
        }
        var idle = 0
        for pass in 0..<Self.passesMax where steps > 0 && idle < Self.idlePassesMax && !isNear(best, least) {
            let chain = pass % chains.count
            var greedy = Greedy(self, chains[chain], surcharge, mode: .ratio)
            idle = keep(greedy.finish(&steps), &best) ? 0 : idle + 1
            chains[chain] = greedy.corrected
        }
        return best
    }

    private func isNear(_ best: Outcome, _ least: Int64) -> Bool {
        best.missing == 0 && best.cover.cost <= least + least / Self.nearPart
    }

    /// - Returns: it is better.
    @discardableResult
    private func keep(_ outcome: Outcome, _ best: inout Outcome) -> Bool {
        let isBetter =
            outcome.missing != best.missing
            ? outcome.missing < best.missing : outcome.cover.cost < best.cover.cost
        if isBetter { best = outcome }
        return isBetter
    }

    // MARK: - Whole nodes

    /// Whole nodes by the program: as often as it uses a pattern, rounded down; then once more where it uses most of one; and
    /// again for what is left, until nothing is used half.
    private func rounded(_ generation: Generation, _ surcharge: Int64) -> [Pattern] {
        var left = problem.items.map(\.count)
        var chosen: [Pattern] = []
        for round in 0..<Self.roundingsMax {
            let open = items.filter { left[$0] > 0 }
            guard !open.isEmpty else { break }
            let before = chosen.count
            let uses = round == 0 ? generation.uses : generation.uses(of: open, left)
            for (pattern, level) in uses {
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
}

extension CoverProblem {
    /// One of the item fits on an empty node of the ware.
    func holds(_ item: Item, _ ware: Int) -> Bool {
        item.admits[ware] && wares[ware].capacity.covers(item.amounts)
            && Devices(count: wares[ware].gpus).fits(item.gpu)
    }

    /// There are not as many nodes as one could want.
    var isLimited: Bool { room < .max || wares.contains { $0.room < .max } }
}
