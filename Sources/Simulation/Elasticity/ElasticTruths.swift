import Model
import Store

/// What has to hold when an act has ended, looked at from outside.
struct ElasticTruths {
    private let state: ClusterState
    private var byNode: [NodeID: [PlacementRow]] = [:]
    private(set) var unplaced = 0

    init(_ state: ClusterState) {
        self.state = state
        for placement in state.placements.values {
            if placement.phase == .pending { unplaced += 1 }
            if placement.phase.holdsRoom, let node = placement.node {
                byNode[node, default: []].append(placement)
            }
        }
    }

    var nodes: [NodeRow] { state.nodes.values.filter { $0.phase != .gone && $0.phase != .terminating } }

    /// In percent of what the nodes have; nil: they have nothing of it.
    func use(of name: String) -> Double? {
        let all = nodes
        let has = all.reduce(Int64(0)) { $0 + $1.resources[name] }
        let held = all.flatMap { byNode[$0.id] ?? [] }.reduce(Int64(0)) { $0 + $1.resources[name] }
        return has == 0 ? nil : Double(held) * 100 / Double(has)
    }

    /// Dollars an hour.
    var cost: Double { Double(nodes.reduce(Int64(0)) { $0 + $1.microdollarsPerHour }) / 1_000_000 }

    func violations(_ act: ElasticShape.Act, undisturbedBefore: Set<ReplicaID>) -> [String] {
        var found: [String] = []
        if let wanted = act.nodes, nodes.count != wanted {
            found.append("\(nodes.count) nodes and not \(wanted)")
        }
        // What is known to find no place is no longer asked for: the serve tier keeps one of them.
        if unplaced > act.unplaced || (unplaced == 0) != (act.unplaced == 0) {
            found.append("\(unplaced) replicas without a place and not \(act.unplaced)")
        }
        for settings in act.applications.flatMap(\.deployments) {
            let mine = state.placements.values.filter { $0.deployment == settings.id && $0.phase.holdsRoom }
            if case .fixed(let count) = settings.count, mine.count > count {
                found.append("\(mine.count) replicas of \(settings.id) and not \(count)")
            }
            found += broken(settings, mine, isOut: act.way == .out)
        }
        for node in nodes {
            let held = (byNode[node.id] ?? []).reduce(Resources()) { $0 + $1.resources }
            if !node.resources.covers(held) { found.append("\(node.id) holds more than it has") }
        }
        for id in undisturbedBefore.sorted() where state.placements[id] == nil {
            found.append("\(id) was moved, and must not be")
        }
        for (name, least) in [(Resources.cpu, act.cpuMin), (Resources.memory, act.memoryMin)] where least > 0
        {
            if let use = use(of: name), use < Double(least) {
                found.append("\(Int(use)) % of \(name) are used, less than \(least)")
            }
        }
        return found
    }

    /// - Parameter isOut: nodes that could be bought count as empty, so that of a spread over nodes there is one on each;
    ///   when replicas leave, a spread over zones may be as they leave it.
    private func broken(_ settings: DeploymentSettings, _ mine: [PlacementRow], isOut: Bool) -> [String] {
        var found: [String] = []
        let onNode = Dictionary(grouping: mine) { $0.node }.mapValues(\.count)
        let most = onNode.values.max() ?? 0
        if let limit = settings.replica.placing?.maxPerNode, most > limit {
            found.append("\(most) replicas of \(settings.id) on one node")
        }
        for rule in settings.replica.placing?.rules ?? [] where !rule.isSoft {
            switch (rule.topology, rule.ask) {
            case (.node, _):
                if most > 1 { found.append("\(most) replicas of \(settings.id) on one node") }
            case (.zone, .spread(let skew)) where isOut:
                let inZone = Dictionary(grouping: mine) { $0.node.flatMap { state.nodes[$0]?.zone } ?? "" }
                let counts = inZone.values.map(\.count)
                if let high = counts.max(), let low = counts.min(), high - low > skew {
                    found.append("\(settings.id) is spread over zones as \(counts.sorted())")
                }
            case (.zone, _): break
            }
        }
        return found
    }

    /// Replicas that must stay where they are.
    var undisturbed: Set<ReplicaID> {
        Set(
            state.placements.values.filter {
                $0.phase.holdsRoom && (state.deployments[$0.deployment]?.settings.isUndisturbed ?? false)
            }.map(\.replica))
    }
}
