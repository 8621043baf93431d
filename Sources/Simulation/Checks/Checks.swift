import Cloud
import Model
import NodeTier
import Routing
import ServeTier
import Store

/// Of many occasions every n-th: for what costs too much to look at each time.
struct Every {
    private let step: Int
    private var count = 0

    init(_ step: Int) { self.step = step }

    /// - Parameter count: of the occasions so far, when somebody counts them already; nil: one more.
    /// - Returns: whether an n-th one has passed since it was last asked.
    mutating func isDue(_ count: Int? = nil) -> Bool {
        let before = self.count
        self.count = count ?? before + 1
        return self.count / step != before / step
    }
}

/// What must hold, looked at as the world goes on. The world tells what happens; violations go back to it.
///
/// After an event only what it changed is looked at; at each hundredth commit everything is.
final class Checks {
    /// Commits between two looks at everything.
    static let wholeEvery = 100

    /// The database as of the last commit that was looked at.
    private(set) var watch: StateWatch?
    let plan: WorldPlan
    let isFaultFree: Bool
    /// The provider is told to break its promises about ids and tokens.
    private let providerLies: Bool
    var book = RowBook()
    private var repairs = RepairBook()
    var traffic = TrafficBook()
    var excuses: Excuses
    var seenCommits = 0
    private var listening: [StoreRole: Moment] = [:]
    private var epochs: [StoreRole: Int64] = [:]
    private(set) var now = Moment(0)
    private var lastDecision: Int64 = 0
    /// Commits of this event, by the process that made them.
    private var commits: [(role: StoreRole, epoch: Int64, name: String)] = []
    /// Operators who have not been answered yet.
    private var operators = 0
    private var prefixes: [String: String] = [:]
    /// An older database was put back: what it does not know is no fault.
    private(set) var isRestored = false
    private var wasReadopting = false
    /// When each agent and proxy was last heard by its tier.
    private var heard: [String: Moment] = [:]
    private var homes: [ReplicaID: ReplicaProcess] = [:]
    private var onTheWay: [String: Int] = [:]
    private var hasNewMachines = false
    private(set) var cluster = ""
    /// First seen unaccounted for, by machine.
    var unknownSince: [String: Int64] = [:]
    var healedAt: Int64?
    var settledAt: Int64?
    private var passedOver: [ReplicaID: Set<Int>] = [:]
    private var dueCalls = DueCalls()
    /// By commits.
    private var looksAtAll = Every(wholeEvery)
    private var looksAtCalls = Every(10)
    /// By the load that proxies forget, which takes a query to look up.
    private var looksAtLoad = Every(4)
    /// Of the requests that arrive well after the end of trouble.
    private(set) var late = (all: 0, failed: 0)
    static let lateAfter: Int64 = 600_000_000

    init(_ plan: WorldPlan) {
        self.plan = plan
        isFaultFree = plan.isFaultFree
        excuses = Excuses(sparesRequests: plan.sparesRequests)
        providerLies =
            plan.faults[.lies] > 0
            || plan.script.contains { deed in
                guard case .cloudFault(let fault, _) = deed.kind else { return false }
                return fault == .duplicateInstance || fault == .reusesID
            }
    }

    func follow(_ memory: SharedMemory) { watch = StateWatch(memory) }

    func report(_ breaches: [Breach], _ world: World) {
        for breach in breaches { world.violate(breach.rule, breach.words) }
    }

    // MARK: - Rows

    /// After each event of the queue.
    func afterEvent(_ world: World) {
        if hasNewMachines { lookAtMachines(world) }
        guard world.report.commits != seenCommits else { return }
        catchUp(world)
        if looksAtAll.isDue(seenCommits) { lookAtAll(world) }
    }

