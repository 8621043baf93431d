import Model
import Placement
import Testing

/// Drawn classes on drawn nodes, a seat given here and there: what the packing allows is what a count of the seats allows.
@Suite struct PackingTests {
    private struct Drawn {
        var dice: Dice
        var classes: [DemandClass] = []
        var nodes: [PackedNode] = []

        init(seed: UInt64) {
            dice = Dice(seed: seed)
            for _ in 0..<Int.random(in: 2...5, using: &dice) {
                let letters = ["p", "q", "s"]
                let other = letters.randomElement(using: &dice) ?? "p"
                let topology: Topology = Bool.random(using: &dice) ? .zone : .node
                let asks: [TopologyRule.Ask?] = [nil, .spread(maxSkew: 1), .affinity, .antiAffinity]
                let ask = asks.randomElement(using: &dice) ?? nil
                let own = letters.randomElement(using: &dice) ?? "p"
                let rules = ask.map {
                    [TopologyRule(topology: topology, ask: $0, selector: ["app": other], isSoft: false)]
                }
                classes.append(
                    DemandClass(
                        amounts: Amounts(values: [Int64.random(in: 1...3, using: &dice) * 500]),
                        gpu: Bool.random(using: &dice) ? .none : .share(400), labels: ["app": own],
                        rules: rules ?? [],
                        maxPerNode: Int.random(in: 0..<4, using: &dice) == 0 ? 2 : nil))
            }
            for node in 0..<4 {
                let total = Amounts(values: [Int64.random(in: 1...6, using: &dice) * 1000])
                nodes.append(
                    PackedNode(
                        total: total, free: total, devices: Devices(count: node % 3), zone: node % 2,
                        labels: 0,
                        isUsed: false))
            }
        }

        var packing: Packing {
            Packing(classes: classes, nodes: nodes, labels: [[:]], zones: 2, markets: [])
        }
    }

    /// By the seats alone: may one more of the class, told last, stand on the node?
    private func allows(_ packing: Packing, _ drawn: Drawn, _ demand: Int, _ node: Int) -> Bool {
        let one = drawn.classes[demand]
        let free = packing.seats.filter { $0.node == node }.reduce(drawn.nodes[node].total.values[0]) {
            $0 - drawn.classes[$1.demand].amounts.values[0] * Int64($1.count)
        }
        guard free >= one.amounts.values[0], packing.nodes[node].devices.fits(one.gpu) else { return false }
        let same = packing.seats.filter { $0.node == node && $0.demand == demand }.reduce(0) { $0 + $1.count }
        if let most = one.maxPerNode, same >= most { return false }
        for rule in one.rules {
            let counts = counts(packing, drawn, rule, of: demand)
            let there = counts[rule.topology == .node ? node : drawn.nodes[node].zone ?? 0]
            let isOwn = rule.matches(one.labels)
            switch rule.ask {
            case .antiAffinity: if there > 0 { return false }
            case .affinity: if there == 0, !(isOwn && counts.allSatisfy { $0 == 0 }) { return false }
            case .spread(let most): if there + (isOwn ? 1 : 0) - (counts.min() ?? 0) > most { return false }
            }
        }
        // Those that are there may not want it.
        return !packing.seats.contains { seat in
            drawn.classes[seat.demand].rules.contains { rule in
                guard case .antiAffinity = rule.ask, rule.matches(one.labels) else { return false }
                return rule.topology == .node
                    ? seat.node == node : drawn.nodes[seat.node].zone == drawn.nodes[node].zone
            }
        }
    }

    /// Of those that the rule is about in each domain; a spread counts those that are told before it.
    private func counts(
        _ packing: Packing, _ drawn: Drawn, _ rule: TopologyRule, of demand: Int
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: rule.topology == .node ? drawn.nodes.count : 2)
        var isSpread = false
        if case .spread = rule.ask { isSpread = true }
        for seat in packing.seats where rule.matches(drawn.classes[seat.demand].labels) {
            if isSpread, packing.rank(seat.demand) > packing.rank(demand) { continue }
            counts[rule.topology == .node ? seat.node : drawn.nodes[seat.node].zone ?? 0] += seat.count
        }
        return counts
    }

    @Test(arguments: 1...200) func noSeatIsGivenThatACountRefuses(seed: UInt64) {
        var drawn = Drawn(seed: seed)
        var packing = drawn.packing
        for _ in 0..<30 {
            let demand = Int.random(in: 0..<drawn.classes.count, using: &drawn.dice)
            let node = Int.random(in: 0..<drawn.nodes.count, using: &drawn.dice)
            let isAllowed = allows(packing, drawn, demand, node)
            let isSeated = packing.seat(demand, on: node)
            // One told before a spread that has not counted it is refused as well: never more is given.
            if isSeated { #expect(isAllowed) }
            if !drawn.classes.contains(where: {
                $0.rules.contains { if case .spread = $0.ask { true } else { false } }
            }) {
                #expect(isSeated == isAllowed)
            }
        }
    }

    /// Seats and nodes that are taken back leave nothing behind: the same is refused as before.
    @Test(arguments: 1...100) func takingBackLeavesNothing(seed: UInt64) {
        var drawn = Drawn(seed: seed)
        var packing = drawn.packing
        func attempt(_ times: Int) {
            for _ in 0..<times {
                _ = packing.seat(
                    Int.random(in: 0..<drawn.classes.count, using: &drawn.dice),
                    on: Int.random(in: 0..<packing.nodes.count, using: &drawn.dice))
            }
        }
        func answers() -> [[Packing.Objection?]] {
            drawn.classes.indices.map { demand in
                drawn.nodes.indices.map { packing.objection(demand, on: $0) }
            }
        }
        attempt(10)
        let (seats, nodes, free) = (packing.seats, packing.nodes.count, packing.nodes.map(\.free))
        let before = answers()
        _ = packing.open(drawn.nodes[0])
        attempt(20)
        packing.takeBack(seats: seats.count, nodes: nodes)
        #expect(packing.seats == seats && packing.nodes.map(\.free) == free && answers() == before)
    }

    /// The cap on a node counts the class alone; the nearer limit is told.
    @Test func theNearestLimitOfANodeIsTold() {
        let rule = TopologyRule(topology: .node, ask: .antiAffinity, selector: ["app": "p"], isSoft: false)
        let classes = [
            DemandClass(amounts: Amounts(values: [1]), labels: ["app": "p"], rules: [rule], maxPerNode: 3),
            DemandClass(amounts: Amounts(values: [1]), maxPerNode: 2),
            DemandClass(amounts: Amounts(values: [1])),
        ]
        let packing = Packing(classes: classes, nodes: [], labels: [[:]], zones: 0, markets: [])
        #expect(
            packing.nodeLimit(0)?.most == 1 && packing.nodeLimit(1)?.most == 2 && packing.nodeLimit(2) == nil)
        #expect(packing.freedom(0) == 3 && packing.freedom(2) == 4)
    }
}
