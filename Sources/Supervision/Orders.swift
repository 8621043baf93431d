import Model

/// What a tier wants of one replica on this node.
package struct StandingOrder: Hashable, Sendable {
    package var id: ReplicaID
    package var settings: ReplicaSettings
    /// Set: stop it; killed after this long.
    package var stopGrace: Millis?
    /// Indices of the GPUs it may use.
    package var gpus: [Int]
    /// Another than before: take over what can be changed while it runs.
    package var adjustment: Int

    package init(
        id: ReplicaID, settings: ReplicaSettings, stopGrace: Millis? = nil, gpus: [Int] = [],
        adjustment: Int = 0
    ) {
        self.id = id
        self.settings = settings
        self.adjustment = adjustment
        self.stopGrace = stopGrace
        self.gpus = gpus
    }
}

/// What became of a set of orders.
package enum Obedience: Hashable, Sendable {
    /// They are in force.
    case obeyed
    /// They are older than orders already obeyed, whose fence is given. Nothing changed.
    case refused(highest: Fence)
}

/// How a replica ended, for its report.
package enum ReplicaEnd: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
    /// An adopted process: the kernel tells its exit only to its parent.
    case unknown
    case outOfMemory
    /// There never was a process, or none that could take its port: the reason in words.
    case notStarted(String)
    /// Not ready in time, with the last answer of the check.
    case startDeadline(String)
    /// Ready once, then failed its check too often, with the last answer of the check. Agents before the fourth version
    /// of the state ended such a replica by themselves; their records still say so.
    case unwell(String)
}

/// The end of a replica's story. It is kept until the orders no longer name the replica.
package struct FinalReport: Hashable, Sendable {
    /// Ended as ordered; else it failed.
    package var asOrdered: Bool
    /// Nil: it was ordered to stop before it had been started.
    package var end: ReplicaEnd?
    /// The end of its output, oldest first; only of a failed one.
    package var lastLines: [String]

    package init(asOrdered: Bool, end: ReplicaEnd?, lastLines: [String] = []) {
        self.asOrdered = asOrdered
        self.end = end
        self.lastLines = lastLines
    }
}

/// What an agent finds on its disk and in the process table when it begins.
package struct FoundReplica: Hashable, Sendable {
    /// How far it had come when the former agent ended.
    package enum Condition: Hashable, Sendable {
        /// Recorded and never started.
        case unstarted
        /// Its process lives.
        case running(pid: Int32, ready: Bool, age: Millis)
        /// Its process ended while nobody looked; `stopping`: it had been told to.
        case gone(stopping: Bool)
        case ended(FinalReport)
    }

    package var order: StandingOrder
    package var attempt: Int
    package var port: Int
    /// The adjustment that is in force in its process; nil: none yet.
    package var applied: Int?
    /// What its check last answered, when it had failed too often; nil: it was well.
    package var unwell: String?
    package var condition: Condition

    package init(
        order: StandingOrder, attempt: Int, port: Int, applied: Int? = nil, unwell: String? = nil,
        condition: Condition
    ) {
        self.applied = applied
        self.unwell = unwell
        self.order = order
        self.attempt = attempt
        self.port = port
        self.condition = condition
    }
}
