import Model
import NIOCore
import Routing

/// Everything of one event loop: its clients, its connections to replicas, its dice, its counts. Used on that
/// loop only.
final class Lane {
    let plane: Plane
    let loop: any EventLoop
    let settings: IngressSettings
    let pool: UpstreamPool
    var dice: SplitMix
    var tally = Tally()
    private(set) var isDraining = false
    /// Each answer is the last one on its connection.
    private(set) var isEnding = false
    private var clients: [ObjectIdentifier: ClientHandler] = [:]
    private var sweeper: RepeatedTask?
    private var emptied: EventLoopPromise<Void>?

    init(plane: Plane, loop: any EventLoop, settings: IngressSettings, dice: SplitMix) {
        self.plane = plane
        self.loop = loop
        self.settings = settings
        self.dice = dice
        pool = UpstreamPool(loop: loop, impossible: plane.impossible)
    }

    func start() {
        let me = NIOLoopBound(self, eventLoop: loop)
        sweeper = loop.scheduleRepeatedTask(initialDelay: Limits.sweepEvery, delay: Limits.sweepEvery) { _ in
            me.value.sweep()
        }
    }

    // MARK: - Clients

    /// False: there are as many as may be.
    func joined(_ client: ClientHandler) -> Bool {
        guard clients.count < Limits.connectionsMax, !isDraining else { return false }
        clients[ObjectIdentifier(client)] = client
        return true
    }

    func left(_ client: ClientHandler) {
        clients.removeValue(forKey: ObjectIdentifier(client))
        if isDraining, clients.isEmpty { emptied?.succeed() }
    }

    /// Under way on this loop.
    var requests: [Exchange] { clients.values.compactMap(\.request) }

    private func sweep() {
        let now = Now.micros
        for client in Array(clients.values) { client.sweep(now) }
        pool.sweep(now)
    }

    // MARK: - Places

    /// Gives back a place: wakes who waited longest, and the sync when a leaving replica has become idle.
    /// - Returns: false when nobody had that place, which cannot be.
    func release(_ slot: ReplicaSlot, of gate: Gate<Waiter>) -> Bool {
        let (grants, release) = gate.release(slot, using: &dice)
        Waiter.deliver(grants)
        if release == .lastOfClosed { plane.bell.ring() }
        return release != .impossible
    }

    // MARK: - The end

    /// Before the port is closed: whoever is answered from now on is told to come anew, elsewhere.
    func announceEnd() { isEnding = true }

    /// Closes idle clients, lets the others finish.
    /// - Returns: done when no client is left.
    func drain() -> EventLoopFuture<Void> {
        isDraining = true
        isEnding = true
        let promise = loop.makePromise(of: Void.self)
        emptied = promise
        for client in Array(clients.values) { client.closeIfIdle() }
        if clients.isEmpty { promise.succeed() }
        return promise.futureResult
    }

    /// Ends what is left.
    func stop() {
        sweeper?.cancel()
        for client in Array(clients.values) { client.abort() }
        pool.closeAll()
    }
}
