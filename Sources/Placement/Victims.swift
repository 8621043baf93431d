import Model

/// A replica that may be chosen to stop.
package struct VictimCandidate: Hashable, Sendable {
    package var replica: ReplicaID
    package var ready: Bool
    /// Nil: it has no node yet.
    package var node: NodeID?
    /// Its node is draining: these go first.
    package var draining: Bool

    package init(replica: ReplicaID, ready: Bool, node: NodeID?, draining: Bool = false) {
        self.replica = replica
        self.ready = ready
        self.node = node
        self.draining = draining
    }
}

/// Which `count` of `candidates` stop: those on draining nodes first, then those that are not ready, then
/// those on the node that has fewest replicas, so that whole nodes empty; the newest breaks ties.
/// - Parameter replicasOnNode: replicas on each node, of all deployments. Each choice is taken off at once,
///   so that the next choice, and that of the next deployment, sees it. A node that is not named has none.
/// - Source: Ray Serve 2.60 counts once, and two deployments may then each half-empty a different node.
package func victims(
    _ count: Int, of candidates: [VictimCandidate], replicasOnNode: inout [NodeID: Int]
) -> [ReplicaID] {
    guard count > 0 else { return [] }
    var chosen: [ReplicaID] = []
    let classes = [(true, false), (true, true), (false, false), (false, true)]
    for (draining, ready) in classes where chosen.count < count {
        let members = candidates.filter { $0.draining == draining && $0.ready == ready }
        // Taking one makes its node the emptiest of all, so a node is emptied before the next is begun and
        // the order of the nodes can be settled once for each class.
        let groups = Dictionary(grouping: members, by: \.node).map { node, members in
            NodeGroup(
                node: node, replicas: node.flatMap { replicasOnNode[$0] } ?? 0,
                newestFirst: members.map { Serial(replica: $0.replica, serial: $0.replica.serial) }.sorted(
                    by: >))
        }
        for group in groups.sorted() {
            let taken = group.newestFirst.prefix(count - chosen.count)
            chosen += taken.map(\.replica)
            if let node = group.node { replicasOnNode[node] = max(0, group.replicas - taken.count) }
        }
    }
    return chosen
}

/// A replica with its serial read once: ids are text.
private struct Serial: Comparable {
    var replica: ReplicaID
    var serial: Int64
    static func < (a: Serial, b: Serial) -> Bool {
        a.serial != b.serial ? a.serial < b.serial : a.replica < b.replica
    }
}

private struct NodeGroup: Comparable {
    var node: NodeID?
    var replicas: Int
    /// Never empty: a group is made of its members.
    var newestFirst: [Serial]
    static func < (a: NodeGroup, b: NodeGroup) -> Bool {
        a.replicas != b.replicas ? a.replicas < b.replicas : b.newestFirst[0] < a.newestFirst[0]
    }
}
