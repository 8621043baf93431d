/// A linear program that covers demands with columns at the least cost: min c·x with A·x ≥ d, x ≥ 0, in fixed-point numbers.
///
/// The revised simplex method with a dense inverse. It steers a search and proves nothing: what follows from its answers is
/// counted anew in whole numbers, so that a rounding error costs a little money at worst, never a place. It stops after
/// `pivotsMax` pivots.
///
/// Source: Dantzig 1963; for cutting stock Gilmore and Gomory 1961.
struct CoverProgram {
    /// A way to cover: how much of each row, and what it costs.
    struct Column {
        var cost: Int64
        var entries: [(row: Int, amount: Int64)]
    }

    private let rows: Int
    private let demands: [Int64]
    private(set) var columns: [Column] = []
    /// For each row of the basis its column; from `artificial` on the artificial ones.
    private var basis: [Int]
    /// Row by row, in 2^-40.
    private var inverse: [Int64]
    /// Of the basis, in 2^-20.
    private var level: [Int64]
    private var isBasic: [Bool] = []
    private let artificialCost: Int64
    /// Of the columns that cost anything.
    private var leastCost = Int64.max

    private static let inverseShift: Int64 = 40
    static let levelShift: Int64 = 20
    /// An entry below this, in 2^-40, is no pivot.
    private static let pivotLeast: Int64 = 1 << 22
    /// Nor is one below the largest of its column by this shift.
    private static let pivotShift: Int64 = 14
    /// Pivots after which the inverse is made anew, so that rounding errors do not add up; more with many rows.
    private static let pivotsBetween = 32
    private static let artificial = 1 << 40
    /// Pivots of one call of `solve` for each row.
    private static let pivotsPerRow = 24

    /// - Parameter artificialCost: of one unit of a row that nothing covers; above what any column asks for it.
    init(demands: [Int64], artificialCost: Int64) {
        rows = demands.count
        self.demands = demands
        self.artificialCost = artificialCost
        basis = demands.indices.map { Self.artificial + $0 }
        inverse = Array(repeating: 0, count: rows * rows)
        for row in 0..<rows { inverse[row * rows + row] = 1 << Self.inverseShift }
        level = demands.map { $0 << Self.levelShift }
        // What covers more than is asked for: a column of its own for each row.
        for row in 0..<rows { add(Column(cost: 0, entries: [(row, -1)])) }
    }

    mutating func add(_ column: Column) {
        columns.append(column)
        isBasic.append(false)
        if column.cost > 0 { leastCost = min(leastCost, column.cost) }
    }

    /// What one unit of each row costs, in 2^-`dualShift` of a cost; never negative.
    var prices: [Int64] { duals.map { max(0, $0) } }

    static let dualShift: Int64 = 16

    private var duals: [Int64] {
        var sums = [Int128](repeating: 0, count: rows)
        for place in 0..<rows {
            let cost = Int128(cost(basis[place]))
            guard cost != 0 else { continue }
            let base = place * rows
            for row in 0..<rows where inverse[base + row] != 0 {
                sums[row] += cost * Int128(inverse[base + row])
            }
        }
        return sums.map { Int64(clamping: $0 >> Int128(Self.inverseShift - Self.dualShift)) }
    }

    /// How often each column that was added is used, by the order of adding, in 2^-20; those that are.
    var solution: [(column: Int, level: Int64)] {
        basis.indices.compactMap {
            basis[$0] >= rows && basis[$0] < Self.artificial && level[$0] > 0
                ? (basis[$0] - rows, level[$0]) : nil
        }.sorted { $0.column < $1.column }
    }

    /// What the basis costs.
    var cost: Int128 {
        basis.indices.reduce(Int128(0)) { $0 + Int128(cost(basis[$1])) * Int128(level[$1]) }
            >> Int128(Self.levelShift)
    }

    /// Half a use, and what of a level is less than a whole use.
    static let half: Int64 = 1 << (levelShift - 1)
    static func part(_ level: Int64) -> Int64 { level & ((1 << levelShift) - 1) }

    /// Whole uses in a level.
    static func whole(_ level: Int64) -> Int { Int((level + (1 << (levelShift - 8))) >> levelShift) }

    private func cost(_ column: Int) -> Int64 {
        if column >= Self.artificial { return artificialCost }
        return columns[column].cost
    }

    /// Pivots until no column is worth more than it costs.
    mutating func solve() {
        var pivots = Self.pivotsPerRow * rows
        while pivots > 0, let entering = entering() {
            pivots -= 1
            guard pivot(entering) else { return }
            if pivots % max(Self.pivotsBetween, rows / 2) == 0 { guard invert() else { return } }
        }
    }

