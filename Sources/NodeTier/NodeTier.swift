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
    var listening: Moment { ears.since }
    private var ears: Listening
    package private(set) var reports: [NodeID: AgentReport] = [:]
    /// Of these the ones that say something that no step has written down.
    private var unfolded: Set<NodeID> = []
    /// Replicas that no step has looked at since their rows changed; nil: any may be one.
    private var touchedReplicas: Set<ReplicaID>?
    /// Agents whose latest words were not understood.
    private var refused: [NodeID: RefusedAgent] = [:]
    private var answers: [ProviderAnswer] = []
    private var offerings: [Offering] = []
    var offeringsDue: Moment
    var listed: Moment
    /// When a call last left.
    var called = Moment(Int64.min / 2)
    var inFlight: Set<CallKey> = []
    /// When a machine that belongs to no living node was last asked to be given back, by instance.
    var strayAsked: [String: Moment] = [:]
    private var renewed = Moment(Int64.min / 2)
    private var heardWritten = Moment(Int64.min / 2)
    /// A list from which nothing followed, and nothing has changed since: the same list again says no more.
    private var settledList: [Instance]?
    var inForce: SettingsInForce
    var settings: ClusterSettings { inForce.settings }
    private var machinesEnded: Bool
    /// An agent has obeyed somebody higher: this cluster generation is to be risen above.
    private var outranked: Int64?
    var settingsStored = false
    private var rest: Rest
    private var silences = Silences()
    private var costs = CostMemory()
    /// No call is due before then, as long as nothing is planned anew and no answer has come.
    private var quietUntil: Moment?
    /// The serve tier was silent at the last plan.
    private var serveWasSilent = false
    /// The latest look for nodes that can be given up.
    private var look = ConsolidationLook()
    private var published: (sequence: Int64, orders: [NodeID: Orders])?

    /// How often a step that was expected to find nothing to do was planned all the same and did. Anything but 0 is
    /// a wake that was not asked for: a fault to be reported. The plan was carried out.
    package private(set) var missedWakes = 0
    /// What the latest of them found to do.
    package private(set) var latestMissed = ""

    /// How often it is written down when each agent was last heard; for people alone, since a restarted tier gives
    /// everyone the time to speak.
    static let heardEvery = Millis(30_000)
    static let listSoon = Millis(500)
    static let listSeldom = Millis(5_000)
    static let offeringsEvery = Millis(60_000)
    static let offeringsRetry = Millis(200)
    /// Between two such calls for one machine; longer than the pause between two lists.
    static let strayEvery = Millis(10_000)
    /// Provider calls on their way at once; the rest wait for the next step.
    static let callsMax = 32

    /// - Parameter settings: what the cluster file says; nil takes what SQLite has, or the defaults.
    /// - Parameter fileProblem: why there is a file and no settings.
    /// - Parameter sampleEvery: of so many steps that could rest one is planned, to see that it finds nothing to do.
    /// - Parameter machinesEnded: `tandem down` ended the machines of the fake cloud since the last step.
    package init(
        store: Store, settings: ClusterSettings?, fileProblem: String? = nil, tokenFile: String,
        machinesEnded: Bool = false, sampleEvery: Int = Rest.sampleEvery
    ) throws(StoreError) {
        rest = Rest(sampleEvery: sampleEvery)
        self.machinesEnded = machinesEnded
        self.store = store
        self.tokenFile = tokenFile
        ears = Listening(store.now())
        offeringsDue = ears.since
        listed = Moment(Int64.min / 2)
        inForce = SettingsInForce.atStart(
            try store.state(), file: settings, problem: fileProblem, unixMillis: store.unixMillis())
    }

    /// Something was written that a plan has not seen.
    package func endRest() {
        rest.end()
        quietUntil = nil
    }

    /// Where the agents' endpoint listens, e.g. `http://127.0.0.1:6380`.
    package func listens(at address: String) {
        self.address = address
        quietUntil = nil
    }

    package func hear(_ report: AgentReport) {
        if Overtaking.has(report.sent, reports[report.node]?.sent) { return }
        var report = report
        if let generation = store.outranked(by: report.fence) {
            outranked = max(outranked ?? 0, generation)
            rest.end()
        }
        // Orders of another cluster generation acknowledge nothing of ours.
        if report.fence.clusterGeneration != store.clusterGeneration { report.fence.generation = -1 }
        if reports[report.node].map({ !$0.says(thatOf: report) }) ?? true {
            unfolded.insert(report.node)
            rest.end()
        }
        reports[report.node] = report
        if refused.removeValue(forKey: report.node) != nil { rest.end() }
        if silences.isSilent(report.node) { rest.end() }
    }

    /// An agent spoke and was not understood: it is heard, and what it said before stands.
    package func hear(_ agent: RefusedAgent) {
        if refused[agent.node].map({ !$0.says(thatOf: agent) }) ?? true { rest.end() }
        refused[agent.node] = agent
        if silences.isSilent(agent.node) { rest.end() }
    }

    package func hear(_ answer: ProviderAnswer) {
        switch answer {
        case .list(.success(let list)) where list == settledList: return take(unremarkable: answer)
        case .list(.failure(.throttled)): break
        // A list is whole or it is nothing: nothing follows from one that failed.
        case .list(.failure): return take(unremarkable: answer)
        default: break
        }
        answers.append(answer)
        rest.end()
    }

    /// Reads, folds, plans, commits.
    /// - Returns: when to step again at the latest, and the calls to make; each is heard back once.
    package func step() throws(StoreError) -> (wake: Moment?, calls: [ProviderCall]) {
        let now = store.now()
        ears.step(now)
        let state = try store.state()
        note(store.takeTouched())
        let renew = renewed + TierPace.renewEvery <= now
        let resting =
            rest.holds(store.plannedChanges, now) && isServeSilent(state, now) == serveWasSilent
            && silences.hold(now, heard: lastHeard)
        if resting, !rest.isSampled {
            if renew { try commitRenewal(state, now) }
            return try outcome(state, now, wake: rest.wake)
        }
        // A look that is to find nothing looks at everything, and so does the first one after the state was made anew.
        let isReadopting = state.isReadopting
        if resting || isReadopting {
            unfolded = Set(reports.keys)
            touchedReplicas = nil
        }
        let step = plan(state, now)
        if resting, step.changes {
            missedWakes += 1
            latestMissed = step.words
        }
        var known = store.plannedChanges
        if step.changes || renew || !settingsStored || outranked != nil {
            try commit(step, renew: renew)
            known = store.knownChanges
        }
        settleList(step)
        answers.removeAll()
        if !isReadopting {
            unfolded.removeAll()
            touchedReplicas = []
        }
        machinesEnded = false
        var wake = step.wake
        // What was not worth a commit goes with the next renewal, if it is still so.
        if !step.changes, step.isForPeople, !renew {
            wake = Moment.earliest(wake, renewed + TierPace.renewEvery)
        }
        if !step.changes { rest.begin(at: known, now, wake: wake) }
        return try outcome(try store.state(), now, wake: wake)
    }

    /// What is kept until a step has passed: one that could not commit has looked at nothing.
    private func note(_ rows: TouchedRows) {
        guard !rows.isAll, let known = touchedReplicas else {
            touchedReplicas = nil
            return
        }
        let keys = [ReplicaRow.sql.table, PlacementRow.sql.table].flatMap { rows.keys[$0] ?? [] }
        if !keys.isEmpty { touchedReplicas = known.union(keys.map { ReplicaID($0) }) }
    }

    private func plan(_ state: ClusterState, _ now: Moment) -> NodeStep {
        rest.end()
        quietUntil = nil
        takeIn(now)
        costs.hear(answers, now)
        // Nothing that a node says after its end is of use, and there would be more and more of it.
        // While the state is made anew its machines become known only by and by.
        let isReadopting = state.isReadopting
        func isThere(_ id: NodeID) -> Bool { state.nodes[id].map { $0.phase != .gone } ?? isReadopting }
        for id in reports.keys.filter({ !isThere($0) }) { reports[id] = nil }
        for id in refused.keys.filter({ !isThere($0) }) { refused[id] = nil }
        var step = NodeStep(
            state: state, now: now, settings: settings, offerings: offerings, reports: reports,
            unfolded: unfolded, touchedReplicas: touchedReplicas, refused: refused, listening: listening)
        step.plannedChange = store.plannedChanges
        step.ensureLocalNode(token: tokenPrefix + "local")
        if isReadopting {
            step.readopt(answers)
            return step
        }
        if machinesEnded { step.endMachines() }
        step.foldReports()
        step.noteRefusals()
        for answer in answers { step.fold(answer) }
        step.followReplicas()
        step.ageFailures()
        step.advanceNodes()
        serveWasSilent = isServeSilent(state, now)
        let holds = serveWasSilent || step.holdsDestruction != nil
        step.place(holdsCapacity: holds)
        step.giveBack(&look, unixMillis: store.unixMillis(), holdsCapacity: holds)
        step.leaveProbesToOne()
        step.tellFrontier()
        step.noteKept(serveIsSilent: serveWasSilent)
        step.bookCosts(&costs, unixMillis: store.unixMillis())
        step.raiseGenerations()
        silences = Silences(step.watched, now, heard: lastHeard)
        return step
    }

    /// When an agent was last heard by this process, understood or not; its start at the least.
    private func lastHeard(_ node: NodeID) -> Moment {
        Moment.latest(listening, reports[node]?.arrived, refused[node]?.arrived) ?? listening
    }

    /// Only the pause before the next call begins.
    private func take(unremarkable answer: ProviderAnswer) {
        inFlight.remove(CallKey(answer))
        listed = store.now()
        if case .list(.success) = answer { costs.hearsTheSame(listed) }
        quietUntil = nil
    }

    private func settleList(_ step: NodeStep) {
        if step.changes { settledList = nil }
        for case .list(.success(let list)) in answers { settledList = step.changes ? nil : list }
    }

    /// The calls that are due, and when to look again.
    private func outcome(
        _ state: ClusterState, _ now: Moment, wake: Moment?
    ) throws(StoreError) -> (wake: Moment?, calls: [ProviderCall]) {
        let wake = Moment.earliest(wake, silences.wake, renewed + TierPace.renewEvery)
        if let quietUntil, now < quietUntil { return (Moment.earliest(wake, quietUntil), []) }
        var next = offeringsDue > now ? offeringsDue : nil
        let calls = dueCalls(in: state, now: now, wake: &next)
        quietUntil = calls.isEmpty ? next : nil
        if !calls.isEmpty {
            do {
                try noteAttempts(calls)
            } catch {
                // They do not leave: not noted as such they would never be made.
                #if MUTANTS
                    if Mutant.keepsInFlight.isOn { throw error }
                #endif
                for call in calls { inFlight.remove(CallKey(call)) }
                throw error
            }
        }
        return (Moment.earliest(wake, next), calls)
    }

    /// All that is due while nothing has changed: this tier and its agents are alive.
    private func commitRenewal(_ state: ClusterState, _ now: Moment) throws(StoreError) {
        let known = store.plannedChanges
        try store.commit { transaction in
            try transaction.renew(address: address)
            try writeHeard(state, to: transaction)
        }
        renewed = now
        rest.extend(from: known, to: store.knownChanges)
        if look.ground?.change == known { look.ground?.change = store.plannedChanges }
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

    /// Then nothing is given back.
    private func isServeSilent(_ state: ClusterState, _ now: Moment) -> Bool {
        #if MUTANTS
            if Mutant.givesBackUnasked.isOn { return false }
        #endif
        guard let heard = state.roles[.serve]?.heardAt else { return true }
        return max(heard, listening) + TierPace.silentAfter <= now
    }

    /// Tokens name the cluster, its generation and the node: none is ever used for two machines.
    private var tokenPrefix: String { "\(store.clusterUUID.prefix(18))-\(store.clusterGeneration)-n" }

    private func commit(_ step: NodeStep, renew: Bool) throws(StoreError) {
        if let fault = step.fault { Invariant.broken(fault) }
        let unixMillis = store.unixMillis()
        let prefix = tokenPrefix
        let higher = outranked
        let storesSettings = !settingsStored
        #if MUTANTS
            if Mutant.storesSettingsOnce.isOn { settingsStored = true }
        #endif
        try store.commit { transaction in
            if let higher { try transaction.raiseClusterGeneration(above: higher) }
            if storesSettings {
                try writeSettings(to: transaction, known: step.state.nodeTypes.keys.sorted(), unixMillis)
            }
            try step.write(to: transaction, epoch: store.epoch, unixMillis: unixMillis) { "\(prefix)\($0)" }
            if renew {
                try transaction.renew(address: address)
                try writeHeard(step.state, to: transaction)
            }
        }
        outranked = nil
        if step.hasBooked { costs.committed() }
        settingsStored = true
        if renew { renewed = step.now }
    }

    /// When each agent was last heard, with the renewal and never by itself.
    private func writeHeard(_ state: ClusterState, to transaction: StoreTransaction) throws {
        guard heardWritten + Self.heardEvery <= store.now() else { return }
        heardWritten = store.now()
        for id in Set(reports.keys).union(refused.keys).sorted() {
            guard var row = state.nodes[id], row.phase != .gone else { continue }
            row.heardAt = Moment.latest(reports[id]?.arrived, refused[id]?.arrived)
            try transaction.put(row)
        }
    }

    // MARK: - What is published

    /// The complete orders of a node as committed; nil when there is no such node, and while the state is made anew.
    package func orders(for node: NodeID) throws(StoreError) -> Orders? {
        let state = try store.state()
        guard let row = state.nodes[node], !state.isReadopting else { return nil }
        return Orders.of(row, state.placements.values.filter { $0.node == node }, in: state)
    }

    /// The orders of every node that is not gone.
    package func allOrders() throws(StoreError) -> [NodeID: Orders] {
        let state = try store.state()
        if let published, published.sequence == state.changeSequence { return published.orders }
        var byNode: [NodeID: [PlacementRow]] = [:]
        for placement in state.placements.values {
            if let node = placement.node, placement.phase.holdsRoom {
                byNode[node, default: []].append(placement)
            }
        }
        var orders: [NodeID: Orders] = [:]
        for (id, row) in state.nodes where row.phase != .gone && !state.isReadopting {
            orders[id] = Orders.of(row, byNode[id] ?? [], in: state)
        }
        published = (state.changeSequence, orders)
        return orders
    }

    /// Of what `news` says; nil: nothing can be read.
    package var publishedVersion: PublishedVersion? {
        guard let state = try? store.state() else { return nil }
        return PublishedVersion(change: state.changeSequence, clusterGeneration: store.clusterGeneration)
    }

    /// What an agent is to be told; nil: it has obeyed just that.
    /// - Parameter fence: the highest that it has obeyed.
    package func news(
        for node: NodeID, fence: Fence
    ) throws(StoreError) -> (fence: Fence, orders: Orders)? {
        var known = try allOrders()[node]
        if known == nil { known = try orders(for: node) }
        guard let orders = known else { return nil }
        let mine = Fence(
            clusterGeneration: store.clusterGeneration, epoch: store.epoch, generation: orders.generation)
        return mine != fence || orders.retire ? (mine, orders) : nil
    }
}
