import Model

/// Paths of the control routes, in one place for both ends.
package enum Routes {
    package static func nodeSync(_ node: NodeID) -> String { "/v1/nodes/\(node)/sync" }
    package static func proxySync(_ proxy: String) -> String { "/v1/proxies/\(proxy)/sync" }
    package static let applications = "/api/serve/applications/"
    /// What putting the same body there would change.
    package static let preview = "/v1/applications/preview"
    package static func scale(_ id: DeploymentID) -> String {
        "/api/v1/applications/\(id.application)/deployments/\(id.name)/scale"
    }
    /// Of the node tier: the cluster file.
    package static let cluster = "/v1/cluster"
    /// Of the node tier: room that there shall be whatever runs.
    package static let standingDemand = "/v1/standing-demand"
    package static let status = "/v1/status"
    package static let metrics = "/metrics"
    package static let health = "/-/healthz"
    package static let offerings = "/v1/offerings"
    package static let instances = "/v1/instances"
}

/// A pending sync is answered after this long though nothing changed, so that a dead peer is noticed.
package enum LongPoll {
    package static let answerAfter = Millis(2_000)
    /// The client gives up on an answer after this long and calls again: soon enough that one lost call is no silence
    /// (`ClusterSettings.silenceMin`).
    package static let clientDeadline = Millis(5_000)
    /// The client's pause after a failed call: doubled from the first to the last, each drawn from its upper half. The
    /// first is short, so that a restarted tier is found fast.
    package static let pauseFirst = Millis(100)
    package static let pauseMax = Millis(2_000)
    /// Before the next call when one was answered at once with nothing new: never a hot loop, whatever the tier does.
    package static let emptyPause = Millis(50)
}

// MARK: - Agents

/// What an agent says in each sync: the whole truth of its node, every time.
package struct NodeSyncRequest: Sendable, Codable, Equatable {
    package var wireVersion = WireVersion.current
    /// New for each agent process; a newer sync of the same incarnation supersedes a pending one.
    package var incarnation: String
    /// When this was written, on the sender's boot clock: one call may overtake another. Nil: an older sender.
    package var sent: Millis?
    package var facts: NodeFacts
    /// The highest fence this agent has ever obeyed.
    package var fence: Fence
    /// Every replica it knows of, also ended ones until the orders stop naming them.
    package var replicas: [ReplicaReport]

    package init(incarnation: String, facts: NodeFacts, fence: Fence, replicas: [ReplicaReport]) {
        self.incarnation = incarnation
        self.facts = facts
        self.fence = fence
        self.replicas = replicas
    }
}

/// What an agent says of its machine.
package struct NodeFacts: Sendable, Codable, Equatable {
    /// What this machine has: CPU in thousandths, memory in bytes.
    package var resources: Resources
    /// Where its replicas are reached.
    package var host: String
    package var pid: Int32
    /// The agent's own port for metrics.
    package var port: Int

    package init(resources: Resources, host: String, pid: Int32, port: Int) {
        self.resources = resources
        self.host = host
        self.pid = pid
        self.port = port
    }
}

/// How one replica fares, in its agent's words.
package struct ReplicaReport: Sendable, Codable, Equatable {
    /// Where the process is in its life, as its agent sees it.
    package enum Phase: String, Sendable, Codable { case starting, ready, stopping, stopped, failed }

    package var id: ReplicaID
    package var phase: Phase
    package var port: Int?
    package var pid: Int32?
    /// Since the process was started, for the ages shown to people.
    package var startedAgo: Millis?
    package var exit: ReplicaExit?
    /// The end of its output, at most `lastLinesMax` lines; only with `failed`.
    package var lastLines: [String] = []
    /// What it was started with; only after an answer with `tellSettings`.
    package var settings: ReplicaSettings?
    /// Indices of the GPUs it may use, beside `settings`; nil: an older agent.
    package var gpus: [Int]?
    /// The adjustment of its order that is in force in its process; nil: none yet, or an older agent.
    package var applied: Int?
    /// It was ready and fails its health check: the last answer.
    package var unwell: String?

    package static let lastLinesMax = 20

    package init(id: ReplicaID, phase: Phase, port: Int? = nil, pid: Int32? = nil) {
        self.id = id
        self.phase = phase
        self.port = port
        self.pid = pid
    }
}

