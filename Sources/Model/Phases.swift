/// The life of a node. `NodeMove.all` is the whole truth about legal moves and who causes them; the same edges stand in
/// SQLite, where a trigger refuses any other (StoreTests holds the two equal).
package enum NodePhase: String, CaseIterable, Hashable, Sendable, Codable {
    /// The row and its token are committed; the provider may or may not have heard of it.
    case requested
    /// The provider named an instance; its agent has not said hello.
    case booting
    /// The agent has said hello; replicas may be placed.
    case ready
    /// No new replicas; those it has are moved or finish.
    case draining
    /// Committed to be given back; asked of the provider until the provider shows it gone.
    case terminating
    /// The provider shows no such instance, or refused to make it. Final.
    case gone

    package var successors: Set<NodePhase> { NodeMove.successors[self] ?? [] }
}

/// What the serve tier wants of a replica.
package enum ReplicaPhase: String, CaseIterable, Hashable, Sendable, Codable {
    /// Shall run, and be routed once its placement is ready.
    case wanted
    /// Off the routes; waits until every proxy has let go of it, or its deadline.
    case draining
    /// Shall be stopped by its agent. The row goes when the placement says it has.
    case stopping

    package var successors: Set<ReplicaPhase> {
        switch self {
        case .wanted: [.draining, .stopping]  // stopping: was never routed
        case .draining: [.stopping]
        case .stopping: []
        }
    }
}

/// Where a replica is and how it fares: the node tier's answer to a wanted replica.
package enum PlacementPhase: String, CaseIterable, Hashable, Sendable, Codable {
    /// No node yet; the row says why.
    case pending
    /// On a node's desired set; its agent has not reported it.
    case assigned
    /// The process is started and not ready.
    case starting
    /// The readiness check passed.
    case ready
    /// Asked to stop; may be finishing.
    case stopping
    /// Ended as ordered. Final.
    case stopped
    /// Ended by itself, never became ready, or was found unwell. Final.
    case failed
    /// Its node is gone. Final.
    case lost

    package var successors: Set<PlacementPhase> {
        switch self {
        case .pending: [.assigned, .stopped]  // stopped: no longer wanted
        case .assigned: [.starting, .ready, .stopping, .stopped, .failed, .lost]
        case .starting: [.ready, .stopping, .stopped, .failed, .lost]
        case .ready: [.stopping, .stopped, .failed, .lost]
        case .stopping: [.stopped, .failed, .lost]
        case .stopped, .failed, .lost: []
        }
    }

    /// True when nothing runs and nothing will.
    package var isFinal: Bool { successors.isEmpty }
    /// True while it takes room on its node.
    package var holdsRoom: Bool { self != .pending && !isFinal }
}
