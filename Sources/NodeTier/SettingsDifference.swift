import Model

/// What another cluster file would change, in words, and what of it cannot change while the cluster runs.
package struct SettingsDifference: Equatable, Sendable {
    /// One sentence for each key that differs, in the order of the reference.
    package private(set) var changes: [String] = []
    /// Keys of `changes` that are only read when the cluster starts, each with what to do.
    package private(set) var refusals: [String] = []

    package init(from old: ClusterSettings, to new: ClusterSettings) {
        if old.name != new.name {
            changes.append("cluster_name \(old.name) to \(new.name)")
            refusals.append(
                "cluster_name \(old.name) to \(new.name): machines bear it: stop this cluster with tandem down first"
            )
        }
        compare("max_workers", old.maxWorkers, new.maxWorkers)
        compareDecimals("upscaling_speed", old.upscalingSpeed.rawValue, new.upscalingSpeed.rawValue)
        compareDecimals("idle_timeout_s", old.idleTimeout.rawValue, new.idleTimeout.rawValue)
        compareDecimals("join_deadline_s", old.joinDeadline.rawValue, new.joinDeadline.rawValue)
        compareDecimals("agent_silent_s", old.agentSilent.rawValue, new.agentSilent.rawValue)
        compareDecimals("agent_lost_s", old.agentLost.rawValue, new.agentLost.rawValue)
        compareDecimals("proxy_silent_s", old.proxySilent.rawValue, new.proxySilent.rawValue)
        if old.priceMax != new.priceMax {
            changes.append(
                "price_per_hour_max \(Self.dollars(old.priceMax)) to \(Self.dollars(new.priceMax))")
        }
        if old.consolidation != new.consolidation { changes.append("consolidation") }
        if old.budgets != new.budgets { changes.append("disruption_budgets") }
        if old.headroom != new.headroom { changes.append("headroom") }
        if old.spot != new.spot { changes.append("spot") }
        if old.placement != new.placement { changes.append("placement_policy") }
        if (old.importPaths ?? []) != (new.importPaths ?? []) { changes.append("import_paths") }
        if old.ports != new.ports {
            changes.append("ports")
            refusals.append("ports: processes listen there: tandem down, then tandem up")
        }
        compareProviders(old.provider, new.provider)
        compareTypes(old, new)
    }

    private mutating func compare<Value: Equatable>(_ key: String, _ old: Value, _ new: Value) {
        if old != new { changes.append("\(key) \(old) to \(new)") }
    }

    private mutating func compareDecimals(_ key: String, _ old: Int64, _ new: Int64) {
        if old != new { changes.append("\(key) \(Resources.decimal(old)) to \(Resources.decimal(new))") }
    }

    private static func dollars(_ micros: Int64?) -> String {
        guard let micros else { return "none" }
        let fraction = String(micros % 1_000_000)
        let padded = String(repeating: "0", count: 6 - fraction.count) + fraction
        return "\(micros / 1_000_000).\(padded)"
    }

    // MARK: - The provider

    private mutating func compareProviders(_ old: ProviderSettings?, _ new: ProviderSettings?) {
        guard old != new else { return }
        switch (old, new) {
        case (.fake(let before), .fake(let after)): compareFakes(before, after)
        case (.native(let before, let file), .native(let after, let other)):
            let change =
                before != after
                ? "provider.endpoint \(before) to \(after)" : "provider.token_file \(file) to \(other)"
            changes.append(change)
            refusals.append("\(change): its machines are known by it: tandem down, then tandem up")
        default:
            let change = "provider.type \(Self.kind(old)) to \(Self.kind(new))"
            changes.append(change)
            refusals.append("\(change): the machines of one are no machines of the other: tandem down first")
        }
    }

    private static func kind(_ provider: ProviderSettings?) -> String {
        switch provider {
        case .fake: "fake"
        case .native: "native"
        case nil: "none"
        }
    }

    private mutating func compareFakes(_ old: FakeCloudSettings, _ new: FakeCloudSettings) {
        if old.bootDelay != new.bootDelay { changes.append("provider.boot_delay_s") }
        if old.seed != new.seed { changes.append("provider.seed \(old.seed) to \(new.seed)") }
        if old.capacity != new.capacity { changes.append("provider.capacity") }
        if old.prices != new.prices { changes.append("provider.prices") }
        if (old.offerings ?? []) != (new.offerings ?? []) { changes.append("provider.offerings") }
        let rates = [\FakeCloudSettings.outOfCapacityPerMille, \.rejectedPerMille, \.lostReplyPerMille]
        if rates.contains(where: { old[keyPath: $0] != new[keyPath: $0] }) {
            changes.append("provider.error_rates")
        }
    }

    // MARK: - Node types

    private mutating func compareTypes(_ old: ClusterSettings, _ new: ClusterSettings) {
        for type in old.nodeTypes where !new.nodeTypes.contains(where: { $0.name == type.name }) {
            changes.append(
                "available_node_types.\(type.name) removed: its nodes are given back as they empty")
        }
        for type in new.nodeTypes {
            guard let known = old.nodeTypes.first(where: { $0.name == type.name }) else {
                changes.append("available_node_types.\(type.name) added")
                continue
            }
            let fields = Self.fields(of: known, otherwiseIn: type)
            if !fields.isEmpty {
                changes.append("available_node_types.\(type.name): \(fields.joined(separator: ", "))")
            }
        }
    }

    private static func fields(of old: NodeType, otherwiseIn new: NodeType) -> [String] {
        var fields: [String] = []
        if old.resources != new.resources { fields.append("resources \(old.resources) to \(new.resources)") }
        if old.minWorkers != new.minWorkers {
            fields.append("min_workers \(old.minWorkers) to \(new.minWorkers)")
        }
        if old.maxWorkers != new.maxWorkers {
            fields.append("max_workers \(old.maxWorkers) to \(new.maxWorkers)")
        }
        if old.idleTimeout != new.idleTimeout { fields.append("idle_timeout_s") }
        if old.labels != new.labels { fields.append("labels") }
        if old.config != new.config { fields.append("node_config") }
        if old.expireAfter != new.expireAfter { fields.append("expire_after_s") }
        return fields
    }
}
