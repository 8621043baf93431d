import Model

/// A replica that needs a place.
package struct Demand: Hashable, Sendable {
    package var replica: ReplicaID
    package var resources: Resources
    /// False: it takes room that is there, and is never a reason for a new node.
    package var buys: Bool

    package init(replica: ReplicaID, resources: Resources, buys: Bool = true) {
        self.replica = replica
        self.resources = resources
        self.buys = buys
    }
}

/// A node as a place for replicas.
package struct Room: Hashable, Sendable {
    package var node: NodeID
    package var type: String
    /// What the replicas that hold room leave over.
    package var free: Resources
    package var total: Resources
    package var state: State
    /// Replicas that hold room there, of all deployments.
    package var replicas: Int

    /// What placement may do with the node.
    package enum State: Hashable, Sendable {
        /// Replicas may be placed.
        case open
        /// Not ready, silent, draining or on its way out: nothing is placed.
        case closed
        /// Booting: replicas may count on it, and are placed once it is open.
        case coming
    }

    package init(node: NodeID, type: String, free: Resources, total: Resources, state: State, replicas: Int) {
        self.node = node
        self.type = type
        self.free = free
        self.total = total
        self.state = state
        self.replicas = replicas
    }
}

/// A replica and the node it shall run on.
package struct Assignment: Hashable, Sendable {
    package var replica: ReplicaID
    package var node: NodeID

    package init(replica: ReplicaID, node: NodeID) {
        self.replica = replica
        self.node = node
    }
}

/// A replica that will fit on a node that is booting.
package struct Awaiting: Hashable, Sendable {
    package var replica: ReplicaID
    package var node: NodeID
    /// Every room's answer; that of `node` is `coming`.
    package var refusals: [Refusal]

    package init(replica: ReplicaID, node: NodeID, refusals: [Refusal]) {
        self.replica = replica
        self.node = node
        self.refusals = refusals
    }
}

/// A replica that fits nowhere, and every room's answer in the order of the rooms' ids.
package struct Unplaced: Hashable, Sendable {
    package var demand: Demand
    package var refusals: [Refusal]

    package init(demand: Demand, refusals: [Refusal]) {
        self.demand = demand
        self.refusals = refusals
    }
}

/// Which replica goes where, and every room's answer to those that go nowhere yet.
package struct PlacementPlan: Hashable, Sendable {
    /// Largest demands first and within equal ones the oldest, as are the others.
    package var assigned: [Assignment] = []
    package var coming: [Awaiting] = []
    package var unplaced: [Unplaced] = []
    /// One for each of `assigned`.
    package var decisions: [Decision] = []

    package init() {}
}
