import Model
import Placement

/// What comes next, where replicas are placed as they come.
package enum FleetArrival: Sendable {
    /// So many single replicas of a class.
    case singles(Int, count: Int)
    case party(Int)
}

/// Places one after the other, in the given order, on the nodes there are. Nothing is bought.
package func planInOrder(_ world: FleetWorld, _ order: [FleetArrival]) -> FleetPlan {
    var world = world
    world.offers = []
    var planning = FleetPlanning(world)
    for arrival in order {
        switch arrival {
        case .singles(let demand, let count):
            for _ in 0..<count where planning.seatOne(demand) { planning.left[demand] -= 1 }
        case .party(let party): planning.seat(party)
        }
    }
    return planning.finish()
}

extension FleetPlan {
    /// Why a type was not bought for one more of a class.
    package struct Obstacle: Sendable {
        package var type: Int
        package var code: Refusal.Code
        /// As in `Refusal`.
        package var gap: Int64 = 0
    }

    /// One for each type that can be had at all.
    package func obstacles(_ demand: Int, _ world: FleetWorld) -> [Obstacle] {
        var launched = world.types.map { _ in 0 }
        var bought: [Int: Int] = [:]
        for launch in launches {
            launched[world.offers[launch.offer].type] += 1
            bought[launch.offer, default: 0] += 1
        }
        let live = world.nodes.count + launches.count
        return world.types.indices.compactMap { type in
            let offers = world.offers.indices.filter { world.offers[$0].type == type }
            guard !offers.isEmpty else { return nil }
            let kind = world.types[type]
            let code: Refusal.Code
            var gap: Int64 = 0
            if packing.selector(demand, passing: kind.labels) == nil {
                code = .labelSelector
                gap = Int64(packing.failures(demand, kind.labels))
            } else if live >= world.maxWorkers || kind.live + launched[type] >= kind.maxWorkers {
                code = .limit
            } else {
                let open = offers.filter { bought[$0] ?? 0 < world.offers[$0].room }
                let allowed = open.filter {
                    packing.objection(demand, newIn: world.offers[$0].zone) == nil
                }
                if open.isEmpty {
                    code = .unavailable
                } else if allowed.isEmpty {
                    let objections = open.compactMap {
                        packing.objection(demand, newIn: world.offers[$0].zone)
                    }
                    code = objections.first?.code ?? .gang
                    gap = Int64(objections.filter { $0.code == code }.map(\.gap).min() ?? 0)
                } else if let budget = world.budget,
                    !allowed.contains(where: { world.offers[$0].price <= budget - cost })
                {
                    code = .budget
                    gap = (allowed.map { world.offers[$0].price }.min() ?? 0) - (budget - cost)
                } else {
                    code = .gang
                }
            }
            return Obstacle(type: type, code: code, gap: gap)
        }
    }
}
