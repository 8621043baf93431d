import Cloud
import Model
import Supervision

/// A replica's process on a machine.
final class ReplicaProcess {
    let id: ReplicaID
    let machine: MachineHost
    let port: Int
    let pid: Int32
    let attempt: Int
    var conduct: Conduct
    let startedAt: Int64
    /// When it listens; nil: never.
    let readyAt: Int64?
    private(set) var isAlive = true
    private(set) var isStopping = false
    /// Accepts, and answers nothing.
    var isHung = false
    /// Its work takes so many times as long.
    var slowness: Int64 = 1
    private(set) var requests: [Request] = []
    private var waiting: [(request: Request, done: (World, Bool) -> Void)] = []
    private var atWork = 0
    private var dones: [ObjectIdentifier: (World, Bool) -> Void] = [:]

    init(_ start: Start, on machine: MachineHost, pid: Int32, conduct: Conduct, readyIn: Int64?, now: Int64) {
        id = start.order.id
        self.machine = machine
        port = start.port
        attempt = start.attempt
        self.pid = pid
        self.conduct = conduct
        startedAt = now
        readyAt = readyIn.map { now + $0 }
    }

    func isReady(at now: Int64) -> Bool {
        isAlive && !isStopping && (readyAt.map { $0 <= now } ?? false)
    }

    /// It listens, and has not been told to end.
    func takesNew(_ world: World) -> Bool { isReady(at: world.now) }

    // MARK: - Work

    /// - Parameter done: told once: true when the answer is whole, false when it broke off.
    func begin(_ request: Request, _ world: World, _ done: @escaping (World, Bool) -> Void) {
        request.executions += 1
        request.turn += 1
        request.place = requests.count
        requests.append(request)
        dones[ObjectIdentifier(request)] = done
        if isHung { return }
        if let slots = conduct.slots, atWork >= slots {
            waiting.append((request, done))
        } else {
            work(request, world)
        }
    }

    private func work(_ request: Request, _ world: World) {
        atWork += 1
        let turn = request.turn
        world.after(serviceTime(of: request, world) * slowness) { world in
            guard self.isAlive, request.turn == turn, request.place >= 0 else { return }
            self.atWork -= 1
            guard !self.isHung else { return }
            self.finish(request, isWhole: true, world)
            if !self.waiting.isEmpty { self.work(self.waiting.removeFirst().request, world) }
            self.mayEnd(world)
        }
    }

    private func serviceTime(of request: Request, _ world: World) -> Int64 {
        switch conduct.service {
        case .fixed(let span): span.micros
        case .lognormal(let median, let sigma):
            median.rawValue * LogNormal.throwMicros(sigmaMilli: sigma, &world.workDice)
        case .traced(let otherwise): request.service ?? otherwise.micros
        }
    }

    private func finish(_ request: Request, isWhole: Bool, _ world: World) {
        let place = request.place
        request.place = -1
        guard place >= 0 else { return }
        let last = requests.removeLast()
        if last !== request {
            requests[place] = last
            last.place = place
        }
        dones.removeValue(forKey: ObjectIdentifier(request))?(world, isWhole)
    }

    // MARK: - The end

    /// SIGTERM: it takes nothing new, finishes what it has, and ends.
    func terminate(_ world: World) {
        guard isAlive, !isStopping else { return }
        isStopping = true
        world.truth.changed(world)
        world.checks.stops(self, world)
        mayEnd(world)
    }

    private func mayEnd(_ world: World) {
        guard isStopping, requests.isEmpty, !isHung else { return }
        world.after(conduct.stopsAfter.micros) { world in
            if self.isAlive, self.requests.isEmpty { self.exit(.code(0), world) }
        }
    }

    /// Its end, for whatever reason; what it was working on breaks off.
    func exit(_ end: ReplicaEnd, _ world: World) {
        guard isAlive else { return }
        isAlive = false
        if machine.ports[port] === self { machine.ports[port] = nil }
        if machine.processes[id] === self { machine.processes[id] = nil }
        waiting = []
        for request in requests.sorted(by: { $0.number < $1.number }) {
            finish(request, isWhole: false, world)
        }
        world.truth.changed(world)
        let (id, attempt) = (id, attempt)
        machine.agent?.hears(world, in: 500) { agent, world in
            agent.advance([Event(id, attempt: attempt, .exited(end, lastLines: [], portTaken: false))], world)
        }
    }
}

/// Work that varies as that of models does.
enum LogNormal {
    /// Thousandths of the median times… a value of which `median in ms × value` is in microseconds.
    static func throwMicros(sigmaMilli: Int64, _ dice: inout SeededDice) -> Int64 {
        // Twelve even throws less six is nearly normal, and needs no library whose last digit differs by machine.
        var sum: Int64 = 0
        for _ in 0..<12 { sum += Int64(dice.next() >> 44) }
        let normalMicro = ((sum - 6 * (1 << 20)) * 1_000_000) >> 20
        return exponential(micro: normalMicro * sigmaMilli / 1000)
    }

    /// 1000 × e^(x / 1,000,000), by halving x until a short series is exact enough.
    static func exponential(micro x: Int64) -> Int64 {
        let bounded = min(max(x, -7_000_000), 7_000_000)
        // e^(x/1024) in 2^-40, by four terms; then squared ten times.
        let one: Int64 = 1 << 30
        let small = bounded * one / 1_000_000 / 1024
        var value = one + small + (small * small / one) / 2
        value += small * small / one * small / one / 6
        for _ in 0..<10 {
            value = Int64((Int128(value) * Int128(value)) >> 30)
        }
        return max(1, Int64((Int128(value) * 1000) >> 30))
    }
}
