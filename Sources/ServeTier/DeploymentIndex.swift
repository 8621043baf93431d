import Model
import Store

/// What belongs to which deployment and stands on which node: of the rows of the state, and kept in step with them, so
/// that looking at one deployment costs as much as that one has.
struct DeploymentIndex: Equatable {
    /// Every deployment that has a row, or replicas left over; sorted.
    private(set) var deployments: [DeploymentID] = []
    /// Of each application; sorted.
    private(set) var ofApplication: [String: [DeploymentID]] = [:]
    /// Replicas of each deployment, of all phases; sorted.
    private(set) var replicas: [DeploymentID: [ReplicaID]] = [:]
    /// How many replicas of any deployment hold room on each node and are to stay.
    private(set) var onNode: [NodeID: Int] = [:]
    /// Where each of them does.
    private var nodes: [ReplicaID: NodeID] = [:]

    init() {}

    init(_ state: ClusterState) {
        for id in state.replicas.keys.sorted() { replicas[id.deployment, default: []].append(id) }
        deployments = Set(state.deployments.keys).union(replicas.keys).sorted()
        for id in deployments { ofApplication[id.application, default: []].append(id) }
        for id in state.placements.keys { follow(placement: id, in: state) }
    }

    mutating func follow(deployment id: DeploymentID, in state: ClusterState) {
        let isThere = state.deployments[id] != nil || replicas[id] != nil
        deployments.set(id, isThere)
        ofApplication[id.application, default: []].set(id, isThere)
        if ofApplication[id.application]?.isEmpty ?? false { ofApplication[id.application] = nil }
    }

    mutating func follow(replica id: ReplicaID, in state: ClusterState) {
        let deployment = id.deployment
        replicas[deployment, default: []].set(id, state.replicas[id] != nil)
        if replicas[deployment]?.isEmpty ?? false { replicas[deployment] = nil }
        follow(deployment: deployment, in: state)
        follow(placement: id, in: state)
    }

    mutating func follow(placement id: ReplicaID, in state: ClusterState) {
        let stays = state.replicas[id]?.phase == .wanted
        let node = state.placements[id].flatMap { stays && $0.phase.holdsRoom ? $0.node : nil }
        guard node != nodes[id] else { return }
        if let left = nodes[id] {
            let rest = onNode[left, default: 1] - 1
            onNode[left] = rest > 0 ? rest : nil
        }
        if let node { onNode[node, default: 0] += 1 }
        nodes[id] = node
    }
}

extension Array where Element: Comparable {
    /// Of a sorted list without doubles: has the element stand in it, or not.
    fileprivate mutating func set(_ element: Element, _ isThere: Bool) {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        let isFound = low < count && self[low] == element
        if isThere, !isFound { insert(element, at: low) }
        if !isThere, isFound { remove(at: low) }
    }
}