    /// Looks at what was committed since the last time.
    func catchUp(_ world: World) {
        guard world.report.commits != seenCommits, let watch else { return }
        seenCommits = world.report.commits
        let isFollowed: Bool
        do { isFollowed = try watch.look() } catch { return world.violate("I-25", "\(error)") }
        noteTime(world, watch.state)
        for commit in commits where watch.state.roles[commit.role]?.epoch != commit.epoch {
            world.violate("I-08", "\(commit.name) commits in epoch \(commit.epoch), which is over")
        }
        commits = []
        // Rows of what is found running begin in any phase.
        let isFound = wasReadopting || watch.state.isReadopting
        wasReadopting = watch.state.isReadopting
        guard isFollowed, !isFound else { return beginAnew(watch.state) }
        let (changes, state) = (watch.changes, watch.state)
        book.take(changes)
        for row in changes.replicas.lazy.compactMap(\.after) {
            if row.routedAt != nil { traffic.routes(row.id) }
            if row.phase == .stopping, passedOver[row.id] == nil {
                notePassedOver(row.id, world, watch.state)
            }
        }
        for change in changes.replicas where change.after == nil {
            if let id = change.before?.id { passedOver[id] = nil }
        }
        let at = Instant(now, listening: listening, heard: heard)
        report(SafetyOfRows.breaches(changes, state, book, at), world)
        let given = repairs.take(changes, state, at)
        if !isRestored { report(given, world) }
        report(Purchases.breaches(changes, state, book, isSound: isFaultFree), world)
        if operators == 0 { report(SafetyOfWords.unasked(changes), world) }
        lookAtDecisions(changes, world)
        if settledAt != nil { report(SafetyOfWords.unrest(changes), world) }
        guard looksAtCalls.isDue(seenCommits) else { return }
        report(
            dueCalls.breaches(state, world.nodeHead, diskFullUntil: world.disk.fullUntil, now: world.now),
            world)
    }

    /// Which proxies were silent when a replica's stop was decided: nobody waits for those.
    private func notePassedOver(_ id: ReplicaID, _ world: World, _ state: ClusterState) {
        let silent = state.setting?.settings.proxySilent ?? ClusterSettings().proxySilent
        passedOver[id] = Set(
            world.proxies.filter { proxy in
                let since = max(heard[proxy.id] ?? Moment(0), listening[.serve] ?? Moment(0))
                return since + silent <= now
            }.map(\.number))
    }

    /// A tier goes on that was stopped: it has heard nobody meanwhile.
    func listensAnew(_ role: StoreRole, at moment: Moment?) {
        if let moment { listening[role] = max(listening[role] ?? moment, moment) }
    }

    private func noteTime(_ world: World, _ state: ClusterState) {
        if let store = world.heads.lazy.compactMap(\.store).first {
            now = store.now()
            cluster = store.clusterUUID
        }
        for role in state.roles.values {
            if let known = epochs[role.role], role.epoch < known, !isRestored {
                world.violate("I-08", "epoch of \(role.role.rawValue) falls from \(known) to \(role.epoch)")
            }
            if epochs[role.role] != role.epoch { listening[role.role] = now }
            epochs[role.role] = role.epoch
        }
    }

    private func beginAnew(_ state: ClusterState) {
        book = RowBook(state)
        for row in state.replicas.values where row.routedAt != nil { traffic.routes(row.id) }
        lastDecision = 0
    }

    /// I-28.
    private func lookAtDecisions(_ changes: StateChanges, _ world: World) {
        let moved = SafetyOfWords.moved(changes)
        guard !moved.isEmpty, let watch else { return }
        let sql =
            "SELECT id, subject, before, after FROM serve_decision WHERE id > ? AND kind = 'scale' ORDER BY id"
        guard let rows = try? watch.ask(sql, [.integer(lastDecision)]).rows else { return }
        if case .integer(let id)? = rows.last?.first { lastDecision = id }
        let said = Set(rows.map { $0.dropFirst().map(\.text).joined(separator: " ") })
        for words in moved where !said.contains(words) {
            world.violate("I-28", "a target changes without a decision: \(words)")
        }
    }

    // MARK: - Tiers

