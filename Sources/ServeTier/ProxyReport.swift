import Model

/// What a proxy said in one sync, with ages turned into instants of the cluster clock at arrival.
package struct ProxyReport: Sendable {
    package var proxy: String
    package var incarnation: String
    /// `host:port` of its data port.
    package var address: String
    /// Route generation in force there, for each deployment it routes; -1 for a route of another cluster generation,
    /// which acknowledges nothing of ours.
    package var applied: [DeploymentID: Int64]
    /// The highest fence it has obeyed.
    package var fence: Fence
    package var load: [ProxyLoad]
    /// Replicas off their routes that still have requests there.
    package var busy: [ReplicaID: Int]
    package var arrived: Moment
    /// On the sender's boot clock; nil: it does not say.
    package var sent: Millis?

    package init(
        proxy: String, incarnation: String, address: String, applied: [DeploymentID: Int64],
        fence: Fence = .none, load: [ProxyLoad],
        busy: [ReplicaID: Int], arrived: Moment
    ) {
        self.proxy = proxy
        self.incarnation = incarnation
        self.address = address
        self.applied = applied
        self.fence = fence
        self.load = load
        self.busy = busy
        self.arrived = arrived
    }
}

/// The load of one deployment at one proxy: what it is now, and its latest buckets, oldest first.
package struct ProxyLoad: Sendable {
    package var deployment: DeploymentID
    package var ongoing: Int
    package var queued: Int
    package var buckets: [ReportedBucket]

    package init(deployment: DeploymentID, ongoing: Int, queued: Int, buckets: [ReportedBucket]) {
        self.deployment = deployment
        self.ongoing = ongoing
        self.queued = queued
        self.buckets = buckets
    }
}

/// One interval's exact load; units as in the table `load_bucket`.
package struct ReportedBucket: Sendable {
    package var sequence: Int64
    package var end: Moment
    package var span: Millis
    package var area: Int64
    package var ongoing: Int
    package var queued: Int
    package var completed: Int64?

    package init(
        sequence: Int64, end: Moment, span: Millis, area: Int64, ongoing: Int, queued: Int,
        completed: Int64? = nil
    ) {
        self.completed = completed
        self.sequence = sequence
        self.end = end
        self.span = span
        self.area = area
        self.ongoing = ongoing
        self.queued = queued
    }
}

/// The complete route of one deployment as committed.
package struct Route: Sendable, Hashable {
    /// A ready replica and where it is reached.
    package struct Replica: Sendable, Hashable, Codable {
        package var id: ReplicaID
        package var host: String
        package var port: Int
    }

    package var deployment: DeploymentID
    package var generation: Int64
    /// Nil: reachable by no path.
    package var prefix: String?
    /// Sorted by id.
    package var replicas: [Replica]
    package var maxOngoing: Int
    package var maxQueued: Int?
    package var metricsInterval: Millis
    package var backpressure: Backpressure
}
