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

/// Which `count` of `candidates` stop: those on draining nodes first, then those that are not ready, so that no change
/// leaves fewer serving than are wanted; among equals those by which the nodes that empty cost most together; what is
/// left of the count comes from the nodes that have fewest replicas. The newest breaks ties.
///
/// Which nodes empty is exact (a knapsack over nodes) while nodes × count is at most `exactCellsMax`; beyond it the
/// dearest for each replica go first.
/// - Parameters:
///   - replicasOnNode: replicas on each node, of all deployments. Each choice is taken off at once, so that the next
///     choice, and that of the next deployment, sees it. A node that is not named has none.
///   - price: of a node for an hour, in any unit; of two equal sums that with more nodes counts.
/// - Source: Ray Serve 2.60 counts once, and two deployments may then each half-empty a different node; it knows no
///   prices.
package func victims(
    _ count: Int, of candidates: [VictimCandidate], replicasOnNode: inout [NodeID: Int],
    price: (NodeID) -> Int64 = { _ in 0 }
) -> [ReplicaID] {
    guard count > 0 else { return [] }
    var chosen: [ReplicaID] = []
    let classes = [(true, false), (true, true), (false, false), (false, true)]
    for (draining, ready) in classes where chosen.count < count {
        let members = candidates.filter { $0.draining == draining && $0.ready == ready }
        let groups = Dictionary(grouping: members, by: \.node).map { node, members in
            NodeGroup(
                node: node, replicas: node.flatMap { replicasOnNode[$0] } ?? 0,
                price: node.map { max(price($0), 0) } ?? 0,
                newestFirst: members.map { Serial(replica: $0.replica, serial: $0.replica.serial) }.sorted(
                    by: >))
        }.sorted()
        for group in inOrder(groups, emptying: count - chosen.count) {
            let taken = group.newestFirst.prefix(count - chosen.count)
            chosen += taken.map(\.replica)
            if let node = group.node { replicasOnNode[node] = max(0, group.replicas - taken.count) }
        }
    }
    return chosen
}

/// Nodes × count up to which the best set of nodes is found for certain.
package let exactCellsMax = 200_000

/// The groups that shall be emptied, then the others, each part in the order it had.
private func inOrder(_ groups: [NodeGroup], emptying count: Int) -> [NodeGroup] {
    // What has no node yet takes nothing from anybody, and may yet buy one.
    let homeless = groups.filter { $0.node == nil }
    let room = count - homeless.reduce(0) { $0 + $1.newestFirst.count }
    guard room > 0 else { return groups.filter { $0.node == nil } + groups.filter { $0.node != nil } }
    let places = groups.indices.filter { groups[$0].canEmpty && groups[$0].newestFirst.count <= room }
    let emptied = Set(
        places.count * room <= exactCellsMax ? best(groups, places, room) : dearest(groups, places, room))
    let rest = groups.indices.filter { groups[$0].node != nil && !emptied.contains($0) }
    return homeless + emptied.sorted().map { groups[$0] } + rest.map { groups[$0] }
}

/// The most that can be freed with `room` replicas: by price, then by number of nodes.
private func best(_ groups: [NodeGroup], _ places: [Int], _ room: Int) -> [Int] {
    var value = [Worth](repeating: Worth(), count: room + 1)
    var takes = [[Bool]](repeating: [Bool](repeating: false, count: room + 1), count: places.count)
    for (row, place) in places.enumerated().reversed() {
        let size = groups[place].newestFirst.count
        let before = value
        for capacity in stride(from: room, through: size, by: -1) {
            let with = before[capacity - size].adding(groups[place].price)
            // On a tie the group that comes first is emptied.
            if with >= before[capacity] {
                value[capacity] = with
                takes[row][capacity] = true
            }
        }
    }
    var (capacity, chosen) = (room, [Int]())
    for (row, place) in places.enumerated() where takes[row][capacity] {
        chosen.append(place)
        capacity -= groups[place].newestFirst.count
    }
    return chosen
}

/// Those that free most for each replica, one after the other.
private func dearest(_ groups: [NodeGroup], _ places: [Int], _ room: Int) -> [Int] {
    let order = places.sorted { a, b in
        let one = Int128(groups[a].price) * Int128(groups[b].newestFirst.count)
        let other = Int128(groups[b].price) * Int128(groups[a].newestFirst.count)
        return one != other ? one > other : a < b
    }
    var (left, chosen) = (room, [Int]())
    for place in order where groups[place].newestFirst.count <= left {
        chosen.append(place)
        left -= groups[place].newestFirst.count
    }
    return chosen
}

/// What is freed.
private struct Worth: Comparable {
    var price: Int64 = 0
    var nodes = 0

    func adding(_ price: Int64) -> Worth {
        let (sum, overflows) = self.price.addingReportingOverflow(price)
        return Worth(price: overflows ? .max : sum, nodes: nodes + 1)
    }

    static func < (a: Worth, b: Worth) -> Bool { (a.price, a.nodes) < (b.price, b.nodes) }
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
    var price: Int64
    /// Never empty: a group is made of its members.
    var newestFirst: [Serial]
    /// Nothing else is on its node.
    var canEmpty: Bool { node != nil && replicas <= newestFirst.count }
    static func < (a: NodeGroup, b: NodeGroup) -> Bool {
        a.replicas != b.replicas ? a.replicas < b.replicas : b.newestFirst[0] < a.newestFirst[0]
    }
    static func == (a: NodeGroup, b: NodeGroup) -> Bool {
        a.replicas == b.replicas && a.newestFirst[0] == b.newestFirst[0]
    }
}
