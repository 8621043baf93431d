import Model

/// Demands that ask for the same, oldest replica first.
package struct Shape: Sendable {
    package var resources: Resources
    package var buys: Bool
    package var replicas: [ReplicaID]
    /// As it was asked; nil: nothing but room counts.
    package var placing: PlacingSettings?
    package var demand: DemandClass
    /// Set: `replicas` are gangs of that size, one after the other.
    package var gang: GangSettings?
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
        var gang: GangSettings?
    }
    let gangs = Gangs(demands)
    let grouped = Dictionary(grouping: demands) { demand in
        let gang = gangs.settings(of: demand)
        return Key(
            resources: demand.resources, buys: gang == nil ? demand.buys : gangs.buys(demand),
            placing: demand.placing, priority: demand.priority,
            deployment: withRules || gang != nil ? demand.replica.deployment : nil, gang: gang)
    }
    return grouped.map { key, demands in
        Shape(
            resources: key.resources, buys: key.buys,
            replicas: demands.map { (key.gang == nil ? 0 : $0.gang ?? 0, $0.replica.serial, $0.replica) }
                .sorted { a, b in
                    if a.0 != b.0 { return a.0 < b.0 }
                    return a.1 != b.1 ? a.1 < b.1 : a.2.rawValue < b.2.rawValue
                }.map(\.2),
            placing: key.placing,
            demand: DemandClass(
                key.resources, key.placing, deployment: key.deployment, priority: key.priority, columns),
            gang: key.gang)
    }
    .sorted { a, b in
        if a.demand.priority != b.demand.priority { return a.demand.priority > b.demand.priority }
        if a.buys != b.buys { return a.buys }
        // Who needs room for several at once goes before those who fill what is left.
        if (a.gang == nil) != (b.gang == nil) { return a.gang != nil }
        if let size = a.gang?.size, let other = b.gang?.size, size != other { return size > other }
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
