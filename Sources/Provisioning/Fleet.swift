import Model
import Placement

/// Which nodes hold a demand for the least money, and among those the fewest.
///
/// Two ways are compared. One type at a time: best fit, and for small demands a bounded search for fewer
/// nodes, which for a single type is the exact minimum unless the budget ends. Mixed: again and again the
/// type that costs least for what one node of it covers.
struct Fleet {
    let shapes: [Shape]
    let wares: [Ware]
    /// Nodes of all types that may still be added.
    let room: Int

    /// - Parameter counts: how many replicas of each shape need a place.
    func plan(for counts: [Int]) -> [Batch] {
        guard counts.contains(where: { $0 > 0 }) else { return [] }
        var best = mixed(counts)
        var bestWorth = worth(best, counts)
        let tighter = repacked(best)
        let tighterWorth = worth(tighter, counts)
        if tighterWorth < bestWorth { (best, bestWorth) = (tighter, tighterWorth) }
        for ware in wares.indices where wares[ware].room > 0 && !wares[ware].offerings.isEmpty {
            let single = fewest(ware, counts)
            let singleWorth = worth(single, counts)
            if singleWorth < bestWorth { (best, bestWorth) = (single, singleWorth) }
        }
        return best
    }

    /// Less is better: replicas left out, price, nodes.
    private func worth(_ batches: [Batch], _ counts: [Int]) -> (Int, Int128, Int) {
        let placed = batches.reduce(0) { $0 + $1.nodes * $1.load.reduce(0, +) }
        return (
            counts.reduce(0, +) - placed, batches.reduce(0) { $0 + wares[$1.ware].price * Int128($1.nodes) },
            batches.reduce(0) { $0 + $1.nodes }
        )
    }

    // MARK: - Mixed

    private func mixed(_ counts: [Int]) -> [Batch] {
        let weights = weights()
        var (left, rooms, all, batches) = (counts, wares.map(\.room), room, [Batch]())
        while all > 0, let next = bargain(left, rooms, weights) {
            // The same node again, as often as there is the same demand for it.
            let again =
                shapes.indices.filter { next.load[$0] > 0 }.map { left[$0] / next.load[$0] }.min() ?? 0
            let nodes = min(again, rooms[next.ware], all)
            for shape in shapes.indices { left[shape] -= next.load[shape] * nodes }
            rooms[next.ware] -= nodes
            all -= nodes
            batches.append(Batch(ware: next.ware, nodes: nodes, load: next.load))
        }
        return batches
    }

    /// The type with the lowest price for the worth of what one node of it would hold.
    private func bargain(_ left: [Int], _ rooms: [Int], _ weights: [Int128]) -> Batch? {
        var best: (batch: Batch, price: Int128, covered: Int128)?
        for ware in wares.indices where rooms[ware] > 0 && !wares[ware].offerings.isEmpty {
            let load = fill(wares[ware].capacity, left)
            let covered = zip(load, weights).reduce(Int128(0)) { $0 + Int128($1.0) * $1.1 }
            guard load.contains(where: { $0 > 0 }) else { continue }
            let price = wares[ware].price
            if let old = best {
                let (new, present) = (price * old.covered, old.price * covered)
                guard new < present || (new == present && covered > old.covered) else { continue }
            }
            best = (Batch(ware: ware, nodes: 1, load: load), price, covered)
        }
        return best?.batch
    }

    /// The largest first, as many as fit in an empty node.
    func fill(_ capacity: Amounts, _ left: [Int]) -> [Int] {
        var free = capacity
        return shapes.indices.map { shape in
            let times = free.fits(shapes[shape].amounts, limit: left[shape])
            free.take(shapes[shape].amounts, times: times)
            return times
        }
    }

    /// What a replica of each shape is worth: its share of the node where that share is cheapest.
    private func weights() -> [Int128] {
        shapes.map { shape in
            let shares = wares.filter { !$0.offerings.isEmpty && $0.capacity.covers(shape.amounts) }.map {
                ware in
                ware.price
                    * zip(shape.amounts.values, ware.capacity.values).reduce(Int128(1)) { most, pair in
                        pair.1 > 0 ? max(most, Int128(max(pair.0, 0)) * 1_000_000 / Int128(pair.1)) : most
                    }
            }
            return shares.min() ?? 1
        }
    }

