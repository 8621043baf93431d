import Model
import Supervision

let shop = DeploymentID(application: "shop", deployment: "api")
let first = ReplicaID(shop, serial: 1)
let second = ReplicaID(shop, serial: 2)
let third = ReplicaID(shop, serial: 3)

func fence(_ generation: Int64) -> Fence {
    Fence(clusterGeneration: 1, epoch: 1, generation: generation)
}

func order(_ id: ReplicaID, stopGrace: Int64? = nil) -> StandingOrder {
    var settings = ReplicaSettings(command: ["serve", "{port}"])
    settings.health.period = Millis(1_000)
    settings.health.timeout = Millis(500)
    settings.health.startDeadline = Millis(4_000)
    return StandingOrder(id: id, settings: settings, stopGrace: stopGrace.map { Millis($0) })
}

/// A supervisor with a clock that only the test moves.
struct Bench {
    var mind: Supervisor
    var now = Moment(1_000_000)
    var generation: Int64 = 0

    init(ports: ClosedRange<Int> = 100...109, found: [FoundReplica] = []) {
        mind = Supervisor(ports: ports, found: found, now: now)
    }

    @discardableResult
    mutating func obey(_ orders: [StandingOrder]) -> [Action] {
        generation += 1
        _ = mind.obey(orders, fence: fence(generation), now: now)
        return mind.step(now: now)
    }

    @discardableResult
    mutating func note(_ id: ReplicaID, attempt: Int = 1, _ kind: Event.Kind) -> [Action] {
        mind.note(Event(id, attempt: attempt, kind), now: now)
        return mind.step(now: now)
    }

    mutating func wait(_ ms: Int64) -> [Action] {
        now = now + Millis(ms)
        return mind.step(now: now)
    }

    /// Ordered, started as process 7 and found ready.
    mutating func makeReady(_ id: ReplicaID) {
        obey([order(id)])
        note(id, .started(pid: 7))
        _ = wait(10)
        note(id, .well)
    }

    func phase(_ id: ReplicaID) -> Account.Phase? { account(id)?.phase }
    func account(_ id: ReplicaID) -> Account? { mind.accounts.first { $0.order.id == id } }
}

extension [Action] {
    var starts: [Start] { compactMap { if case .start(let start) = $0 { start } else { nil } } }
    var probes: [Probe] { compactMap { if case .probe(let probe) = $0 { probe } else { nil } } }
}
