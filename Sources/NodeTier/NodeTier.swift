import Cloud
import Model
import Store

/// The node tier: places what the serve tier wants, and decides which nodes exist.
///
/// `hear` only takes in; `step` folds, plans, commits once and says which provider calls the committed rows ask for.
/// All synchronous: the shell calls from one thread and makes the calls.
package final class NodeTier {
    package let store: Store
    /// Base URL of the agents' endpoint, as new machines are told it.
    var address = ""
    let tokenFile: String
    let listening: Moment
    package private(set) var reports: [NodeID: AgentReport] = [:]
    private var answers: [ProviderAnswer] = []
    private var offerings: [Offering] = []
    var offeringsDue: Moment
    var listed: Moment
    var inFlight: Set<CallKey> = []
    /// When a machine that belongs to no living node was last asked to be given back, by instance.
    var strayAsked: [String: Moment] = [:]
    private var renewed = Moment(Int64.min / 2)
    private var settings: ClusterSettings
    private var machinesEnded: Bool
    /// An agent has obeyed somebody higher: this cluster generation is to be risen above.
    private var outranked: Int64?
    private var settingsStored = false

    static let renewEvery = Millis(2_000)
    /// The serve tier silent for this long: nothing is given back.
    static let serveSilent = Millis(10_000)
    static let listSoon = Millis(500)
    static let listSeldom = Millis(5_000)
    static let offeringsEvery = Millis(60_000)
    static let offeringsRetry = Millis(200)
    /// Between two such calls for one machine; longer than the pause between two lists.
    static let strayEvery = Millis(10_000)
    /// Provider calls on their way at once; the rest wait for the next step.
    static let callsMax = 32

    /// - Parameter settings: the cluster file in force; nil takes what SQLite has, or the defaults.
    /// - Parameter machinesEnded: `tandem down` ended the machines of the fake cloud since the last step.
    package init(
        store: Store, settings: ClusterSettings?, tokenFile: String, machinesEnded: Bool = false
    ) throws(StoreError) {
        self.machinesEnded = machinesEnded
        self.store = store
        self.tokenFile = tokenFile
        listening = store.now()
        offeringsDue = listening
        listed = Moment(Int64.min / 2)
        let stored = try store.state().setting?.settings
        self.settings = settings ?? stored ?? ClusterSettings()
    }

    /// Where the agents' endpoint listens, e.g. `http://127.0.0.1:6380`.
    package func listens(at address: String) { self.address = address }

    package func hear(_ report: AgentReport) {
        var report = report
        if let generation = store.outranked(by: report.fence) { outranked = max(outranked ?? 0, generation) }
        // Orders of another cluster generation acknowledge nothing of ours.
        if report.fence.clusterGeneration != store.clusterGeneration { report.fence.generation = -1 }
        reports[report.node] = report
    }

    package func hear(_ answer: ProviderAnswer) { answers.append(answer) }

    /// Reads, folds, plans, commits.
    /// - Returns: when to step again at the latest, and the calls to make; each is heard back once.
    package func step() throws(StoreError) -> (wake: Moment?, calls: [ProviderCall]) {
        let now = store.now()
        let state = try store.state()
        takeIn(now)
        // Nothing that a node says after its end is of use, and there would be more and more of it.
        reports = reports.filter { id, _ in state.nodes[id].map { $0.phase != .gone } ?? false }
        var step = NodeStep(
            state: state, now: now, settings: settings, offerings: offerings, reports: reports,
            listening: listening)
        step.ensureLocalNode(token: tokenPrefix + "local")
        if machinesEnded { step.endMachines() }
        step.foldReports()
        for answer in answers { step.fold(answer) }
        step.followReplicas()
        step.advanceNodes()
        step.place(holdsCapacity: isServeSilent(state, now))
        step.raiseGenerations()
        let renew = renewed + Self.renewEvery <= now
        if step.changes || renew || !settingsStored || outranked != nil { try commit(step, renew: renew) }
        answers.removeAll()
        machinesEnded = false
        var wake = [step.wake, renewed + Self.renewEvery, offeringsDue > now ? offeringsDue : nil]
            .compactMap { $0 }.min()
        let calls = dueCalls(in: try store.state(), now: now, wake: &wake)
        if !calls.isEmpty {
            do {
                try noteAttempts(calls)
            } catch {
                // They do not leave: not noted as such they would never be made.
                for call in calls { inFlight.remove(CallKey(call)) }
                throw error
            }
        }
        return (wake, calls)
    }

    /// What is not cluster state: the catalogue, and which calls are done.
    private func takeIn(_ now: Moment) {
        for answer in answers {
            inFlight.remove(CallKey(answer))
            switch answer {
            case .offerings(.success(let list)):
                offerings = list
                offeringsDue = now + Self.offeringsEvery
            case .offerings(.failure): offeringsDue = now + Self.offeringsRetry
            case .list: listed = now
            case .create, .terminate: break
            }
        }
    }

    private func isServeSilent(_ state: ClusterState, _ now: Moment) -> Bool {
        guard let heard = state.roles[.serve]?.heardAt else { return true }
        return max(heard, listening) + Self.serveSilent <= now
    }

    /// Tokens name the cluster, its generation and the node: none is ever used for two machines.
    private var tokenPrefix: String { "\(store.clusterUUID.prefix(18))-\(store.clusterGeneration)-n" }

    private func commit(_ step: NodeStep, renew: Bool) throws(StoreError) {
        let unixMillis = store.unixMillis()
        let prefix = tokenPrefix
        let higher = outranked
        try store.commit { transaction in
            if let higher { try transaction.raiseClusterGeneration(above: higher) }
            if !settingsStored {
                try writeSettings(to: transaction, known: step.state.nodeTypes.keys.sorted(), unixMillis)
            }
            try step.write(to: transaction, epoch: store.epoch, unixMillis: unixMillis) { "\(prefix)\($0)" }
            if renew {
                try transaction.renew(address: address)
                try writeHeard(step, to: transaction)
            }
        }
        outranked = nil
        settingsStored = true
        if renew { renewed = step.now }
    }

    /// When each agent was last heard, with the renewal and never by itself.
    private func writeHeard(_ step: NodeStep, to transaction: StoreTransaction) throws {
        for id in reports.keys.sorted() {
            guard var row = step.state.nodes[id], let report = reports[id], row.phase != .gone else {
                continue
            }
            row.heardAt = report.arrived
            try transaction.put(row)
        }
    }

    private func writeSettings(to transaction: StoreTransaction, known: [String], _ unixMillis: Int64) throws
    {
        try transaction.put(SettingRow(settings: settings, appliedUnixMs: unixMillis))
        let names = Set(settings.nodeTypes.map(\.name))
        for type in settings.nodeTypes {
            try transaction.put(
                NodeTypeRow(
                    name: type.name, resources: type.resources, minWorkers: type.minWorkers,
                    maxWorkers: type.maxWorkers, idleTimeout: type.idleTimeout ?? settings.idleTimeout))
        }
        for name in known where !names.contains(name) {
            try transaction.delete(NodeTypeRow.self, name)
        }
    }

    /// A call that leaves is an attempt of a committed intent.
    private func noteAttempts(_ calls: [ProviderCall]) throws(StoreError) {
        let state = try store.state()
        let nodes = calls.compactMap { call -> NodeID? in
            switch call {
            case .create(let request): request.node
            case .terminate(let node, _): node
            case .offerings, .list: nil
            }
        }
        guard !nodes.isEmpty else { return }
        try store.commit { transaction in
            for id in nodes.sorted() {
                guard var row = state.nodes[id] else { continue }
                row.attempts += 1
                row.epoch = store.epoch
                try transaction.put(row)
            }
        }
    }

    // MARK: - What is published

    /// The complete orders of a node as committed; nil when there is no such node.
    package func orders(for node: NodeID) throws(StoreError) -> Orders? {
        let state = try store.state()
        guard let row = state.nodes[node] else { return nil }
        return Orders.of(row, state.placements.values.filter { $0.node == node }, in: state)
    }

    /// The orders of every node that is not gone.
    package func allOrders() throws(StoreError) -> [NodeID: Orders] {
        let state = try store.state()
        var byNode: [NodeID: [PlacementRow]] = [:]
        for placement in state.placements.values {
            if let node = placement.node, placement.phase.holdsRoom {
                byNode[node, default: []].append(placement)
            }
        }
        var orders: [NodeID: Orders] = [:]
        for (id, row) in state.nodes where row.phase != .gone {
            orders[id] = Orders.of(row, byNode[id] ?? [], in: state)
        }
        return orders
    }

    package var clusterSettings: ClusterSettings { settings }
}