    /// The inverse and the levels from the basis itself: elimination with the largest pivot of each column.
    /// - Returns: false: the basis cannot be inverted in these numbers, and nothing has changed.
    private mutating func invert() -> Bool {
        let width = 2 * rows
        var work = [Int64](repeating: 0, count: rows * width)
        for place in 0..<rows {
            work[place * width + rows + place] = 1 << Self.inverseShift
            if basis[place] >= Self.artificial {
                work[(basis[place] - Self.artificial) * width + place] = 1 << Self.inverseShift
            } else {
                for entry in columns[basis[place]].entries {
                    work[entry.row * width + place] = entry.amount << Self.inverseShift
                }
            }
        }
        for column in 0..<rows {
            var best = column
            for row in column..<rows
            where work[row * width + column].magnitude > work[best * width + column].magnitude {
                best = row
            }
            let pivot = Int128(work[best * width + column])
            guard pivot.magnitude > UInt128(Self.pivotLeast >> 8) else { return false }
            if best != column {
                for place in 0..<width { work.swapAt(best * width + place, column * width + place) }
            }
            eliminate(column, pivot, &work, width)
        }
        for place in 0..<rows {
            for row in 0..<rows { inverse[place * rows + row] = work[place * width + rows + row] }
            let sum = (0..<rows).reduce(Int128(0)) {
                $0 + Int128(inverse[place * rows + $1]) * Int128(demands[$1])
            }
            level[place] = Int64(clamping: max(0, sum >> Int128(Self.inverseShift - Self.levelShift)))
        }
        return true
    }

    private func eliminate(_ column: Int, _ pivot: Int128, _ work: inout [Int64], _ width: Int) {
        let base = column * width
        var changed: [Int] = []
        for place in column..<width where work[base + place] != 0 {
            work[base + place] = Int64(
                clamping: (Int128(work[base + place]) << Int128(Self.inverseShift)) / pivot)
            changed.append(place)
        }
        for row in 0..<rows where row != column {
            let factor = Int128(work[row * width + column])
            guard factor != 0 else { continue }
            for place in changed {
                let less = (factor * Int128(work[base + place])) >> Int128(Self.inverseShift)
                work[row * width + place] = Int64(clamping: Int128(work[row * width + place]) - less)
            }
        }
    }

    /// The column whose cost is least against what it covers; nil: none is below.
    private func entering() -> Int? {
        let duals = duals
        var best: (column: Int, gain: Int64)?
        for (index, column) in columns.enumerated() where !isBasic[index] {
            var worth: Int64 = 0
            for entry in column.entries {
                worth &+= duals[entry.row] &* entry.amount
            }
            let cost = column.cost << Self.dualShift
            let gain = worth &- cost
            // In parts of the cost, so that dear columns are not preferred for being dear.
            let part = max(1, max(cost, leastCost << (Self.dualShift - 4)) >> 18)
            guard gain > part else { continue }
            let share = gain / part
            if share > best?.gain ?? 0 { best = (index, share) }
        }
        return best?.column
    }

    private mutating func pivot(_ entering: Int) -> Bool {
        var direction = [Int64](repeating: 0, count: rows)
        for entry in columns[entering].entries {
            for place in 0..<rows {
                direction[place] &+= inverse[place * rows + entry.row] &* entry.amount
            }
        }
        // Of rows that end together within rounding the one with the largest entry: small pivots spoil the inverse.
        let tiny = max(Self.pivotLeast, (direction.max() ?? 0) >> Self.pivotShift)
        let ratios = (0..<rows).map { place -> Int128? in
            direction[place] > tiny
                ? (Int128(max(0, level[place])) << Int128(Self.inverseShift)) / Int128(direction[place]) : nil
        }
        guard let bottom = ratios.compactMap(\.self).min() else { return false }
        var leaving = -1
        for place in 0..<rows {
            guard let ratio = ratios[place], ratio <= bottom + (bottom >> 18) + 4 else { continue }
            if leaving < 0 || direction[place] > direction[leaving] { leaving = place }
        }
        let least = ratios[leaving] ?? bottom
        let step = Int64(clamping: least)
        for place in 0..<rows where place != leaving && direction[place] != 0 {
            let less = (Int128(direction[place]) * Int128(step)) >> Int128(Self.inverseShift)
            level[place] = Int64(clamping: max(0, Int128(level[place]) - less))
        }
        level[leaving] = step
        turn(leaving, direction)
        if basis[leaving] < Self.artificial { isBasic[basis[leaving]] = false }
        basis[leaving] = entering
        isBasic[entering] = true
        return true
    }

    /// The inverse after the exchange of one column of the basis.
    private mutating func turn(_ leaving: Int, _ direction: [Int64]) {
        let pivot = Int128(direction[leaving])
        let base = leaving * rows
        var changed: [Int] = []
        for row in 0..<rows where inverse[base + row] != 0 {
            inverse[base + row] = Int64(
                clamping: (Int128(inverse[base + row]) << Int128(Self.inverseShift)) / pivot)
            changed.append(row)
        }
        for place in 0..<rows where place != leaving && direction[place] != 0 {
            let factor = Int128(direction[place])
            let other = place * rows
            for row in changed {
                let less = (factor * Int128(inverse[base + row])) >> Int128(Self.inverseShift)
                inverse[other + row] = Int64(clamping: Int128(inverse[other + row]) - less)
            }
        }
    }
}
