/// How the replicas of a deployment stand to nodes and to each other, apart from what they take of a node.
package struct PlacingSettings: Hashable, Sendable, Codable {
    /// Which nodes will do: the first of these that leaves a place (Ray: `label_selector` and `fallback_strategy`). Empty:
    /// any node.
    package var selectors: [LabelSelector] = []
    /// So many replicas of the deployment on one node at most (Ray: `max_replicas_per_node`); nil: any number.
    package var maxPerNode: Int?
    /// What the rules of others see, besides `application` and `deployment`, which every replica has. Sorted by name.
    package var labels: [NodeLabel] = []
    /// About its neighbours; in the order in which soft ones are kept: the last is given up first.
    package var rules: [TopologyRule] = []
    /// Replicas are placed in groups, each whole or not at all; nil: one by one.
    package var gang: GangSettings?

    package init() {}

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&selectors, .selectors)
        try fields.take(&maxPerNode, .maxPerNode)
        try fields.take(&labels, .labels)
        try fields.take(&rules, .rules)
        try fields.take(&gang, .gang)
    }

    /// Nothing is asked for.
    package var isPlain: Bool { self == PlacingSettings() }
}

/// How many replicas make a gang, and how they stand to each other (Ray: `gang_scheduling_config`).
package struct GangSettings: Hashable, Sendable, Codable {
    /// What is preferred, and given up where it leaves no place.
    package enum Strategy: String, CaseIterable, Hashable, Sendable, Codable {
        /// On few nodes.
        case pack = "PACK"
        /// On different nodes.
        case spread = "SPREAD"
    }

    /// At least 2: one alone is no gang.
    package var size: Int
    package var strategy = Strategy.pack

    package init(size: Int, strategy: Strategy = .pack) {
        self.size = size
        self.strategy = strategy
    }

    /// The least multiple of the size that is not below a count (Ray 2.60).
    package func whole(_ count: Int) -> Int { (max(count, 0) + size - 1) / size * size }
}

/// Where a rule about neighbours looks: one node, or all nodes of a zone.
package enum Topology: String, CaseIterable, Hashable, Sendable, Codable {
    case zone, node
}

/// A rule about which other replicas may stand, or must stand, in the same zone or on the same node.
///
/// Source: Kubernetes' topology spread constraints and pod (anti-)affinity, with its words and its meaning: what a rule
/// counts are replicas whose labels its selector matches, its own replica among them when it matches itself.
package struct TopologyRule: Hashable, Sendable, Codable {
    /// What is asked of the domain: the zone, or the node.
    package enum Ask: Hashable, Sendable, Codable {
        /// The domain holds at most so many matching replicas more than the domain that holds fewest.
        case spread(maxSkew: Int)
        /// A matching replica is there already; the first of those that match themselves needs none.
        case affinity
        /// No matching replica is there, and none comes later.
        case antiAffinity
    }

    package var topology: Topology
    package var ask: Ask
    /// Labels that a matching replica has, all of them.
    package var selector: [String: String]
    /// It is given up when it leaves no place at all.
    package var isSoft: Bool

    package init(topology: Topology, ask: Ask, selector: [String: String], isSoft: Bool = false) {
        self.topology = topology
        self.ask = ask
        self.selector = selector
        self.isSoft = isSoft
    }

    package func matches(_ labels: [String: String]) -> Bool {
        selector.allSatisfy { labels[$0.key] == $0.value }
    }
}

extension LabelSelector: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(try container.decode([String: String].self))
        } catch let problem as Problem {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: problem.description)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(texts)
    }

    /// As it is written, key by key.
    package var texts: [String: String] {
        Dictionary(uniqueKeysWithValues: rules.map { ($0.key, $0.text) })
    }
}

extension LabelSelector.Rule {
    /// As it is written: `v`, `!v`, `in(a, b)` or `!in(a, b)`.
    package var text: String {
        let mark = isIn ? "" : "!"
        return values.count == 1 ? mark + values[0] : "\(mark)in(\(values.joined(separator: ", ")))"
    }
}
