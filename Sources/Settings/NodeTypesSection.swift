import Model

/// `available_node_types`.
struct NodeTypesSection {
    let section: Section
    /// What a type may have when it says nothing (as Ray).
    let clusterMax: Int

    /// Sorted by name.
    func read() -> [NodeType] {
        section.entries.compactMap { name, place, field -> NodeType? in
            if !NameRule.accepts(name) {
                section.findings.refuse(
                    place, "\(section.path) has a type without a usable name", name,
                    "1 to \(NameRule.lengthMax) of a-z A-Z 0-9 - _ . not beginning with - or .")
            }
            return field.section.map { type(name, $0) }
        }.sorted { $0.name < $1.name }
    }

    private func type(_ name: String, _ section: Section) -> NodeType {
        section.check(
            known: ["resources", "min_workers", "max_workers", "idle_timeout_s", "labels"],
            unread: Self.unread)
        let right = "`resources:` with what a machine has: {CPU: 4}"
        let field = section.required("resources", right)
        let resources = field?.resources(customOnly: false)
        if let field, let resources, resources.entries.isEmpty {
            field.refuse("holds nothing", "at least one amount above 0: {CPU: 4}")
        }
        let nodesMax = ClusterFile.nodesMax
        var type = NodeType(name: name, resources: resources ?? Resources(), maxWorkers: clusterMax)
        if let most = section["max_workers"]?.whole(in: 0...nodesMax) { type.maxWorkers = most }
        if let least = section["min_workers"]?.whole(in: 0...nodesMax) { type.minWorkers = least }
        if type.minWorkers > type.maxWorkers, let field = section["min_workers"] {
            field.refuse("is above max_workers", "at most \(type.maxWorkers), or a larger max_workers")
        }
        type.idleTimeout = section["idle_timeout_s"]?.seconds(aboveZero: false)
        if let labels = section["labels"]?.section {
            type.labels = labels.entries.compactMap { name, _, field in
                field.text("a text").map { NodeLabel(name: name, value: $0) }
            }.sorted { $0.name < $1.name }
        }
        return type
    }

    private static let unread = [
        Unread(
            key: "node_config", sentence: "what machine a type is, is the provider's own setting: remove it"),
        Unread(key: "docker", sentence: "machines are prepared by the provider: remove it"),
        Unread(key: "worker_setup_commands", sentence: "machines are prepared by the provider: remove it"),
    ]
}
