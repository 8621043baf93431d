import Model
import Placement

/// A node type and how many nodes of it there are.
package struct TypeState: Hashable, Sendable {
    package var type: NodeType
    /// In any phase but *gone*: what the limits count.
    package var live: Int
    /// In phase *ready*: not draining.
    package var ready: Int
    /// *Requested* or *booting*. `ready` and `launching` together are what the minimum counts.
    package var launching: Int
    /// Of those decided within the last `upscalingStep`: when each ceases to be. So much of this step's upscaling
    /// limit is used. Sorted.
    package var recent: [Moment]
    /// Of `ready` and `launching` those that the provider does not take away.
    package var onDemand = 0

    package init(type: NodeType, live: Int, ready: Int, launching: Int, recent: [Moment] = []) {
        self.type = type
        self.live = live
        self.ready = ready
        self.launching = launching
        self.recent = recent
    }
}

/// A ready node without replicas.
package struct IdleNode: Hashable, Sendable {
    package var node: NodeID
    package var type: String
    package var idleSince: Moment
    /// Its agent has obeyed the desired set that leaves it empty. Otherwise it is not given back yet.
    package var generationApplied: Bool

    package init(node: NodeID, type: String, idleSince: Moment, generationApplied: Bool) {
        self.node = node
        self.type = type
        self.idleSince = idleSince
        self.generationApplied = generationApplied
    }
}

/// An offering that is not asked for before `until`, because the provider had none lately.
package struct Unavailable: Hashable, Sendable {
    package var offering: Offering
    package var until: Moment

    package init(offering: Offering, until: Moment) {
        self.offering = offering
        self.until = until
    }
}

/// All that the node scaler reads.
package struct ProvisioningInput: Sendable {
    package var settings: ClusterSettings
    /// What placement found no room for.
    package var unplaced: [Unplaced]
    /// Types of the settings, and any others that still have nodes.
    package var types: [TypeState]
    package var offerings: [Offering]
    /// Matched by type, zone and capacity type.
    package var unavailableUntil: [Unavailable]
    /// Nodes that hold no replica and are awaited by none.
    package var idle: [IdleNode]
    package var now: Moment
    /// The nodes as placement left them: what stands there counts for rules, and what gives up a soft rule may go there.
    package var rooms: [Room] = []
    /// Millionths of a dollar per hour that the nodes there are cost together.
    package var spending: Int64 = 0

    package init(
        settings: ClusterSettings, unplaced: [Unplaced], types: [TypeState], offerings: [Offering],
        unavailableUntil: [Unavailable], idle: [IdleNode], now: Moment
    ) {
        self.settings = settings
        self.unplaced = unplaced
        self.types = types
        self.offerings = offerings
        self.unavailableUntil = unavailableUntil
        self.idle = idle
        self.now = now
    }
}

/// One node to be asked for.
package struct Launch: Hashable, Sendable {
    package var type: String
    /// Cheapest first; never empty.
    package var offerings: [Offering]
    /// One sentence for people.
    package var reason: String
    /// The replicas it is bought for; none when it tops up the type's minimum and nothing waits.
    package var replicas: [ReplicaID]

    package init(type: String, offerings: [Offering], reason: String, replicas: [ReplicaID]) {
        self.type = type
        self.offerings = offerings
        self.reason = reason
        self.replicas = replicas
    }
}

/// One node to be emptied and given back.
package struct Termination: Hashable, Sendable {
    package var node: NodeID
    /// One sentence for people.
    package var reason: String

    package init(node: NodeID, reason: String) {
        self.node = node
        self.reason = reason
    }
}

/// Why no node is bought for a replica now: one answer for each node type, sorted by name.
package struct Refused: Hashable, Sendable {
    package var replica: ReplicaID
    package var refusals: [Refusal]

    package init(replica: ReplicaID, refusals: [Refusal]) {
        self.replica = replica
        self.refusals = refusals
    }
}

/// Which nodes to buy and which to give back, with the reasons.
package struct ProvisioningPlan: Hashable, Sendable {
    package var launches: [Launch] = []
    /// Replicas that go to a room that is there after all, since a soft rule is given up; with its decision.
    package var assigned: [Assignment] = []
    package var relaxations: [Decision] = []
    /// Replicas of gangs that are to go to a room that is there, once all nodes for their gang are; and what of these
    /// is waited for. Their rooms are not given back meanwhile.
    package var promised: [Refused] = []
    package var awaited: [NodeID] = []
    /// Millionths of a dollar per hour: of all that the plan would buy, and what no plan for the same can go below.
    package var cost: Int64 = 0
    package var bound: Int64 = 0
    package var terminate: [Termination] = []
    /// One for each unplaced replica that no launch of this plan is for; sorted by replica.
    package var refusals: [Refused] = []
    /// One for each launch, then one for each termination, in their order. A node's name is not known yet
    /// when it is bought: the subject of a launch is its type.
    package var decisions: [Decision] = []
    /// Ask again then at the latest.
    package var wake: Moment?

    package init() {}
}

/// The span over which a step's upscaling limit counts. Ray's loop takes its limit anew every 5 seconds; a
/// tier that plans at each change needs a span, or the limit would mean nothing.
package let upscalingStep = Millis(1_000)
