import Model
import Placement
import Provisioning
import Store

extension NodeStep {
    /// Room that is to be kept free, as the cluster file says and by what is wanted now.
    func softDemand() -> [SoftDemand] {
        guard !settings.headroom.isEmpty else { return [] }
        struct Key: Hashable {
            var deployment: DeploymentID
            var resources: Resources
        }
        var counts: [Key: Int] = [:]
        for replica in state.replicas.values where replica.phase == .wanted {
            counts[Key(deployment: replica.deployment, resources: replica.settings.resources), default: 0] +=
                1
        }
        let keys = counts.keys.sorted {
            $0.deployment != $1.deployment
                ? $0.deployment < $1.deployment : $0.resources.description < $1.resources.description
        }
        let shapes = keys.map { key in
            DemandShape(
                resources: key.resources, count: counts[key] ?? 0,
                history: state.demandHistories[key.deployment]?.steps.map {
                    DemandStep(at: $0.at, count: $0.count)
                } ?? [])
        }
        return Provisioning.softDemand(
            settings.headroom, shapes,
            bootTime: isEconomic ? longestBoot : ConsolidationRule.bootTime,
            now: reckoned)
    }

    /// The latest instant at which economic headroom is reckoned.
    private var reckoned: Moment {
        Moment(now.ms - now.ms % DemandStep.reckonedEvery.rawValue)
    }

    private var longestBoot: Millis {
        let spans = bootSpans ?? measuredBoots()
        return settings.nodeTypes.map { Self.bootTime(spans[$0.name] ?? []) }.max()
            ?? ConsolidationRule.bootTime
    }

    private var isEconomic: Bool {
        settings.headroom.contains { if case .economic = $0 { true } else { false } }
    }

    /// Writes down how many replicas are wanted, where it matters.
    mutating func noteDemand() {
        guard isEconomic else {
            for id in state.demandHistories.keys.sorted() { forget(history: id) }
            return
        }
        wake(at: reckoned + DemandStep.reckonedEvery)
        var counts: [DeploymentID: Int] = [:]
        for id in state.demandHistories.keys { counts[id] = 0 }
        for replica in state.replicas.values where replica.phase == .wanted {
            counts[replica.deployment, default: 0] += 1
        }
        for id in counts.keys.sorted() {
            var row = state.demandHistories[id] ?? DemandHistoryRow(deployment: id, steps: [])
            let count = counts[id] ?? 0
            // Nothing more is to be learnt of one that is no more.
            if count == 0, state.deployments[id] == nil {
                forget(history: id)
                continue
            }
            guard row.steps.last?.count != count else { continue }
            if row.steps.last?.at == now { row.steps.removeLast() }
            row.steps.append(.init(at: now, count: count))
            row.steps.removeFirst(max(0, row.steps.count - DemandStep.most))
            put(row)
        }
    }

    /// Nodes that stay whether they hold anything or not: those of a plan that is carried out, and as many as the room needs
    /// that is kept free or asked for.
    func nodesKept() -> Set<NodeID> { keptFree.union(nodesOfPlans) }

    /// Looks anew which nodes that room is on, once replicas were placed.
    mutating func lookForKept() {
        let standing = holds(standingDemand(), emptied: true)
        keptStanding = standing
        keptFree = standing.union(holds(softDemand(), emptied: false))
    }

    private func holds(_ soft: [SoftDemand], emptied: Bool) -> Set<NodeID> {
        guard !soft.isEmpty else { return [] }
        var fleet = standingFleet(keeping: soft, countsComing: true, emptied: emptied)
        fleet.world.offers = []
        return Set(planHeadroom(fleet.world).holds.map { fleet.rows[$0].id })
    }

    /// What people asked room for, whatever runs (Ray: `request_resources`).
    private func standingDemand() -> [SoftDemand] {
        state.standingDemand.map {
            SoftDemand(resources: $0.resources, count: min($0.count, SoftDemand.most))
        }
    }

    /// Buys what is missing of the room that is to be kept free, once nothing real is being bought.
    mutating func coverHeadroom() {
        let soft = softDemand()
        guard !soft.isEmpty, !purchases.contains(where: \.isForReplicas) else { return }
        buy(
            soft, standingFleet(keeping: soft, countsComing: true), rule: "headroom",
            reason: "Room for \(words(soft)) is to be kept free, and there is too little.")
    }

    /// Buys what whole nodes lack of the standing demand, once nothing else is being bought. What runs counts against it: it
    /// is a size of the cluster, and not room on top (as Ray packs it, against what all nodes have).
    mutating func coverStandingDemand() {
        let soft = standingDemand()
        guard !soft.isEmpty, purchases.isEmpty else { return }
        buy(
            soft, standingFleet(keeping: soft, countsComing: true, emptied: true), rule: "request_resources",
            reason: "Nodes for \(words(soft)) were asked for, and there are too few.")
    }

    private func words(_ soft: [SoftDemand]) -> String {
        soft.map { "\($0.count) of \($0.resources)" }.joined(separator: ", ")
    }

    private mutating func buy(_ soft: [SoftDemand], _ fleet: StandingFleet, rule: String, reason: String) {
        let plan = planHeadroom(fleet.world)
        let states = Dictionary(
            typeStates().map { ($0.type.name, $0) }, uniquingKeysWith: { first, _ in first })
        var bought: [String: Int] = [:]
        for purchase in purchases { bought[purchase.type, default: 0] += 1 }
        for launch in plan.launches {
            let offering = fleet.offerings[launch]
            guard let known = states[offering.nodeType] else { continue }
            let already = bought[offering.nodeType] ?? 0
            guard upscalingLimit(known, settings) - known.recent.count - already > 0 else {
                wake(at: known.recent.first ?? now + upscalingStep)
                continue
            }
            bought[offering.nodeType] = already + 1
            let ways = fleet.offerings.filter { $0.nodeType == offering.nodeType }.sorted {
                $0.microdollarsPerHour != $1.microdollarsPerHour
                    ? $0.microdollarsPerHour < $1.microdollarsPerHour : key(of: $0) < key(of: $1)
            }
            buy(
                Purchase(
                    type: offering.nodeType, offerings: ways,
                    decision: Decision(
                        .launch, offering.nodeType, before: "\(known.live + already)",
                        after: "\(known.live + already + 1)", rule: rule, reason: reason,
                        inputs: [
                            .init("wanted", Int64(soft.reduce(0) { $0 + $1.count })),
                            .init("short", Int64(plan.short)), .init("live", Int64(known.live)),
                            .init("microusd_per_hour", ways.first?.microdollarsPerHour ?? 0),
                        ])))
        }
    }
}
