/// Labels that every node has of itself, by Ray's names (2.60, default node labels), and what its type is given.
package func nodeLabels(_ type: NodeType, zone: String, capacityType: String) -> [String: String] {
    var labels = [NodeLabels.type: type.name]
    if !zone.isEmpty { labels[NodeLabels.zone] = zone }
    if !capacityType.isEmpty { labels[NodeLabels.market] = capacityType }
    for label in type.labels { labels[label.name] = label.value }
    return labels
}

/// The names of the labels that every node has of itself (Ray 2.60).
package enum NodeLabels {
    package static let type = "ray.io/node-group"
    package static let zone = "ray.io/availability-zone"
    package static let market = "ray.io/market-type"
    /// They depend on how a node is bought, not on its type alone.
    package static let ofOffering: Set<String> = [zone, market]
}
