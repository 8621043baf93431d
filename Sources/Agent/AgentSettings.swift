import Model

/// What one agent is started with.
package struct AgentSettings: Sendable {
    package var node: NodeID
    /// The agent's own directory, `nodes/NODE` below the state directory; made when it is not there. Exactly
    /// one agent at a time holds it.
    package var directory: String
    /// Where replicas of this node may listen.
    package var ports: ClosedRange<Int>
    /// Where its replicas are reached, for routes.
    package var host = "127.0.0.1"
    /// What this node offers; nil: the machine's CPUs and memory.
    package var resources: Resources?
    /// New for each agent process.
    package var incarnation: String
    /// The port of the agent's own listener; 0: any free one, and none when there is no listener.
    package var controlPort = 0
    /// True in a process of its own: orphans of replicas become its children, and it reaps them. False where
    /// other code of the process waits for children.
    package var reapsOrphans = false
    /// A log beyond this is cut to the newer half of it.
    package var logBytesMax: Int64 = 10 << 20
    /// Between two looks at the sizes of the logs; within it a log may outgrow its bound.
    package var upkeepPeriod = Millis(1_000)
    /// Logs of ended replicas that are kept; beyond it the oldest are removed.
    package var endedLogsMax = 50

    package init(node: NodeID, directory: String, ports: ClosedRange<Int>, incarnation: String) {
        self.node = node
        self.directory = directory
        self.ports = ports
        self.incarnation = incarnation
    }
}

/// The variables by which a replica's processes are known for what they are. All three are in the environment
/// of every replica, and are inherited by what it starts.
package enum ReplicaMark {
    /// The id of the replica.
    package static let replica = "TANDEM_REPLICA"
    /// The id of its node.
    package static let node = "TANDEM_NODE"
    /// The tag of the cluster, where the agent was started with one.
    package static let cluster = "TANDEM_CLUSTER"
    /// The absolute path of its agent's directory: tells two clusters on one machine apart, whose nodes may
    /// have equal names.
    package static let directory = "TANDEM_NODE_DIRECTORY"
}
