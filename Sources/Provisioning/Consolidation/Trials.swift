import Model
import Placement

/// Tries out what would be if certain nodes were given up: the same planner that places and buys says where their replicas
/// would stand and what would have to be bought for them.
///
/// Nodes that are being emptied already are given up in every trial: what still stands there takes its part of the room.
/// Plans that have not begun to move may come to nothing, or not. So a set has to do without them, as if their nodes stayed
/// and took nobody; and with them, all leaving at once for what was planned for each.
struct Trials {
    /// Trials in one search, at most.
    static let countMax = 256
    /// Looks at a node in all trials of one search. Less than half a second on one core: measured with 300 nodes, 30 classes
    /// under rules about zones and 480 offers, where a trial takes 1.3 to 2.2 ms.
    static let looksMax = 1_000_000
    /// Looks at each node that a trial costs, whatever leaves; each class that leaves adds one.
    static let looksEach = 24

    private(set) var input: ConsolidationInput
    /// Millionths of a dollar per hour of the nodes in use, if nothing is given up.
    private(set) var before: Int64 = 0
    /// Of the room that is to be kept free, and of what is on the move, what there is none for even now.
    private var softLeft: [Int]
    /// Gangs on the move for which there is no room even now.
    private var gangsLeft = 0
    private var count = 0
    private var looks = 0
    private let hasRules: Bool
    /// Replicas of all nodes, by class.
    private let replicas: [Int]
    private let market: FleetMarket

    init(_ input: ConsolidationInput) {
        self.input = input
        market = FleetMarket(input.fleet)
        softLeft = input.fleet.classes.map { _ in .max }
        hasRules = input.fleet.classes.contains { !$0.rules.isEmpty || $0.maxPerNode != nil }
        var replicas = input.fleet.classes.map { _ in 0 }
        for member in input.nodes.flatMap(\.replicas) { replicas[member.demand] += member.count }
        self.replicas = replicas
        for give in input.ahead.flatMap(\.gives) { self.input.fleet.nodes[give].close() }
        settle()
    }

    /// What there is no room for, and what the nodes cost, if nothing is given up.
    private mutating func settle() {
        let planning = planned([], most: 0)
        softLeft = planning.left
        gangsLeft = planning.seated.count { !$0 }
        before = price(planning, without: Set(input.leaving))
    }

    private func fits(_ planning: FleetPlanning) -> Bool {
        zip(planning.left, softLeft).allSatisfy { $0 <= $1 } && planning.seated.count { !$0 } <= gangsLeft
    }

    var isSpent: Bool { isSpent(by: 1_000) }

    /// - Parameter thousandths: of all the work that may be done.
    func isSpent(by thousandths: Int) -> Bool {
        count >= Self.countMax * thousandths / 1_000 || looks >= Self.looksMax * thousandths / 1_000
    }

    /// From now on the move is one of the plans that others must leave their room.
    mutating func keep(_ move: Move) {
        let comes = move.launches.map { launch in
            let offer = input.fleet.offers[launch]
            return PlanAhead.Coming(type: offer.type, zone: offer.zone, price: offer.price)
        }
        input.ahead.append(PlanAhead(gives: move.gives, comes: comes))
        for give in move.gives { input.fleet.nodes[give].close() }
        settle()
    }

    /// What would be without these nodes; nil: something would find no place.
    /// - Parameter most: what may be spent on new nodes; nil: what the cluster may.
    mutating func without(_ gives: [Int], most: Int64?, for cause: DisruptionCause) -> Move? {
        count(gives)
        let planning = planned(gives, most: most)
        guard fits(planning) else { return nil }
        let launches = bought(planning)
        // What must go is made up for by whoever keeps the minimum.
        guard cause != .consolidation || keepsMinimum(gives, launches) else { return nil }
        guard fitsBeside(gives, launches) else { return nil }
        return Move(
            cause: cause, gives: gives, launches: launches, before: before,
            after: price(planning, without: Set(gives + input.leaving)), bound: 0,
            replicas: moved(gives))
    }

    /// Replicas that leave their places: those that stand there, and all of their gangs.
    private func moved(_ gives: [Int]) -> Int {
        let alone = gives.flatMap {
            [input.nodes[$0].count, -input.nodes[$0].members.reduce(0) { $0 + $1.count }]
        }
        return alone.reduce(0, +) + gangs(of: gives).reduce(0) { $0 + input.gangs[$1].count }
    }

    private func gangs(of nodes: [Int]) -> [Int] { Set(nodes.flatMap { input.nodes[$0].gangs }).sorted() }

    private mutating func count(_ gives: [Int]) {
        count += 1
        let classes = Set(gives.flatMap { input.nodes[$0].replicas.map(\.demand) }).count
        // A gang gets its seats one by one.
        let members = gangs(of: gives).reduce(0) { $0 + input.gangs[$1].count }
        looks += input.nodes.count * (classes + members + Self.looksEach)
    }

    private func planned(_ gives: [Int], most: Int64?) -> FleetPlanning {
        let gone = gives + input.leaving.filter { !gives.contains($0) }
        var world = input.fleet
        let comes = input.ahead.flatMap(\.comes)
        // The old ones are still there while the new ones come.
        world.maxWorkers = max(0, input.fleet.maxWorkers - gone.count - comes.count)
        if let budget = input.fleet.budget {
            world.budget = max(0, comes.reduce(budget) { $0 - $1.price })
        }
        if let most { world.budget = min(most, world.budget ?? .max) }
        return planned(&world, without: gone, buys: most != 0)
    }

