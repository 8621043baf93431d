import Model
import Store

/// What a world may blame a failed request on.
package enum Excuse: String, Hashable, Sendable {
    /// Something of this world strikes proxies, replicas, machines or the way to them.
    case dataPath = "data_path"
    /// It took longer than its replica was given to drain.
    case drainDeadline = "drain_deadline"
    /// Nobody was told yet that there is such a route, or it was taken away.
    case noRoute = "no_route"
    /// What is wanted fits on no machines that may be had.
    case noRoom = "no_room"
    /// As many wait already as its operator lets wait.
    case queueMax = "queue_max"
    /// More comes than its operator lets it have replicas for.
    case overload
}

extension WorldPlan {
    /// Trouble of these kinds never reaches a request: they strike tiers, their disk and their talk with the
    /// provider, and what runs goes on without them.
    private static let harmless: Set<FaultClass> = [
        .tierCrash, .diskBusy, .diskBroken, .clockJump, .replyLost, .callLost, .throttled, .listFails,
        .messageTwice,
        .secondHead, .terminateLost, .joinsLate,
    ]

    /// Nothing in the plan can reach a request on its way, so that none may fail.
    package var sparesRequests: Bool {
        faults.classes.allSatisfy(Self.harmless.contains) && script.allSatisfy(\.kind.sparesRequests)
            && conduct.values.allSatisfy { $0.failsAfter == nil && $0.readyAfter != nil }
    }

    /// Nothing at all goes wrong.
    package var isFaultFree: Bool {
        faults.isEmpty && torment == .none
            && script.allSatisfy { deed in
                switch deed.kind {
                case .apply, .delete, .heal: true
                default: false
                }
            } && conduct.values.allSatisfy { $0.failsAfter == nil && $0.readyAfter != nil }
    }

    /// No request is sent from `moment` on, or soon before.
    package func isQuiet(from moment: Millis) -> Bool {
        clients.allSatisfy { client in
            switch client.load {
            case .open(let steps), .closed(let steps, _):
                (steps.last { $0.at <= moment }?.amount ?? 0) == 0
                    && steps.allSatisfy { $0.at <= moment || $0.amount == 0 }
            case .trace(let arrivals): arrivals.allSatisfy { $0.at < moment.micros }
            }
        }
    }
}

extension Deed.Kind {
    fileprivate var sparesRequests: Bool {
        switch self {
        case .apply, .delete, .heal, .clockJump, .backUp: true
        case .crash(let party, _), .restart(let party): party == .serve || party == .nodes
        default: false
        }
    }
}

/// Why a request may have failed.
package struct Excuses: Sendable {
    /// A path is known to all proxies this long after it was applied, in microseconds.
    static let routeTakes: Int64 = 10_000_000

    private let sparesRequests: Bool
    /// Since when the operators know that requests for a path are answered.
    private var promised: [String: Int64] = [:]
    /// Failures by what they are blamed on.
    package private(set) var counts: [Excuse: Int] = [:]

    package init(sparesRequests: Bool) { self.sparesRequests = sparesRequests }

    /// An operator was told that exactly these paths are routed.
    package mutating func promise(_ paths: [String], at now: Int64) {
        promised = Dictionary(paths.map { ($0, promised[$0] ?? now) }, uniquingKeysWith: { $1 })
    }

    package mutating func withdraw(_ paths: [String]) { for path in paths { promised[path] = nil } }

    /// A request has failed.
    /// - Parameter isPastDrain: the drain deadline of the replica that worked on it has passed.
    /// - Parameter isBounded: the operator has set how many may wait (`max_queued_requests`).
    /// - Parameter isOverloaded: more comes than the operator allows replicas for.
    /// - Parameter isCrowded: the replicas that are wanted fit on no machines that may be had.
    /// - Returns: I-18 when nothing excuses it.
    package mutating func fails(
        _ request: Int, _ failure: RequestEnd, path: String, isPastDrain: Bool, at now: Int64,
        isBounded: Bool = false, isOverloaded: Bool = false,
        isCrowded: @autoclosure () -> Bool = false
    ) -> [Breach] {
        let since = promised[path]
        let excuse: Excuse? =
            if failure == .notFound || failure == .noReplica,
                since.map({ now < $0 + Self.routeTakes }) ?? true
            {
                .noRoute
            } else if failure == .broken, isPastDrain {
                .drainDeadline
            } else if failure == .queueFull, isBounded {
                .queueMax
            } else if failure == .deadline || failure == .queueFull, isOverloaded {
                .overload
            } else if !sparesRequests {
                .dataPath
            } else if failure == .noReplica || failure == .deadline, isCrowded() {
                .noRoom
            } else {
                nil
            }
        if let excuse {
            counts[excuse, default: 0] += 1
            return []
        }
        return [Breach("I-18", "request \(request) for \(path) fails: \(failure.rawValue)")]
    }
}

extension Checks {
    /// A request has failed, which is somebody's fault.
    /// - Parameter replica: that worked on it.
    func blame(
        _ failure: RequestEnd, _ request: Request, at replica: ReplicaID?, _ world: World
    ) -> [Breach] {
        let deadline = replica.flatMap { watch?.state.replicas[$0]?.drainDeadline }
        let now = world.heads.lazy.compactMap(\.store).first?.now() ?? now
        let path = request.client.path
        return excuses.fails(
            request.number, failure, path: path, isPastDrain: deadline.map { $0 <= now } ?? false,
            at: world.now, isBounded: hasQueueMax(path), isOverloaded: isOverloaded(path, world),
            isCrowded: !settled(world).isFeasible)
    }

    /// What answers there.
    func deployment(at path: String) -> DeploymentRow? {
        let state = watch?.state ?? ClusterState()
        let ingress = state.applications.values.first { $0.routePrefix == path }?.ingress
        return ingress.flatMap { state.deployments[$0] }
    }

    /// The operator of what answers there has set how many requests may wait.
    func hasQueueMax(_ path: String) -> Bool { deployment(at: path)?.settings.maxQueued != nil }
}
