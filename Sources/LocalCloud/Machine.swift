import Model
import Wire

/// One machine in the registry. Instants are on the boot clock of this host; `Registry.boot` says of which
/// boot.
struct Machine: Equatable, Sendable, Codable {
    enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case pending, running, stopping, terminated
    }

    var id: String
    var token: String
    var node: NodeID
    var cluster: String
    var offering: Offering
    var resources: Resources
    var join: JoinData
    var state: State
    var createdAt: Moment
    /// Its agent is started then.
    var bootsAt: Moment
    /// The agent process as last started; nil: none yet, or its end was seen.
    var agent: AgentMark?
    var stoppingAt: Moment?
    var terminatedAt: Moment?
    /// A preemption notice: the machine is lost then.
    var preemptedAt: Moment?
    /// Paid from then, on the date's clock, which goes on over a reboot; nil: made by an earlier version.
    var createdUnixMs: Int64?
    /// Paid until then.
    var endedUnixMs: Int64?
    /// After the end: no process bears its mark any more.
    var isSwept = false

    /// As the provider shows it.
    func body(now: Moment) -> InstanceBody {
        InstanceBody(
            id: id, token: token, node: node, cluster: cluster, offering: offering, state: state.rawValue,
            preemptedIn: preemptedAt.map { max(.zero, $0 - now) }, createdUnixMs: createdUnixMs,
            endedUnixMs: endedUnixMs)
    }

    func start(nodesDirectory: String) -> MachineStart {
        MachineStart(
            node: node, cluster: cluster, directory: "\(nodesDirectory)/\(node)", endpoint: join.endpoint,
            tokenFile: join.tokenFile, ports: join.portsFirst...join.portsLast, resources: resources)
    }
}

/// Names one process for good within one boot: pids are used again, the pair is not.
struct AgentMark: Hashable, Sendable, Codable {
    var pid: Int32
    /// Clock ticks since boot at its start.
    var startTicks: Int64
}
