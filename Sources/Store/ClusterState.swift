import Model

/// Everything a tier plans with, as of one instant: the rows of the state tables by their keys. A value; the
/// Store makes the next one from the rows that changed.
package struct ClusterState: Equatable, Sendable {
    package var applications: [String: ApplicationRow] = [:]
    package var deployments: [DeploymentID: DeploymentRow] = [:]
    package var scalings: [DeploymentID: ScalingRow] = [:]
    package var capacities: [String: CapacityRow] = [:]
    package var httpWishes: [String: HTTPWishRow] = [:]
    package var replicas: [ReplicaID: ReplicaRow] = [:]
    package var proxies: [String: ProxyRow] = [:]
    package var nodes: [NodeID: NodeRow] = [:]
    package var nodeTypes: [String: NodeTypeRow] = [:]
    package var placements: [ReplicaID: PlacementRow] = [:]
    package var drainRequests: [NodeID: DrainRequestRow] = [:]
    package var feasible: [DeploymentID: FeasibleRow] = [:]
    package var instances: [String: InstanceSeenRow] = [:]
    package var availability: [String: AvailabilityRow] = [:]
    package var movePlans: [String: MovePlanRow] = [:]
    package var moveSteps: [String: MoveStepRow] = [:]
    package var nodeNotes: [NodeID: NodeNoteRow] = [:]
    package var nodeStays: [NodeID: NodeStayRow] = [:]
    package var demandHistories: [DeploymentID: DemandHistoryRow] = [:]
    /// Of machines that are paid for, or were lately.
    package var costAccounts: [String: CostAccountRow] = [:]
    /// Why each node that is up is not given back.
    package var kept: [NodeID: KeptRow] = [:]
    package var paces: [String: ProviderPaceRow] = [:]
    package var holds: [String: HoldRow] = [:]
    package var troubles: [NodeID: NodeTroubleRow] = [:]
    package var roles: [StoreRole: RoleRow] = [:]
    package var readopts: [String: ReadoptRow] = [:]
    package var foundReplicas: [ReplicaID: FoundReplicaRow] = [:]
    package var readoptsTaken: [String: ReadoptTakenRow] = [:]
    package var settings: [String: SettingRow] = [:]
    package var standingDemands: [String: StandingDemandRow] = [:]
    /// The cluster file in force; nil before the node tier has written one.
    package var setting: SettingRow? { settings[SettingRow.onlyKey] }
    /// Bundles that there shall be room for whatever runs, in the order of their texts.
    package var standingDemand: [(resources: Resources, count: Int)] {
        standingDemands.sorted { $0.key < $1.key }.map { ($0.value.resources, $0.value.count) }
    }
    /// The part of all counts that is wanted; nil: all of it.
    package var capacity: CapacityRow? { capacities[CapacityRow.onlyKey] }
    /// Where the applications file wants to be reached; nil: it does not say.
    package var httpWish: HTTPWishRow? { httpWishes[HTTPWishRow.onlyKey] }
    /// How this state was made anew from what runs; nil: it never was.
    package var readopt: ReadoptRow? { readopts[ReadoptRow.onlyKey] }
    /// That the serve tier has taken over what was found.
    package var readoptTaken: ReadoptTakenRow? { readoptsTaken[ReadoptTakenRow.onlyKey] }
    /// What runs is being found out: until it is known, nothing is ordered, routed, bought or given back.
    package var isReadopting: Bool { readopt.map { $0.phase != .done } ?? false }
    /// The newest row of `change` that is in here.
    package var changeSequence: Int64 = 0

    package init() {}
}
