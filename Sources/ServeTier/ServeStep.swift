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
    /// Proxies whose latest words were not understood: when they spoke.
    let refused: [String: Moment]
    /// Since when this process listens: no verdict of silence before everyone had the time to speak.
    let listening: Moment
    /// Load windows as stored, and what arrived since.
    let store: Store
    let unstored: Unstored
    private let looks: Looks
    /// The deployments that this step looks at, sorted.
    var looked: [DeploymentID] = []
    /// Those of which it weighs the load alone, sorted.
    var weighed: [DeploymentID] = []
    /// Those of them whose target moved with it.
    var movedByLoad: Set<DeploymentID> = []
    /// Replicas of each deployment that serve, as of the latest look at it.
    var running: [DeploymentID: Int] = [:]
    /// When each of them is to be looked at, or weighed, again at the latest.
    private(set) var wakes = Attention.Wakes()
    /// Those of which replicas wait for the proxies to let go of them.
    var waitingForProxies: Set<DeploymentID> = []
    /// So many replicas are asked for at most, where there is not room for all that are wanted.
    var caps: [DeploymentID: Int] = [:]
    /// Those by which each was last looked at.
    var capsBefore: [DeploymentID: Int] = [:]
    /// Of these something has changed for what others do: the next step looks at them, at once.
    private(set) var nextLooked: Set<DeploymentID> = []
    /// Replicas that were asked for to try whether there is room, before others that shall have it.
    var earlyProbes: Set<ReplicaID> = []
    /// Of deployments that wait for the room of others: whose budget makes them wait.
    var heldBack: [DeploymentID: HeldBack] = [:]
    private var looking: DeploymentID?
    private var weighing: DeploymentID?

    /// As read, with what this step changes, but for the replicas.
    private(set) var state: ClusterState
    /// Of all deployments, in all phases.
    private(set) var replicas: Overlay<ReplicaID, ReplicaRow>
    private var atHand = RowsAtHand()
    private(set) var touchedDeployments: Set<DeploymentID> = []
    private(set) var touchedScalings: Set<DeploymentID> = []
    /// Of which only the time of the next look differs: no reason for a commit, and written now and then.
    /// With when the look was that SQLite knows of.
    private(set) var merelyLooked: [DeploymentID: Moment] = [:]
    /// Those of them in which only the load shown to people differs.
    private var merelyShown: Set<DeploymentID> = []
    private var isMovedByLoad = false
    private(set) var touchedReplicas: Set<ReplicaID> = []
    private(set) var touchedApplications: Set<String> = []
    private(set) var removedDeployments: Set<DeploymentID> = []
    private(set) var removedReplicas: Set<ReplicaID> = []
    private(set) var removedApplications: Set<String> = []
    private(set) var removedProxies: Set<String> = []
    /// Set: what was found running is taken over.
    var taken: ReadoptTakenRow?
    /// Numbers of replicas up to here are in use; 0: nothing new is known of them.
    var numbersTaken: Int64 = 0
    var starts: [Start] = []
    /// Complete routes of those that were looked at.
    var routes: [DeploymentID: Route] = [:]
    var decisions: [Decision] = []
    /// Whatever it looks at, it is to be made again then.
    private(set) var wake: Moment?
    /// Replicas of each deployment, sorted; of all phases.
    private(set) var byDeployment: [DeploymentID: [ReplicaID]]
    /// Deployments of each application, sorted; also those that go in this step.
    let ofApplication: [String: [DeploymentID]]
    /// Replicas of any deployment that hold room and are to stay, by node.
    var replicasOnNode: [NodeID: Int]

    init(
        state: ClusterState, now: Moment, grace: Millis, heard: [String: HeardProxy],
        refused: [String: Moment],
        listening: Moment, index: DeploymentIndex, store: Store, unstored: Unstored, looks: Looks
    ) {
        self.looks = looks
        self.state = state
        looks.apply(to: &self.state)
        replicas = Overlay(state.replicas)
        self.state.replicas = [:]
        self.now = now
        self.grace = grace
        self.heard = heard
        self.refused = refused
        self.listening = listening
        self.store = store
        self.unstored = unstored
        byDeployment = index.replicas
        ofApplication = index.ofApplication
        replicasOnNode = index.onNode
    }

    /// Does the same for every deployment that is looked at; what it wants to be woken for is that one's.
    mutating func eachLooked(_ body: (inout ServeStep, DeploymentID) -> Void) {
        for id in looked {
            looking = id
            if !atHand.has(id) { atHand.take(replicas(of: id), of: id) }
            body(&self, id)
        }
        looking = nil
    }

    /// Weighs the load of a deployment: what that wants to be woken for is no reason to look at the replicas.
    mutating func weigh(_ id: DeploymentID, _ body: (inout ServeStep) -> Void) {
        weighing = id
        body(&self)
        weighing = nil
    }

    /// Unless this step does it already.
    mutating func lookNext(at id: DeploymentID) {
        guard !looked.contains(id) else { return }
        nextLooked.insert(id)
        wake(at: now)
    }

    /// True when a commit would change anything.
    var changes: Bool {
        !(touchedDeployments.isEmpty && touchedScalings.isEmpty && touchedReplicas.isEmpty
            && touchedApplications.isEmpty
            && removedDeployments.isEmpty && removedReplicas.isEmpty && removedApplications.isEmpty
            && removedProxies.isEmpty && starts.isEmpty && decisions.isEmpty && taken == nil)
    }

    /// True when it would change what no passing of time explains. The load of a window moves by itself, is shown to
    /// people, and may move a target: what follows from that is no surprise.
    var surprises: Bool {
        if isMovedByLoad { return false }
        var rest = self
        rest.touchedScalings.subtract(merelyShown)
        return rest.changes
    }

    /// What it would change, for a log line.
    var words: String {
        let rows =
            touchedDeployments.union(touchedScalings).map(\.rawValue) + touchedReplicas.map(\.rawValue)
            + touchedApplications
            + removedDeployments.map(\.rawValue) + removedReplicas.map(\.rawValue) + removedApplications
            + removedProxies
        return (decisions.map(\.reason) + rows.sorted()).joined(separator: "; ")
    }

    /// What is planned can be written, and nothing more be planned.
    mutating func letGo() { replicas.letGo() }

    // MARK: - Changing rows

    mutating func update(_ id: DeploymentID, _ change: (inout DeploymentRow) -> Void) {
        guard var row = state.deployments[id] else { return }
        change(&row)
        guard let known = state.deployments[id], row != known else { return }
        if row.target != known.target { isMovedByLoad = true }
        state.deployments[id] = row
        touchedDeployments.insert(id)
    }

    /// What scaling remembers of a deployment; without a row yet, nothing.
    mutating func update(scaling id: DeploymentID, _ change: (inout ScalingRow) -> Void) {
        let known = state.scalings[id] ?? ScalingRow(id)
        var row = known
        change(&row)
        guard row != known else { return }
        state.scalings[id] = row
        if row.memory != known.memory {
            isMovedByLoad = true
            merelyShown.remove(id)
        } else if row.load == known.load, row.loadAt == known.loadAt, !hasLookedLong(row, since: known) {
            if !touchedScalings.contains(id) { merelyLooked[id] = looks.stored(id) ?? known.lookedAt }
            return
        } else if !touchedScalings.contains(id) {
            merelyShown.insert(id)
        }
        touchedScalings.insert(id)
    }

    /// Nothing has moved for so long that it would be much to go through all of it again.
    private func hasLookedLong(_ row: ScalingRow, since known: ScalingRow) -> Bool {
        guard let looked = row.lookedAt, let before = looks.stored(row.deployment) ?? known.lookedAt else {
            return row.lookedAt != nil
        }
        return looked - before >= Looks.writtenEvery(row.deployment)
    }

    mutating func update(_ id: ReplicaID, _ change: (inout ReplicaRow) -> Void) {
        guard var row = replicas[id] else { return }
        change(&row)
        guard row != replicas[id] else { return }
        replicas[id] = row
        atHand.set(row)
        touchedReplicas.insert(id)
    }

    mutating func update(application name: String, _ change: (inout ApplicationRow) -> Void) {
        guard var row = state.applications[name] else { return }
        change(&row)
        guard row != state.applications[name] else { return }
        state.applications[name] = row
        touchedApplications.insert(name)
    }

    /// A replica that runs already.
    mutating func add(_ row: ReplicaRow) {
        replicas[row.id] = row
        atHand.add(row)
        byDeployment[row.deployment, default: []].append(row.id)
        touchedReplicas.insert(row.id)
    }

    mutating func add(_ row: DeploymentRow) {
        state.deployments[row.id] = row
        touchedDeployments.insert(row.id)
    }

    mutating func remove(_ id: ReplicaID) {
        replicas[id] = nil
        atHand.remove(id)
        byDeployment[id.deployment]?.removeAll { $0 == id }
        touchedReplicas.remove(id)
        removedReplicas.insert(id)
    }

    mutating func remove(_ id: DeploymentID) {
        state.deployments[id] = nil
        touchedDeployments.remove(id)
        touchedScalings.remove(id)
        merelyLooked[id] = nil
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

    /// The step wants to run again at `moment` at the latest, or to look again at what it is looking at.
    mutating func wake(at moment: Moment?) {
        guard let moment else { return }
        if let weighing {
            wakes.weigh[weighing] = wakes.weigh[weighing].map { min($0, moment) } ?? moment
        } else if let looking {
            wakes.look[looking] = wakes.look[looking].map { min($0, moment) } ?? moment
        } else {
            wake = wake.map { min($0, moment) } ?? moment
        }
    }

    // MARK: - Reading

    func replicas(of deployment: DeploymentID) -> [ReplicaRow] {
        if let rows = atHand.replicas(of: deployment) { return rows }
        return (byDeployment[deployment] ?? []).compactMap { replicas[$0] }
    }

    func wanted(of deployment: DeploymentID) -> [ReplicaRow] {
        replicas(of: deployment).wanted
    }

    /// When a proxy was last heard, understood or not, by this process or the one before it.
    func lastHeard(_ proxy: String) -> Moment {
        let said = heard[proxy]?.arrived ?? state.proxies[proxy]?.heardAt
        #if MUTANTS
            if Mutant.judgesAtOnce.isOn, let said { return max(said, refused[proxy] ?? said) }
        #endif
        return Moment.latest(said, refused[proxy], listening) ?? listening
    }

    /// It serves: ready, and its health check passes.
    func isReady(_ id: ReplicaID) -> Bool {
        state.placements[id].map { $0.phase == .ready && $0.unwellAt == nil } ?? false
    }
}
