import Model

/// Replicas that ask for the same, stand under the same rules and count alike in those of others.
package struct DemandClass: Hashable, Sendable {
    /// Without GPU.
    package var amounts: Amounts
    package var gpu: DeviceAsk
    /// Which nodes will do: the first of these that leaves a place. Empty: any node.
    package var selectors: [LabelSelector]
    /// What the rules of others see.
    package var labels: [String: String]
    package var rules: [TopologyRule]
    /// So many of the class on one node; nil: any number.
    package var maxPerNode: Int?
    /// What else counts against `maxPerNode`: all whose labels are these. Empty: the class alone.
    package var cappedWith: [String: String] = [:]
    /// Higher ones are placed first.
    package var priority: Int

    package init(
        amounts: Amounts, gpu: DeviceAsk = .none, selectors: [LabelSelector] = [],
        labels: [String: String] = [:], rules: [TopologyRule] = [], maxPerNode: Int? = nil, priority: Int = 0
    ) {
        self.amounts = amounts
        self.gpu = gpu
        self.selectors = selectors
        self.labels = labels
        self.rules = rules
        self.maxPerNode = maxPerNode
        self.priority = priority
    }
}

/// A node while a plan is made.
package struct PackedNode: Sendable {
    /// Without GPU, as is `free`; by column.
    package var total: Amounts
    package var free: Amounts
    package var devices: Devices
    /// Nil: it is in no zone, and no rule about zones lets a replica there, or keeps one away.
    package var zone: Int?
    /// Index among the label sets of the plan.
    package var labels: Int
    /// Replicas that the plan put there.
    package internal(set) var placed = 0
    /// It had replicas before.
    package var isUsed: Bool

    package init(
        total: Amounts, free: Amounts, devices: Devices, zone: Int?, labels: Int, isUsed: Bool
    ) {
        self.total = total
        self.free = free
        self.devices = devices
        self.zone = zone
        self.labels = labels
        self.isUsed = isUsed
    }

    /// Takes nothing any more.
    package mutating func close() {
        free = Amounts(values: free.values.map { _ in -1 })
        devices = Devices(free: devices.free.map { _ in 0 })
    }
}

/// Replicas of one class that went to one node, and what each holds there.
package struct Seat: Hashable, Sendable {
    /// Index of their class.
    package var demand: Int
    /// Index of their node.
    package var node: Int
    package var count: Int
    package var slots: [DeviceSlot]
    /// It is told after all that is told by its class: every spread of its class counts what was there.
    package internal(set) var isLast = false

    package init(demand: Int, node: Int, count: Int = 1, slots: [DeviceSlot] = []) {
        self.demand = demand
        self.node = node
        self.count = count
        self.slots = slots
    }
}
