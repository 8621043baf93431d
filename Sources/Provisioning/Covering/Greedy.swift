import Model
import Placement

/// By what the next node is chosen: what it holds is worth most for its price, or least of its price is wasted on what it
/// holds. The second is for replicas that each need a node of their own: a small node that they fill wastes less than a
/// large one, though the large one has the better ratio.
enum GreedyMode {
    case ratio, waste
}

/// Buys node after node, each the best of its moment, as often as the same demand is left.
struct Greedy {
    private let problem: CoverProblem
    private let wares: [Int]
    private let items: [Int]
    private let values: [Int64]
    private let surcharge: Int64
    private let mode: GreedyMode
    private var left: [Int]
    private var rooms: [Int]
    private var room: Int
    private var patterns: [Pattern] = []
    private var filling: NodeFilling
    /// For each ware and item: it holds one.
    private let held: [Bool]
    /// For each ware in which order items are put in.
    private var orders: [NodeFilling.Order?]
    /// Items of which something is left.
    private var open = 0
    /// For each item its replicas' shares of what was paid, in 2^-10 of what they are worth.
    private var paid: [Int128]

    private static let searchStepsMax = 200
    /// So often, about, is an item looked at while a node is filled.
    private static let looksPerItem = 4
    /// With more items than this a node is filled from so many of them, evenly drawn from all: those of every size are among
    /// them, and the work for a node does not grow with the items.
    private static let candidatesMax = 96

    init(_ covering: Covering, _ values: [Int64], _ surcharge: Int64, mode: GreedyMode) {
        problem = covering.problem
        wares = covering.wares
        items = covering.items
        self.values = values.map { max(1, $0) }
        self.surcharge = surcharge
        self.mode = mode
        left = problem.items.map(\.count)
        rooms = problem.wares.map(\.room)
        room = problem.room
        filling = NodeFilling(problem)
        var held = [Bool](repeating: false, count: problem.wares.count * problem.items.count)
        for ware in wares {
            for item in covering.heldBy[ware] { held[ware * problem.items.count + item] = true }
        }
        self.held = held
        orders = problem.wares.map { _ in nil }
        paid = problem.items.map { _ in 0 }
    }

    /// Takes patterns as they are, as far as demand and limits go.
    mutating func take(_ given: [Pattern]) {
        for var pattern in given {
            // A pattern that covers more than is left would leave room unused that others could have.
            let times = pattern.load.map { left[$0.item] / $0.count }.min() ?? 0
            pattern.times = min(pattern.times, times, rooms[pattern.ware], room)
            buy(pattern)
        }
    }

    private mutating func buy(_ pattern: Pattern) {
        guard pattern.times > 0 else { return }
        patterns.append(pattern)
        rooms[pattern.ware] -= pattern.times
        room -= pattern.times
        let worth = pattern.load.reduce(Int128(0)) { $0 + Int128(values[$1.item]) * Int128($1.count) }
        let price = Int128(problem.wares[pattern.ware].price + surcharge)
        for load in pattern.load {
            left[load.item] -= load.count * pattern.times
            paid[load.item] += Int128(load.count * pattern.times) * (price << 10) / max(1, worth)
        }
    }

