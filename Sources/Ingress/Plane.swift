import Logging
import Model
import NIOCore
import Routing
import Synchronization
import Wire

/// One who waits for a place: an exchange, and the loop it lives on.
struct Waiter: Sendable {
    let loop: any EventLoop
    let exchange: NIOLoopBound<Exchange>

    static func deliver(_ grants: [Gate<Waiter>.Grant]) {
        for grant in grants {
            grant.waiter.loop.execute { grant.waiter.exchange.value.granted(grant.slot) }
        }
    }

    static func dismiss(_ waiters: [Waiter]) {
        for waiter in waiters {
            waiter.loop.execute { waiter.exchange.value.dismissed() }
        }
    }
}

/// What the loops and the sync share: the routes in force.
final class Plane: Sendable {
    private struct State {
        var book = RouteBook<Waiter>()
        var table = RouteTable<Waiter>()
        var dice: SplitMix
        var synced = false
    }

    let bell = Bell()
    let impossible: ImpossibleStates
    private let state: Mutex<State>
    private let dropped = Atomic<Int64>(0)

    init(dice: SplitMix, log: Logger) {
        state = Mutex(State(dice: dice))
        impossible = ImpossibleStates(log: log)
    }

    var table: RouteTable<Waiter> { state.withLock { $0.table } }
    /// True once there is something to route by, or the tier has said that there is nothing.
    var isReady: Bool { state.withLock { $0.synced || !$0.book.routes.isEmpty } }
    var gates: [(gate: Gate<Waiter>, interval: Millis)] { state.withLock { $0.book.gates } }
    var busy: [(replica: ReplicaID, ongoing: Int)] { state.withLock { $0.book.busy() } }
    var routes: [Route] { state.withLock { $0.book.routes } }
    var removed: [(deployment: DeploymentID, fence: Fence)] { state.withLock { $0.book.removed } }

    /// Load buckets that nobody acknowledged in time.
    var droppedBuckets: Int64 { dropped.load(ordering: .relaxed) }
    func noteDropped(_ count: Int64) { dropped.add(count, ordering: .relaxed) }

    func noteAnswer() { state.withLock { $0.synced = true } }

    /// Puts in force what is newer than what is.
    /// - Returns: whether anything was, and the replicas that left a route.
    func apply(
        _ routes: [Route], removed: [AppliedRoute]
    ) -> (changed: Bool, closed: [ReplicaSlot]) {
        let now = Now.micros
        let changes: [RouteBook<Waiter>.Change] = state.withLock { state in
            var changes: [RouteBook<Waiter>.Change] = []
            for route in routes {
                if case .applied(let change) = state.book.apply(route, at: now, using: &state.dice) {
                    changes.append(change)
                }
            }
            for gone in removed {
                if case .applied(let change) = state.book.remove(gone.deployment, fence: gone.fence) {
                    changes.append(change)
                }
            }
            if !changes.isEmpty { state.table = state.book.table }
            return changes
        }
        for change in changes {
            Waiter.deliver(change.grants)
            Waiter.dismiss(change.dismissed)
        }
        return (!changes.isEmpty, changes.flatMap(\.closed))
    }
}

/// Wakes the sync: something must be reported at once. Rings while one is pending are one.
final class Bell: Sendable {
    let events: AsyncStream<SyncEvent>
    let continuation: AsyncStream<SyncEvent>.Continuation
    private let rung = Atomic(false)

    init() { (events, continuation) = AsyncStream.makeStream() }

    func ring() {
        if !rung.exchange(true, ordering: .acquiringAndReleasing) { continuation.yield(.ring) }
    }

    /// The listener has woken; a ring from now on wakes it again.
    func answered() { rung.store(false, ordering: .releasing) }
}