/// Why a replica is no more. `unknown` is the end of an adopted process, whose code the kernel tells only to its
/// parent; it counts as failure unless the stop was ordered.
package enum ReplicaExit: Sendable, Codable, Equatable {
    case code(Int32)
    case signal(Int32)
    case unknown
    /// Killed by the kernel for want of memory.
    case outOfMemory
    /// The command could not be started: the reason in words.
    case notStarted(String)
    /// Not ready within the start deadline, with the last answer of the check.
    case startDeadline(String)
    /// Failed its health check too often, with the last answer of the check.
    case unwell(String)
}

/// The complete desired set of one node, fenced. Nil fields: nothing differs from what the agent has applied.
package struct NodeSyncAnswer: Sendable, Codable, Equatable {
    package var wireVersion = WireVersion.current
    package var fence: Fence
    package var orders: [ReplicaOrder]?
    /// This node is not (or no longer) part of the cluster: stop everything and end.
    package var retire = false
    /// True: until an answer without it, every report says what its replica was started with. The tier has lost its
    /// state and makes it anew from what runs.
    package var tellSettings: Bool?

    package init(fence: Fence, orders: [ReplicaOrder]?, retire: Bool = false, tellSettings: Bool? = nil) {
        self.fence = fence
        self.orders = orders
        self.retire = retire
        self.tellSettings = tellSettings
    }

    /// Nothing is new for this one. The fence is its own, so that it obeys nobody lower and nobody new.
    package static func nothing(for request: NodeSyncRequest, tellSettings: Bool? = nil) -> NodeSyncAnswer {
        NodeSyncAnswer(fence: request.fence, orders: nil, tellSettings: tellSettings)
    }
}

/// One replica that shall be on a node: running, or on its way out.
package struct ReplicaOrder: Sendable, Codable, Equatable {
    package var id: ReplicaID
    package var settings: ReplicaSettings
    /// Set: stop it; after the grace it is killed. A replica absent from the orders is stopped with no grace.
    package var stopGrace: Millis?
    /// Indices of the GPUs it may use.
    package var gpus: [Int] = []
    /// Another than before: health checks and `userConfig` are to be taken over while it runs. Nil: 0.
    package var adjustment: Int?

    package init(
        id: ReplicaID, settings: ReplicaSettings, stopGrace: Millis? = nil, adjustment: Int = 0,
        gpus: [Int] = []
    ) {
        self.gpus = gpus
        self.adjustment = adjustment
        self.id = id
        self.settings = settings
        self.stopGrace = stopGrace
    }
}

// MARK: - Proxies

/// What a proxy says in each sync.
package struct ProxySyncRequest: Sendable, Codable, Equatable {
    package var wireVersion = WireVersion.current
    package var incarnation: String
    /// When this was written, on the sender's boot clock: one call may overtake another. Nil: an older sender.
    package var sent: Millis?
    package var host: String
    package var port: Int
    /// For each deployment it routes: the fence of the route in force.
    package var applied: [AppliedRoute]
    package var load: [DeploymentLoad]
    /// Replicas no longer on a route that still have requests here.
    package var busy: [BusyReplica]

    package init(
        incarnation: String, host: String, port: Int, applied: [AppliedRoute], load: [DeploymentLoad],
        busy: [BusyReplica]
    ) {
        self.incarnation = incarnation
        self.host = host
        self.port = port
        self.applied = applied
        self.load = load
        self.busy = busy
    }
}

/// The fence of the route that a proxy has in force for one deployment.
package struct AppliedRoute: Sendable, Codable, Equatable {
    package var deployment: DeploymentID
    package var fence: Fence
    package init(deployment: DeploymentID, fence: Fence) {
        self.deployment = deployment
        self.fence = fence
    }
}

/// A replica off its route, and how many requests it still has at this proxy.
package struct BusyReplica: Sendable, Codable, Equatable {
    package var replica: ReplicaID
    package var ongoing: Int
    package init(replica: ReplicaID, ongoing: Int) {
        self.replica = replica
        self.ongoing = ongoing
    }
}