    /// - Parameter buys: false: nothing, not even what is for nothing. Zones in which something is offered count all the same
    ///   in the rules that look at zones.
    private func planned(_ world: inout FleetWorld, without gone: [Int], buys: Bool) -> FleetPlanning {
        let names = Set(gone)
        let rest = input.nodes.indices.filter { !names.contains($0) }
        let added = world.nodes.dropFirst(input.nodes.count)
        world.nodes = rest.map { world.nodes[$0] } + added
        for member in gone.flatMap({ input.nodes[$0].replicas }) {
            world.singles[member.demand] += member.count
        }
        for member in gone.flatMap({ input.nodes[$0].members }) {
            world.singles[member.demand] -= member.count
        }
        world.parties = gangs(of: gone).map { input.gangs[$0] }
        for give in gone where input.nodes[give].isOnDemand && input.nodes[give].isStaying {
            if let type = input.nodes[give].type { world.types[type].onDemandLacking += 1 }
        }
        world.standing = hasRules ? standing(rest) : []
        if !buys { world.maxWorkers = world.nodes.count }
        var planning = FleetPlanning(world, market: market)
        planning.planAll()
        return planning
    }

    /// With all that is planned: everybody leaves at once, and nothing is bought beyond what was planned.
    private mutating func fitsBeside(_ gives: [Int], _ launches: [Int]) -> Bool {
        guard !input.ahead.isEmpty else { return true }
        let others = input.ahead.flatMap(\.gives)
        count(gives + others)
        var world = input.fleet
        for node in input.ahead.flatMap(\.coming) {
            world.nodes[node].free = world.nodes[node].total
            world.nodes[node].devices = Devices(count: world.nodes[node].devices.free.count)
        }
        let bought = launches.map { world.offers[$0] }.map {
            PlanAhead.Coming(type: $0.type, zone: $0.zone, price: $0.price)
        }
        for new in input.ahead.flatMap(\.comes) + bought {
            let type = world.types[new.type]
            world.nodes.append(
                PackedNode(
                    total: type.capacity, free: type.capacity, devices: Devices(count: type.gpus),
                    zone: new.zone, labels: type.labels, isUsed: false))
        }
        let leaving = Set(gives + others + input.leaving).sorted()
        let planning = planned(&world, without: leaving, buys: false)
        return fits(planning)
    }

    /// For the rules that look at them.
    private func standing(_ nodes: [Int]) -> [Seat] {
        nodes.enumerated().flatMap { place, node in
            input.nodes[node].replicas.map { Seat(demand: $0.demand, node: place, count: $0.count) }
        }
    }

    private func bought(_ planning: FleetPlanning) -> [Int] {
        planning.offerOf.indices.compactMap { node in
            planning.packing.nodes[node].placed > 0 ? planning.offerOf[node] : nil
        }
    }

    /// Of all nodes that hold anything, or room that is kept free. One without goes by its idle timeout, so that it costs
    /// something only if it is taken into use.
    private func price(_ planning: FleetPlanning, without gone: Set<Int>) -> Int64 {
        var sum = bought(planning).reduce(Int64(0)) { $0 + input.fleet.offers[$1].price }
        for (index, node) in input.nodes.indices.filter({ !gone.contains($0) }).enumerated() {
            let packed = planning.packing.nodes[index]
            let isMinimum = input.nodes[node].stay?.code == .minWorkers
            if packed.isUsed || packed.placed > 0 || isMinimum { sum += input.nodes[node].price }
        }
        return sum
    }

    private func keepsMinimum(_ gives: [Int], _ launches: [Int]) -> Bool {
        var rest: [Int: Int] = [:]
        for node in gives { if let type = input.nodes[node].type { rest[type, default: 0] -= 1 } }
        guard !rest.isEmpty else { return true }
        for launch in launches where rest[input.fleet.offers[launch].type] != nil {
            rest[input.fleet.offers[launch].type]? += 1
        }
        return rest.allSatisfy { type, change in
            let kind = input.fleet.types[type]
            // What other plans give up and what they have not bought yet.
            let others = Set(input.ahead.flatMap(\.gives) + input.leaving).subtracting(gives)
            let going = others.count { input.nodes[$0].type == type && input.nodes[$0].isStaying }
            let coming = input.ahead.flatMap(\.comes).count { $0.type == type }
            let staying = (input.staying?[type] ?? kind.live) - going + coming
            return change >= 0 || staying + change >= min(kind.minWorkers, kind.maxWorkers)
        }
    }

    /// What no nodes that can be bought now could cost less for all that stands and is kept free.
    func bound(after: Int64) -> Int64 {
        var world = input.fleet
        world.nodes = []
        world.budget = nil
        world.maxWorkers = .max
        for demand in world.classes.indices {
            world.singles[demand] += replicas[demand] - softLeft[demand]
        }
        let planning = FleetPlanning(world)
        var plan = FleetPlan(packing: planning.packing)
        plan.left = world.classes.map { _ in 0 }
        plan.cost = after
        return planning.bound(plan)
    }
}
