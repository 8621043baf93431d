import Model
import Placement
import Provisioning
import Testing

/// Drawn fleets whose replicas stand under rules about zones and nodes: nobody is left out who fits as the plan ends, by counts of
/// the test's own.
@Suite struct SpreadDrawnTests {
    private static let letters = ["p", "q", "r"]

    private static func draw(seed: UInt64) -> FleetWorld {
        var dice = Dice(seed: seed)
        let classes = (0..<Int.random(in: 1...6, using: &dice)).map { _ in
            let own = letters.randomElement(using: &dice) ?? "p"
            var rules: [TopologyRule] = []
            if Int.random(in: 0..<2, using: &dice) == 0 {
                rules.append(
                    TopologyRule(
                        topology: .zone, ask: .spread(maxSkew: 1),
                        selector: ["app": Bool.random(using: &dice) ? own : letters[0]]))
            }
            if Int.random(in: 0..<4, using: &dice) == 0 {
                let topology = Topology.allCases.randomElement(using: &dice) ?? .node
                rules.append(
                    TopologyRule(
                        topology: topology, ask: .antiAffinity,
                        selector: ["app": letters.randomElement(using: &dice) ?? "p"]))
            }
            return DemandClass(
                amounts: Amounts(values: [Int64.random(in: 1...4, using: &dice) * 500]), gpu: .none,
                labels: ["app": own], rules: rules, priority: Int.random(in: 0...1, using: &dice))
        }
        let types = (0..<Int.random(in: 1...2, using: &dice)).map { number in
            FleetType(
                name: "t\(number)", capacity: Amounts(values: [Int64.random(in: 1...4, using: &dice) * 1000]),
                gpus: 0, labels: 0, live: 0, minWorkers: 0, maxWorkers: Int.random(in: 0...6, using: &dice))
        }
        let offers = types.indices.flatMap { type in
            (0..<3).filter { _ in Bool.random(using: &dice) }.map {
                Offer(
                    type: type, zone: $0, capacityType: "on-demand",
                    price: Int64.random(in: 1...9, using: &dice) * 100_000_000,
                    room: Bool.random(using: &dice) ? .max : Int.random(in: 0...3, using: &dice))
            }
        }
        let nodes = (0..<Int.random(in: 0...4, using: &dice)).map { number in
            PackedNode(
                total: Amounts(values: [4000]),
                free: Amounts(values: [Int64.random(in: 0...4, using: &dice) * 1000]),
                devices: Devices(count: 0), zone: number % 3, labels: 0, isUsed: false)
        }
        return FleetWorld(
            classes: classes, singles: classes.map { _ in Int.random(in: 0...6, using: &dice) }, nodes: nodes,
            types: types, offers: offers, labels: [[:]], zones: ["a", "b", "c"],
            maxWorkers: nodes.count + Int.random(in: 0...8, using: &dice))
    }

    /// Who stands where, counted from the seats.
    private struct Count {
        let world: FleetWorld
        let plan: FleetPlan

        private func zone(_ node: Int) -> Int? { plan.packing.nodes[node].zone }

        /// Replicas that a selector matches, by domain.
        private func matching(_ rule: TopologyRule) -> [Int?: Int] {
            var counts: [Int?: Int] = [:]
            for seat in plan.packing.seats where rule.matches(world.classes[seat.demand].labels) {
                counts[rule.topology == .node ? seat.node : zone(seat.node), default: 0] += seat.count
            }
            return counts
        }

        /// A spread counts the zones where there is a node, or one can be bought.
        private var zones: [Int] {
            let there = world.nodes.compactMap(\.zone)
            return Set(there + world.offers.filter { $0.room > 0 }.compactMap(\.zone)).sorted()
        }

        /// One more of a class, told last, breaks no rule of its own and none of those who are there.
        func mayStand(_ demand: Int, node: Int?, zone: Int?) -> Bool {
            let one = world.classes[demand]
            for rule in one.rules {
                let counts = matching(rule)
                let domain = rule.topology == .node ? node : zone
                let there = domain.flatMap { counts[$0] } ?? 0
                switch rule.ask {
                case .spread(let skew):
                    guard zone != nil else { return false }
                    let own = rule.matches(one.labels) ? 1 : 0
                    if there + own - (zones.map { counts[$0] ?? 0 }.min() ?? 0) > skew { return false }
                case .antiAffinity: if there > 0 { return false }
                case .affinity: return false
                }
            }
            for seat in plan.packing.seats where seat.count > 0 {
                for rule in world.classes[seat.demand].rules where rule.ask == .antiAffinity {
                    let isHere = rule.topology == .node ? seat.node == node : self.zone(seat.node) == zone
                    if isHere, rule.matches(one.labels) { return false }
                }
            }
            return true
        }

        /// A spread that is told before others counts those it matches, whoever comes: such a class is left to the planner.
        func isCounted(_ demand: Int) -> Bool {
            let one = world.classes[demand]
            let hasSpread = one.rules.contains { if case .spread = $0.ask { true } else { false } }
            return !hasSpread
                && world.classes.contains { other in
                    other.rules.contains { rule in
                        if case .spread = rule.ask { rule.matches(one.labels) } else { false }
                    }
                }
        }
    }

    @Test(arguments: 1...1_500 as ClosedRange<UInt64>) func nobodyIsLeftOutWhoFits(seed: UInt64) {
        let world = Self.draw(seed: seed)
        let plan = planFleet(world)
        let count = Count(world: world, plan: plan)
        for (demand, left) in plan.left.enumerated() where left > 0 && !count.isCounted(demand) {
            let asked = world.classes[demand].amounts.values[0]
            for node in plan.packing.nodes.indices
            where node < world.nodes.count || plan.packing.nodes[node].placed > 0 {
                let one = plan.packing.nodes[node]
                let fits =
                    one.free.values[0] >= asked && count.mayStand(demand, node: node, zone: one.zone)
                #expect(!fits, "seed \(seed): class \(demand) fits on \(node)")
            }
            guard world.nodes.count + plan.launches.count < world.maxWorkers else { continue }
            for offer in world.offers.indices {
                let one = world.offers[offer]
                let bought = plan.launches.filter { $0.offer == offer }.count
                let ofType = plan.launches.filter { world.offers[$0.offer].type == one.type }.count
                let canBuy =
                    bought < one.room && ofType < world.types[one.type].maxWorkers
                    && world.types[one.type].capacity.values[0] >= asked
                let fits = canBuy && count.mayStand(demand, node: nil, zone: one.zone)
                #expect(!fits, "seed \(seed): \(demand) could have offer \(offer)")
            }
        }
    }
}
