import Foundation
import Model
import Placement

extension WorldPlan {
    private struct Slot: Encodable {
        var index: Int
        var milli: Int64
    }

    private struct AssignmentJSON: Encodable {
        var request: String
        var bundle: Int?
        var node: String
        var count: Int
        /// What each of them holds.
        var gpus: [Slot]?
    }

    private struct LaunchJSON: Encodable {
        var id: String
        var type: String
        var zone: String?
        var capacity_type: String
    }

    private struct ReasonJSON: Encodable {
        var candidate: String
        var code: String
        /// In units, or bytes of memory.
        var short: [String: Decimal]?
        /// How far it is from what is allowed: replicas, terms of a selector, or of a budget dollars per hour.
        var gap: Decimal?
    }

    private struct UnplacedJSON: Encodable {
        var request: String
        var count: Int
        var reasons: [ReasonJSON]
    }

    private struct PlanJSON: Encodable {
        var assignments: [AssignmentJSON]
        var launches: [LaunchJSON]
        var unplaced: [UnplacedJSON]
        var cost_per_hour: Decimal
        var lower_bound_cost_per_hour: Decimal
        var gpu_allocated_pct: Decimal?
        var planning_ms: Decimal?
    }

    private struct SummaryJSON: Encodable {
        var requests: Int
        var replicas: Int
        var placed: Int
        var unplaced: Int
        var nodes: Int
        var nodes_used: Int
        var launches: Int
        var cost_per_hour: Decimal
        var lower_bound_cost_per_hour: Decimal
        var gpu_allocated_pct: Decimal?
        var planning_ms: Decimal?
    }

    /// The same plan is the same text, to the byte.
    /// - Parameter isSummary: counts instead of lists.
    /// - Parameter planningMicros: told as well; nil: not.
    package func json(of world: World, isSummary: Bool, planningMicros: Int64? = nil) throws -> String {
        let allocated = gpuAllocated.map { Decimal($0) / 10_000 }
        let took = planningMicros.map { Decimal($0) / 1_000 }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isSummary {
            let placed = assignments.reduce(0) { $0 + $1.count }
            let summary = SummaryJSON(
                requests: world.requests.count, replicas: world.requests.reduce(0) { $0 + $1.count },
                placed: placed, unplaced: unplaced.reduce(0) { $0 + $1.count }, nodes: world.nodes.count,
                nodes_used: Set(assignments.map(\.node)).count, launches: launches.count,
                cost_per_hour: Self.dollars(cost), lower_bound_cost_per_hour: Self.dollars(bound),
                gpu_allocated_pct: allocated,
                planning_ms: took)
            return String(decoding: try encoder.encode(summary), as: UTF8.self)
        }
        let plan = PlanJSON(
            assignments: assignments.map { one in
                AssignmentJSON(
                    request: world.requests[one.request].id, bundle: one.bundle,
                    node: one.node < world.nodes.count
                        ? world.nodes[one.node].id : launches[one.node - world.nodes.count].id,
                    count: one.count,
                    gpus: one.slots.isEmpty ? nil : one.slots.map { Slot(index: $0.index, milli: $0.milli) })
            },
            launches: launches.map {
                LaunchJSON(id: $0.id, type: $0.type, zone: $0.zone, capacity_type: $0.capacityType)
            },
            unplaced: unplaced.map { one in
                UnplacedJSON(
                    request: world.requests[one.request].id, count: one.count,
                    reasons: one.refusals.map { refusal in
                        let short = refusal.short.entries.map { ($0.name, Self.units($0)) }
                        return ReasonJSON(
                            candidate: refusal.candidate, code: refusal.code.rawValue,
                            short: short.isEmpty ? nil : Dictionary(uniqueKeysWithValues: short),
                            gap: refusal.gap == 0 ? nil : Self.gap(refusal))
                    })
            }, cost_per_hour: Self.dollars(cost), lower_bound_cost_per_hour: Self.dollars(bound),
            gpu_allocated_pct: allocated, planning_ms: took)
        return String(decoding: try encoder.encode(plan), as: UTF8.self)
    }

    private static func dollars(_ billionths: Int64) -> Decimal { Decimal(billionths) / 1_000_000_000 }

    /// Dollars per hour, or so many as `Refusal.gap` says.
    private static func gap(_ refusal: Refusal) -> Decimal {
        refusal.code == .budget ? Decimal(refusal.gap) / 1_000_000 : Decimal(refusal.gap)
    }

    private static func units(_ entry: Resources.Entry) -> Decimal {
        entry.name == Resources.memory ? Decimal(entry.amount) : Decimal(entry.amount) / 1_000
    }
}
