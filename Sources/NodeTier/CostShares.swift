import Model
import Store

/// Whose the time of a machine is now.
struct CostShares {
    /// Amounts are compared in millionths of the node, and handed out in thousandths.
    private static let whole: Int64 = 1_000_000

    let state: ClusterState
    /// What replicas of the deployments there are ask for; each kind once.
    let shapes: [Resources]

    /// What there is to be placed: a node's rest is of use if one of these fits there.
    static func shapes(of state: ClusterState) -> [Resources] {
        let all = Set(state.deployments.values.filter { !$0.deleting }.map(\.settings.replica.resources))
        return all.filter { !$0.entries.isEmpty }.sorted { $0.description < $1.description }
    }

    /// - Parameter instance: the machine; it is the node's own, or a stray.
    /// - Parameter replicas: that hold room on the node.
    func of(_ node: NodeRow?, instance: String, replicas: Set<ReplicaID>) -> [CostShare] {
        guard let node, node.phase != .gone, node.instance == instance else { return [CostShare(.stray)] }
        switch node.phase {
        case .requested, .booting: return [CostShare(.starting)]
        case .terminating, .gone: return [CostShare(.ending)]
        case .ready, .draining: break
        }
        let placements = replicas.compactMap { state.placements[$0] }
        guard !placements.isEmpty else {
            let reason = state.kept[node.id]?.reason
            let isMeant = reason.map { [.minWorkers, .headroom, .standing].contains($0) } ?? false
            return [CostShare(isMeant ? .headroom : .idle)]
        }
        return shared(node, placements)
    }

    private func shared(_ node: NodeRow, _ placements: [PlacementRow]) -> [CostShare] {
        var used: [DeploymentID: Resources] = [:]
        for placement in placements {
            used[placement.deployment] = (used[placement.deployment] ?? Resources()) + placement.resources
        }
        let parts = used.sorted { $0.key < $1.key }.map { ($0.key, dominant($0.value, of: node.resources)) }
        let taken = parts.reduce(0) { $0 + $1.1 }
        var owners = parts.map { CostShare(.deployment, deployment: $0.0.rawValue, milli: $0.1) }
        if taken < Self.whole {
            let room = FreeRoom(node, placements)
            let isOfUse = shapes.contains { room.covers($0) }
            owners.append(CostShare(isOfUse ? .idle : .fragmentation, milli: Self.whole - taken))
        }
        return Self.apportioned(owners)
    }

    /// The largest part of any one resource, in millionths.
    private func dominant(_ used: Resources, of total: Resources) -> Int64 {
        used.entries.reduce(0) { most, entry in
            let whole = total[entry.name]
            guard whole > 0 else { return max(most, Self.whole) }
            let part = Int128(entry.amount) * Int128(Self.whole) / Int128(whole)
            return max(most, Int64(min(part, Int128(Self.whole))))
        }
    }

    /// Thousandths in proportion to the weights, by largest remainder (Hamilton's method): together exactly 1000. When
    /// several deployments each hold most of another resource, their weights are more than a whole, and each gets less.
    static func apportioned(_ weights: [CostShare]) -> [CostShare] {
        let sum = weights.reduce(Int128(0)) { $0 + Int128($1.milli) }
        guard sum > 0 else { return [CostShare(.idle)] }
        var shares = weights
        var remainders: [(Int128, Int)] = []
        var left: Int64 = 1_000
        for place in shares.indices {
            let exact = Int128(shares[place].milli) * 1_000
            shares[place].milli = Int64(exact / sum)
            left -= shares[place].milli
            remainders.append((exact % sum, place))
        }
        // Of equal remainders the first owner's counts.
        remainders.sort { $0.0 != $1.0 ? $0.0 > $1.0 : $0.1 < $1.1 }
        for (_, place) in remainders.prefix(Int(left)) { shares[place].milli += 1 }
        return shares.filter { $0.milli > 0 }
    }
}
