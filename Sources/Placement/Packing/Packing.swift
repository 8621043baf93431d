import Model

/// What stands where while a plan is made: the nodes with what is left of them, and what the rules of all classes count.
/// Nothing gets a seat that does not fit or that a rule refuses, whoever asks.
package struct Packing: Sendable {
    package let classes: [DemandClass]
    package private(set) var nodes: [PackedNode]
    /// In the order in which they were given.
    package private(set) var seats: [Seat] = []
    private let compiled: [CompiledDemand]
    /// For each class whether an affinity looks for it.
    private let wanted: [Bool]
    private var onNodes: Tallies
    private var inZones: Tallies
    /// Seats that are given from now on are told last, after all that were given before, whatever their class.
    package var tellsLast = false
    private let labels: [[String: String]]
    /// For each class and label set the place of the first selector that admits it; -1: none does.
    private let admitted: [[Int]]

    /// What is against one more of a class at a place, and how far it is from what is allowed (`Refusal.gap`).
    package struct Objection: Hashable, Sendable {
        package var code: Refusal.Code
        package var gap: Int
    }

    /// What can be bought, as far as rules count it: labels and zones.
    package struct Market: Sendable {
        package var labels: Int
        package var zones: [Int]
        package var total: Amounts
        package var gpus: Int

        package init(labels: Int, zones: [Int], total: Amounts, gpus: Int) {
            self.labels = labels
            self.zones = zones
            self.total = total
            self.gpus = gpus
        }
    }

    /// - Parameter labels: the different label sets of nodes and of what can be bought.
    /// - Parameter zones: how many zones there are.
    /// - Parameter standing: who stands there already: rules count them, and what they take is not in `free`.
    package init(
        classes: [DemandClass], nodes: [PackedNode], labels: [[String: String]], zones: Int,
        markets: [Market], standing: [Seat] = []
    ) {
        self.classes = classes
        self.nodes = nodes
        self.labels = labels
        var rules = RuleCompiler(classes)
        let admitted = classes.map { one in
            labels.map { set in
                one.selectors.isEmpty ? 0 : one.selectors.firstIndex { $0.admits(set) } ?? -1
            }
        }
        // Classes with the same selectors look at the same zones.
        var known: [[LabelSelector]: (zones: [Int], markets: [Int])] = [:]
        for (index, one) in classes.enumerated() where !one.rules.isEmpty {
            let near: (zones: [Int], markets: [Int])
            if let found = known[one.selectors] {
                near = found
            } else {
                let usable = markets.indices.filter {
                    admitted[index][markets[$0].labels] >= 0 && !markets[$0].zones.isEmpty
                }
                let there = nodes.compactMap { admitted[index][$0.labels] >= 0 ? $0.zone : nil }
                near = (Set(there + usable.flatMap { markets[$0].zones }).sorted(), usable)
                known[one.selectors] = near
            }
            rules.settle(
                index, zones: near.zones,
                buysNode: near.markets.contains {
                    markets[$0].total.covers(one.amounts) && Devices(count: markets[$0].gpus).fits(one.gpu)
                })
        }
        self.admitted = admitted
        compiled = rules.demands
        wanted = rules.wanted
        onNodes = Tallies(width: rules.nodeWidth, rows: nodes.count)
        inZones = Tallies(width: rules.zoneWidth, rows: zones)
        for seat in standing { stand(seat) }
    }

    /// It was there before the plan is told, whatever its rank.
    private mutating func stand(_ seat: Seat) {
        let one = compiled[seat.demand]
        let times = Int32(clamping: seat.count)
        if onNodes.width > 0 { onNodes.add(times, seat.node, one, .node, 0) }
        if inZones.width > 0, let zone = nodes[seat.node].zone { inZones.add(times, zone, one, .zone, 0) }
    }

    // MARK: - Questions

    /// The place of the first of the class's selectors that the labels pass; nil: none.
    package func selector(_ demand: Int, passing labels: Int) -> Int? {
        let place = admitted[demand][labels]
        return place < 0 ? nil : place
    }

    package func hasRules(_ demand: Int) -> Bool {
        !compiled[demand].rules.isEmpty || !compiled[demand].nodeOwn.isEmpty
            || !compiled[demand].zoneOwn.isEmpty
    }

    /// How little choice the class's rules leave it, most first: 0 must be in a certain zone, 4 has no rule.
    package func freedom(_ demand: Int) -> Int {
        compiled[demand].rules.reduce(4) { least, rule in
            let isAffinity = if case .affinity = rule.ask { true } else { false }
            switch (rule.topology, isAffinity) {
            case (.zone, true): return 0
            case (.zone, false): return min(least, 1)
            case (.node, true): return min(least, 2)
            case (.node, false): return min(least, 3)
            }
        }
    }

    /// It stands only with certain others.
    package func needsCompany(_ demand: Int) -> Bool {
        compiled[demand].rules.contains { if case .affinity = $0.ask { $0.soft == nil } else { false } }
    }

    /// Rules that may be given up, one after the other.
    package func softs(_ demand: Int) -> Int { compiled[demand].softs }

    /// When it is told in the plan: all of a lower rank first, and within one in the order of the seats. Told in this order
    /// every spread holds at each replica's turn.
    package func rank(_ demand: Int) -> Int { compiled[demand].rank }
    package func rank(_ seat: Seat) -> Int { seat.isLast ? Self.lastRank + 1 : rank(seat.demand) }
    package static let ranks = 0...3

    /// The rule by which a node takes only so many of the class and of those that count with it; nil: there is none.
    package func nodeLimit(_ demand: Int) -> (selector: Int, most: Int, isSpread: Bool)? {
        var least: (selector: Int, most: Int, isSpread: Bool)?
        for rule in compiled[demand].rules where rule.topology == .node && rule.isOwn && rule.soft == nil {
            let most: Int? =
                switch rule.ask {
                case .antiAffinity: 1
                case .cap(let most): most
                case .spread(let maxSkew): compiled[demand].buysNode ? maxSkew : nil
                case .affinity: nil
                }
            guard let most, most < least?.most ?? .max else { continue }
            if case .spread = rule.ask {
                least = (rule.selector, most, true)
            } else {
                least = (rule.selector, most, false)
            }
        }
        return least
    }

    /// How many of the class the node has room for, rules aside; at most `limit`.
    package func room(_ demand: Int, on node: Int, limit: Int) -> Int {
        let one = classes[demand]
        let times = nodes[node].free.fits(one.amounts, limit: limit)
        return times == 0 ? 0 : nodes[node].devices.fits(one.gpu, limit: times)
    }

    /// What a rule or a label has against one more of the class on the node; nil: nothing.
    /// - Parameter giving: so many of its soft rules are given up, the last ones first.
    package func objection(_ demand: Int, on node: Int, givingUp giving: Int = 0) -> Objection? {
        if admitted[demand][nodes[node].labels] < 0 {
            return Objection(code: .labelSelector, gap: failures(demand, nodes[node].labels))
        }
        return objection(demand, node: node, zone: nodes[node].zone, giving)
    }

    /// The same for a node yet to be bought there.
    package func objection(_ demand: Int, newIn zone: Int?, givingUp giving: Int = 0) -> Objection? {
        objection(demand, node: nil, zone: zone, giving)
    }

    /// Terms that a label set fails, of the class's selector that comes closest.
    package func failures(_ demand: Int, _ set: Int) -> Int {
        classes[demand].selectors.map { $0.failures(labels[set]) }.min() ?? 0
    }

    private func objection(_ demand: Int, node: Int?, zone: Int?, _ giving: Int) -> Objection? {
        let one = compiled[demand]
        let rank = tellsLast ? Self.lastRank : one.rank
        for rule in one.rules {
            if let soft = rule.soft, soft >= one.softs - giving { continue }
            let row = rule.topology == .node ? node : zone
            let gap = gap(rule, row, of: one, rank)
            if gap > 0 { return Objection(code: rule.code, gap: gap) }
        }
        if let node {
            for selector in one.nodeOwn {
                let repelling = onNodes.repelling(node, selector)
                if repelling > 0 { return Objection(code: .antiAffinity, gap: repelling) }
                if rank == 0, onNodes.isCounted(node, selector) { return Objection(code: .spread, gap: 1) }
            }
        }
        if let zone {
            for selector in one.zoneOwn {
                let repelling = inZones.repelling(zone, selector)
                if repelling > 0 { return Objection(code: .antiAffinity, gap: repelling) }
            }
        }
        return nil
    }

    /// How far a rule is from being kept by one more; 0: it is.
    private func gap(_ rule: CompiledRule, _ row: Int?, of one: CompiledDemand, _ rank: Int) -> Int {
        // In place: a copy of the tallies for each question would be dearer than the question.
        rule.topology == .node
            ? gap(rule, row, onNodes, of: one, rank) : gap(rule, row, inZones, of: one, rank)
    }

    @inline(__always)
    private func gap(
        _ rule: CompiledRule, _ row: Int?, _ tallies: borrowing Tallies, of one: CompiledDemand, _ rank: Int
    ) -> Int {
        switch rule.ask {
        case .cap(let most):
            guard let row else { return max(0, 1 - most) }
            return max(0, tallies.count(row, rule.selector) + 1 - most)
        case .antiAffinity:
            guard let row else { return 0 }
            return tallies.count(row, rule.selector)
        case .affinity:
            if tallies.totals[rule.selector] == 0 { return rule.isOwn && hasDomain(rule, row) ? 0 : 1 }
            guard let row else { return 1 }
            return tallies.count(row, rule.selector) > 0 ? 0 : 1
        case .spread(let maxSkew):
            guard hasDomain(rule, row) else { return 1 }
            var there = 0
            if let row { there = tallies.count(row, rule.selector, toldBefore: rank) }
            return max(0, there + (rule.isOwn ? 1 : 0) - fewest(rule, of: one, rank) - maxSkew)
        }
    }

    /// A new node is a domain of its own; no zone is none.
    private func hasDomain(_ rule: CompiledRule, _ row: Int?) -> Bool { rule.topology == .node || row != nil }

    /// Matching replicas in the domain that has fewest.
    private func fewest(_ rule: CompiledRule, of one: CompiledDemand, _ rank: Int) -> Int {
        switch rule.topology {
        case .zone: return one.zones.map { inZones.count($0, rule.selector, toldBefore: rank) }.min() ?? 0
        case .node:
            if one.buysNode { return 0 }
            return nodes.indices.lazy.map { [onNodes] in
                onNodes.count($0, rule.selector, toldBefore: rank)
            }.min() ?? 0
        }
    }

    // MARK: - Moves

    /// Gives one of the class a seat there.
    /// - Parameter slots: the devices that it shall have; nil: the tightest.
    /// - Returns: false: it does not fit or is refused, and nothing has changed.
    package mutating func seat(
        _ demand: Int, on node: Int, slots: [DeviceSlot]? = nil, givingUp giving: Int = 0
    ) -> Bool {
        let one = classes[demand]
        guard nodes[node].free.covers(one.amounts), nodes[node].devices.fits(one.gpu),
            objection(demand, on: node, givingUp: giving) == nil
        else { return false }
        let held: [DeviceSlot]
        if let slots {
            held = slots
            for slot in slots { _ = nodes[node].devices.take(Int(slot.milli), of: slot.index) }
        } else {
            held = nodes[node].devices.take(one.gpu) ?? []
        }
        nodes[node].free.take(one.amounts)
        nodes[node].placed += 1
        count(1, demand, node, last: tellsLast)
        append(Seat(demand: demand, node: node, slots: held))
        return true
    }

    private mutating func append(_ seat: Seat) {
        var seat = seat
        seat.isLast = tellsLast
        seats.append(seat)
    }

    /// Who is told last counts what all ranks have, as the highest one does.
    private static let lastRank = 2

    /// Gives as many as fit a seat there, `limit` at most; for classes without rules and without GPU in one go.
    /// - Returns: how many.
    package mutating func seatMany(_ demand: Int, on node: Int, limit: Int, givingUp giving: Int = 0) -> Int {
        let one = classes[demand]
        guard one.gpu == .none, compiled[demand].rules.isEmpty else {
            var done = 0
            while done < limit, seat(demand, on: node, givingUp: giving) { done += 1 }
            return done
        }
        let times = nodes[node].free.fits(one.amounts, limit: limit)
        guard times > 0, objection(demand, on: node, givingUp: giving) == nil else { return 0 }
        nodes[node].free.take(one.amounts, times: times)
        nodes[node].placed += times
        count(Int32(clamping: times), demand, node, last: tellsLast)
        append(Seat(demand: demand, node: node, count: times))
        return times
    }

    /// One of another class, which asks for the same, takes the place of one that stands there; it is told last. The other has
    /// none then.
    /// - Returns: false: a rule refuses it, or the company of the one that stands there is wanted; nothing has changed.
    package mutating func exchange(_ seat: Int, for demand: Int) -> Bool {
        let old = seats[seat]
        guard old.count > 0, objection(demand, on: old.node) == nil, !isWanted(old.demand) else {
            return false
        }
        count(-1, old.demand, old.node, last: old.isLast)
        seats[seat].count -= 1
        count(1, demand, old.node, last: tellsLast)
        append(Seat(demand: demand, node: old.node, slots: old.slots))
        return true
    }

    /// A rule of others wants to stand with it, or a spread has counted it.
    private func isWanted(_ demand: Int) -> Bool { compiled[demand].rank < 2 || wanted[demand] }

    private mutating func count(_ times: Int32, _ demand: Int, _ node: Int, last: Bool) {
        let one = compiled[demand]
        let rank = last ? Self.lastRank : one.rank
        if onNodes.width > 0 { onNodes.add(times, node, one, .node, rank) }
        if inZones.width > 0, let zone = nodes[node].zone { inZones.add(times, zone, one, .zone, rank) }
    }

    package mutating func open(_ node: PackedNode) -> Int {
        nodes.append(node)
        onNodes.addRow()
        return nodes.count - 1
    }

    /// Takes back the seats given since there were `seatCount`, and closes the nodes opened since there were `nodeCount`.
    package mutating func takeBack(seats seatCount: Int, nodes nodeCount: Int) {
        while seats.count > seatCount {
            vacate(seats.removeLast())
        }
        while nodes.count > nodeCount {
            nodes.removeLast()
            onNodes.removeLastRow()
        }
    }

    private mutating func vacate(_ seat: Seat) {
        let one = classes[seat.demand]
        for _ in 0..<seat.count {
            nodes[seat.node].free.giveBack(one.amounts)
            nodes[seat.node].devices.giveBack(seat.slots)
        }
        nodes[seat.node].placed -= seat.count
        count(-Int32(clamping: seat.count), seat.demand, seat.node, last: seat.isLast)
    }

    /// What stands on a node would also stand on one of this kind, in place of it.
    package func holds(_ node: Int, total: Amounts, gpus: Int) -> Bool {
        let old = nodes[node]
        for column in total.values.indices
        where old.total.values[column] - old.free.values[column] > total.values[column] {
            return false
        }
        return !old.devices.free.indices.dropFirst(gpus).contains { old.devices.free[$0] < Devices.whole }
    }

    /// Another kind of node in place of one; the caller has asked `holds`, and what stands there is admitted.
    package mutating func replace(_ node: Int, total: Amounts, gpus: Int, labels: Int) {
        for column in total.values.indices {
            nodes[node].free.values[column] += total.values[column] - nodes[node].total.values[column]
        }
        let old = nodes[node].devices.free
        nodes[node].devices = Devices(
            free: (0..<gpus).map { $0 < old.count ? old[$0] : Devices.whole })
        nodes[node].total = total
        nodes[node].labels = labels
    }
}
