/// A linear program that covers demands with columns at the least cost: min c·x with A·x ≥ d, x ≥ 0, in fixed-point numbers.
///
/// The revised simplex method with a dense inverse. It steers a search and proves nothing: what follows from its answers is
/// counted anew in whole numbers, so that a rounding error costs a little money at worst, never a place. It stops after a
/// counted number of pivots.
///
/// Source: Dantzig 1963; for cutting stock Gilmore and Gomory 1961.
package struct CoverProgram {
    /// A way to cover: how much of each row, and what it costs.
    package struct Column {
        package var cost: Int64
        package var entries: [(row: Int, amount: Int64)]

        package init(cost: Int64, entries: [(row: Int, amount: Int64)]) {
            self.cost = cost
            self.entries = entries
        }
    }

    private let rows: Int
    private let demands: [Int64]
    /// Amounts and demands are in 2^-`entryShift`.
    private let entryShift: Int64
    // The columns one after the other: where each begins among the entries, and what it costs.
    private var begins: [Int] = [0]
    private var entryRows: [Int] = []
    private var entryAmounts: [Int64] = []
    private var costs: [Int64] = []
    private var isBasic: [Bool] = []
    /// For each row of the basis its column; from `artificial` on the artificial ones.
    private var basis: [Int]
    /// Row by row, in 2^-40.
    private var inverse: [Int64]
    /// Of the basis, in 2^-20.
    private var level: [Int64]
    /// What one of each row costs by the basis, in 2^-`dualShift`.
    private var duals: [Int64]
    private let artificialCost: Int64
    /// Columns that gained most when all were looked at last.
    private var promising: [Int] = []
    /// So many of them at most, each with at least this part of what the best gained.
    private static let promisingMax = 24
    private static let promisingPart: Int64 = 4
    /// Of the columns that cost anything.
    private var leastCost = Int64.max

    private static let inverseShift: Int64 = 40
    package static let levelShift: Int64 = 20
    package static let dualShift: Int64 = 16
    /// A cost is at most this, so that no sum of worths overflows; the artificial one is at most four times that.
    static let costMax: Int64 = 1 << 30
    /// An entry below this, in 2^-40, is no pivot.
    private static let pivotLeast: Int64 = 1 << 22
    /// Nor is one below the largest of its column by this shift.
    private static let pivotShift: Int64 = 14
    /// The inverse is made anew after this many pivots and two for each row, so that rounding errors do not add up.
    private static let pivotsBetween = 48
    private static let artificial = 1 << 40
    /// Pivots of one call of `solve` for each row.
    private static let pivotsPerRow = 24
    /// What is less than this part of a column's cost is no gain, as a shift.
    private static let gainShift: Int64 = 18

    /// - Parameter artificialCost: of one unit of a row that nothing covers; above what any column asks for it.
    package init(demands: [Int64], artificialCost: Int64, entryShift: Int64 = 0) {
        rows = demands.count
        self.demands = demands
        self.artificialCost = min(artificialCost, Self.costMax * 4)
        self.entryShift = entryShift
        basis = demands.indices.map { Self.artificial + $0 }
        inverse = Array(repeating: 0, count: rows * rows)
        for row in 0..<rows { inverse[row * rows + row] = 1 << Self.inverseShift }
        level = demands.map { ($0 << Self.levelShift) >> entryShift }
        duals = []
        // What covers more than is asked for: a column of its own for each row.
        for row in 0..<rows { add(Column(cost: 0, entries: [(row, -1 << entryShift)])) }
    }

    package mutating func add(_ column: Column) {
        for entry in column.entries {
            entryRows.append(entry.row)
            entryAmounts.append(entry.amount)
        }
        begins.append(entryRows.count)
        costs.append(column.cost)
        isBasic.append(false)
        if column.cost > 0 { leastCost = min(leastCost, column.cost) }
    }

    /// What one unit of each row costs, in 2^-`dualShift` of a cost; never negative.
    package var prices: [Int64] { duals.map { max(0, $0) } }

    /// How often each column that was added is used, by the order of adding, in 2^-20; those that are.
    package var solution: [(column: Int, level: Int64)] {
        basis.indices.compactMap {
            basis[$0] >= rows && basis[$0] < Self.artificial && level[$0] > 0
                ? (basis[$0] - rows, level[$0]) : nil
        }.sorted { $0.column < $1.column }
    }

    /// What the basis costs.
    package var cost: Int128 {
        basis.indices.reduce(Int128(0)) { $0 + Int128(cost(basis[$1])) * Int128(level[$1]) }
            >> Int128(Self.levelShift)
    }

    /// Bits to take off costs up to this so that they are in range.
    static func costShift(_ dearest: Int64) -> Int64 {
        var shift: Int64 = 0
        while dearest >> shift > costMax { shift += 1 }
        return shift
    }

    /// Half a use, and what of a level is less than a whole use.
    static let half: Int64 = 1 << (levelShift - 1)
    static func part(_ level: Int64) -> Int64 { level & ((1 << levelShift) - 1) }

    /// Whole uses in a level.
    static func whole(_ level: Int64) -> Int { Int((level + (1 << (levelShift - 8))) >> levelShift) }

    private func cost(_ column: Int) -> Int64 { column >= Self.artificial ? artificialCost : costs[column] }

    /// Pivots until no column is worth more than it costs.
    package mutating func solve() {
        duals = freshDuals()
        var pivots = Self.pivotsPerRow * rows
        var sinceInverse = 0
        while pivots > 0, let (entering, gain) = entering() {
            pivots -= 1
            guard pivot(entering, gain) else { break }
            sinceInverse += 1
            guard sinceInverse >= Self.pivotsBetween + 2 * rows else { continue }
            sinceInverse = 0
            guard invert() else { break }
            duals = freshDuals()
        }
        duals = freshDuals()
    }

    private func freshDuals() -> [Int64] {
        var sums = [Int64](repeating: 0, count: rows)
        for place in 0..<rows {
            let cost = cost(basis[place]) << Self.dualShift
            guard cost != 0 else { continue }
            let base = place * rows
            for row in 0..<rows where inverse[base + row] != 0 {
                sums[row] &+= scaled(cost, inverse[base + row], Self.inverseShift)
            }
        }
        return sums
    }

    /// The column whose cost is least against what it covers, and by how much; nil: none is below.
    ///
    /// The best of those that were found promising when all columns were looked at last, as long as one of them is below.
    /// Source: multiple pricing, Orchard-Hays 1968.
    private mutating func entering() -> (column: Int, gain: Int64)? {
        if let best = best(of: promising)?.best { return (best.column, best.gain) }
        promising.removeAll(keepingCapacity: true)
        guard let (best, gaining) = best(of: costs.indices) else { return nil }
        promising = gaining.filter { $0.share >= best.share / Self.promisingPart }.prefix(Self.promisingMax)
            .map(\.column)
        return (best.column, best.gain)
    }

    /// A column that is worth more than it costs, by how much, and by how much for its cost.
    private struct Gaining {
        var column: Int
        var gain: Int64
        var share: Int64
    }

    /// - Returns: of these the best, and all that are below; nil: none is.
    private func best(of columns: some Collection<Int>) -> (best: Gaining, all: [Gaining])? {
        var all: [Gaining] = []
        var best: Gaining?
        for index in columns where !isBasic[index] {
            var worth: Int64 = 0
            if entryShift == 0 {
                for entry in begins[index]..<begins[index + 1] {
                    worth &+= duals[entryRows[entry]] &* entryAmounts[entry]
                }
            } else {
                for entry in begins[index]..<begins[index + 1] {
                    worth &+= scaled(duals[entryRows[entry]], entryAmounts[entry], entryShift)
                }
            }
            let cost = costs[index] << Self.dualShift
            let gain = worth &- cost
            // In parts of the cost, so that dear columns are not preferred for being dear.
            let part = max(1, max(cost, leastCost << (Self.dualShift - 4)) >> Self.gainShift)
            guard gain > part else { continue }
            let one = Gaining(column: index, gain: gain, share: gain / part)
            all.append(one)
            if one.share > best?.share ?? 0 { best = one }
        }
        return best.map { ($0, all) }
    }

    /// How much of each column of the basis one of the column takes the place of, in 2^-40.
    private func direction(of column: Int) -> [Int64] {
        var direction = [Int64](repeating: 0, count: rows)
        for entry in begins[column]..<begins[column + 1] {
            let (row, amount) = (entryRows[entry], entryAmounts[entry])
            for place in 0..<rows where inverse[place * rows + row] != 0 {
                direction[place] &+= scaled(inverse[place * rows + row], amount, entryShift)
            }
        }
        return direction
    }

    private mutating func pivot(_ entering: Int, _ gain: Int64) -> Bool {
        let direction = direction(of: entering)
        // Of rows that end together within rounding the one with the largest entry: small pivots spoil the inverse.
        let tiny = max(Self.pivotLeast, (direction.max() ?? 0) >> Self.pivotShift)
        var bottom = Int128.max
        var ratios = [Int128](repeating: .max, count: rows)
        for place in 0..<rows where direction[place] > tiny {
            ratios[place] =
                (Int128(max(0, level[place])) << Int128(Self.inverseShift)) / Int128(direction[place])
            bottom = min(bottom, ratios[place])
        }
        guard bottom < .max else { return false }
        var leaving = -1
        for place in 0..<rows where ratios[place] <= bottom + (bottom >> 18) + 4 {
            if leaving < 0 || direction[place] > direction[leaving] { leaving = place }
        }
        let step = Int64(clamping: ratios[leaving])
        for place in 0..<rows where place != leaving && direction[place] != 0 {
            level[place] = max(0, level[place] &- scaled(direction[place], step, Self.inverseShift))
        }
        level[leaving] = step
        turn(leaving, direction)
        let base = leaving * rows
        for row in 0..<rows where inverse[base + row] != 0 {
            duals[row] &-= scaled(gain, inverse[base + row], Self.inverseShift)
        }
        if basis[leaving] < Self.artificial { isBasic[basis[leaving]] = false }
        basis[leaving] = entering
        isBasic[entering] = true
        return true
    }

    /// The inverse after the exchange of one column of the basis.
    private mutating func turn(_ leaving: Int, _ direction: [Int64]) {
        let pivot = Int128(direction[leaving])
        let (base, rows) = (leaving * rows, rows)
        inverse.withUnsafeMutableBufferPointer { inverse in
            var changed: [(row: Int, value: Int64)] = []
            changed.reserveCapacity(rows)
            for row in 0..<rows where inverse[base + row] != 0 {
                let value = Int64(
                    clamping: (Int128(inverse[base + row]) << Int128(Self.inverseShift)) / pivot)
                inverse[base + row] = value
                if value != 0 { changed.append((row, value)) }
            }
            for place in 0..<rows where place != leaving && direction[place] != 0 {
                let (factor, other) = (direction[place], place * rows)
                for (row, value) in changed {
                    inverse[other + row] &-= scaled(factor, value, Self.inverseShift)
                }
            }
        }
    }

    /// The inverse and the levels from the basis itself: its columns enter one after the other, each in the row where it is
    /// largest.
    /// - Returns: false: the basis cannot be inverted in these numbers, and nothing has changed.
    private mutating func invert() -> Bool {
        let (oldInverse, oldBasis, oldLevel) = (inverse, basis, level)
        for place in 0..<rows * rows { inverse[place] = 0 }
        for row in 0..<rows { inverse[row * rows + row] = 1 << Self.inverseShift }
        var isFree = [Bool](repeating: true, count: rows)
        for column in oldBasis where column >= Self.artificial { isFree[column - Self.artificial] = false }
        for row in 0..<rows where !isFree[row] { basis[row] = Self.artificial + row }
        // Few entries first: they leave the inverse as sparse as it can be.
        let order = oldBasis.filter { $0 < Self.artificial }.sorted {
            let (a, b) = (begins[$0 + 1] - begins[$0], begins[$1 + 1] - begins[$1])
            return a != b ? a < b : $0 < $1
        }
        for column in order {
            let direction = direction(of: column)
            var best = -1
            for row in 0..<rows where isFree[row] {
                if best < 0 || direction[row].magnitude > direction[best].magnitude { best = row }
            }
            guard best >= 0, direction[best].magnitude > UInt64(Self.pivotLeast >> 8) else {
                (inverse, basis, level) = (oldInverse, oldBasis, oldLevel)
                return false
            }
            turn(best, direction)
            basis[best] = column
            isFree[best] = false
        }
        for place in 0..<rows {
            let sum = (0..<rows).reduce(Int128(0)) {
                $0 + Int128(inverse[place * rows + $1]) * Int128(demands[$1])
            }
            level[place] = Int64(
                clamping: max(0, sum >> Int128(Self.inverseShift - Self.levelShift + entryShift)))
        }
        return true
    }
}

/// The product without its last `shift` bits; what is too large for 64 bits is the largest number of its sign.
@inline(__always)
private func scaled(_ a: Int64, _ b: Int64, _ shift: Int64) -> Int64 {
    if shift == 0 {
        let (product, isOver) = a.multipliedReportingOverflow(by: b)
        return isOver ? ((a < 0) == (b < 0) ? .max / 2 : .min / 2) : product
    }
    let product = a.multipliedFullWidth(by: b)
    let over = product.high >> (shift - 1)
    if over != 0 && over != -1 { return product.high < 0 ? .min / 2 : .max / 2 }
    return (product.high << (64 - shift)) | Int64(truncatingIfNeeded: product.low >> UInt64(shift))
}
