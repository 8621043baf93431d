import Model

/// Bins tried by one search, at most. Past it the search gives up, and the greedy answer stands.
package let searchStepsMax = 50_000
/// A search with more demands than this is not begun.
package let searchDemandsMax = 200

/// All of `items` into `bins`: for each bin how many of each item, or nil when there is no way or none was
/// found within the budget. Best fit alone misses some: 4 4 3 3 3 3 into two bins of 10.
/// - Parameter items: largest first, with their counts.
/// - Parameter steps: the budget left; what is used is taken off.
package func fitAll(
    _ items: [(amounts: Amounts, count: Int)], into bins: [Amounts], steps: inout Int
) -> [[Int]]? {
    let count = items.reduce(0) { $0 + $1.count }
    guard count <= searchDemandsMax, sumsFit(items, bins) else { return nil }
    var search = Search(items: items, bins: bins, steps: steps)
    defer { steps = search.steps }
    return search.place(0, left: items.first?.count ?? 0, from: 0) ? search.chosen : nil
}

/// No column's sum is larger than what all bins have of it.
private func sumsFit(_ items: [(amounts: Amounts, count: Int)], _ bins: [Amounts]) -> Bool {
    guard let columns = items.first?.amounts.values.indices else { return true }
    return columns.allSatisfy { column in
        let need = items.reduce(Int128(0)) {
            $0 + Int128(max($1.amounts.values[column], 0)) * Int128($1.count)
        }
        let room = bins.reduce(Int128(0)) { $0 + Int128(max($1.values[column], 0)) }
        return need <= room
    }
}

/// Depth first, largest item first, tightest bin first.
private struct Search {
    let items: [(amounts: Amounts, count: Int)]
    var bins: [Amounts]
    var steps: Int
    var chosen: [[Int]]

    init(items: [(amounts: Amounts, count: Int)], bins: [Amounts], steps: Int) {
        self.items = items
        self.bins = bins
        self.steps = steps
        chosen = [[Int]](repeating: [Int](repeating: 0, count: items.count), count: bins.count)
    }

    /// Places the `left` that remain of `item`, then the items after it. Equal items go to bins in ascending
    /// order, and of bins that are equal by now only the first is tried: all else would be the same packing
    /// again.
    mutating func place(_ item: Int, left: Int, from: Int) -> Bool {
        if left == 0 {
            let next = item + 1
            return next >= items.count || place(next, left: items[next].count, from: 0)
        }
        let amounts = items[item].amounts
        var tried: Set<Amounts> = []
        for bin in bins.indices.dropFirst(from) {
            guard steps > 0 else { return false }
            steps -= 1
            guard bins[bin].covers(amounts), tried.insert(bins[bin]).inserted else { continue }
            bins[bin].take(amounts)
            chosen[bin][item] += 1
            if place(item, left: left - 1, from: bin) { return true }
            bins[bin].giveBack(amounts)
            chosen[bin][item] -= 1
        }
        return false
    }
}
