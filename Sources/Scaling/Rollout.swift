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

    package init(
        id: ReplicaID, current: Bool, ready: Bool, unplaced: Bool = false, leaving: Moment? = nil,
        buys: Bool = true
    ) {
        self.id = id
        self.current = current
        self.ready = ready
        self.unplaced = unplaced
        self.leaving = leaving
        self.buys = buys
    }
}

/// All that a rollout step reads of one deployment.
package struct RolloutInput: Sendable {
    package var deployment: DeploymentID
    package var target: Int
    /// Those in phase *wanted* only.
    package var replicas: [RolloutReplica]
    /// Replicas of this deployment that are draining or stopping and still hold their room.
    package var stopping: Int
    /// Replicas of the current version keep failing.
    package var failing: Bool
    /// Nothing is started before this instant (back-off).
    package var retryAt: Moment?
    package var now: Moment
    /// A replica on a node being drained is let go this long before the node's deadline at the latest.
    package var grace: Millis

    package init(
        deployment: DeploymentID, target: Int, replicas: [RolloutReplica], stopping: Int = 0, failing: Bool,
        retryAt: Moment?, now: Moment, grace: Millis
    ) {
        self.deployment = deployment
        self.target = target
        self.replicas = replicas
        self.stopping = stopping
        self.failing = failing
        self.retryAt = retryAt
        self.now = now
        self.grace = grace
    }
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
