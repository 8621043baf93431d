import Model

/// Which `count` gangs stop, each with all its members: those of which somebody is on a draining node first, then those that do
/// not all serve; among equals the one whose nodes that empty cost most together, then the one that leaves fewest
/// behind on its nodes; the newest breaks ties. Each choice is taken off at once, so that the next one sees it; where gangs × count
/// is more than `exactCellsMax` the order is settled once.
/// - Parameters: as of `victims(_:of:replicasOnNode:price:)`.
/// - Source: Ray Serve 2.60 stops whole gangs, in the order in which it would stop replicas.
package func victims(
    gangs count: Int, of gangs: [[VictimCandidate]], replicasOnNode: inout [NodeID: Int],
    price: (NodeID) -> Int64 = { _ in 0 }
) -> [ReplicaID] {
    guard count > 0 else { return [] }
    var chosen: [ReplicaID] = []
    // Ascending: what stops next is the last.
    var left = gangs.map { (gang: $0, worth: GangWorth($0, replicasOnNode, price)) }
        .sorted { $0.worth < $1.worth }
    let isFresh = gangs.count <= exactCellsMax / count
    for _ in 0..<min(count, gangs.count) {
        let gang = left.removeLast().gang
        chosen += gang.map(\.replica)
        for node in gang.compactMap(\.node) {
            replicasOnNode[node] = max(0, (replicasOnNode[node] ?? 0) - 1)
        }
        guard isFresh else { continue }
        for index in left.indices { left[index].worth = GangWorth(left[index].gang, replicasOnNode, price) }
        if let best = left.indices.max(by: { left[$0].worth < left[$1].worth }) {
            left.swapAt(best, left.count - 1)
        }
    }
    return chosen
}

/// How much speaks for a gang to stop.
private struct GangWorth: Comparable {
    private let drains: Bool
    private let isUnready: Bool
    private let freed: Int64
    private let nodes: Int
    private let behind: Int
    private let newest: Int64

    init(_ gang: [VictimCandidate], _ replicasOnNode: [NodeID: Int], _ price: (NodeID) -> Int64) {
        drains = gang.contains(where: \.draining)
        isUnready = !gang.allSatisfy(\.ready)
        let own = Dictionary(grouping: gang.compactMap(\.node)) { $0 }.mapValues(\.count)
        var (freed, nodes, behind) = (Int64(0), 0, 0)
        for node in own.keys.sorted() {
            let others = (replicasOnNode[node] ?? 0) - (own[node] ?? 0)
            behind += max(0, others)
            guard others <= 0 else { continue }
            nodes += 1
            let (sum, overflows) = freed.addingReportingOverflow(max(price(node), 0))
            freed = overflows ? .max : sum
        }
        (self.freed, self.nodes, self.behind) = (freed, nodes, behind)
        newest = gang.map(\.replica.serial).max() ?? 0
    }

    static func < (a: GangWorth, b: GangWorth) -> Bool {
        if a.drains != b.drains { return b.drains }
        if a.isUnready != b.isUnready { return b.isUnready }
        if a.freed != b.freed { return a.freed < b.freed }
        if a.nodes != b.nodes { return a.nodes < b.nodes }
        return a.behind != b.behind ? a.behind > b.behind : a.newest < b.newest
    }
}
