import Model

/// Demands that ask for the same, oldest replica first.
package struct Shape: Sendable {
    package var resources: Resources
    package var buys: Bool
    package var replicas: [ReplicaID]
    /// As it was asked; nil: nothing but room counts.
    package var placing: PlacingSettings?
    package var demand: DemandClass
}

/// What replicas carry for the rules of others.
///
/// `application` and `deployment` name what they belong to; what a deployment itself says comes on top.
package func ruleLabels(of deployment: DeploymentID, _ placing: PlacingSettings?) -> [String: String] {
    var labels = ["application": deployment.application, "deployment": deployment.name]
    for label in placing?.labels ?? [] { labels[label.name] = label.value }
    return labels
}

extension DemandClass {
    /// - Parameter deployment: nil: no rule looks at it.
    package init(
        _ resources: Resources, _ placing: PlacingSettings?, deployment: DeploymentID?, priority: Int,
        _ columns: Columns
    ) {
        self.init(
            amounts: columns.amountsWithoutGPU(resources),
            gpu: DeviceAsk(atLeast: resources[Resources.gpu]), selectors: placing?.selectors ?? [],
            labels: deployment.map { ruleLabels(of: $0, placing) } ?? [:], rules: placing?.rules ?? [],
            maxPerNode: placing?.maxPerNode, priority: priority)
        // Old and new versions of a deployment count together, whatever they ask for.
        if maxPerNode != nil, let deployment {
            cappedWith = ["application": deployment.application, "deployment": deployment.name]
        }
    }
}

/// The demands by what they ask for: higher priorities first; then those that may buy nodes, so that the others never
/// displace them onto a new node; then those with the least choice, and the largest.
/// - Parameter withRules: somebody has rules, so that deployments are told apart.
func shapes(of demands: [Demand], columns: Columns, withRules: Bool) -> [Shape] {
    struct Key: Hashable {
        var resources: Resources
        var buys: Bool
        var placing: PlacingSettings?
        var priority: Int
        var deployment: DeploymentID?
    }
    let grouped = Dictionary(grouping: demands) { demand in
        Key(
            resources: demand.resources, buys: demand.buys, placing: demand.placing,
            priority: demand.priority, deployment: withRules ? demand.replica.deployment : nil)
    }
    return grouped.map { key, demands in
        Shape(
            resources: key.resources, buys: key.buys,
            replicas: demands.map { ($0.replica.serial, $0.replica) }
                .sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1.rawValue < $1.1.rawValue }.map(\.1),
            placing: key.placing,
            demand: DemandClass(
                key.resources, key.placing, deployment: key.deployment, priority: key.priority, columns))
    }
    .sorted { a, b in
        if a.demand.priority != b.demand.priority { return a.demand.priority > b.demand.priority }
        if a.buys != b.buys { return a.buys }
        if a.demand.isPlain != b.demand.isPlain { return b.demand.isPlain }
        if a.demand.gpu.milli != b.demand.gpu.milli { return a.demand.gpu.milli > b.demand.gpu.milli }
        if a.demand.amounts != b.demand.amounts { return b.demand.amounts < a.demand.amounts }
        // Distinct only by what rules see; the older one first.
        return a.replicas[0].serial != b.replicas[0].serial
            ? a.replicas[0].serial < b.replicas[0].serial : a.replicas[0] < b.replicas[0]
    }
}

extension DemandClass {
    /// Nothing but room decides where it goes.
    var isPlain: Bool { selectors.isEmpty && rules.isEmpty && maxPerNode == nil }
}
