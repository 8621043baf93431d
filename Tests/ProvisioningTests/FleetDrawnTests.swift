import Model
import Placement
import Provisioning
import Testing

/// Drawn small fleets: what the plan says is played again on counts of the test's own.
@Suite struct FleetDrawnTests {
    private static func draw(seed: UInt64) -> FleetWorld {
        var dice = Dice(seed: seed)
        let letters = ["p", "q"]
        let classes = (0..<Int.random(in: 1...4, using: &dice)).map { _ in
            let isApart = Int.random(in: 0..<3, using: &dice) == 0
            let own = letters.randomElement(using: &dice) ?? "p"
            let rule = TopologyRule(
                topology: .node, ask: .antiAffinity, selector: ["app": own], isSoft: false)
            return DemandClass(
                amounts: Amounts(values: [Int64.random(in: 1...5, using: &dice) * 500]),
                gpu: [.none, .none, .share(300), .whole(1)].randomElement(using: &dice) ?? .none,
                labels: ["app": own], rules: isApart ? [rule] : [],
                maxPerNode: Int.random(in: 0..<4, using: &dice) == 0 ? 2 : nil,
                priority: Int.random(in: 0...1, using: &dice))
        }
        let singles = classes.map { _ in Int.random(in: 0...6, using: &dice) }
        let parties = (0..<Int.random(in: 0...3, using: &dice)).map { _ in
            Party(
                members: [
                    Party.Member(
                        demand: Int.random(in: 0..<classes.count, using: &dice),
                        count: Int.random(in: 1...3, using: &dice))
                ], strategy: [nil, .pack, .strictPack, .strictSpread].randomElement(using: &dice) ?? nil,
                priority: Int.random(in: 0...1, using: &dice))
        }
        let types = (0..<Int.random(in: 1...3, using: &dice)).map { number in
            FleetType(
                name: "t\(number)", capacity: Amounts(values: [Int64.random(in: 1...6, using: &dice) * 1000]),
                gpus: Int.random(in: 0...2, using: &dice), labels: 0, live: 0, minWorkers: 0,
                maxWorkers: Int.random(in: 1...6, using: &dice))
        }
        let offers = types.indices.map {
            Offer(
                type: $0, zone: $0 % 2, capacityType: "on-demand",
                price: Int64.random(in: 1...9, using: &dice) * 100_000_000,
                room: Bool.random(using: &dice) ? .max : 2)
        }
        let nodes = (0..<Int.random(in: 0...2, using: &dice)).map { number in
            let total = Amounts(values: [4000])
            return PackedNode(
                total: total, free: Amounts(values: [Int64.random(in: 0...4, using: &dice) * 1000]),
                devices: Devices(count: number), zone: number, labels: 0, isUsed: false)
        }
        return FleetWorld(
            classes: classes, singles: singles, parties: parties, nodes: nodes, types: types, offers: offers,
            labels: [[:]], zones: ["a", "b"], maxWorkers: nodes.count + Int.random(in: 0...8, using: &dice),
            budget: Bool.random(using: &dice) ? nil : Int64.random(in: 0...40, using: &dice) * 100_000_000)
    }

    @Test(arguments: 1...300) func limitsHoldGangsAreWholeAndNobodyIsLeftOutWhoFits(seed: UInt64) {
        let world = Self.draw(seed: seed)
        let plan = planFleet(world)
        let bought = plan.launches.map { world.offers[$0.offer] }
        let cost = bought.reduce(Int64(0)) { $0 + $1.price }
        #expect(cost == plan.cost && plan.bound <= cost && cost <= world.budget ?? .max)
        #expect(world.nodes.count + bought.count <= max(world.maxWorkers, world.nodes.count))
        for offer in world.offers.indices {
            #expect(plan.launches.count { $0.offer == offer } <= world.offers[offer].room)
        }
        for type in world.types.indices {
            #expect(bought.count { $0.type == type } <= world.types[type].maxWorkers)
        }
        var placed = world.classes.map { _ in 0 }
        for (node, one) in plan.packing.nodes.enumerated() {
            let seats = plan.packing.seats.filter { $0.node == node }
            let start = node < world.nodes.count ? world.nodes[node].free.values[0] : one.total.values[0]
            let used = seats.reduce(Int64(0)) {
                $0 + world.classes[$1.demand].amounts.values[0] * Int64($1.count)
            }
            #expect(
                start - used == one.free.values[0] && used <= start && one.devices.free.allSatisfy { $0 >= 0 }
            )
            for seat in seats { placed[seat.demand] += seat.count }
            for (demand, group) in world.classes.enumerated() {
                let own = seats.filter { $0.demand == demand }.reduce(0) { $0 + $1.count }
                #expect(own <= group.maxPerNode ?? .max)
                guard own > 0, let rule = group.rules.first else { continue }
                let matching = seats.filter { rule.matches(world.classes[$0.demand].labels) }
                #expect(matching.reduce(0) { $0 + $1.count } == 1)
            }
        }
        var wanted = world.singles
        for (party, one) in world.parties.enumerated() where plan.seated[party] {
            for member in one.members { wanted[member.demand] += member.count }
            let nodes = plan.packing.seats[plan.partySeats[party]].map(\.node)
            #expect(nodes.count == one.count)
            if one.strategy == .strictPack { #expect(Set(nodes).count == 1) }
            if one.strategy == .strictSpread { #expect(Set(nodes).count == nodes.count) }
        }
        #expect(zip(wanted, plan.left).map { $0 - $1 } == placed)
        // Nobody who is left out fits on a node that is used or could be bought.
        for (demand, left) in plan.left.enumerated() where left > 0 {
            for node in plan.packing.nodes.indices
            where node < world.nodes.count || plan.packing.nodes[node].placed > 0 {
                let fits =
                    plan.packing.room(demand, on: node, limit: 1) > 0
                    && plan.packing.objection(demand, on: node) == nil
                #expect(!fits)
            }
            for obstacle in plan.obstacles(demand, world) where obstacle.code == .gang {
                let type = world.types[obstacle.type]
                #expect(
                    !type.capacity.covers(world.classes[demand].amounts)
                        || !Devices(count: type.gpus).fits(world.classes[demand].gpu))
            }
        }
        #expect(plan.packing.seats == planFleet(world).packing.seats)
    }
}
