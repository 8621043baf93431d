import Cloud
import Model
import Routing

/// A proxy's process: the real route book, gates and ledgers, with sockets that are simulated.
final class ProxyHost {
    let number: Int
    var isUp = false
    /// Grows with each process.
    private(set) var life = 0
    var book = RouteBook<Request>()
    var table = RouteTable<Request>()
    var dice: SeededDice
    var sync: ProxySync
    /// As kept on its disk: what a new process routes by before any tier speaks.
    var file: (routes: [Route], removed: [(deployment: DeploymentID, fence: Fence)]) = ([], [])
    /// Requests that are here.
    private(set) var present = 0

    /// To a replica or back.
    static let hop: Int64 = 300
    /// A connection that nobody takes counts as refused after this long.
    static let connectMax: Int64 = 5_000_000
    /// As the real one's default: a request that waited this long is refused.
    static let queueTimeout: Int64 = 300_000_000

    init(number: Int, seed: UInt64) {
        self.number = number
        dice = SeededDice(seed: seed, text: "proxy-\(number)")
        sync = ProxySync(number: number)
    }

    var party: Party { .proxy(number) }
    var id: String { "p\(number)" }

    // MARK: - Life

    func start(_ world: World) {
        guard !isUp else { return }
        isUp = true
        life += 1
        book = RouteBook()
        for gone in file.removed { _ = book.remove(gone.deployment, fence: gone.fence) }
        for route in file.routes { _ = book.apply(route, at: MicroTime(world.now), using: &dice) }
        table = book.table
        world.say("\(party) starts")
        sync.begin(self, world)
    }

    func crash(_ world: World, downFor: Int64?) {
        guard isUp else { return }
        world.say("\(party) dies")
        world.report.crashes += 1
        isUp = false
        life += 1
        sync.end()
        sync = ProxySync(number: number)
        for request in world.truth.open(at: number) { world.breakOff(request, at: self) }
        present = 0
        book = RouteBook()
        table = RouteTable()
        if let downFor { world.after(downFor) { self.start($0) } }
    }

    // MARK: - Requests

    func take(_ request: Request, _ world: World) {
        guard let entry = table.match(request.client.path) else { return world.end(request, .notFound) }
        present += 1
        world.truth.enter(request, at: number)
        request.gate = entry.gate
        entered(
            request,
            entry.gate.admit(request, at: MicroTime(world.now), slots: entry.slots, using: &dice), world)
    }

    private func entered(_ request: Request, _ entry: Gate<Request>.Entry, _ world: World) {
        switch entry {
        case .place(let slot): connect(request, slot, world)
        case .queued(let ticket, let waiting, let replicas):
            request.phase = .queued(ticket: ticket)
            let life = life
            world.after(Self.queueTimeout) { world in
                if self.life == life { self.waitedTooLong(request, ticket, world) }
            }
            if replicas == 0, waiting == 1 { sync.ring(self, world) }
        case .refused(let reason): leave(request, RequestEnd(reason), world)
        }
    }

    private func waitedTooLong(_ request: Request, _ ticket: Int64, _ world: World) {
        guard case .queued(let now) = request.phase, now == ticket, let gate = request.gate,
            let replicas = gate.withdraw(ticket)
        else { return }
        leaves(request, .queued, world)
        leave(request, replicas == 0 ? .noReplica : .deadline, world)
    }

    /// Its turn has come.
    func granted(_ request: Request, _ slot: ReplicaSlot, _ world: World) {
        guard case .queued = request.phase else { return release(slot, of: request, world) }
        connect(request, slot, world)
    }

    func dismissed(_ request: Request, _ world: World) {
        guard case .queued = request.phase else { return }
        leaves(request, .ongoing, world)
        leave(request, .noReplica, world)
    }

    private func connect(_ request: Request, _ slot: ReplicaSlot, _ world: World) {
        request.attempts += 1
        request.phase = .connecting(slot)
        let life = life
        world.checks.sends(request, to: slot, from: self, world)
        let machine = world.machineByHost[slot.address.host]
        let isCut = machine.map { world.network.isCut(party, .agent($0.number), at: world.now) } ?? true
        let isGone = machine.map { !$0.isAlive } ?? true
        // A machine that is no more answers nothing; one whose process is no more refuses.
        let span = isCut || isGone ? Self.connectMax : Self.hop
        world.after(span) { world in
            guard self.life == life, case .connecting(let wanted) = request.phase, wanted === slot else {
                return
            }
            guard !isCut, let process = machine?.ports[slot.address.port], process.takesNew(world) else {
                return self.tryElsewhere(request, slot, world)
            }
            world.checks.reaches(process, request, as: slot, world)
            request.phase = .working(slot)
            request.takenAt = world.now
            process.begin(request, world) { world, isWhole in
                world.after(Self.hop) { world in
                    if self.life == life { self.answered(request, slot, isWhole, world) }
                }
            }
        }
    }

    private func tryElsewhere(_ request: Request, _ slot: ReplicaSlot, _ world: World) {
        guard let gate = request.gate else { return }
        release(slot, of: request, world)
        request.phase = .outside
        guard request.attempts < 2 else {
            leaves(request, .ongoing, world)
            return leave(request, .upstream, world)
        }
        let entry = gate.readmit(request, except: slot.address.id, using: &dice)
        if case .refused = entry { leaves(request, .ongoing, world) }
        entered(request, entry, world)
    }

    private func answered(_ request: Request, _ slot: ReplicaSlot, _ isWhole: Bool, _ world: World) {
        guard case .working(let held) = request.phase, held === slot else { return }
        leaves(request, .ongoing, world)
        request.phase = .outside
        release(slot, of: request, world)
        leave(request, isWhole ? nil : .broken, world)
    }

    private func release(_ slot: ReplicaSlot, of request: Request, _ world: World) {
        guard let gate = request.gate else { return }
        let (grants, outcome) = gate.release(slot, using: &dice)
        for grant in grants { granted(grant.waiter, grant.slot, world) }
        switch outcome {
        case .done: break
        case .lastOfClosed: sync.ring(self, world)
        case .impossible: world.violate("I-15", "\(party) gives back a place of \(slot.address.id) twice")
        }
    }

    private func leaves(_ request: Request, _ place: Ledger.Place, _ world: World) {
        guard let gate = request.gate, !gate.leave(place, at: MicroTime(world.now)) else { return }
        world.violate("I-15", "request \(request.number) leaves the ledger of \(party) twice")
    }

    private func leave(_ request: Request, _ failure: RequestEnd?, _ world: World) {
        present -= 1
        world.truth.leave(request, at: number)
        world.end(request, failure)
    }
}

extension RequestEnd {
    init(_ reason: RefusalReason) {
        switch reason {
        case .queueFull: self = .queueFull
        case .noReplica: self = .noReplica
        case .deadline: self = .deadline
        case .upstream: self = .upstream
        }
    }
}

extension World {
    /// The proxy died with it.
    func breakOff(_ request: Request, at proxy: ProxyHost) {
        truth.leave(request, at: proxy.number)
        end(request, .broken)
    }
}