/// The load of one deployment at one proxy: what it is now, and the buckets not yet acknowledged.
package struct DeploymentLoad: Sendable, Codable, Equatable {
    package var deployment: DeploymentID
    package var ongoing: Int
    package var queued: Int
    /// Oldest first; at most `bucketsMax`, beyond that the oldest are dropped and counted.
    package var buckets: [LoadBucket]

    package static let bucketsMax = 600

    package init(deployment: DeploymentID, ongoing: Int, queued: Int, buckets: [LoadBucket]) {
        self.deployment = deployment
        self.ongoing = ongoing
        self.queued = queued
        self.buckets = buckets
    }
}

/// Load over one interval, exact: the area under (ongoing + queued) against time. Ages instead of instants, since
/// the clocks of two machines differ: the receiver counts back from arrival.
package struct LoadBucket: Sendable, Codable, Equatable {
    /// Grows by one for each bucket of this deployment in this incarnation; acknowledged in the answer.
    package var sequence: Int64
    package var endedAgo: Millis
    package var span: Millis
    /// Request-microseconds: 2 requests for 1 ms are 2,000.
    package var area: Int64
    /// Values at the end of the interval.
    package var ongoing: Int
    package var queued: Int
    /// Requests that replicas were done with in the interval; nil: a proxy that does not count them.
    package var completed: Int64?

    package init(
        sequence: Int64, endedAgo: Millis, span: Millis, area: Int64, ongoing: Int, queued: Int,
        completed: Int64? = nil
    ) {
        self.completed = completed
        self.sequence = sequence
        self.endedAgo = endedAgo
        self.span = span
        self.area = area
        self.ongoing = ongoing
        self.queued = queued
    }
}

/// The routes that differ from what the proxy applied, each complete in itself.
package struct ProxySyncAnswer: Sendable, Codable, Equatable {
    package var wireVersion = WireVersion.current
    package var routes: [DeploymentRoute]
    /// Deployments the proxy named that are no more; the fence is that of the removal.
    package var removed: [AppliedRoute]
    package var acknowledged: [AcknowledgedLoad]

    package init(routes: [DeploymentRoute], removed: [AppliedRoute], acknowledged: [AcknowledgedLoad]) {
        self.routes = routes
        self.removed = removed
        self.acknowledged = acknowledged
    }
}

/// Up to where the load of one deployment need not be sent again.
package struct AcknowledgedLoad: Sendable, Codable, Equatable {
    package var deployment: DeploymentID
    /// Buckets up to and with this one are in SQLite.
    package var sequence: Int64
    package init(deployment: DeploymentID, sequence: Int64) {
        self.deployment = deployment
        self.sequence = sequence
    }
}

/// The complete route of one deployment.
package struct DeploymentRoute: Sendable, Codable, Equatable {
    package var deployment: DeploymentID
    package var fence: Fence
    /// Nil: reachable by no path.
    package var prefix: String?
    package var replicas: [RouteReplica]
    package var maxOngoing: Int
    /// Nil: the proxy's own bound.
    package var maxQueued: Int?
    /// Length of a load bucket.
    package var metricsInterval: Millis
    /// Nil: as it is without one, or an older tier.
    package var backpressure: Backpressure?

    package init(
        deployment: DeploymentID, fence: Fence, prefix: String?, replicas: [RouteReplica], maxOngoing: Int,
        maxQueued: Int?, metricsInterval: Millis, backpressure: Backpressure? = nil
    ) {
        self.backpressure = backpressure
        self.deployment = deployment
        self.fence = fence
        self.prefix = prefix
        self.replicas = replicas
        self.maxOngoing = maxOngoing
        self.maxQueued = maxQueued
        self.metricsInterval = metricsInterval
    }
}

/// A replica on a route, and where it is reached.
package struct RouteReplica: Sendable, Codable, Equatable {
    package var id: ReplicaID
    package var host: String
    package var port: Int
    package init(id: ReplicaID, host: String, port: Int) {
        self.id = id
        self.host = host
        self.port = port
    }
}
