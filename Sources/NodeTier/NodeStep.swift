import Cloud
import Model
import Store

/// One step of the node tier on paper: from what SQLite, the agents and the provider say to the rows that shall
/// differ. Reads no clock and touches nothing outside.
struct NodeStep {
    /// A node to be bought; its number is drawn in the transaction.
    struct Purchase {
        var type: String
        var offerings: [Offering]
        /// As planned, with the type for its subject.
        var decision: Decision
        /// The step of a stored plan that it is bought for.
        var move: MoveStepRow?
        /// So many wait for it.
        var replicas = 0
    }

    let now: Moment
    let settings: ClusterSettings
    let offerings: [Offering]
    /// Newest report of each agent.
    let reports: [NodeID: AgentReport]
    /// Of these the ones that say something new.
    let unfolded: Set<NodeID>
    /// Replicas of which a row, or that of their placement, has changed since the last step; nil: any may have.
    let touchedReplicas: Set<ReplicaID>?
    /// Agents whose latest words were not understood.
    let refused: [NodeID: RefusedAgent]
    /// Since when this process listens: no verdict of silence before everyone had the time to speak.
    let listening: Moment
    /// The newest change in `state` that concerns plans.
    var plannedChange: Int64 = 0
    /// Nodes whose agents are silent, as they were counted.
    var unheard = 0

    var state: ClusterState
    /// Of the nodes whose phase this step has changed: the phases it has given them, in order. The last is the row's.
    private(set) var phases: [NodeID: [NodePhase]] = [:]
    private(set) var touchedNodes: Set<NodeID> = []
    private(set) var touchedPlacements: Set<ReplicaID> = []
    /// Waiting replicas of whom nothing has changed but what the candidates answer.
    private(set) var explained: Set<ReplicaID> = []
    private(set) var touchedInstances: Set<String> = []
    private(set) var touchedAvailability: Set<String> = []
    private(set) var touchedDrains: Set<NodeID> = []
    private(set) var removedPlacements: Set<ReplicaID> = []
    private(set) var removedInstances: Set<String> = []
    private(set) var removedAvailability: Set<String> = []
    private(set) var removedDrains: Set<NodeID> = []
    private(set) var touchedFound: Set<ReplicaID> = []
    private(set) var removedFound: Set<ReplicaID> = []
    private(set) var touchesReadopt = false
    /// Rows of stored plans, and what is remembered of nodes for them.
    var moves = TouchedMoves()
    /// Nodes on their way that replicas wait for.
    var awaited: Set<NodeID> = []
    /// Nodes that hold room which is to be kept free.
    var keptFree: Set<NodeID> = []
    /// Of these the ones that a standing demand counts.
    var keptStanding: Set<NodeID> = []
    /// Nodes whose room was taken or given back.
    private(set) var roomed: Set<NodeID> = []
    private(set) var touchedKept: Set<NodeID> = []
    private(set) var removedKept: Set<NodeID> = []
    private(set) var touchedAccounts: Set<String> = []
    private(set) var bookings: [CostBooking] = []
    /// An account was opened or ended; how its time is shared is by itself no reason to commit.
    private(set) var hasCostNews = false
    /// The ledger has looked at this step.
    var hasBooked = false
    /// Rows of `FailureMemory`.
    var failures = TouchedFailures()
    /// Numbers of nodes up to here are in use; 0: nothing new is known of them.
    var numbersTaken: Int64 = 0
    /// Rows that are deleted before they are written anew.
    private(set) var replacedNodes: Set<NodeID> = []
    /// Nodes whose orders change: their generation is raised once, at the end.
    private(set) var reordered: Set<NodeID> = []
    var purchases: [Purchase] = []
    /// What the purchases leave of the limits; nil: nothing was bought yet.
    var purse: Purse?
    var frontier = FrontierRows()
    var decisions: [Decision] = []
    private(set) var wake: Moment?
    private(set) var watched: [NodeID: [Millis]] = [:]
    /// Nodes that are not gone, or were not when the step began; sorted.
    private var living: [NodeID]
    /// Placements that hold room, by node.
    private(set) var onNode: [NodeID: Set<ReplicaID>] = [:]
    /// Placements without a node.
    private var pending: Set<ReplicaID> = []
    /// The node types of the cluster file, by name.
    let typeByName: [String: NodeType]
    /// For each type the spans from order to hello that were measured; nil: not looked at yet.
    var bootSpans: [String: [Millis]]?
    /// For each type how many of its nodes may be replaced now; nil: not looked at yet.
    var repairs: [String: RepairRoom] = [:]

