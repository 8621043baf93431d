import Model
import Placement

/// Replicas of one kind, as headroom counts them.
package struct DemandShape: Hashable, Sendable {
    package var resources: Resources
    /// Replicas that are wanted now.
    package var count: Int
    /// How many were wanted when; empty: not known.
    package var history: [DemandStep]

    package init(resources: Resources, count: Int, history: [DemandStep] = []) {
        self.resources = resources
        self.count = count
        self.history = history
    }
}

/// So many replicas were wanted from then on.
package struct DemandStep: Hashable, Sendable, Codable {
    package var at: Moment
    package var count: Int

    package init(at: Moment, count: Int) {
        self.at = at
        self.count = count
    }

    /// Steps that are kept of a deployment, at most; the oldest go.
    package static let most = 256
    /// Economic headroom is reckoned anew at the full ten minutes of the cluster clock, so that between them nothing
    /// changes by itself.
    package static let reckonedEvery = Millis(600_000)
}

/// Room for so many replicas that nobody has.
package struct SoftDemand: Hashable, Sendable {
    package var resources: Resources
    package var count: Int

    package init(resources: Resources, count: Int) {
        self.resources = resources
        self.count = count
    }

    /// Of its class: real demand comes first, whatever its priority.
    package static let priority = Int.min
    /// Replicas' worth of one shape, at most.
    package static let most = 100_000
}

/// How much room is to be kept free. Of several kinds of headroom the sums.
///
/// Fixed is what it says. A percentage is taken of the replicas of each size, rounded up, since room in halves of replicas
/// is of no use to anybody. Economic is the quantile, over the time that is remembered, of how many replicas more were
/// wanted at some moment within the time that a node takes to boot: what would have waited had there been no spare room.
/// For whom an hour of a waiting replica is worth w and an hour of an empty place costs c, w / (w + c) is the quantile that
/// costs least (the newsvendor's rule, Arrow, Harris and Marschak 1951).
/// - Parameters:
///   - bootTime: the longest that a node type is measured to take.
///   - now: what was wanted before it is looked at.
package func softDemand(
    _ headroom: [Headroom], _ shapes: [DemandShape], bootTime: Millis, now: Moment
) -> [SoftDemand] {
    var counts: [Resources: Int] = [:]
    for one in headroom {
        switch one {
        case .fixed(let resources, let count): counts[resources, default: 0] += max(0, count)
        case .percent(let percent):
            for shape in shapes {
                counts[shape.resources, default: 0] += (shape.count * max(0, percent) + 99) / 100
            }
        case .economic(let quantile):
            for shape in shapes {
                counts[shape.resources, default: 0] += growth(
                    shape.history, within: bootTime, until: now, quantile: quantile)
            }
        }
    }
    return counts.filter { $0.value > 0 && !$0.key.entries.isEmpty }.map {
        SoftDemand(resources: $0.key, count: min($0.value, SoftDemand.most))
    }.sorted { $0.resources.description < $1.resources.description }
}

/// The quantile, over the moments from the first step until a window before `until`, of how much more was wanted at some
/// moment within the window than at its beginning. 0 while less than a window is known.
package func growth(
    _ steps: [DemandStep], within window: Millis, until: Moment, quantile: Thousandths
) -> Int {
    guard let first = steps.first, first.at < until - window else { return 0 }
    let end = until - window
    let edges = Set([first.at] + steps.map(\.at) + steps.map { $0.at - window })
        .filter { $0 >= first.at && $0 < end }.sorted()
    var spans: [(growth: Int, span: Int64)] = []
    for (index, edge) in edges.enumerated() {
        let next = index + 1 < edges.count ? edges[index + 1] : end
        var (now, most) = (0, 0)
        for step in steps where step.at <= edge + window {
            if step.at <= edge {
                now = step.count
                most = step.count
            } else {
                most = max(most, step.count)
            }
        }
        spans.append((max(0, most - now), (next - edge).rawValue))
    }
    spans.sort { $0.growth < $1.growth }
    let total = spans.reduce(Int64(0)) { $0 + $1.span }
    let due = Int128(total) * Int128(min(max(quantile.rawValue, 0), 1000))
    var passed: Int128 = 0
    for span in spans {
        passed += Int128(span.span) * 1000
        if passed >= due { return span.growth }
    }
    return spans.last?.growth ?? 0
}

/// Where the room is that is kept free, and what is bought for it.
package struct HeadroomPlan: Sendable {
    /// Indices of nodes that hold it.
    package var holds: [Int] = []
    /// Indices of offers.
    package var launches: [Int] = []
    /// Replicas' worth of it for which there is neither.
    package var short = 0
}

/// Covers what is soft of the demand, after all that is real: on nodes in use first, so that as few others as can be are
/// kept for it. Nothing is bought for what is real: that has been decided already.
/// - Parameter world: with the replicas that wait for a place, and the soft demand at its priority.
package func planHeadroom(_ world: FleetWorld) -> HeadroomPlan {
    var world = world
    for type in world.types.indices { world.types[type].minWorkers = 0 }
    let fleet = planFleet(world)
    let isSoft = world.classes.map { $0.priority == SoftDemand.priority }
    var plan = HeadroomPlan()
    var holds: Set<Int> = []
    var real: Set<Int> = []
    for seat in fleet.packing.seats where seat.count > 0 {
        if !isSoft[seat.demand] { real.insert(seat.node) } else { holds.insert(seat.node) }
    }
    plan.holds = holds.filter { $0 < world.nodes.count }.sorted()
    plan.launches = fleet.launches.filter { !real.contains($0.node) && holds.contains($0.node) }.map(\.offer)
    plan.short = zip(fleet.left, isSoft).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    return plan
}