    /// A tier has committed.
    func committed(_ role: StoreRole, _ world: World) {
        guard let head = world.inStep, head.role == role, let epoch = head.store?.epoch else { return }
        commits.append((role, epoch, head.name))
    }

    /// A tier has heard an agent, by its node, or a proxy, by its id. A process that has lost its role hears for nobody.
    func hears(_ who: String, by store: Store) {
        if epochs[store.role].map({ $0 <= store.epoch }) ?? true { heard[who] = store.now() }
    }

    /// A proxy forgets load that it was told is stored.
    func forgets(
        _ load: (deployment: DeploymentID, sequence: Int64), _ proxy: ProxyHost, _ incarnation: String,
        _ world: World
    ) {
        guard looksAtLoad.isDue(), !isRestored, let watch else { return }
        let found = try? watch.ask(
            "SELECT 1 FROM load_bucket WHERE deployment = ? AND proxy = ? AND incarnation = ? AND sequence = ?",
            [
                .text(load.deployment.rawValue), .text(proxy.id), .text(incarnation),
                .integer(load.sequence),
            ])
        guard found?.rows.isEmpty ?? true else { return }
        world.violate(
            "I-19",
            "\(proxy.party) forgets load \(load.sequence) of \(load.deployment), which is not in SQLite")
    }

    /// An older database is in the place of this one.
    func restored(_ world: World) {
        isRestored = true
        watch?.beginAnew()
        epochs = [:]
    }

    // MARK: - Calls

    /// A call leaves the node tier.
    func calls(_ call: ProviderCall, by head: NodeHead, _ world: World) {
        catchUp(world)
        guard let watch, let store = head.store else { return }
        let key = "\(head.name)/\(head.life)"
        let count = (onTheWay[key] ?? 0) + 1
        onTheWay[key] = count
        if count > SafetyOfCalls.onTheWayMax {
            world.violate("I-23", "\(count) calls are on their way at once")
        }
        var owner: String?
        if case .terminate(_, let instance) = call {
            owner = world.provider.machines.first { $0.instance.id == instance }?.instance.cluster
            rests("\(instance) is given back", world)
        }
        if case .create(let request) = call { rests("\(request.node) is bought", world) }
        report(
            SafetyOfCalls.breaches(
                call, watch.state, epoch: store.epoch, cluster: store.clusterUUID, owner: owner), world)
    }

    /// What came of a call of that process arrives, or that nothing does.
    func answered(_ name: String, _ life: Int) {
        let key = "\(name)/\(life)"
        let count = (onTheWay[key] ?? 1) - 1
        onTheWay[key] = count > 0 ? count : nil
    }

    /// It has had its effect at the provider.
    func performed(_ call: ProviderCall, _ answer: ProviderAnswer, _ world: World) {
        if case .create = call { hasNewMachines = true }
    }

    private func lookAtMachines(_ world: World) {
        hasNewMachines = false
        catchUp(world)
        guard let watch else { return }
        let twins = providerLies ? [] : world.provider.cloud.twinnedTokens
        let found = SafetyOfCalls.breaches(
            live: world.provider.machines, twins: twins, watch.state, plan.cluster, cluster: cluster)
        report(
            found.filter { !(providerLies && $0.rule == "I-04") && !(isRestored && $0.rule == "I-02") }, world
        )
    }

    // MARK: - Orders and processes

    /// An agent puts orders in force.
    func obeys(_ machine: MachineHost, _ fence: Fence, _ world: World) {
        report(traffic.obeys(machine.number, fence), world)
        rests("\(machine.party) is given other orders", world)
    }

    func begins(_ process: ReplicaProcess, _ world: World) {
        if let other = homes[process.id], other.isAlive, !isRestored {
            world.violate(
                "I-26", "\(process.id) runs on \(other.machine.node) and on \(process.machine.node)")
        }
        homes[process.id] = process
        rests("\(process.id) is started", world)
    }

