import Model

/// One replica in phase *wanted*, as a rollout sees it.
package struct RolloutReplica: Hashable, Sendable {
    package var id: ReplicaID
    /// Its version is the deployment's.
    package var current: Bool
    package var ready: Bool
    /// The node tier has looked, found no room, and none is coming.
    package var unplaced: Bool
    /// Its node is being drained: the deadline.
    package var leaving: Moment?
    /// It is a reason to buy a node. False for one that was started as surplus.
    package var buys: Bool
    /// Where it is; nil: nowhere yet.
    package var node: NodeID?
    /// What it holds there, or is to hold.
    package var resources: Resources
    /// Of an unplaced one: what it lacks on each node where old ones are and that it could fit on.
    package var short: [NodeID: Resources]
    /// Of its deployment's gangs the one that it is in; nil: it stands alone.
    package var gang: Int64?

    package init(
        id: ReplicaID, current: Bool, ready: Bool, unplaced: Bool = false, leaving: Moment? = nil,
        buys: Bool = true, node: NodeID? = nil, resources: Resources = Resources(),
        short: [NodeID: Resources] = [:], gang: Int64? = nil
    ) {
        self.gang = gang
        self.node = node
        self.resources = resources
        self.short = short
        self.id = id
        self.current = current
        self.ready = ready
        self.unplaced = unplaced
        self.leaving = leaving
        self.buys = buys
    }
}

/// How a rollout makes room for replacements.
package enum Surge: Hashable, Sendable {
    /// A batch is started beside the old ones where there is room, and buys nothing; where there is none, old ones
    /// leave first, if a new one fits in their place; if none does, it buys.
    case spare
    /// Old ones leave first (Ray: `max_surge_percent: 0`).
    case none
    /// So many are started beside the old ones, and may buy nodes (Ray: `max_surge_percent` above 0).
    case upTo(Int)
}

/// All that a rollout step reads of one deployment.
package struct RolloutInput: Sendable {
    package var deployment: DeploymentID
    package var target: Int
    /// Those in phase *wanted* only.
    package var replicas: [RolloutReplica]
    /// Replicas of this deployment that are draining or stopping and still hold their room.
    package var stopping: Int
    /// Those of them that a replacement is to follow, in the same room: they are of another version, or unwell.
    package var replaced: Int
    /// So many old replicas may be missing, or under replacement, at once.
    package var batch: Int
    package var surge: Surge
    /// So many may be unready for its sake, whatever made them so; nil: a batch.
    package var unavailable: Int?
    /// Replicas of the current version keep failing, or fail their health check.
    package var failing: Bool
    /// One of them fails its health check now: nothing more is replaced by its version until it is well, or ended.
    package var unwell = false
    /// None of them has been ready for long enough to show that its version is good: one batch is there to show it.
    package var unproven = false
    /// It has failed so often that no more old ones are replaced by it; what is missing is still filled.
    package var givenUp: Bool
    /// Nothing is started before this instant (back-off).
    package var retryAt: Moment?
    package var now: Moment
    /// A replica on a node being drained is let go this long before the node's deadline at the latest.
    package var grace: Millis
    /// Replicas of the current version come in gangs of so many; 1: alone.
    package var gangSize = 1

    package init(
        deployment: DeploymentID, target: Int, replicas: [RolloutReplica], stopping: Int = 0,
        replaced: Int = 0,
        batch: Int = 1, surge: Surge = .spare, unavailable: Int? = nil, failing: Bool, givenUp: Bool = false,
        retryAt: Moment?,
        now: Moment,
        grace: Millis
    ) {
        self.deployment = deployment
        self.target = target
        self.replicas = replicas
        self.stopping = stopping
        self.replaced = replaced
        self.batch = max(batch, 1)
        self.surge = surge
        self.unavailable = unavailable
        self.failing = failing
        self.givenUp = givenUp
        self.retryAt = retryAt
        self.now = now
        self.grace = grace
    }

    /// So many may be unready.
    var unreadyMax: Int { max(unavailable ?? batch, 0) }
}

/// What to do about the replicas of one deployment now.
package struct RolloutPlan: Hashable, Sendable {
    /// Replicas to order; they may buy nodes unless the deployment is failing.
    package var start = 0
    /// Replicas to order that never buy a node: a rollout's surplus.
    package var startSurplus = 0
    /// Replicas to take off the routes.
    package var drain: [ReplicaID] = []
    /// This many current replicas that are not on a node being drained shall go; `Placement.victims` says
    /// which.
    package var surplusToStop = 0
    /// Surplus replicas that have become part of the target and still found no room: they may buy from now
    /// on.
    package var mayBuy: [ReplicaID] = []
    package var decisions: [Decision] = []
    /// Ask again then at the latest.
    package var wake: Moment?

    package init() {}
}