    mutating func finish(_ steps: inout Int) -> Covering.Outcome {
        var open = items.filter { left[$0] > 0 }
        if open.count > Self.candidatesMax {
            open.sort { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
        }
        var bought = 0
        while room > 0 {
            open.removeAll { left[$0] <= 0 }
            guard !open.isEmpty else { break }
            self.open = open.count
            guard let next = next(drawn(open, bought), &steps) ?? next(open, &steps) else { break }
            buy(next)
            bought += 1
        }
        shrink()
        let cost = patterns.reduce(Int64(0)) { $0 + Int64($1.times) * problem.wares[$1.ware].price }
        return Covering.Outcome(
            cover: Cover(patterns: patterns, cost: cost), missing: items.reduce(0) { $0 + max(0, left[$1]) })
    }

    private func drawn(_ open: [Int], _ number: Int) -> [Int] {
        guard open.count > Self.candidatesMax else { return open }
        let first = number % max(1, open.count / Self.candidatesMax)
        return (0..<Self.candidatesMax).map {
            open[min(open.count - 1, first + $0 * open.count / Self.candidatesMax)]
        }
    }

    private mutating func next(_ open: [Int], _ steps: inout Int) -> Pattern? {
        let forced =
            mode == .waste
            ? open.filter { problem.items[$0].group != nil }.max { (values[$0], $1) < (values[$1], $0) } : nil
        let priceMax = forced == nil ? .max : share()
        var best: (pattern: Pattern, worth: Int64, price: Int64)?
        for ware in wares where rooms[ware] > 0 {
            if let forced, !held[ware * left.count + forced] { continue }
            // A larger node would take what those that need a node of their own could have beside them.
            if best != nil, problem.wares[ware].price > priceMax { continue }
            let usable = open.filter { held[ware * left.count + $0] }
            guard !usable.isEmpty else { continue }
            let price = max(1, problem.wares[ware].price + surcharge)
            steps -= usable.count * Self.looksPerItem
            filling.empty(problem.wares[ware])
            if let forced { filling.take(forced, times: 1, value: values[forced]) }
            filling.fill(usable, values: values, left: left)
            var (load, worth) = (filling.pattern, filling.worth)
            // Without work left the quick filling must do: what is begun is finished.
            if worth < price, steps > 0 {
                let order = order(ware, usable, isDrawn: open.count < self.open)
                var search = Self.searchStepsMax
                let better = filling.best(
                    problem.wares[ware], order, left: left, forced: forced.map { ($0, values[$0]) },
                    above: worth, steps: &search)
                steps -= Self.searchStepsMax - search
                if let better { (load, worth) = better }
            }
            guard !load.isEmpty else { continue }
            if let old = best, !isBetter((worth, price), than: (old.worth, old.price)) { continue }
            best = (Pattern(ware: ware, load: load, times: 1), worth, price)
        }
        guard var pattern = best?.pattern else { return nil }
        let again = pattern.load.map { left[$0.item] / $0.count }.min() ?? 1
        pattern.times = max(1, min(again, rooms[pattern.ware], room))
        return pattern
    }

    /// What the next node may cost so that those that need nodes of their own share the rest evenly.
    private func share() -> Int64 {
        var nodes = problem.groups.map { _ in 0 }
        var worth = Int128(0)
        for item in items where left[item] > 0 {
            worth += Int128(values[item]) * Int128(left[item])
            if let group = problem.items[item].group { nodes[group] += left[item] }
        }
        let most = zip(nodes, problem.groups).map { ($0 + $1 - 1) / max(1, $1) }.max() ?? 0
        let even = worth / Int128(max(1, most))
        return Int64(clamping: even + even / 4)
    }

    /// Of all items at once, and for ever; of a few drawn ones anew. Of what is used up none is left to put in.
    private mutating func order(_ ware: Int, _ usable: [Int], isDrawn: Bool) -> NodeFilling.Order {
        if isDrawn { return filling.order(problem.wares[ware], usable, values: values) }
        if let order = orders[ware] { return order }
        let order = filling.order(problem.wares[ware], usable, values: values)
        orders[ware] = order
        return order
    }

    private func isBetter(
        _ new: (worth: Int64, price: Int64), than old: (worth: Int64, price: Int64)
    ) -> Bool {
        switch mode {
        case .waste:
            let (a, b) = (new.price - new.worth, old.price - old.worth)
            return a != b ? a < b : new.price < old.price
        case .ratio:
            let (a, b) = (Int128(new.worth) * Int128(old.price), Int128(old.worth) * Int128(new.price))
            // As good a larger node is fewer nodes.
            return a != b ? a > b : new.price > old.price
        }
    }

    /// For each pattern the cheapest ware that holds it.
    private mutating func shrink() {
        let byPrice = problem.wares.indices.sorted {
            let (a, b) = (problem.wares[$0].price, problem.wares[$1].price)
            return a != b ? a < b : $0 < $1
        }
        for place in patterns.indices {
            let pattern = patterns[place]
            for ware in byPrice {
                guard problem.wares[ware].price < problem.wares[pattern.ware].price else { break }
                guard rooms[ware] >= pattern.times, holds(pattern, ware) else { continue }
                rooms[pattern.ware] += pattern.times
                rooms[ware] -= pattern.times
                patterns[place].ware = ware
                break
            }
        }
    }

    private mutating func holds(_ pattern: Pattern, _ ware: Int) -> Bool {
        guard pattern.load.allSatisfy({ problem.holds(problem.items[$0.item], ware) }) else { return false }
        filling.empty(problem.wares[ware])
        for load in pattern.load.sorted(by: {
            problem.items[$0.item].gpu.milli > problem.items[$1.item].gpu.milli
        }) {
            guard filling.fits(load.item, limit: load.count) == load.count else { return false }
            filling.take(load.item, times: load.count, value: 0)
        }
        return true
    }

    /// What items are worth after this plan: halfway, in ratio, towards what was paid for them.
    ///
    /// Source: sequential value correction (Mukhacheva 2000; Belov and Scheithauer 2007).
    var corrected: [Int64] {
        values.indices.map { item in
            let count = Int128(problem.items[item].count - max(0, left[item]))
            guard count > 0 else { return values[item] }
            let ratio = Int64(clamping: paid[item] / count)  // in 2^-10
            let root = Self.root(ratio << 10)
            return Int64(clamping: max(1, (Int128(values[item]) * Int128(root)) >> 10))
        }
    }

    /// The whole square root.
    private static func root(_ number: Int64) -> Int64 {
        var (low, high): (Int64, Int64) = (0, 1 << 31)
        while low < high {
            let middle = (low + high + 1) / 2
            if middle <= number / middle { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
