import Model

/// Puts replicas into rooms: higher priorities first, the largest first, each into the room that it leaves least in, and
/// into an empty node only when no other has room. A room is never overdrawn, of a GPU no more than it has is given, and
/// no rule about labels and neighbours is broken, and no gang torn; soft ones count here as if they were hard. Rooms that are coming are
/// counted on after the open ones.
///
/// When best fit leaves out a replica that would buy a node, a bounded search looks for another arrangement
/// of the replicas at hand that needs none.
/// - Parameters:
///   - kinds: nodes that could be bought: a spread over nodes counts them as empty ones, as Karpenter does.
///   - choice: which of the nodes with room, in place of best fit.
///   - mix: what the cluster's replicas ask for, and how many ask so; only read for `fgd`.
package func place(
    _ demands: [Demand], in rooms: [Room], kinds: [Ground.Kind] = [], by choice: NodeChoice = .bestFit,
    mix: [(resources: Resources, count: Int)] = []
) -> PlacementPlan {
    var ground = Ground(demands, in: rooms, kinds: kinds)
    var start = Placing(ground, ground.packing(kinds))
    start.choice = choice
    if choice == .fgd { start.mix = FragmentationMix(mix, ground.columns) }
    var placing = start
    placing.pourAll(from: 0)
    let buyers = ground.shapes.prefix { $0.buys }
    if buyers.count > 1, placing.left[..<buyers.count].contains(where: { $0 > 0 }),
        let better = start.rearranged(buyers: buyers.count)
    {
        placing = better
    }
    return placing.plan()
}

struct Placing {
    let ground: Ground
    var packing: Packing
    /// For each shape how many are not placed yet, and the places of those that are, in the order of its
    /// replicas.
    var left: [Int]
    var places: [[Place]]
    var choice = NodeChoice.bestFit
    /// Nil: the choice does not ask for it.
    var mix: FragmentationMix?

    /// Where one replica went.
    struct Place {
        /// Index of the room.
        var room: Int
        var slots: [DeviceSlot]
    }

    init(_ ground: Ground, _ packing: Packing) {
        self.ground = ground
        self.packing = packing
        left = ground.shapes.map(\.replicas.count)
        places = ground.shapes.map { _ in [] }
    }

    mutating func pourAll(from first: Int) {
        for shape in ground.shapes.indices.dropFirst(first) {
            if let gang = ground.shapes[shape].gang {
                seatGangs(shape, gang)
                continue
            }
            pour(shape, into: .open)
            #if MUTANTS
                if Mutant.ignoresComing.isOn { continue }
            #endif
            pour(shape, into: .coming)
        }
    }

    /// A room chosen once is only tighter afterwards, so it stays the best until it is full: the order of the
    /// rooms is settled once for all replicas of a shape. What a rule refuses in one room goes to the next.
    private mutating func pour(_ shape: Int, into state: Room.State) {
        guard left[shape] > 0 else { return }
        if choice == .spread || choice == .fgd { return pourEach(shape, into: state) }
        let fitting = packing.nodes.indices.filter {
            ground.rooms[$0].state == state && packing.room(shape, on: $0, limit: 1) > 0
                && packing.selector(shape, passing: packing.nodes[$0].labels) != nil
        }
        let better = { (a: Int, b: Int) in isBetter(a, b, for: shape) }
        let order = left[shape] == 1 ? fitting.min(by: better).map { [$0] } ?? [] : fitting.sorted(by: better)
        for room in packing.hasRules(shape) ? fitting.sorted(by: better) : order where left[shape] > 0 {
            put(shape, room, limit: left[shape])
        }
        guard packing.hasRules(shape) else { return }
        // A spread may let one more in where it refused before others came elsewhere.
        var isStuck = false
        while left[shape] > 0, !isStuck {
            isStuck = true
            for room in fitting where left[shape] > 0 && put(shape, room, limit: 1) { isStuck = false }
        }
    }

    /// The room with the preferred labels; the tighter one, and before that one that is in use; GPUs first.
    func isBetter(_ a: Int, _ b: Int, for shape: Int) -> Bool {
        let (x, y) = (packing.nodes[a], packing.nodes[b])
        let (first, second) = (
            packing.selector(shape, passing: x.labels), packing.selector(shape, passing: y.labels)
        )
        if first != second { return first ?? .max < second ?? .max }
        return isTighter(a, b)
    }

    private func isTighter(_ a: Int, _ b: Int) -> Bool {
        let (x, y) = (packing.nodes[a], packing.nodes[b])
        if choice == .pack || choice == .spread {
            let (used, otherUsed) = (use(of: a), use(of: b))
            if used != otherUsed { return choice == .pack ? used > otherUsed : used < otherUsed }
        }
        let (used, otherUsed) = (x.isUsed || x.placed > 0, y.isUsed || y.placed > 0)
        if used != otherUsed { return used }
        if x.devices.left != y.devices.left { return x.devices.left < y.devices.left }
        return x.free != y.free ? x.free < y.free : a < b
    }

    @discardableResult
    mutating func put(_ shape: Int, _ room: Int, limit: Int) -> Bool {
        let before = packing.seats.count
        let done = packing.seatMany(shape, on: room, limit: limit)
        guard done > 0 else { return false }
        left[shape] -= done
        for seat in packing.seats[before...] {
            places[shape] += repeatElement(Place(room: room, slots: seat.slots), count: seat.count)
        }
        return true
    }

    /// Every one of the first `buyers` shapes placed by search, and the rest as usual; nil when that is not
    /// found. Shares of devices and rules are beyond the search.
    func rearranged(buyers: Int) -> Placing? {
        let movable = ground.shapes[..<buyers].allSatisfy {
            if case .share = $0.demand.gpu { return false }
            return $0.demand.isPlain && $0.gang == nil
        }
        guard movable, !(0..<buyers).contains(where: packing.hasRules) else { return nil }
        let usable = ground.rooms.indices.filter { ground.rooms[$0].state != .closed }.sorted { a, b in
            let (aOpen, bOpen) = (ground.rooms[a].state == .open, ground.rooms[b].state == .open)
            return aOpen != bOpen ? aOpen : isTighter(a, b)
        }
        let items = ground.shapes[..<buyers].map { shape in
            (amounts: shape.demand.amounts.with(gpu: shape.demand.gpu.milli), count: shape.replicas.count)
        }
        let bins = usable.map { room in
            let node = packing.nodes[room]
            return node.free.with(gpu: Int64(node.devices.empty) * Devices.whole)
        }
        var steps = searchStepsMax
        guard let chosen = fitAll(items, into: bins, steps: &steps) else { return nil }
        var placing = self
        for shape in 0..<buyers {
            for (bin, room) in usable.enumerated() where chosen[bin][shape] > 0 {
                placing.put(shape, room, limit: chosen[bin][shape])
            }
            guard placing.left[shape] == 0 else { return nil }
        }
        placing.pourAll(from: buyers)
        return placing
    }
}

extension Amounts {
    /// With whole GPUs as an amount among others, in the first column.
    fileprivate func with(gpu milli: Int64) -> Amounts {
        var amounts = self
        amounts.values[0] = milli
        return amounts
    }
}
