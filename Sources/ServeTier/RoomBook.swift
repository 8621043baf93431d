import Model
import Placement
import Scaling
import Store

/// Who stands where, as the room there is would be divided: of rows alone, so that a tier that was away divides the same.
struct RoomBook {
    /// By deployment; those whose replicas cannot be told apart by size have none.
    private(set) var claims: [DeploymentID: Claim] = [:]
    private(set) var berths: [NodeID: Berth] = [:]
    /// Nodes on which a replica is on its way out.
    private(set) var isLeft: Set<NodeID> = []
    /// Replicas on their way out that still hold their room.
    private(set) var leaving: [DeploymentID: Int] = [:]
    /// Replicas with a place that are not on their way out.
    private(set) var placed = 0

    init(_ step: ServeStep) {
        for node in step.state.nodes.values where Self.isThere(node, step.state) {
            berths[node.id] = Berth(node: node.id, room: node.resources, free: node.resources)
        }
        for id in Set(step.byDeployment.keys).union(step.state.deployments.keys).sorted() { enter(id, step) }
    }

    /// Replicas may be placed there, now or soon.
    private static func isThere(_ node: NodeRow, _ state: ClusterState) -> Bool {
        switch node.phase {
        case .booting, .ready, .draining: state.drainRequests[node.id] == nil
        case .requested, .terminating, .gone: false
        }
    }

    private mutating func enter(_ id: DeploymentID, _ step: ServeStep) {
        let row = step.state.deployments[id].flatMap {
            $0.deleting || $0.settings.replica.command.isEmpty ? nil : $0
        }
        let size = row?.settings.replica.resources
        var standing: [NodeID: Int] = [:]
        // A gang neither takes the room of one nor leaves it: it stands on several nodes, and goes as a whole.
        var (total, isUniform) = (0, row?.settings.gang == nil)
        var held: [(node: NodeID, resources: Resources)] = []
        for replica in step.replicas(of: id) {
            guard let placement = step.state.placements[replica.id], placement.phase.holdsRoom,
                let node = placement.node
            else { continue }
            if replica.phase != .wanted {
                leaving[id, default: 0] += 1
                isLeft.insert(node)
                continue
            }
            total += 1
            placed += 1
            guard berths[node] != nil else { continue }
            standing[node, default: 0] += 1
            held.append((node, placement.resources))
            if placement.resources != size { isUniform = false }
        }
        for one in held { take(one.resources, of: one.node, isShared: isUniform && row != nil) }
        if isUniform, let row { claims[id] = claim(row, standing, total, step) }
    }

    private mutating func take(_ resources: Resources, of node: NodeID, isShared: Bool) {
        guard var berth = berths[node] else { return }
        berth.free = berth.free - resources
        if !isShared { berth.room = berth.room - resources }
        berths[node] = berth
    }

    private func claim(
        _ row: DeploymentRow, _ standing: [NodeID: Int], _ total: Int, _ step: ServeStep
    ) -> Claim {
        let here = standing.values.reduce(0, +)
        // Those elsewhere are not divided. Who could buy more, or keeps failing, has no wish for what others hold.
        let wish = max(0, row.target - (total - here))
        let grows = step.state.feasible[row.id] != nil && row.failures == 0
        var claim = Claim(
            deployment: row.id, priority: row.settings.priority, weight: row.settings.weight,
            wish: grows ? wish : min(wish, here), kept: step.kept(row),
            resources: row.settings.replica.resources, standing: standing)
        guard let placing = row.settings.replica.placing, !placing.isPlain else { return claim }
        claim.perNodeMax = placing.maxPerNode
        // Whether a rule about neighbours would let another one stand is the node tier's to say.
        if !placing.rules.isEmpty { claim.nodes = Set(standing.keys) }
        if placing.rules.isEmpty, !placing.selectors.isEmpty {
            claim.nodes = Set(berths.keys.filter { step.admits(placing.selectors, $0) })
        }
        return claim
    }
}

extension ServeStep {
    /// Replicas that a deployment gives up to nobody: its minimum, or one of a count that is fixed.
    func kept(_ row: DeploymentRow) -> Int {
        switch state.count(of: row.settings) {
        case .fixed(let count): min(count, 1)
        case .auto(let settings): settings.minReplicas
        }
    }

    fileprivate func admits(_ selectors: [LabelSelector], _ node: NodeID) -> Bool {
        guard let row = state.nodes[node] else { return false }
        let known = state.setting?.settings.nodeTypes.first { $0.name == row.type }
        let labels = nodeLabels(
            known ?? NodeType(name: row.type, resources: row.resources, maxWorkers: 0), zone: row.zone,
            capacityType: row.capacityType)
        return selectors.contains { $0.admits(labels) }
    }
}
