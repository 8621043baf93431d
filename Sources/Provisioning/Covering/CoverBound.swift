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
struct CoverBound {
    private struct Row {
        /// For each ware what it holds, and in all what the replicas take, in one unit; rounded up and down.
        var capacity: [Int64]
        var need: Int64
    }

    private let problem: CoverProblem
    private var rows: [Row] = []

    /// Quantities of this many sorts of eligibility are counted, those of most replicas.
    private static let masksMax = 12
    /// Thresholds for shares, at most.
    private static let thresholdsMax = 16
    /// A capacity is at most this in the unit of its row.
    private static let unitsMax: Int64 = 1 << 18

    /// Millionths of a dollar per hour, and the prices behind it.
    private(set) var bound: Int64 = 0
    /// For each item what it is worth by those prices; millionths.
    private(set) var worth: [Int64]

    /// - Parameter held: room on nodes that are there; what it could hold costs nothing.
    init(_ problem: CoverProblem, held: [CoverProblem.Ware] = []) {
        self.problem = problem
        worth = problem.items.map { _ in 0 }
        guard !problem.items.isEmpty, !problem.wares.isEmpty else { return }
        var needs: [[Int64]] = []
        collect(held, &needs)
        settle(needs)
    }

    private mutating func collect(_ held: [CoverProblem.Ware], _ needs: inout [[Int64]]) {
        let items = problem.items
        let everyWare = [Bool](repeating: true, count: problem.wares.count)
        var masks: [[Bool]: Int] = [:]
        for item in items where item.admits != everyWare { masks[item.admits, default: 0] += item.count }
        let most = masks.sorted {
            $0.value != $1.value
                ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key) { !$0 && $1 }
        }
        let all = [everyWare] + most.prefix(Self.masksMax).map(\.key)
        for mask in all {
            let within = items.map { zip($0.admits, mask).allSatisfy { !$0 || $1 } }
            for column in problem.wares[0].capacity.values.indices {
                add(
                    mask, items.indices.map { within[$0] ? items[$0].amounts.values[column] : 0 },
                    { $0.capacity.values[column] }, held, &needs)
            }
            for share in Self.shareRules(items) {
                add(
                    mask, items.indices.map { within[$0] ? share(items[$0].gpu) : 0 },
                    { Int64($0.gpus) * Devices.whole }, held, &needs)
            }
        }
        for group in problem.groups.indices {
            let most = Int64(problem.groups[group])
            add(everyWare, items.map { $0.group == group ? 1 : 0 }, { _ in most }, held, &needs)
        }
    }

    private mutating func add(
        _ mask: [Bool], _ taken: [Int64], _ holds: (CoverProblem.Ware) -> Int64, _ held: [CoverProblem.Ware],
        _ needs: inout [[Int64]]
    ) {
        let capacity = zip(problem.wares, mask).map { ware, isIn in isIn ? max(0, holds(ware)) : 0 }
        guard let most = capacity.max(), most > 0 else { return }
        let total = zip(taken, problem.items).reduce(Int128(0)) { $0 + Int128($1.0) * Int128($1.1.count) }
        let free = held.reduce(Int128(0)) { $0 + Int128(max(0, holds($1))) }
        guard total > free else { return }
        let unit = (most + Self.unitsMax - 1) / Self.unitsMax
        rows.append(
            Row(
                capacity: capacity.map { ($0 + unit - 1) / unit },
                need: Int64(clamping: min((total - free) / Int128(unit), 1 << 40))))
        needs.append(taken.map { $0 / unit })
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

    private mutating func settle(_ needs: [[Int64]]) {
        guard !rows.isEmpty else { return }
        let dearest = problem.wares.map(\.price).max() ?? 1
        var program = CoverProgram(demands: rows.map(\.need), artificialCost: max(1, dearest) * 4)
        for (index, ware) in problem.wares.enumerated() {
            let entries = rows.indices.compactMap { row in
                rows[row].capacity[index] > 0 ? (row: row, amount: rows[row].capacity[index]) : nil
            }
            program.add(CoverProgram.Column(cost: max(1, ware.price), entries: entries))
        }
        program.solve()
        let prices = program.prices
        // Where prices make a ware worth more than it costs, all are lowered alike.
        var worst: (worth: Int128, price: Int128) = (1, 1)
        for (index, ware) in problem.wares.enumerated() {
            var worth = rows.indices.reduce(Int128(0)) {
                $0 + Int128(prices[$1]) * Int128(rows[$1].capacity[index])
            }
            var price = Int128(ware.price) << Int128(CoverProgram.dualShift)
            // Their products stay in range, and the ratio becomes no better.
            while worth > 1 << 60 { (worth, price) = ((worth >> 1) + 1, price >> 1) }
            if worth * worst.price > price * worst.worth { worst = (worth, price) }
        }
        let total = rows.indices.reduce(Int128(0)) { $0 + Int128(prices[$1]) * Int128(rows[$1].need) }
        let lowered = Int64(clamping: total >> Int128(CoverProgram.dualShift))
        bound = Int64(clamping: Int128(lowered) * worst.price / worst.worth)
        for item in worth.indices {
            let sum = rows.indices.reduce(Int128(0)) { $0 + Int128(prices[$1]) * Int128(needs[$1][item]) }
            worth[item] = Int64(clamping: sum >> Int128(CoverProgram.dualShift))
        }
    }
}
