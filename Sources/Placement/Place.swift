import Model

/// A replica that needs a place.
package struct Demand: Hashable, Sendable {
    package var replica: ReplicaID
    package var resources: Resources
    /// False: it takes room that is there, and is never a reason for a new node.
    package var buys: Bool
    /// Nil: any node will do, and any neighbours.
    package var placing: PlacingSettings?
    /// Of its deployment: higher ones are placed first.
    package var priority: Int
    /// Of its deployment's gangs the one that it is in: serial of the first; nil: it stands alone.
    package var gang: Int64?

    package init(
        replica: ReplicaID, resources: Resources, buys: Bool = true, placing: PlacingSettings? = nil,
        priority: Int = 0, gang: Int64? = nil
    ) {
        self.gang = gang
        self.replica = replica
        self.resources = resources
        self.buys = buys
        self.placing = placing
        self.priority = priority
    }
}

/// Replicas that stand on a node already, as far as the rules of others, or their own, look at them.
package struct Resident: Hashable, Sendable {
    package var deployment: DeploymentID
    package var placing: PlacingSettings?
    package var count: Int

    package init(deployment: DeploymentID, placing: PlacingSettings? = nil, count: Int = 1) {
        self.deployment = deployment
        self.placing = placing
        self.count = count
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
    /// What each of its GPUs has left.
    package var devices: Devices
    package var labels: [String: String]
    /// Nil: it is in none that is known.
    package var zone: String?
    /// Those of `replicas` that a rule may look at; where nobody has rules, nobody is named.
    package var residents: [Resident] = []

    /// What placement may do with the node.
    package enum State: Hashable, Sendable {
        /// Replicas may be placed.
        case open
        /// Not ready, silent, draining or on its way out: nothing is placed.
        case closed
        /// Booting: replicas may count on it, and are placed once it is open.
        case coming
    }

    /// - Parameter devices: nil: by `free` and `total` alone the first devices are whole, and one may have a rest.
    package init(
        node: NodeID, type: String, free: Resources, total: Resources, state: State, replicas: Int,
        devices: Devices? = nil, labels: [String: String] = [:], zone: String? = nil
    ) {
        self.node = node
        self.type = type
        self.free = free
        self.total = total
        self.state = state
        self.replicas = replicas
        self.devices = devices ?? Devices(free: free[Resources.gpu], of: total[Resources.gpu])
        self.labels = labels
        self.zone = zone
    }
}

/// A replica and the node it shall run on.
package struct Assignment: Hashable, Sendable {
    package var replica: ReplicaID
    package var node: NodeID
    /// The GPUs that it has there.
    package var slots: [DeviceSlot]

    package init(replica: ReplicaID, node: NodeID, slots: [DeviceSlot] = []) {
        self.replica = replica
        self.node = node
        self.slots = slots
    }
}

/// A replica that will fit on a node that is booting, or whose gang will be whole with one.
package struct Awaiting: Hashable, Sendable {
    package var replica: ReplicaID
    package var node: NodeID
    /// For which it waits: `node`, or for one of a gang that of another of them.
    package var awaits: NodeID
    /// Every room's answer to one more of its shape, one list for all replicas of that shape: with many replicas and nodes
    /// a list for each of them would be more than all the rest.
    package var answers: [Refusal]

    package init(replica: ReplicaID, node: NodeID, awaits: NodeID? = nil, answers: [Refusal]) {
        self.replica = replica
        self.node = node
        self.awaits = awaits ?? node
        self.answers = answers
    }

    /// Every room's answer; that of the one it waits for is `coming`.
    package var refusals: [Refusal] {
        answers.map { $0.candidate == awaits.rawValue ? Refusal(candidate: $0.candidate, code: .coming) : $0 }
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
    /// The rooms with what the plan leaves of them, sorted by node.
    package var rooms: [Room] = []

    package init() {}
}
