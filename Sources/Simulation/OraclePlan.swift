import Model

/// What an all-knowing operator would have done with the same load: the bound that a policy is measured
/// against.
///
/// Time is cut into seconds. For each second, in order, the oracle has **the smallest count of replicas**
/// with which, were it held from then on, every request that waits at the beginning of the second or arrives
/// within it would meet the objective, served first come, first served by `count × servers` servers with the
/// known service times. A count is never so small that a request in service would lose its server. A request
/// whose work alone is beyond the objective can be met by no count: it must begin within one objective of its
/// arrival, so that it is served and buys nothing more. When the most replicas there may be do not suffice,
/// that is the count; and likewise while the request at the head of the queue is late already at the
/// beginning of a second.
///
/// Because counts change only between seconds, requests in service are taken to be packed into as few
/// replicas as hold them, and replicas come and go at once, no real policy can have fewer at the same
/// objective. Nodes are those that the node planner buys for the count from nothing, with neither its minimum
/// nor its limit for one step. They are ordered one boot and one start ahead, paid from then, and kept over
/// any dip that is shorter: at each second they hold the largest count of the next `lead`.
///
/// Cost: each trial of a count is `O((r + w + n) log(r + w + n))` for `r` requests in service, `w` waiting
/// and `n` arriving; `w` is bounded by the arrivals of one objective, and trials begin at the count of the
/// second before, so that there are two of them in steady load and `2 log₂` of the change otherwise.
package struct OraclePlan: Sendable {
    /// What comes: users who ask again when they are answered, or requests one by one.
    package enum Load: Sendable {
        /// Sorted by time.
        case requests([Arrival])
        /// Users who ask again as soon as they are answered, in the order of time; microseconds.
        case users([(at: Int64, users: Int)])
    }

    package var load: Load
    /// Of requests that do not say how long they take; microseconds.
    package var service: OracleService
    /// From arrival to answer; microseconds.
    package var objective: Int64
    /// Requests that one replica works on at a time.
    package var servers: Int
    /// Replicas that there may be; nil: any number.
    package var replicasMax: Int?
    /// Length of the run.
    package var seconds: Int
    /// From an order to a ready replica on a new node; seconds.
    package var lead = 0
    package var market: OracleMarket

    package init(
        load: Load, service: OracleService, objective: Int64, servers: Int, seconds: Int, market: OracleMarket
    ) {
        (self.load, self.service, self.objective) = (load, service, objective)
        (self.servers, self.seconds, self.market) = (max(servers, 1), max(seconds, 0), market)
    }
}

/// How long work takes where the load does not say.
package enum OracleService: Hashable, Sendable {
    /// Microseconds.
    case fixed(Int64)
    /// Only of users: any time may come, so nobody may wait; the share that no count can save is that of a
    /// sample drawn from `seed`.
    case lognormal(median: Millis, sigmaMilli: Int64, seed: UInt64)
}

/// What nodes can be bought, and for what.
package struct OracleMarket: Sendable {
    package var cluster: ClusterSettings
    package var offerings: [Offering]
    /// The deployment that serves the load.
    package var deployment: DeploymentID
    package var replica: Resources
    /// Replicas of other deployments, which are there all the time.
    package var standing: [Standing] = []

    /// So many replicas that ask for the same.
    package struct Standing: Hashable, Sendable {
        package var deployment: DeploymentID
        package var replica: Resources
        package var count: Int

        package init(deployment: DeploymentID, replica: Resources, count: Int) {
            (self.deployment, self.replica, self.count) = (deployment, replica, count)
        }
    }

    package init(
        cluster: ClusterSettings, offerings: [Offering], deployment: DeploymentID, replica: Resources
    ) {
        (self.cluster, self.offerings, self.deployment, self.replica) = (
            cluster, offerings, deployment, replica
        )
    }
}

/// What the oracle had and paid.
package struct OracleReport: Hashable, Sendable {
    /// Of users: the size of a sample, not of the run.
    package var requests = 0
    /// Requests beyond the objective.
    package var missed = 0
    /// Of the deployment with the load, second by second.
    package var replicas: [Int] = []
    /// Second by second.
    package var nodes: [Int] = []
    /// Time integrals over all deployments.
    package var replicaMillis: Int64 = 0
    package var nodeMillis: Int64 = 0
    package var microdollars: Int64 = 0

    package init() {}
}
