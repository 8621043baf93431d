import Cloud
import Model

/// What an agent said in one sync, at arrival.
package struct AgentReport: Sendable {
    package var node: NodeID
    package var incarnation: String
    /// What the machine has; a node of this machine itself is as large as it says.
    package var resources: Resources
    package var host: String
    package var port: Int
    /// The highest fence it has obeyed.
    package var fence: Fence
    package var replicas: [AgentReplica]
    package var arrived: Moment
    /// On the sender's boot clock; nil: it does not say.
    package var sent: Millis?

    package init(
        node: NodeID, incarnation: String, resources: Resources, host: String, port: Int, fence: Fence,
        replicas: [AgentReplica], arrived: Moment
    ) {
        self.node = node
        self.incarnation = incarnation
        self.resources = resources
        self.host = host
        self.port = port
        self.fence = fence
        self.replicas = replicas
        self.arrived = arrived
    }
}

extension AgentReport {
    /// True when the later one says nothing that this one did not say. (That it speaks at all may be news:
    /// `Silences`.)
    func says(thatOf later: AgentReport) -> Bool {
        incarnation == later.incarnation && resources == later.resources && host == later.host
            && port == later.port && fence == later.fence && replicas == later.replicas
    }
}

/// How one replica fares on its node.
package struct AgentReplica: Sendable, Equatable {
    /// The agent's word; `PlacementPhase` is what the node tier makes of it.
    package enum Phase: Sendable { case starting, ready, stopping, stopped, failed }

    package var id: ReplicaID
    package var phase: Phase
    package var port: Int?
    package var pid: Int32?
    /// How it ended, as it goes into the row, and in words.
    package var exitJSON: String?
    package var exitText: String
    package var lastLines: String
    /// What it was started with; only when the agent was asked (`NodeTier.asksForSettings`).
    package var settings: ReplicaSettings?
    /// Indices of the GPUs it may use; told with `settings`.
    package var gpus: [Int] = []
    /// The adjustment of its order that is in force in its process; nil: none yet.
    package var applied: Int?
    /// It was ready and fails its health check: the last answer.
    package var unwell: String?

    package init(
        id: ReplicaID, phase: Phase, port: Int?, pid: Int32?, exitJSON: String?, exitText: String,
        lastLines: String, settings: ReplicaSettings? = nil
    ) {
        self.id = id
        self.phase = phase
        self.port = port
        self.pid = pid
        self.exitJSON = exitJSON
        self.exitText = exitText
        self.lastLines = lastLines
        self.settings = settings
    }
}

/// A call to the provider that a committed row asks for.
package enum ProviderCall: Sendable, Hashable {
    case offerings
    case list
    case create(CreateRequest)
    case terminate(NodeID, instance: String)
}

/// What came of it.
package enum ProviderAnswer: Sendable {
    case offerings(Result<[Offering], CloudError>)
    case list(Result<[Instance], CloudError>)
    case create(NodeID, Result<Instance, CloudError>)
    case terminate(NodeID, CloudError?)
}

/// The complete orders of one node as committed.
package struct Orders: Sendable, Hashable {
    /// One replica that shall be on the node: running, or on its way out.
    package struct Replica: Sendable, Hashable {
        package var id: ReplicaID
        package var settings: ReplicaSettings
        /// Set: it is to stop, and is killed after this long.
        package var stopGrace: Millis?
        /// Another than before: what can be changed while it runs is to be taken over.
        package var adjustment: Int
        /// Indices of the GPUs it may use.
        package var gpus: [Int] = []
    }

    package var generation: Int64
    /// Sorted by id.
    package var replicas: [Replica]
    /// The node is no longer part of the cluster: stop everything and end.
    package var retire: Bool
}
