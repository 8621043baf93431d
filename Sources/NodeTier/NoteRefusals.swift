import Model
import Placement
import Provisioning
import Store

/// What the candidates answered to each replica that waits, as it is written into its row.
extension NodeStep {
    /// Answers kept with a waiting replica; of a larger cluster those of the node types, and before those of other nodes
    /// the ones of nodes with replicas of the same deployment, of which one may make room.
    static let refusalsMax = 64
    /// Answers kept with all of them together: where very many wait each keeps fewer, but `refusalsMin`.
    static let refusalsInAllMax = 131_072
    static let refusalsMin = 4

    /// Each waiting replica's row says what every candidate answered.
    mutating func noteRefusals(_ plan: PlacementPlan, _ outcome: ProvisioningPlan) {
        var told: [ReplicaID: Told] = [:]
        for unplaced in plan.unplaced { told[unplaced.demand.replica] = Told(nodes: unplaced.refusals) }
        for refusal in outcome.refusals { told[refusal.replica, default: Told()].types = refusal.refusals }
        for promise in outcome.promised {
            for refusal in promise.refusals {
                if state.nodes[NodeID(refusal.candidate)] != nil {
                    told[promise.replica, default: Told()].awaited = refusal.candidate
                } else {
                    told[promise.replica, default: Told()].launch = refusal.candidate
                }
            }
        }
        for launch in outcome.launches {
            for replica in launch.replicas { told[replica, default: Told()].launch = launch.type }
        }
        for coming in plan.coming {
            told[coming.replica] = Told(nodes: coming.answers, awaited: coming.awaits.rawValue)
        }
        let most = max(Self.refusalsMin, min(Self.refusalsMax, Self.refusalsInAllMax / max(told.count, 1)))
        let near = nearby(told.filter { $0.value.count > most }.map(\.key.deployment))
        var known: [Told.Key: [Told.Answer]] = [:]
        for id in told.keys.sorted() {
            guard let mine = told[id] else { continue }
            // Replicas of one shape were told the same. Lists that share their memory are equal at a glance.
            let key = Told.Key(deployment: id.deployment, cut: mine.count > most)
            let others: [Refusal]
            if let found = known[key]?.first(where: { $0.nodes == mine.nodes && $0.types == mine.types }) {
                others = found.inOrder
            } else {
                others = mine.inOrder(
                    own: near[id.deployment] ?? [], isNode: { state.nodes[NodeID($0)] != nil }, most: most)
                known[key, default: []].append(
                    Told.Answer(nodes: mine.nodes, types: mine.types, inOrder: others))
            }
            explain(id, mine.refusals(others, most: most))
        }
    }

    /// The nodes on which replicas of these deployments hold room.
    private func nearby(_ deployments: [DeploymentID]) -> [DeploymentID: Set<String>] {
        let asked = Set(deployments)
        guard !asked.isEmpty else { return [:] }
        var nodes: [DeploymentID: Set<String>] = [:]
        for placement in state.placements.values
        where asked.contains(placement.deployment) && placement.phase.holdsRoom {
            if let node = placement.node { nodes[placement.deployment, default: []].insert(node.rawValue) }
        }
        return nodes
    }
}

/// What one replica was told.
private struct Told {
    /// By the nodes, one list for all of its shape; and by the types.
    var nodes: [Refusal] = []
    var types: [Refusal] = []
    /// The node on its way that it waits for.
    var awaited: String?
    /// The type of the node that is ordered for it.
    var launch: String?

    struct Key: Hashable {
        var deployment: DeploymentID
        var cut: Bool
    }

    /// What others were told in the very same words, and how it was put in order.
    struct Answer {
        var nodes: [Refusal]
        var types: [Refusal]
        var inOrder: [Refusal]
    }

    var count: Int { nodes.count + types.count + (launch == nil ? 0 : 1) }

    /// All answers, of which the last count where there are too many: of other nodes, of those with replicas of the same
    /// deployment, of the types.
    func inOrder(own: Set<String>, isNode: (String) -> Bool, most: Int) -> [Refusal] {
        let answers = nodes + types
        guard count > most else { return answers }
        let ranked =
            answers.filter { isNode($0.candidate) && !own.contains($0.candidate) }
            + answers.filter { own.contains($0.candidate) }
            + answers.filter { !isNode($0.candidate) }
        // One of them may be the node that is waited for, and be told otherwise.
        return Array(ranked.suffix(most + 1))
    }

    /// What is on its way is never left out: who waits for it is not stuck.
    func refusals(_ others: [Refusal], most: Int) -> [Refusal] {
        guard let coming = awaited ?? launch else { return others.suffix(most) }
        let rest = awaited == nil ? others : others.filter { $0.candidate != coming }
        return rest.suffix(most - 1) + [Refusal(candidate: coming, code: .coming)]
    }
}
