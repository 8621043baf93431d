import Cloud
import Model
import Routing
import Store
import Supervision

/// What is so, whatever anybody believes: kept by the world alone.
final class Truth {
    /// Requests that are in each proxy, in the order in which they came.
    private var present: [Int: [Int: Request]] = [:]
    /// Replicas that listen, and machines that are paid for, against time in microseconds.
    private(set) var replicaMicros: Int64 = 0
    private(set) var machineMicros: Int64 = 0
    private(set) var machinesPeak = 0
    private var replicas = 0
    private var machines = 0
    private var countedTo: Int64 = 0
    /// Times that machines or replicas may have changed.
    private(set) var changes = 0

    func enter(_ request: Request, at proxy: Int) { present[proxy, default: [:]][request.number] = request }

    func leave(_ request: Request, at proxy: Int) { present[proxy]?[request.number] = nil }

    func open(at proxy: Int) -> [Request] {
        (present[proxy] ?? [:]).values.sorted { $0.number < $1.number }
    }

    func openCount(at proxy: Int) -> Int { present[proxy]?.count ?? 0 }

    func advance(to now: Int64) {
        replicaMicros += Int64(replicas) * (now - countedTo)
        machineMicros += Int64(machines) * (now - countedTo)
        countedTo = now
    }

    /// What was is counted no more.
    func forget(at now: Int64) {
        advance(to: now)
        (replicaMicros, machineMicros, machinesPeak) = (0, 0, machines)
    }

    /// Something about machines or replicas may be another than it was.
    func changed(_ world: World) {
        changes += 1
        advance(to: world.now)
        replicas = world.machines.reduce(0) { sum, machine in
            sum + machine.processes.values.count { $0.isReady(at: world.now) }
        }
        machines = world.plan.cluster.provider == nil ? 1 : world.provider.machines.count
        machinesPeak = max(machinesPeak, machines)
    }
}

extension World {
    /// A replica's process begins, with what the dice have in store for it.
    func spawn(_ start: Start, on machine: MachineHost) -> ReplicaProcess {
        let command = start.order.settings.command.first ?? ""
        let conduct = conduct[command] ?? plan.usualConduct
        var readyIn = conduct.readyAfter.map { $0.micros }
        var failsIn = conduct.failsAfter.map { $0.micros }
        if !isHealed, workDice.strikes(perMille: plan.faults[.startFails]) {
            count(.startFails)
            readyIn = nil
            failsIn = 100_000
        } else if !isHealed, workDice.strikes(perMille: plan.faults[.startSlow]) {
            count(.startSlow)
            readyIn = readyIn.map { $0 * Int64.random(in: 2...50, using: &workDice) }
        }
        let process = ReplicaProcess(
            start, on: machine, pid: pid(), conduct: conduct, readyIn: readyIn, now: now)
        process.slowness = slowness[process.id.deployment] ?? 1
        machine.processes[process.id] = process
        machine.ports[process.port] = process
        checks.begins(process, self)
        say("\(process.id) starts on \(machine.node)")
        if let readyIn { after(readyIn) { $0.truth.changed($0) } }
        if let failsIn { after(failsIn) { process.exit(.code(1), $0) } }
        return process
    }

    // MARK: - The timeline

    func sample() {
        guard let every = plan.sampleEvery else { return }
        let state = checks.watch?.state
        let readyNodes = state?.nodes.values.count { $0.phase == .ready } ?? 0
        let routed = machines.reduce(0) { sum, machine in
            sum + machine.processes.values.count { $0.isReady(at: now) }
        }
        let gates = proxies.flatMap { $0.book.gates.map { $0.gate.ledger.read(at: .init(now)) } }
        report.samples.append(
            Sample(
                at: Millis((now - loadBegan) / 1000), users: clients.reduce(0) { $0 + $1.shownUsers },
                arrived: arrivedSinceSample,
                target: state?.deployments.values.reduce(0) { $0 + $1.target } ?? 0, replicas: routed,
                nodes: readyNodes, machines: provider.machines.count,
                ongoing: gates.reduce(0) { $0 + $1.ongoing }, queued: gates.reduce(0) { $0 + $1.queued },
                p50: sampleLatency.percentile(perMille: 500), p99: sampleLatency.percentile(perMille: 990)))
        arrivedSinceSample = 0
        sampleLatency = Spread()
        after(every.micros) { $0.sample() }
    }
}
