import Model
import Placement

/// What no plan can go below: the price of the resources alone, of the devices that shares of them take whole, and of the
/// nodes that replicas take which do not stand with each other.
///
/// A row is a quantity of which each replica takes some, and of which no node holds more than its capacity; a price for each
/// quantity under which no kind of node holds more worth than it costs proves a bound. The prices are found by a linear
/// program and checked here in whole numbers: a rounding error makes the bound lower, never wrong.
///
/// Source: for shares of devices the dual feasible functions of Fekete and Schepers 2001: a share that leaves less than any
/// other needs takes the whole device.
package struct CoverBound {
    private struct Row {
        /// For each ware what it holds, and in all what the replicas take, in parts of the largest; rounded up and down.
        var capacity: [Int64]
        var need: Int64
    }

    private let problem: CoverProblem
    private let unit: Int64
    private var rows: [Row] = []
    /// Rows by what they hold: of those that hold the same the one of which most is needed says all.
    private var known: [[Int64]: Int] = [:]

    /// Quantities of this many sorts of eligibility are counted, those of most replicas.
    private static let masksMax = 24
    /// Thresholds for shares, at most.
    private static let thresholdsMax = 16
    /// A capacity is at most this in the unit of its row.
    private static let unitsShift: Int64 = 18

    /// What no plan goes below, in the unit of the wares' prices.
    package private(set) var bound: Int64 = 0
    /// For each item what it is worth by the prices behind it.
    package private(set) var worth: [Int64]

    /// - Parameter held: room on nodes that are there; what it could hold costs nothing.
    /// - Parameter prices: all that a node may cost; nil: what the wares cost.
    package init(_ problem: CoverProblem, held: [CoverProblem.Ware] = [], prices: [Int64]? = nil) {
        self.problem = problem
        unit = Self.divisor(of: prices ?? problem.wares.map(\.price))
        worth = problem.items.map { _ in 0 }
        guard !problem.items.isEmpty, !problem.wares.isEmpty else { return }
        var needs: [[Int64]] = []
        collect(held, &needs)
        settle(needs)
    }

    /// For each item the wares that hold one of it, as bits; equal answers are looked for once.
    private func eligible() -> [WareSet] {
        var ordered: [[Int64]: WareSet] = [:]
        return problem.items.map { item in
            var key = item.amounts.values
            key.append(item.gpu.milli)
            for (ware, admits) in item.admits.enumerated() where !admits { key.append(Int64(ware)) }
            if let set = ordered[key] { return set }
            var set = WareSet(count: problem.wares.count)
            for ware in problem.wares.indices where problem.holds(item, ware) { set.insert(ware) }
            ordered[key] = set
            return set
        }
    }

    private mutating func collect(_ held: [CoverProblem.Ware], _ needs: inout [[Int64]]) {
        let items = problem.items
        let eligible = eligible()
        var everyWare = WareSet(count: problem.wares.count)
        for ware in problem.wares.indices { everyWare.insert(ware) }
        var masks: [WareSet: Int] = [:]
        for (item, set) in zip(items, eligible) where set != everyWare && !set.isEmpty {
            masks[set, default: 0] += item.count
        }
        let most = masks.sorted {
            $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key
        }
        for mask in [everyWare] + most.prefix(Self.masksMax).map(\.key) {
            let within = eligible.map { !$0.isEmpty && $0.isSubset(of: mask) }
            for column in problem.wares[0].capacity.values.indices {
                add(
                    mask, items.indices.map { within[$0] ? max(0, items[$0].amounts.values[column]) : 0 },
                    { $0.capacity.values[column] }, held, &needs)
            }
            for share in Self.shareRules(items) {
                add(
                    mask, items.indices.map { within[$0] ? share(items[$0].gpu) : 0 },
                    { Int64($0.gpus) * Devices.whole }, held, &needs)
            }
            for group in problem.groups.indices {
                let most = Int64(problem.groups[group])
                add(
                    mask, items.indices.map { within[$0] && items[$0].group == group ? 1 : 0 }, { _ in most },
                    held, &needs)
            }
        }
    }

    private mutating func add(
        _ mask: WareSet, _ taken: [Int64], _ holds: (CoverProblem.Ware) -> Int64, _ held: [CoverProblem.Ware],
        _ needs: inout [[Int64]]
    ) {
        let capacity = problem.wares.indices.map { mask.contains($0) ? max(0, holds(problem.wares[$0])) : 0 }
        guard let most = capacity.max(), most > 0 else { return }
        let total = zip(taken, problem.items).reduce(Int128(0)) { $0 + Int128($1.0) * Int128($1.1.count) }
        let free = held.reduce(Int128(0)) { $0 + Int128(max(0, holds($1))) }
        guard total > free else { return }
        // In parts of the largest capacity: rounded up what a ware holds, rounded down what is needed.
        let parts = Int128(1) << Int128(Self.unitsShift)
        let need = Int64(clamping: min((total - free) * parts / Int128(most), 1 << 42))
        let scaled = capacity.map { Int64((Int128($0) * parts + Int128(most) - 1) / Int128(most)) }
        let own = taken.map { Int64(clamping: Int128($0) * parts / Int128(most)) }
        if let row = known[scaled] {
            if need > rows[row].need {
                rows[row].need = need
                needs[row] = own
            }
            return
        }
        known[scaled] = rows.count
        rows.append(Row(capacity: scaled, need: need))
        needs.append(own)
    }

    /// What an ask takes of devices, in thousandths, seen in different ways: no device holds more than 1,000 in any.
    private static func shareRules(_ items: [CoverProblem.Item]) -> [(DeviceAsk) -> Int64] {
        let shares = Set(
            items.compactMap { item -> Int? in
                if case .share(let milli) = item.gpu { milli } else { nil }
            })
        guard items.contains(where: { $0.gpu != .none }) else { return [] }
        var rules: [(DeviceAsk) -> Int64] = [{ $0.milli }]
        let whole = Int(Devices.whole)
        let thresholds = Set(shares.filter { $0 * 2 > whole }.map { whole - $0 + 1 } + [whole / 2]).sorted()
        for least in thresholds.prefix(Self.thresholdsMax) where !shares.isEmpty {
            rules.append { ask in
                guard case .share(let milli) = ask else { return ask.milli }
                if milli > whole - least { return Devices.whole }
                return milli < least ? 0 : Int64(milli)
            }
        }
        return rules
    }

    /// What divides them all; 0: there are none.
    private static func divisor(of prices: [Int64]) -> Int64 {
        var unit: Int64 = 0
        for price in prices {
            var other = price
            while other > 0 { (unit, other) = (other, unit % other) }
        }
        return unit
    }

    /// Whole nodes cost a multiple of what divides all prices.
    private func payable(_ least: Int64) -> Int64 {
        guard unit > 0, least > 0 else { return max(0, least) }
        let (sum, isOver) = least.addingReportingOverflow(unit - 1)
        return isOver ? least : sum / unit * unit
    }

    private mutating func settle(_ needs: [[Int64]]) {
        guard !rows.isEmpty else { return }
        let dearest = problem.wares.map(\.price).max() ?? 1
        let costShift = CoverProgram.costShift(dearest)
        var program = CoverProgram(
            demands: rows.map(\.need), artificialCost: max(1, dearest >> costShift) * 4,
            entryShift: Self.unitsShift)
        for (index, ware) in problem.wares.enumerated() {
            let entries = rows.indices.compactMap { row in
                rows[row].capacity[index] > 0 ? (row: row, amount: rows[row].capacity[index]) : nil
            }
            program.add(CoverProgram.Column(cost: max(1, ware.price >> costShift), entries: entries))
        }
        program.solve()
        let prices = program.prices
        // Where prices make a ware worth more than it costs, all are lowered alike.
        var worst: (worth: Int128, price: Int128) = (1, 1)
        let priceShift = Int128(CoverProgram.dualShift + Self.unitsShift - costShift)
        for (index, ware) in problem.wares.enumerated() {
            var worth = rows.indices.reduce(Int128(0)) {
                $0 + Int128(prices[$1]) * Int128(rows[$1].capacity[index])
            }
            var price = Int128(ware.price) << priceShift
            // Their products stay in range, and the ratio becomes no better.
            while worth > 1 << 60 { (worth, price) = ((worth >> 1) + 1, price >> 1) }
            if worth * worst.price > price * worst.worth { worst = (worth, price) }
        }
        let total = rows.indices.reduce(Int128(0)) { $0 + Int128(prices[$1]) * Int128(rows[$1].need) }
        let lowered = Int64(clamping: total >> priceShift)
        bound = payable(Int64(clamping: Int128(lowered) * worst.price / worst.worth))
        for item in worth.indices {
            let sum = rows.indices.reduce(Int128(0)) { $0 + Int128(prices[$1]) * Int128(needs[$1][item]) }
            worth[item] = Int64(clamping: sum >> priceShift)
        }
    }
}

/// Some of the wares, as bits.
private struct WareSet: Hashable, Comparable {
    private var words: [UInt64]

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ ware: Int) { words[ware / 64] |= 1 << UInt64(ware % 64) }

    func contains(_ ware: Int) -> Bool { words[ware / 64] >> UInt64(ware % 64) & 1 == 1 }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func isSubset(of other: WareSet) -> Bool { zip(words, other.words).allSatisfy { $0 & ~$1 == 0 } }

    static func < (a: WareSet, b: WareSet) -> Bool { a.words.lexicographicallyPrecedes(b.words) }
}
