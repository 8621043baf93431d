import Model
import Yams

/// The keys of a deployment that say how its replicas stand to nodes and to each other.
struct PlacingSection {
    let section: Section
    /// What a rule without a selector of its own counts.
    let deployment: DeploymentID

    /// Ray's bound of `max_replicas_per_node`.
    private static let perNodeMax = 100
    /// Replicas of one gang beyond this are taken for a mistake.
    private static let gangMax = 10_000
    /// Rules of one kind, and fallbacks, beyond this are taken for a mistake.
    private static let rulesMax = 16
    /// Every replica has them, so nobody sets them.
    private static let reserved = ["application", "deployment"]

    static let known = [
        "max_replicas_per_node", "placement_group_bundle_label_selector", "labels", "spread", "affinity",
        "anti_affinity", "gang_scheduling_config",
    ]
    static let knownOfGang = ["gang_size", "gang_placement_strategy", "runtime_failure_policy"]
    static let knownOfSpread = ["topology", "max_skew", "selector", "soft"]
    static let knownOfAffinity = ["topology", "selector", "soft"]

    /// - Returns: nil: any node will do, and any neighbours.
    func read() -> PlacingSettings? {
        var placing = PlacingSettings()
        placing.selectors = selectors()
        placing.maxPerNode = maxPerNode()
        placing.labels = section["labels"].flatMap(ownLabels) ?? []
        placing.gang = gang()
        placing.rules = rules("spread") + rules("affinity") + rules("anti_affinity")
        return placing.isPlain ? nil : placing
    }

    /// - Returns: nil also for a gang of one, which is none.
    private func gang() -> GangSettings? {
        guard let field = section["gang_scheduling_config"], let entry = field.section else { return nil }
        entry.check(known: Self.knownOfGang)
        let size = entry.required("gang_size", "`gang_size:` with a number of replicas")?
            .whole(in: 1...Self.gangMax)
        var strategy = GangSettings.Strategy.pack
        if let field = entry["gang_placement_strategy"] {
            if let known = field.word.flatMap(GangSettings.Strategy.init(rawValue:)) {
                strategy = known
            } else {
                field.refuse("is no strategy of gangs", "PACK or SPREAD")
            }
        }
        if let policy = entry["runtime_failure_policy"], policy.word != "RESTART_GANG" {
            policy.refuse(
                policy.word == "RESTART_REPLICA"
                    ? "would put one replica into a gang that runs, and a gang is placed whole or not at all"
                    : "is no policy", "RESTART_GANG")
        }
        if section["max_replicas_per_node"] != nil {
            // As Ray.
            field.refuse("cannot stand beside max_replicas_per_node", "one of the two")
        }
        guard let size, size > 1 else { return nil }
        return GangSettings(size: size, strategy: strategy)
    }

    private func maxPerNode() -> Int? {
        guard let field = section["max_replicas_per_node"], let most = field.whole(in: 1...Self.perNodeMax)
        else { return nil }
        if section["placement_group_bundles"] != nil {
            // As Ray.
            field.refuse("cannot stand beside placement_group_bundles", "one of the two")
        }
        return most
    }

    // MARK: - Which nodes

    /// What is asked for first, then what will do as well; each with what all bundles ask.
    private func selectors() -> [LabelSelector] {
        var selectors = ofTheReplica()
        let bundles = ofTheBundles() ?? LabelSelector()
        if selectors.isEmpty { selectors = [LabelSelector()] }
        selectors = selectors.map { both($0, bundles, section["placement_group_bundle_label_selector"]) }
        // Beyond one that every node satisfies nothing is tried.
        if let last = selectors.firstIndex(where: { $0.rules.isEmpty }) {
            selectors = Array(selectors[...last])
        }
        return selectors == [LabelSelector()] ? [] : selectors
    }

