import Model
import Store

/// One step of the serve tier on paper: begins with what SQLite and the proxies say, ends with the rows that shall
/// differ. Nothing here reads a clock or touches the outside.
struct ServeStep {
    /// A replica to be ordered; its serial is drawn in the transaction.
    struct Start {
        var deployment: DeploymentID
        var count: Int
        /// False: it takes room that is there and is never a reason to buy a node.
        var buys: Bool
    }

    let now: Moment
    let grace: Millis
    let heard: [String: HeardProxy]
    /// Since when this process listens: no verdict of silence before everyone had the time to speak.
    let listening: Moment
    /// Load windows in SQLite, and what arrived since.
    let buckets: [DeploymentID: [String: [LoadBucketRow]]]
    let unstored: [LoadBucketRow]

    private(set) var state: ClusterState
    private(set) var touchedDeployments: Set<DeploymentID> = []
    private(set) var touchedReplicas: Set<ReplicaID> = []
    private(set) var touchedApplications: Set<String> = []
    private(set) var removedDeployments: Set<DeploymentID> = []
    private(set) var removedReplicas: Set<ReplicaID> = []
    private(set) var removedApplications: Set<String> = []
    private(set) var removedProxies: Set<String> = []
    var starts: [Start] = []
    var decisions: [Decision] = []
    private(set) var wake: Moment?
    /// Replicas of each deployment, sorted; of all phases.
    private(set) var byDeployment: [DeploymentID: [ReplicaID]] = [:]
    /// Replicas of any deployment that hold room, by node.
    var replicasOnNode: [NodeID: Int] = [:]

    init(
        state: ClusterState, now: Moment, grace: Millis, heard: [String: HeardProxy], listening: Moment,
        buckets: [DeploymentID: [String: [LoadBucketRow]]], unstored: [LoadBucketRow]
    ) {
        self.state = state
        self.now = now
        self.grace = grace
        self.heard = heard
        self.listening = listening
        self.buckets = buckets
        self.unstored = unstored
        for id in state.replicas.keys.sorted() { byDeployment[id.deployment, default: []].append(id) }
        for placement in state.placements.values where placement.phase.holdsRoom {
            if let node = placement.node { replicasOnNode[node, default: 0] += 1 }
        }
    }

    /// True when a commit would change anything.
    var changes: Bool {
        !(touchedDeployments.isEmpty && touchedReplicas.isEmpty && touchedApplications.isEmpty
            && removedDeployments.isEmpty && removedReplicas.isEmpty && removedApplications.isEmpty
            && removedProxies.isEmpty && starts.isEmpty && decisions.isEmpty)
    }

    // MARK: - Changing rows

    mutating func update(_ id: DeploymentID, _ change: (inout DeploymentRow) -> Void) {
        guard var row = state.deployments[id] else { return }
        change(&row)
        guard row != state.deployments[id] else { return }
        state.deployments[id] = row
        touchedDeployments.insert(id)
    }

    mutating func update(_ id: ReplicaID, _ change: (inout ReplicaRow) -> Void) {
        guard var row = state.replicas[id] else { return }
        change(&row)
        guard row != state.replicas[id] else { return }
        state.replicas[id] = row
        touchedReplicas.insert(id)
    }

    mutating func update(application name: String, _ change: (inout ApplicationRow) -> Void) {
        guard var row = state.applications[name] else { return }
        change(&row)
        guard row != state.applications[name] else { return }
        state.applications[name] = row
        touchedApplications.insert(name)
    }

    mutating func remove(_ id: ReplicaID) {
        state.replicas[id] = nil
        byDeployment[id.deployment]?.removeAll { $0 == id }
        touchedReplicas.remove(id)
        removedReplicas.insert(id)
    }

    mutating func remove(_ id: DeploymentID) {
        state.deployments[id] = nil
        touchedDeployments.remove(id)
        removedDeployments.insert(id)
    }

    mutating func remove(application name: String) {
        state.applications[name] = nil
        touchedApplications.remove(name)
        removedApplications.insert(name)
    }

    mutating func forget(proxy id: String) {
        state.proxies[id] = nil
        removedProxies.insert(id)
    }

    /// The step wants to run again at `moment` at the latest.
    mutating func wake(at moment: Moment?) {
        guard let moment else { return }
        wake = wake.map { min($0, moment) } ?? moment
    }

    // MARK: - Reading

    func replicas(of deployment: DeploymentID) -> [ReplicaRow] {
        (byDeployment[deployment] ?? []).compactMap { state.replicas[$0] }
    }

    func wanted(of deployment: DeploymentID) -> [ReplicaRow] {
        replicas(of: deployment).filter { $0.phase == .wanted }
    }

    func isReady(_ id: ReplicaID) -> Bool { state.placements[id]?.phase == .ready }
}
