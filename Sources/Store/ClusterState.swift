import Model

/// Everything a tier plans with, as of one instant: the rows of the state tables by their keys. A value; the
/// Store makes the next one from the rows that changed.
package struct ClusterState: Equatable, Sendable {
    package var applications: [String: ApplicationRow] = [:]
    package var deployments: [DeploymentID: DeploymentRow] = [:]
    package var replicas: [ReplicaID: ReplicaRow] = [:]
    package var proxies: [String: ProxyRow] = [:]
    package var nodes: [NodeID: NodeRow] = [:]
    package var nodeTypes: [String: NodeTypeRow] = [:]
    package var placements: [ReplicaID: PlacementRow] = [:]
    package var drainRequests: [NodeID: DrainRequestRow] = [:]
    package var instances: [String: InstanceSeenRow] = [:]
    package var availability: [String: AvailabilityRow] = [:]
    package var roles: [StoreRole: RoleRow] = [:]
    package var settings: [String: SettingRow] = [:]
    /// The cluster file in force; nil before the node tier has written one.
    package var setting: SettingRow? { settings[SettingRow.onlyKey] }
    /// The newest row of `change` that is in here.
    package var changeSequence: Int64 = 0

    package init() {}
}