    init(
        state: ClusterState, now: Moment, settings: ClusterSettings, offerings: [Offering],
        reports: [NodeID: AgentReport], unfolded: Set<NodeID>? = nil,
        touchedReplicas: Set<ReplicaID>? = nil, refused: [NodeID: RefusedAgent], listening: Moment
    ) {
        self.state = state
        self.now = now
        self.settings = settings
        self.offerings = offerings
        self.reports = reports
        self.unfolded = unfolded ?? Set(reports.keys)
        self.touchedReplicas = touchedReplicas
        self.refused = refused
        self.listening = listening
        living = state.nodes.values.filter { $0.phase != .gone }.map(\.id).sorted()
        typeByName = Dictionary(
            settings.nodeTypes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for placement in state.placements.values {
            if placement.phase == .pending { pending.insert(placement.replica) }
            guard placement.phase.holdsRoom, let node = placement.node else { continue }
            onNode[node, default: []].insert(placement.replica)
        }
    }

    var changes: Bool {
        !(touchedNodes.isEmpty && touchedPlacements.isEmpty && touchedInstances.isEmpty
            && touchedAvailability.isEmpty
            && touchedDrains.isEmpty && removedPlacements.isEmpty && removedInstances.isEmpty
            && removedAvailability.isEmpty && removedDrains.isEmpty && reordered.isEmpty && purchases.isEmpty
            && decisions.isEmpty && failures.isEmpty && touchedFound.isEmpty && removedFound.isEmpty
            && !touchesReadopt && !hasCostNews && !moves.changes && frontier.isEmpty)
    }

    /// What it would change, for a log line.
    var words: String {
        let rows =
            touchedNodes.map(\.rawValue) + touchedPlacements.map(\.rawValue) + touchedInstances
            + touchedAvailability + touchedDrains.map(\.rawValue) + removedPlacements.map(\.rawValue)
            + removedInstances + removedAvailability + removedDrains.map(\.rawValue)
            + reordered.map(\.rawValue) + moves.words + failures.words
        return (decisions.map(\.reason) + purchases.map(\.decision.reason) + rows.sorted())
            .joined(separator: "; ")
    }

    // MARK: - Changing rows

    mutating func update(_ id: NodeID, _ change: (inout NodeRow) -> Void) {
        guard var row = state.nodes[id] else { return }
        let phase = row.phase
        change(&row)
        guard row != state.nodes[id] else { return }
        if row.phase != phase {
            row.phaseAt = now
            phases[id, default: []].append(row.phase)
        }
        state.nodes[id] = row
        touchedNodes.insert(id)
    }

    mutating func update(_ id: ReplicaID, _ change: (inout PlacementRow) -> Void) {
        guard var row = state.placements[id] else { return }
        change(&row)
        guard row != state.placements[id] else { return }
        put(row)
    }

    /// For people: by itself no reason to commit, since it changes with every candidate's every move.
    mutating func explain(_ id: ReplicaID, _ refusals: [Refusal]) {
        guard state.placements[id].map({ $0.refusals != refusals }) ?? false else { return }
        state.placements[id]?.refusals = refusals
        explained.insert(id)
    }

    mutating func put(_ row: PlacementRow) {
        if let node = state.placements[row.replica]?.node { onNode[node]?.remove(row.replica) }
        roomed.formUnion([state.placements[row.replica]?.node, row.node].compactMap { $0 })
        if row.phase.holdsRoom, let node = row.node { onNode[node, default: []].insert(row.replica) }
        if row.phase == .pending { pending.insert(row.replica) } else { pending.remove(row.replica) }
        state.placements[row.replica] = row
        touchedPlacements.insert(row.replica)
    }

    mutating func remove(_ id: ReplicaID) {
        if let node = state.placements[id]?.node { onNode[node]?.remove(id) }
        if let node = state.placements[id]?.node { roomed.insert(node) }
        pending.remove(id)
        state.placements[id] = nil
        touchedPlacements.remove(id)
        removedPlacements.insert(id)
    }

    /// A row of another table, by its key; nil: it goes.
    /// - Returns: false: it is like that already.
    mutating func set<R: StoreRow>(
        _ row: R?, _ key: R.Key, in table: WritableKeyPath<ClusterState, [R.Key: R]>
    ) -> Bool {
        guard state[keyPath: table][key] != row else { return false }
        state[keyPath: table][key] = row
        return true
    }

    mutating func replace(_ id: NodeID) { replacedNodes.insert(id) }

    mutating func put(_ row: NodeRow) {
        if row.phase != .gone, !living.contains(row.id) {
            living.insert(row.id, at: living.firstIndex { row.id < $0 } ?? living.endIndex)
        }
        state.nodes[row.id] = row
        touchedNodes.insert(row.id)
    }

    mutating func put(_ row: InstanceSeenRow) {
        guard state.instances[row.instance] != row else { return }
        state.instances[row.instance] = row
        touchedInstances.insert(row.instance)
    }

    mutating func forget(instance: String) {
        state.instances[instance] = nil
        touchedInstances.remove(instance)
        removedInstances.insert(instance)
    }

    mutating func put(_ row: AvailabilityRow) {
        state.availability[row.offering] = row
        touchedAvailability.insert(row.offering)
    }

    mutating func forget(availability offering: String) {
        guard state.availability[offering] != nil else { return }
        state.availability[offering] = nil
        touchedAvailability.remove(offering)
        removedAvailability.insert(offering)
    }

    mutating func put(_ row: FoundReplicaRow) {
        guard state.foundReplicas[row.replica] != row else { return }
        state.foundReplicas[row.replica] = row
        removedFound.remove(row.replica)
        touchedFound.insert(row.replica)
    }

    mutating func forget(found id: ReplicaID) {
        state.foundReplicas[id] = nil
        touchedFound.remove(id)
        removedFound.insert(id)
    }

    mutating func put(_ row: ReadoptRow) {
        guard state.readopt != row else { return }
        state.readopts[row.key] = row
        touchesReadopt = true
    }

    mutating func put(_ row: KeptRow) {
        guard state.kept[row.node] != row else { return }
        state.kept[row.node] = row
        removedKept.remove(row.node)
        touchedKept.insert(row.node)
    }

    mutating func forget(kept node: NodeID) {
        state.kept[node] = nil
        touchedKept.remove(node)
        removedKept.insert(node)
    }

    /// - Parameter isFact: not only shared otherwise.
    mutating func put(_ row: CostAccountRow, _ booked: [CostBooking], isFact: Bool) {
        guard state.costAccounts[row.id] != row else { return }
        state.costAccounts[row.id] = row
        touchedAccounts.insert(row.id)
        bookings += booked
        if isFact { hasCostNews = true }
    }

    /// For people alone: by itself no reason to commit.
    var isForPeople: Bool {
        !(explained.isEmpty && touchedKept.isEmpty && removedKept.isEmpty && touchedAccounts.isEmpty
            && moves.stays.isEmpty)
    }

    mutating func askDrain(_ node: NodeID, deadline: Moment, reason: String) {
        let row = DrainRequestRow(node: node, deadline: deadline, reason: reason)
        guard state.drainRequests[node] != row else { return }
        state.drainRequests[node] = row
        touchedDrains.insert(node)
    }

    mutating func endDrain(_ node: NodeID) {
        #if MUTANTS
            if Mutant.keepsDrainRequests.isOn { return }
        #endif
        guard state.drainRequests[node] != nil else { return }
        state.drainRequests[node] = nil
        touchedDrains.remove(node)
        removedDrains.insert(node)
    }

    /// The node's desired set differs from what it was told.
    mutating func reorder(_ node: NodeID) { reordered.insert(node) }

    mutating func raiseGenerations() {
        for node in reordered.sorted() { update(node) { $0.generation += 1 } }
    }

    /// The silence of its agent matters: whoever rests on this plan keeps an eye on it.
    /// - Parameter silences: of its agent, which would mean something.
    mutating func watch(_ node: NodeID, for silences: [Millis]) { watched[node] = silences }

    mutating func wake(at moment: Moment?) {
        guard let moment else { return }
        wake = wake.map { min($0, moment) } ?? moment
    }

    // MARK: - Reading

    /// When the agent of a node was last heard, by this process or the one before it.
    func lastHeard(_ node: NodeRow) -> Moment {
        #if MUTANTS
            if Mutant.judgesAgentsAtOnce.isOn, let said = reports[node.id]?.arrived ?? node.heardAt {
                return said
            }
        #endif
        let said = max(reports[node.id]?.arrived ?? node.heardAt ?? Moment(0), listening)
        return refused[node.id].map { max(said, $0.arrived) } ?? said
    }

    func isSilent(_ node: NodeRow, for span: Millis) -> Bool { lastHeard(node) + span <= now }

    /// Nodes of these phases, in the order of their ids.
    func nodes(in phases: [NodePhase]) -> [NodeRow] {
        living.compactMap { state.nodes[$0] }.filter { phases.contains($0.phase) }
    }

    /// Replicas without a place, in the order of their ids.
    func waiting() -> [ReplicaID] { pending.sorted() }

    func liveReplicas(on node: NodeID) -> [ReplicaID] { (onNode[node] ?? []).sorted() }
}
