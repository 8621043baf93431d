import Cloud
import Model
import Simulation

/// A number that a demand can be about.
package enum Quantity: Hashable, Sendable {
    case requests
    /// Nil: for whatever reason.
    case failed(RequestEnd?)
    /// Milliseconds, of the requests answered with success.
    case slowestAnswer
    case machines, machinesMade, deaths
    /// Nil: ready ones.
    case nodes(NodeState)
    /// Nil: all calls.
    case calls(CloudFault.Call?)
    case target(DeploymentID), ready(DeploymentID), replicas(DeploymentID)

    /// Words for the phases of nodes.
    package enum NodeState: String, CaseIterable, Hashable, Sendable {
        case ready, booting, draining, terminating

        var phases: [NodePhase] {
            switch self {
            case .ready: [.ready]
            case .booting: [.requested, .booting]
            case .draining: [.draining]
            case .terminating: [.terminating]
            }
        }
    }

    /// Its number is written as a span of time.
    var isSpan: Bool { self == .slowestAnswer }

    /// Whether it is one of those that change with requests, calls and the like, or one of the scene.
    var isOfScene: Bool {
        switch self {
        case .machines, .nodes, .target, .ready, .replicas: true
        default: false
        }
    }

    func value(_ scene: Scene) -> Int64 {
        func line(_ id: DeploymentID) -> Scene.Line? { scene.deployments.first { $0.id == id } }
        switch self {
        case .machines: return Int64(scene.machines)
        case .nodes(let state): return Int64(state.phases.reduce(0) { $0 + (scene.nodes[$1] ?? 0) })
        case .target(let id): return Int64(line(id)?.target ?? 0)
        case .ready(let id): return Int64(line(id)?.ready ?? 0)
        case .replicas(let id): return Int64(line(id)?.replicas ?? 0)
        default: return 0
        }
    }

    func value(_ counts: WorldReport) -> Int64 {
        switch self {
        case .requests: return Int64(counts.requests)
        case .failed(nil): return Int64(counts.failed)
        case .failed(let reason?): return Int64(counts.failures[reason] ?? 0)
        case .slowestAnswer: return (counts.latency.max + 999) / 1000
        case .machinesMade: return Int64(counts.machinesMade)
        case .deaths: return Int64(counts.crashes)
        case .calls(nil): return Int64(counts.calls.values.reduce(0, +))
        case .calls(let call?): return Int64(counts.calls[call] ?? 0)
        default: return 0
        }
    }

    // MARK: - Words

    /// Words that are quantities as they stand.
    private static let plain: [(words: String, quantity: Quantity)] =
        [
            ("requests", .requests), ("failed requests", .failed(nil)), ("slowest answer", .slowestAnswer),
            ("machines", .machines), ("machines made", .machinesMade), ("process deaths", .deaths),
            ("nodes", .nodes(.ready)), ("provider calls", .calls(nil)),
        ] + NodeState.allCases.map { ("\($0.rawValue) nodes", .nodes($0)) }
        + RequestEnd.allCases.map { ("requests failed as \($0.rawValue)", .failed($0)) }
        + CloudFault.Call.allCases.map { ("provider calls of \($0.rawValue)", .calls($0)) }

    private static let ofDeployment: [(words: String, make: @Sendable (DeploymentID) -> Quantity)] = [
        ("target of ", Quantity.target), ("ready replicas of ", Quantity.ready),
        ("replicas of ", Quantity.replicas),
    ]

    /// Everything that may stand in a file.
    static var allWords: [String] {
        plain.map(\.words) + ofDeployment.map { $0.words + "APPLICATION#DEPLOYMENT" }
    }

    /// Nil: no quantity is called so.
    init?(words: String) {
        if let known = Self.plain.first(where: { $0.words == words }) {
            self = known.quantity
        } else if let known = Self.ofDeployment.first(where: { words.hasPrefix($0.words) }),
            !words.dropFirst(known.words.count).contains(" "), words.count > known.words.count
        {
            self = known.make(DeploymentID(String(words.dropFirst(known.words.count))))
        } else {
            return nil
        }
    }

    /// Whose it is; nil: of the whole cluster.
    var deployment: DeploymentID? {
        switch self {
        case .target(let id), .ready(let id), .replicas(let id): id
        default: nil
        }
    }
}