    /// The same demand on the same types, each packed for itself.
    private func repacked(_ batches: [Batch]) -> [Batch] {
        wares.indices.flatMap { ware -> [Batch] in
            let own = batches.filter { $0.ware == ware }
            guard own.count > 1 else { return own }
            return fewest(
                ware, shapes.indices.map { shape in own.reduce(0) { $0 + $1.nodes * $1.load[shape] } })
        }
    }

    // MARK: - One type

    /// As few nodes of one type as hold what fits them; within the limits as much as there are nodes for.
    private func fewest(_ ware: Int, _ counts: [Int]) -> [Batch] {
        let capacity = wares[ware].capacity
        let nodesMax = min(wares[ware].room, room)
        let wanted = shapes.indices.map { capacity.covers(shapes[$0].amounts) ? counts[$0] : 0 }
        let greedy = bestFit(capacity, wanted, nodesMax: nodesMax)
        let items = shapes.indices.filter { wanted[$0] > 0 }
        let placed = greedy.reduce(0) { $0 + $1.nodes * $1.load.reduce(0, +) }
        let complete = placed == wanted.reduce(0, +)
        let used = greedy.reduce(0) { $0 + $1.nodes }
        let bound = leastNodes(capacity, wanted)
        // Best fit of equal demands is the minimum already.
        guard items.count > 1, bound <= nodesMax, bound < used || !complete,
            wanted.reduce(0, +) <= searchDemandsMax
        else { return named(greedy, ware) }
        var steps = searchStepsMax
        let listed = items.map { (amounts: shapes[$0].amounts, count: wanted[$0]) }
        for nodes in bound...(complete ? used - 1 : nodesMax) {
            let bins = [Amounts](repeating: capacity, count: nodes)
            guard let found = fitAll(listed, into: bins, steps: &steps) else { continue }
            return found.map { chosen in
                var load = [Int](repeating: 0, count: shapes.count)
                for (item, shape) in items.enumerated() { load[shape] = chosen[item] }
                return Batch(ware: ware, nodes: 1, load: load)
            }
        }
        return named(greedy, ware)
    }

    private func named(_ batches: [Batch], _ ware: Int) -> [Batch] {
        batches.map { Batch(ware: ware, nodes: $0.nodes, load: $0.load) }
    }

    /// No fewer nodes can hold it: the sum of the scarcest resource.
    private func leastNodes(_ capacity: Amounts, _ wanted: [Int]) -> Int {
        capacity.values.indices.reduce(1) { least, column in
            let need = shapes.indices.reduce(Int128(0)) {
                $0 + Int128(max(shapes[$1].amounts.values[column], 0)) * Int128(wanted[$1])
            }
            let have = Int128(max(capacity.values[column], 0))
            return have == 0 ? least : max(least, Int(clamping: (need + have - 1) / have))
        }
    }

    /// Best fit, largest first, opening a node when none of the open ones has room. Equal nodes are one
    /// batch.
    private func bestFit(_ capacity: Amounts, _ wanted: [Int], nodesMax: Int) -> [Batch] {
        var open: [(free: Amounts, batch: Batch)] = []
        var nodes = 0
        for shape in shapes.indices where wanted[shape] > 0 {
            let amounts = shapes[shape].amounts
            var left = wanted[shape]
            open.sort { $0.free < $1.free }
            var place = 0
            while place < open.count, left > 0 {
                left -= pour(shape, amounts, left, into: &open, at: place)
                place += 1
            }
            let each = capacity.fits(amounts, limit: left)
            while left > 0, each > 0, nodes < nodesMax {
                let times = min(each, left)
                let many = min(left / times, nodesMax - nodes)
                var load = [Int](repeating: 0, count: shapes.count)
                load[shape] = times
                var free = capacity
                free.take(amounts, times: times)
                open.append((free, Batch(ware: 0, nodes: many, load: load)))
                nodes += many
                left -= times * many
            }
        }
        return open.map(\.batch)
    }

    /// Adds to the nodes of one batch; a batch that is only partly filled is split.
    private func pour(
        _ shape: Int, _ amounts: Amounts, _ left: Int, into open: inout [(free: Amounts, batch: Batch)],
        at place: Int
    ) -> Int {
        let times = open[place].free.fits(amounts, limit: left)
        guard times > 0 else { return 0 }
        let filled = min(open[place].batch.nodes, left / times)
        if filled < open[place].batch.nodes {
            var rest = open[place]
            rest.batch.nodes -= filled
            open.insert(rest, at: place + 1)
            open[place].batch.nodes = filled
        }
        open[place].free.take(amounts, times: times)
        open[place].batch.load[shape] += times
        return times * filled
    }
}
