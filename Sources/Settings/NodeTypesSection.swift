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
            known: [
                "resources", "min_workers", "max_workers", "idle_timeout_s", "labels", "node_config",
                "expire_after_s",
            ], unread: Self.unread)
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
        type.labels = (section["labels"]?.labels() ?? []).map { NodeLabel(name: $0.name, value: $0.value) }
            .sorted { $0.name < $1.name }
        if let field = section["node_config"], let config = field.object(bytesMax: Self.configBytesMax) {
            // An empty one says no more than none: nodes have not drifted between the two.
            type.config = field.isEmptyOrNull ? nil : config
        }
        type.expireAfter = section["expire_after_s"]?.seconds(aboveZero: true)
        return type
    }

    /// It goes to the provider with each order.
    private static let configBytesMax = 65_536

    private static let unread = [
        Unread(key: "docker", sentence: "machines are prepared by the provider: remove it"),
        Unread(key: "worker_setup_commands", sentence: "machines are prepared by the provider: remove it"),
    ]
}