    private func ofTheReplica() -> [LabelSelector] {
        // What is no mapping is told where the amounts are read.
        guard let field = section["ray_actor_options"], field.isMapping, let options = field.section else {
            return []
        }
        var selectors: [LabelSelector] = []
        if let first = options["label_selector"]?.labelSelector() { selectors.append(first) }
        if let field = options["fallback_strategy"] {
            // As Ray: without a selector any node is asked for first.
            if options["label_selector"] == nil { selectors.append(LabelSelector()) }
            selectors += fallbacks(field)
        }
        return selectors
    }

    private func fallbacks(_ field: Field) -> [LabelSelector] {
        let right = "a list of what will do as well: [{label_selector: {zone: b}}]"
        guard let list = bounded(field, right) else { return [] }
        return list.compactMap { field -> LabelSelector? in
            guard let entry = field.section else { return nil }
            entry.check(known: ["label_selector"])
            return entry.required("label_selector", "`label_selector:` with labels, {} for any node")?
                .labelSelector()
        }
    }

    /// A replica is one process: its node has to satisfy the selectors of all bundles.
    private func ofTheBundles() -> LabelSelector? {
        guard let field = section["placement_group_bundle_label_selector"] else { return nil }
        let right = "a list of selectors, one for all bundles or one for each: [{zone: a}]"
        guard let bundles = section["placement_group_bundles"] else {
            field.refuse("has no bundles to place", "placement_group_bundles beside it, or neither")
            return nil
        }
        guard let list = field.list(right) else { return nil }
        let count = bundles.node.sequence?.count ?? 1
        guard list.count == 1 || list.count == count else {
            field.refuse("has \(list.count) selectors for \(count) bundles", right)
            return nil
        }
        var sum = LabelSelector()
        for field in list {
            if let selector = field.labelSelector() { sum = both(sum, selector, field) }
        }
        return sum
    }

    /// - Parameter field: refused when no node satisfies both.
    private func both(_ a: LabelSelector, _ b: LabelSelector, _ field: Field?) -> LabelSelector {
        do {
            return try a.and(b)
        } catch {
            field?.refuse(
                "leaves no node, with the other selectors (\(error.description))",
                "selectors that one node can satisfy: a replica is one process on one node")
            return a
        }
    }

    // MARK: - Which neighbours

    private func ownLabels(_ field: Field) -> [NodeLabel]? {
        guard let labels = field.labels() else { return nil }
        for label in labels where Self.reserved.contains(label.name) {
            section.findings.refuse(
                label.place, "\(field.path) sets a label that every replica has", label.name, "another name")
        }
        return labels.map { NodeLabel(name: $0.name, value: $0.value) }.sorted { $0.name < $1.name }
    }

    private func rules(_ key: String) -> [TopologyRule] {
        guard let field = section[key], let list = bounded(field, "a list of rules: [{topology: zone}]")
        else { return [] }
        return list.compactMap { field in field.section.flatMap { rule($0, key) } }
    }

    private func bounded(_ field: Field, _ right: String) -> [Field]? {
        guard let list = field.list(right) else { return nil }
        guard list.count <= Self.rulesMax else {
            field.refuse("is too long", "at most \(Self.rulesMax) entries")
            return nil
        }
        return list
    }

    private func rule(_ entry: Section, _ kind: String) -> TopologyRule? {
        entry.check(
            known: kind == "spread" ? Self.knownOfSpread : Self.knownOfAffinity,
            renamed: ["topology_key": "topology", "label_selector": "selector"])
        let topology = entry.required("topology", "`topology:` with zone or node")?.word(of: Topology.self)
        var selector = ["application": deployment.application, "deployment": deployment.name]
        if let labels = entry["selector"]?.labels() {
            selector = Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        let isSoft = entry["soft"]?.flag() ?? false
        let ask: TopologyRule.Ask =
            switch kind {
            case "spread":
                .spread(maxSkew: entry["max_skew"]?.whole(in: 1...DeploymentSection.replicasMax) ?? 1)
            case "affinity": .affinity
            default: .antiAffinity
            }
        return topology.map { TopologyRule(topology: $0, ask: ask, selector: selector, isSoft: isSoft) }
    }
}
