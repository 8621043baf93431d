import Cloud
import Foundation
import Model
import NodeTier
import Routing
import ServeTier
import Store

/// A cluster in virtual time: the real tiers on a real database in memory, real routing and real supervision, with
/// simulated clients, proxies' sockets, machines, processes, networks, disks and a provider.
///
/// One thread; the only source of chance is the plan's seed. Times are microseconds since the beginning.
package final class World {
    package let plan: WorldPlan
    let clock = VirtualClock()
    var queue = EventQueue()
    var trace = Trace()
    var report = WorldReport()
    /// Microseconds since the beginning.
    package private(set) var now: Int64 = 0
    private var end: Int64 = 0
    /// When the clients began.
    private(set) var loadBegan: Int64 = 0
    /// On the provider's bill until then, millionths of a dollar.
    private var spentBefore: Int64 = 0
    /// Nothing goes wrong by the dice any more.
    var isHealed = false

    // Dice of their own for each purpose, so that one more throw here changes nothing there.
    var loadDice: SeededDice
    var networkDice: SeededDice
    var fateDice: SeededDice
    var workDice: SeededDice
    var choiceDice: SeededDice

    var memory: SharedMemory
    var heads: [TierHead] = []
    /// An operator has begun to make the state anew and is not done: no tier opens it.
    var isBeingMadeAnew = false
    /// The applications that the operator applied last, or wants to.
    var asked: [ApplicationSettings] = []
    var proxies: [ProxyHost] = []
    /// In the order in which they were made; the machine of the tiers, when it is the only node, is the first.
    var machines: [MachineHost] = []
    var machineByHost: [String: MachineHost] = [:]
    var clients: [ClientSource] = []
    let network = Network()
    let disk = DiskFaults()
    let boundaries = Boundaries()
    let provider: ProviderHost
    let truth = Truth()
    let checks: Checks
    var backup: SharedMemory?
    /// Conduct by command, as the script may change it.
    var conduct: [String: Conduct]
    /// Times by which a deployment's replicas take longer than usual.
    var slowness: [DeploymentID: Int64] = [:]
    /// The tier whose turn it is.
    var inStep: TierHead?
    /// It dies when its step returns.
    var doomed: TierHead?
    var arrivedSinceSample = 0
    var sampleLatency = Spread()
    /// Pids of everything that is ever started.
    var nextPid: Int32 = 100

    package init(_ plan: WorldPlan) throws {
        self.plan = plan
        func dice(_ name: String) -> SeededDice { SeededDice(seed: plan.seed, text: name) }
        loadDice = dice("load")
        networkDice = dice("network")
        fateDice = dice("fate")
        workDice = dice("work")
        choiceDice = dice("choice")
        conduct = plan.conduct
        memory = try SharedMemory()
        provider = ProviderHost(plan)
        checks = Checks(plan)
    }

    // MARK: - Time

    /// Has `run` happen after `span` microseconds.
    func after(_ span: Int64, _ run: @escaping (World) -> Void) { queue.add(at: now + max(span, 0), run) }

    func at(_ moment: Int64, _ run: @escaping (World) -> Void) { queue.add(at: max(now, moment), run) }

    func say(_ words: @autoclosure () -> String) { trace.add(now, words()) }

    /// Lets the whole plan happen.
    /// - Parameter watch: told each line as it comes.
    /// - Parameter look: told after each event, when the checks have looked at it.
    package func run(
        watch: ((String) -> Void)? = nil, look: ((World) -> Void)? = nil
    ) throws -> WorldReport {
        trace.watcher = watch
        try begin()
        end = plan.horizon.micros
        if plan.waitsForReady { end += Self.readyMax }
        while let next = queue.next, next <= end, !isOver {
            guard let event = queue.pop() else { break }
            now = event.at
            clock.micros = now
            event.run(self)
            report.events += 1
            checks.afterEvent(self)
            look?(self)
        }
        if !isOver {
            now = end
            clock.micros = now
        }
        checks.atTheEnd(self)
        return finish()
    }

    /// Ends the run at that instant at the latest.
    func endsAt(_ moment: Int64) { end = min(end, max(moment, now)) }

    private var isOver: Bool { report.violations.count >= plan.violationsMax }

    private func begin() throws {
        disk.attach(to: memory, of: self)
        heads = [ServeHead(number: 1), NodeHead(number: 1)]
        checks.follow(memory)
        provider.begin(self)
        if plan.cluster.provider == nil { addLocalMachine() }
        for head in heads { head.start(self) }
        for number in 1...max(plan.proxies, 1) where plan.proxies > 0 {
            let proxy = ProxyHost(number: number, seed: plan.seed)
            proxies.append(proxy)
            proxy.start(self)
        }
        applyFirst(plan.applications)
        clients = plan.clients.enumerated().map { ClientSource($1, number: $0 + 1, seed: plan.seed) }
        if plan.waitsForReady { waitForReady() } else { beginLoad() }
        for deed in plan.script { at(deed.at.micros) { $0.perform(deed.kind) } }
        if !plan.faults.isEmpty { after(Fates.every) { Fates.strike($0) } }
        if let healAt = plan.healAt { at(healAt.micros) { $0.heal() } }
    }

    private func beginLoad() {
        loadBegan = now
        if plan.waitsForReady { end = now + plan.horizon.micros }
        truth.forget(at: now)
        spentBefore = provider.microdollars
        for client in clients { client.begin(self) }
        if plan.sampleEvery != nil { after(0) { $0.sample() } }
    }

    private static let readyMax: Int64 = 600_000_000

    private func waitForReady() {
        let deployments = checks.watch?.state.deployments ?? [:]
        let isReady =
            !deployments.isEmpty
            && deployments.values.allSatisfy { row in
                proxies.allSatisfy { proxy in
                    proxy.book.routes.first { $0.deployment == row.id }.map {
                        $0.replicas.count >= row.target
                    } ?? false
                }
            }
        if isReady || now >= Self.readyMax { return beginLoad() }
        after(10_000) { $0.waitForReady() }
    }

    private func finish() -> WorldReport {
        truth.advance(to: now)
        report.seed = plan.seed
        report.simulated = Millis((now - loadBegan) / 1000)
        report.replicaMillis = truth.replicaMicros / 1000
        report.nodeMillis = truth.machineMicros / 1000
        report.microdollars = provider.microdollars - spentBefore
        report.machinesMade = provider.made
        report.machinesPeak = truth.machinesPeak
        report.lastEvents = trace.last
        report.traceHash = trace.hash
        report.boundaries = boundaries.count
        report.decisions = decisionsMade
        report.targetsMoved = targetsMoved
        for fault in FaultClass.allCases {
            let struck = fault.cloudFaults.reduce(0) { $0 + (provider.cloud.struckFaults[$1] ?? 0) }
            if struck > 0 { report.faults[fault, default: 0] += struck }
        }
        queue.clear()
        return report
    }

    /// Something that must never be.
    func violate(_ rule: String, _ words: @autoclosure () -> String) {
        guard report.violations.count < plan.violationsMax else { return }
        let words = words()
        // Said once: the same words at later events are the same trouble.
        guard !report.violations.contains(where: { $0.rule == rule && $0.words == words }) else { return }
        report.violations.append(Violation(rule: rule, at: Millis(now / 1000), words: words))
        say("VIOLATION \(rule) \(words)")
    }

    func count(_ fault: FaultClass) { report.faults[fault, default: 0] += 1 }

    /// Applies the plan's applications, and again as an operator would when the tier was away.
    private func applyFirst(_ applications: [ApplicationSettings]) {
        guard !applications.isEmpty else { return }
        after(1_000) { $0.operatorApplies(applications) }
    }

    // MARK: - Who there is

    var serveHead: ServeHead? { heads.lazy.compactMap { $0 as? ServeHead }.first { $0.isUp } }
    var nodeHead: NodeHead? { heads.lazy.compactMap { $0 as? NodeHead }.first { $0.isUp } }

    func pid() -> Int32 {
        nextPid += 1
        return nextPid
    }
}
