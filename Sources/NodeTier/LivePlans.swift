import Model
import Placement
import Provisioning
import Store

/// Plans that are carried out side by side. They share no node, and what they may disturb in all is one sum.
///
/// A plan that moves counts as done by whoever comes after: what still has to leave its nodes takes its part of the room. One
/// that has not begun to may come to nothing, or not; plans made after it hold either way. It need not know of those.
extension NodeStep {
    /// The oldest first.
    var livePlans: [MovePlanRow] {
        state.movePlans.values.filter { !$0.phase.isOver }.sorted { $0.number < $1.number }
    }

    /// Nodes that go or come by a plan.
    var nodesOfPlans: Set<NodeID> { Set(livePlans.flatMap { steps(of: $0.id).compactMap(\.node) }) }

    /// Nodes that were bought for a plan.
    var nodesTaken: Set<NodeID> {
        Set(livePlans.flatMap { steps(of: $0.id).filter { $0.part == .takes }.compactMap(\.node) })
    }

    /// What the other plans leave of the room.
    /// - Parameter plan: nil: all are others.
    func noteOthers(of plan: MovePlanRow?, _ fleet: StandingFleet, in input: inout ConsolidationInput) {
        let places = Dictionary(
            fleet.rows.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        var leaving = Set(fleet.rows.indices.filter { fleet.rows[$0].phase == .draining })
        for other in livePlans where other.id != plan?.id {
            let steps = steps(of: other.id).filter { !$0.phase.isOver }
            let gives = steps.filter { $0.part == .gives }.compactMap { $0.node.flatMap { places[$0] } }
            if other.phase == .moving {
                leaving.formUnion(gives)
                continue
            }
            if let plan, plan.number < other.number { continue }
            let takes = steps.filter { $0.part == .takes }
            input.ahead.append(
                PlanAhead(
                    gives: gives, comes: takes.filter { $0.node == nil }.compactMap { coming($0, fleet) },
                    coming: takes.compactMap { $0.node.flatMap { places[$0] } }.filter {
                        [.requested, .booting].contains(fleet.rows[$0].phase)
                    }))
        }
        input.leaving = leaving.sorted()
        if plan == nil { closeIdle(in: &input) }
    }

    /// Nodes that will have gone by their idle timeout before a plan begins are no room for one.
    private func closeIdle(in input: inout ConsolidationInput) {
        let begins = now + ConsolidationRule.thinkFor
        for (place, node) in input.nodes.enumerated() {
            guard let stay = node.stay, stay.code == .idle, let until = stay.until, until <= begins else {
                continue
            }
            input.fleet.nodes[place].close()
        }
    }

    private func coming(_ step: MoveStepRow, _ fleet: StandingFleet) -> PlanAhead.Coming? {
        guard let type = fleet.world.types.firstIndex(where: { $0.name == step.type }) else { return nil }
        return PlanAhead.Coming(
            type: type, zone: fleet.world.zones.firstIndex(of: step.zone), price: step.microdollarsPerHour)
    }

    /// Replicas on nodes that are being emptied for whom nobody was started elsewhere yet: of a deployment as many as it lacks
    /// on other nodes.
    func stillToMove(from rows: [NodeRow]) -> Set<ReplicaID> {
        let draining = rows.filter { $0.phase == .draining }
        let moving = Dictionary(
            grouping: draining.flatMap { liveReplicas(on: $0.id) }.filter { isWanted($0) }, by: \.deployment)
        guard !moving.isEmpty else { return [] }
        let names = Set(draining.map(\.id))
        var elsewhere: [DeploymentID: Int] = [:]
        for placement in state.placements.values
        where placement.phase.holdsRoom && moving[placement.deployment] != nil {
            guard let node = placement.node, !names.contains(node), isWanted(placement.replica) else {
                continue
            }
            elsewhere[placement.deployment, default: 0] += 1
        }
        return moving.reduce(into: []) { found, group in
            let (deployment, replicas) = group
            let lacking = (state.deployments[deployment]?.target ?? 0) - (elsewhere[deployment] ?? 0)
            found.formUnion(replicas.sorted().prefix(max(0, lacking)))
        }
    }

    private func isWanted(_ id: ReplicaID) -> Bool { state.replicas[id]?.phase == .wanted }
}
