import Model

/// What a search for what saves money has looked at already.
struct SavingSearch {
    /// So many nodes as go together were looked for.
    var hasEmptied = false
    /// Each node was looked at alone, or as many as the work allows.
    var hasLooked = false
    /// Nodes that could go alone for less, by what new ones they need.
    var alone: [Move] = []
    var replaced: [Move] = []
}

extension ConsolidationSearch {
    /// Of the work that may be done, in thousandths, what looking at nodes one by one may take: the rest is for sets of them.
    private static let aloneShare = 750
    /// Of the nodes that could be replaced alone, the best ones are tried again beside the moves that were found since.
    private static let replacedMax = 8

    // MARK: - What saves money

    /// The best that is left to be done.
    mutating func search(_ nodes: [Int]) {
        guard !nodes.isEmpty, allows(.consolidation, nodes) else { return }
        guard nodes.count > Self.exactMax || savings.hasEmptied else { return searchAll(nodes) }
        if !savings.hasEmptied {
            savings.hasEmptied = true
            best = empty(nodes, refusalsMax: Self.refusalsMax)
            if best != nil { return }
        }
        if !savings.hasLooked {
            savings.hasLooked = true
            lookAtEach(nodes)
            best = nil
            let alone = savings.alone.sorted { isGentler($0, than: $1) }
            best = empty(alone.flatMap(\.gives), refusalsMax: alone.count)
            if best != nil { return }
        }
        let left = Set(nodes)
        let replaced = savings.replaced.filter { left.isSuperset(of: $0.gives) }
        for move in replaced.sorted(by: { isBetter($0, than: $1) }).prefix(Self.replacedMax)
        where !trials.isSpent { evaluate(move.gives) }
        searchSets(nodes)
    }

    /// One by one, and if none can go alone for nothing every set.
    private mutating func searchAll(_ nodes: [Int]) {
        var single: Move?
        for index in nodes {
            guard let move = evaluate([index]), move.launches.isEmpty else { continue }
            if single.map({ isGentler(move, than: $0) }) ?? true { single = move }
        }
        if let single {
            best = single
            return
        }
        for set in 1..<(1 << nodes.count) where set.nonzeroBitCount > 1 {
            evaluate(nodes.indices.filter { set & (1 << $0) != 0 }.map { nodes[$0] })
        }
    }

    /// One by one. What was not looked at this time is looked at first the next time.
    private mutating func lookAtEach(_ nodes: [Int]) {
        let turn = Int(input.now.ms / ConsolidationRule.lookEvery.rawValue % Int64(nodes.count))
        for index in nodes[turn...] + nodes[..<turn] {
            guard !trials.isSpent(by: Self.aloneShare) else {
                plan.wake = Moment.earliest(plan.wake, input.now + ConsolidationRule.lookEvery)
                return
            }
            guard let move = evaluate([index]) else { continue }
            if move.launches.isEmpty { savings.alone.append(move) } else { savings.replaced.append(move) }
        }
    }

    /// As many nodes as can go at once without new ones, those first that save most for each replica that moves: one at a
    /// time a large cluster would take hours.
    private mutating func empty(_ nodes: [Int], refusalsMax: Int) -> Move? {
        let before = best
        defer { best = before }
        return grow(nodes, refusalsMax: refusalsMax) { search, gives in
            search.evaluate(gives, most: 0)
        }
    }

    /// The first so many of all, and of each type; then the best set grows and shrinks node by node.
    private mutating func searchSets(_ nodes: [Int]) {
        let kinds = Dictionary(grouping: nodes) { input.nodes[$0].type ?? -1 }
        for group in [nodes] + kinds.keys.sorted().compactMap({ kinds[$0] }) {
            var size = 2
            while size <= min(group.count, Self.nodesMax), !trials.isSpent {
                _ = evaluate(Array(group.prefix(size)))
                size = size == group.count ? size + 1 : min(size * 2, group.count)
            }
        }
        var isBetter = best != nil
        while isBetter, !trials.isSpent, let start = best {
            isBetter = false
            for index in nodes where !trials.isSpent {
                let others = start.gives.filter { $0 != index }
                let gives = others.count < start.gives.count ? others : start.gives + [index]
                guard !gives.isEmpty, gives.count <= Self.nodesMax else { continue }
                _ = evaluate(gives)
            }
            isBetter = best?.gives != start.gives
        }
    }

    /// Tries a set, and keeps it if it is the best that saves enough.
    /// - Returns: nil: it does not.
    @discardableResult
    private mutating func evaluate(_ gives: [Int], most: Int64? = nil) -> Move? {
        let price = gives.reduce(Int64(0)) { $0 + input.nodes[$1].price }
        let least = leastSaving(gives, input)
        guard price >= least,
            let move = trials.without(gives, most: most ?? price - least, for: .consolidation)
        else {
            note(gives, .needed, "its replicas have no room elsewhere for less")
            return nil
        }
        guard move.saving >= least else {
            note(
                gives, .noSaving,
                "\(Money.text(move.saving)) of \(Money.text(price)) USD an hour would be saved")
            return nil
        }
        guard paysBack(move) else {
            note(gives, .noSaving, "it would not pay for the time in which old and new nodes run")
            return nil
        }
        if best.map({ isBetter(move, than: $0) }) ?? true { best = move }
        return move
    }

    private mutating func note(_ gives: [Int], _ code: NodeStay.Code, _ detail: String) {
        guard gives.count == 1, let index = gives.first else { return }
        stays[index] = stay(index, code, detail)
    }

    private func paysBack(_ move: Move) -> Bool {
        let boot = move.launches.map { input.bootTimes[input.fleet.offers[$0].type].rawValue }.max() ?? 0
        let turns = (move.gives.count + allowance - 1) / max(allowance, 1)
        let overlap = boot + Self.moveTime.rawValue * Int64(turns)
        let price = move.launches.reduce(Int64(0)) { $0 + input.fleet.offers[$1].price }
        return Int128(price) * Int128(overlap) <= Int128(move.saving)
            * Int128(input.settings.payback.rawValue)
    }

    /// More saved; then fewer replicas moved, fewer nodes, and the first of them.
    private func isBetter(_ a: Move, than b: Move) -> Bool {
        if a.saving != b.saving { return a.saving > b.saving }
        if a.replicas != b.replicas { return a.replicas < b.replicas }
        if a.gives.count != b.gives.count { return a.gives.count < b.gives.count }
        return a.gives.lexicographicallyPrecedes(b.gives)
    }

    /// More saved for each replica that moves.
    private func isGentler(_ a: Move, than b: Move) -> Bool {
        let one = Int128(a.saving) * Int128(b.replicas + 1)
        let other = Int128(b.saving) * Int128(a.replicas + 1)
        return one != other ? one > other : isBetter(a, than: b)
    }
}
