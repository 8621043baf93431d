import Model
import Placement

/// Tries out what would be if certain nodes were given up: the same planner that places and buys says where their replicas
/// would stand and what would have to be bought for them.
struct Trials {
    /// Trials in one search, at most.
    static let countMax = 256
    /// Looks at a node for a class, in all trials of one search. About half a second on one core.
    static let looksMax = 200_000

    let input: ConsolidationInput
    /// Millionths of a dollar per hour of the nodes in use, if nothing is given up.
    private(set) var before: Int64 = 0
    /// Of the room that is to be kept free, what there is none for even now.
    private var softLeft: [Int]
    private var count = 0
    private var looks = 0
    private let hasRules: Bool
    /// Replicas of all nodes, by class.
    private let replicas: [Int]

    init(_ input: ConsolidationInput) {
        self.input = input
        softLeft = input.fleet.classes.map { _ in .max }
        hasRules = input.fleet.classes.contains { !$0.rules.isEmpty || $0.maxPerNode != nil }
        var replicas = input.fleet.classes.map { _ in 0 }
        for member in input.nodes.flatMap(\.replicas) { replicas[member.demand] += member.count }
        self.replicas = replicas
        let planning = planned([], most: 0)
        softLeft = planning.left
        before = price(planning, without: [])
    }

    var isSpent: Bool { count >= Self.countMax || looks >= Self.looksMax }

    /// What would be without these nodes; nil: something would find no place.
    /// - Parameter most: what may be spent on new nodes; nil: what the cluster may.
    mutating func without(_ gives: [Int], most: Int64?, for cause: DisruptionCause) -> Move? {
        count += 1
        let classes = Set(gives.flatMap { input.nodes[$0].replicas.map(\.demand) }).count
        looks += input.nodes.count * (classes + 1)
        let planning = planned(gives, most: most)
        guard zip(planning.left, softLeft).allSatisfy({ $0 <= $1 }) else { return nil }
        let launches = bought(planning)
        // What must go is made up for by whoever keeps the minimum.
        guard cause != .consolidation || keepsMinimum(gives, launches) else { return nil }
        return Move(
            cause: cause, gives: gives, launches: launches, before: before,
            after: price(planning, without: Set(gives)), bound: 0,
            replicas: gives.reduce(0) { $0 + input.nodes[$1].count })
    }

    private func planned(_ gives: [Int], most: Int64?) -> FleetPlanning {
        let gone = Set(gives)
        let rest = input.nodes.indices.filter { !gone.contains($0) }
        var world = input.fleet
        world.nodes = rest.map { input.fleet.nodes[$0] }
        for member in gives.flatMap({ input.nodes[$0].replicas }) {
            world.singles[member.demand] += member.count
        }
        for give in gives where input.nodes[give].isOnDemand {
            if let type = input.nodes[give].type { world.types[type].onDemandLacking += 1 }
        }
        // The old ones are still there while the new ones come.
        world.maxWorkers = max(0, input.fleet.maxWorkers - gives.count)
        if let most { world.budget = min(most, input.fleet.budget ?? .max) }
        world.standing = hasRules ? standing(rest) : []
        var planning = FleetPlanning(world)
        planning.planAll()
        return planning
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
            return change >= 0 || kind.live + change >= min(kind.minWorkers, kind.maxWorkers)
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
