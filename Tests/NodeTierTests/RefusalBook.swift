import Model
import Store

/// The truth of an answer about labels, neighbours, gangs or money, counted from the rows alone.
struct RefusalBook {
    let state: ClusterState
    let settings: ClusterSettings
    let offerings: [Offering]

    private var living: [NodeRow] {
        state.nodes.values.filter { $0.phase != .gone && !$0.provider.isEmpty }
    }

    private func type(_ refusal: Refusal) -> NodeType? {
        let name = state.nodes[NodeID(refusal.candidate)]?.type ?? refusal.candidate
        return settings.nodeTypes.first { $0.name == name }
    }

    private func placing(_ placement: PlacementRow) -> PlacingSettings {
        state.replicas[placement.replica]?.settings.placing ?? PlacingSettings()
    }

    func isTrue(_ refusal: Refusal, of placement: PlacementRow) -> Bool {
        let (node, asked) = (state.nodes[NodeID(refusal.candidate)], placing(placement))
        switch refusal.code {
        case .labelSelector:
            let labels = type(refusal)?.labels ?? []
            let failed = asked.selectors.map { selector in
                selector.texts.count { key, value in
                    !labels.contains { $0.name == key && $0.value == value }
                }
            }.min()
            return refusal.gap > 0 && failed.map(Int64.init) == refusal.gap
        case .maxPerNode:
            guard let most = asked.maxPerNode, let node else { return false }
            let there = standing(on: node.id).count { $0.deployment == placement.deployment }
            return refusal.gap > 0 && Int64(there + 1 - most) == refusal.gap
        case .spread, .affinity, .antiAffinity:
            let gaps = places(refusal).map { gap(placement, asked, node: node?.id, zone: $0) }
            let same = gaps.filter { $0?.code == refusal.code }.compactMap { $0?.gap }
            return gaps.allSatisfy { $0 != nil } && refusal.gap > 0 && same.min() == refusal.gap
        case .gang: return isTorn(refusal, placement, asked)
        case .budget:
            guard let most = settings.priceMax else { return false }
            let spent = living.reduce(Int64(0)) { sum, node in
                sum
                    + (node.instance == nil
                        ? node.offerings.map(\.microdollarsPerHour).max() ?? 0 : node.microdollarsPerHour)
            }
            let cheapest = offerings.filter { $0.nodeType == refusal.candidate }.map(\.microdollarsPerHour)
                .min()
            return refusal.gap > 0 && (cheapest ?? 0) + spent - most == refusal.gap
        default: return false
        }
    }

    // MARK: - Neighbours

    private func standing(on node: NodeID) -> [PlacementRow] {
        state.placements.values.filter { $0.node == node && $0.phase.holdsRoom }
    }

    private func zone(_ node: NodeRow) -> String {
        node.zone.isEmpty ? node.offerings.first?.zone ?? "" : node.zone
    }

    /// Where the candidate is, or could be.
    private func places(_ refusal: Refusal) -> [String] {
        if let node = state.nodes[NodeID(refusal.candidate)] { return [zone(node)] }
        return offerings.filter { $0.nodeType == refusal.candidate }.map(\.zone)
    }

    private func labels(_ id: DeploymentID) -> [String: String] {
        ["application": id.application, "deployment": id.name]
    }

    /// Matching replicas that stand in a zone or on a node; nil: anywhere.
    private func count(_ rule: TopologyRule, zone: String? = nil, node: NodeID? = nil) -> Int {
        state.placements.values.count { row in
            guard row.phase.holdsRoom, let place = row.node, let there = state.nodes[place],
                rule.matches(labels(row.deployment))
            else { return false }
            return (node.map { $0 == place } ?? true) && (zone.map { $0 == self.zone(there) } ?? true)
        }
    }

    /// The first rule that is broken there, and by how much; nil: none is.
    /// - Parameter node: nil: a new one.
    private func gap(
        _ placement: PlacementRow, _ asked: PlacingSettings, node: NodeID?, zone: String
    ) -> (code: Refusal.Code, gap: Int64)? {
        for rule in asked.rules {
            let there =
                rule.topology == .zone
                ? count(rule, zone: zone) : node.map { count(rule, node: $0) } ?? 0
            switch rule.ask {
            case .antiAffinity: if there > 0 { return (.antiAffinity, Int64(there)) }
            case .affinity:
                let isFirst = count(rule) == 0 && rule.matches(labels(placement.deployment))
                if there == 0, !isFirst { return (.affinity, 1) }
            case .spread(let skew):
                let zones = Set(living.map { self.zone($0) } + offerings.map(\.zone))
                let fewest = zones.map { count(rule, zone: $0) }.min() ?? 0
                if there + 1 - fewest > skew { return (.spread, Int64(there + 1 - fewest - skew)) }
            }
        }
        return nil
    }

    // MARK: - Gangs

    /// So many members find no room: of nodes counted on the nodes there are, of types also on all that can be bought.
    private func isTorn(_ refusal: Refusal, _ placement: PlacementRow, _ asked: PlacingSettings) -> Bool {
        guard let gang = asked.gang, let cpu = placement.resources.entries.first?.amount else { return false }
        let fits = { (free: Int64) in max(0, free) / cpu }
        let there = living.filter { [.requested, .booting, .ready].contains($0.phase) }.reduce(Int64(0)) {
            sum, node in
            let used = standing(on: node.id).reduce(Int64(0)) { $0 + $1.resources[Resources.cpu] }
            return sum + fits(node.resources[Resources.cpu] - used)
        }
        var room = there
        if state.nodes[NodeID(refusal.candidate)] == nil {
            let open = settings.maxWorkers - living.count
            for type in settings.nodeTypes {
                let more = min(open, type.maxWorkers - living.count { $0.type == type.name })
                room += Int64(max(0, more)) * fits(type.resources[Resources.cpu])
            }
        }
        let missing = Int64(gang.size) - room
        return missing > 0 && refusal.short == Resources([Resources.cpu: cpu * missing])
    }
}