    /// A process is told to end by its agent.
    func stops(_ process: ReplicaProcess, _ world: World) {
        rests("\(process.id) is stopped", world)
        catchUp(world)
        guard !process.isHung, let state = watch?.state, let row = state.replicas[process.id],
            row.drainDeadline.map({ $0 > now }) ?? true
        else { return }
        let isPlanned = row.phase == .stopping && state.placements[row.id]?.phase == .stopping
        guard isPlanned || isFaultFree else { return }
        let silent = state.setting?.settings.proxySilent ?? ClusterSettings().proxySilent
        for proxy in world.proxies where proxy.isUp && traffic.isRouted(process.id, at: proxy.number) {
            guard passedOver[process.id]?.contains(proxy.number) != true,
                let last = heard[proxy.id], now - last < silent,
                !world.network.isCut(proxy.party, .serve, at: world.now),
                !world.network.isCut(.serve, proxy.party, at: world.now)
            else { continue }
            world.violate(
                "I-18", "\(process.id) is stopped (\(row.stopReason)) while \(proxy.party) routes to it")
        }
    }

    // MARK: - Requests

    /// A proxy was given a route.
    func routed(
        _ route: Routing.Route, _ outcome: RouteBook<Request>.Outcome, at proxy: ProxyHost, _ world: World
    ) {
        guard case .applied = outcome else { return }
        report(
            traffic.applies(route.deployment, route.fence, route.replicas.map(\.id), at: proxy.number), world)
        rests("\(proxy.party) is given another route of \(route.deployment)", world)
    }

    /// A proxy sends a request to a replica …
    func sends(_ request: Request, to slot: ReplicaSlot, from proxy: ProxyHost, _ world: World) {
        report(traffic.sends(request.number, to: slot.address.id, from: proxy.number), world)
    }

    /// … and it arrives at a process.
    func reaches(_ process: ReplicaProcess, _ request: Request, as slot: ReplicaSlot, _ world: World) {
        report(
            traffic.reaches(
                request.number, process.id, as: slot.address.id, executions: request.executions), world)
    }

    func ends(_ request: Request, _ failure: RequestEnd?, _ world: World) {
        let (breaches, replica) = traffic.ends(request.number, answers: request.answers)
        if !breaches.isEmpty { report(breaches, world) }
        if let healedAt, request.arrivedAt >= healedAt + Self.lateAfter {
            late.all += 1
            if failure != nil { late.failed += 1 }
        }
        guard let failure else { return }
        report(blame(failure, request, at: replica, world), world)
    }

    // MARK: - People

    /// An operator asks for exactly these applications.
    func applies(_ applications: [ApplicationSettings]) {
        operators += 1
        let paths = Set(applications.compactMap(\.routePrefix))
        excuses.withdraw(prefixes.values.filter { !paths.contains($0) })
    }

    /// An operator asks for the end of an application.
    func deletes(_ application: String) {
        operators += 1
        if let path = prefixes[application] { excuses.withdraw([path]) }
    }

    /// An operator was told that it is done.
    func applied(_ applications: [ApplicationSettings], _ world: World) {
        catchUp(world)
        operators -= 1
        prefixes = Dictionary(
            applications.compactMap { entry in entry.routePrefix.map { (entry.name, $0) } },
            uniquingKeysWith: { $1 })
        excuses.promise(prefixes.values.sorted(), at: world.now)
        if let state = watch?.state { report(SafetyOfWords.broken(applications, state), world) }
    }

    func deleted(_ application: String, _ world: World) {
        catchUp(world)
        operators -= 1
        prefixes[application] = nil
        if let row = watch?.state.applications[application], !row.deleting {
            world.violate("I-19", "application \(application) was deleted and is there")
        }
    }

    // MARK: - After trouble

    /// L-07: nothing is done any more.
    private func rests(_ what: @autoclosure () -> String, _ world: World) {
        if settledAt != nil { world.violate("L-07", "in a quiet world " + what()) }
    }
}
