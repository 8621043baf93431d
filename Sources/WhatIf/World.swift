import Model
import Placement
import Provisioning

/// A described world: what there is, what can be bought, and what wants a place. Nothing in it is real.
package struct World: Sendable {
    package var types: [WorldType] = []
    package var nodes: [WorldNode] = []
    /// In the order in which they were written.
    package var requests: [WorldRequest] = []
    package var policy = PlacementPolicy.tandem
    /// Of what is drawn, with policy `random`.
    package var seed: UInt64 = 1
    /// One at a time in their order on the nodes there are, and nothing is bought.
    package var isOnline = false
    /// Nodes in all; nil: no limit.
    package var maxWorkers: Int?
    /// What all nodes may cost, in billionths of a dollar per hour; nil: no limit.
    package var budget: Int64?
    /// What the policy may know of demand to come.
    package var expects = Expectation.requests

    /// Where the shapes that are still to come are known from.
    package enum Expectation: String, CaseIterable, Sendable {
        /// The requests of the world, all of them.
        case requests
        /// Those that have come already.
        case past
    }
}

/// A kind of node.
package struct WorldType: Sendable {
    package var name: String
    package var resources: Resources
    package var labels: [String: String]
    package var offerings: [WorldOffering] = []
    /// At least and at most so many nodes of the type; nil: no limit.
    package var minWorkers = 0
    package var maxWorkers: Int?

    /// Devices of one node.
    package var gpus: Int { Int(resources[Resources.gpu] / Devices.whole) }
}

/// Where and for how much a type can be had.
package struct WorldOffering: Sendable {
    /// Nil: it is in no zone.
    package var zone: String?
    package var capacityType: String
    /// Billionths of a dollar per hour.
    package var price: Int64
    /// So many can be had; nil: any number.
    package var available: Int?
}

/// A node that is there.
package struct WorldNode: Sendable {
    package var id: String
    package var type: String
    package var zone: String?
    /// What it has in all.
    package var resources: Resources
    /// Of it, without GPU.
    package var used: Resources
    /// Thousandths used of each GPU device.
    package var usedGPUs: [Int64]
    /// Its type's and its own.
    package var labels: [String: String]

    /// Devices that it has.
    package var gpus: Int { Int(resources[Resources.gpu] / Devices.whole) }
}

/// What one replica, or one bundle of it, takes.
package struct WorldAsk: Hashable, Sendable {
    /// Without GPU.
    package var resources: Resources
    package var gpu: DeviceAsk
}

/// So many replicas that ask for the same.
package struct WorldRequest: Sendable {
    package var id: String
    package var count: Int
    package var ask: WorldAsk
    /// Which nodes will do, in order of preference; empty: any.
    package var selectors: [LabelSelector]
    package var labels: [String: String] = [:]
    package var rules: [TopologyRule] = []
    package var maxPerNode: Int?
    /// All requests with this name get their places together, or none of them.
    package var gang: String?
    /// The parts of each replica, which may stand on several nodes; empty: it is one part.
    package var bundles: [WorldAsk] = []
    package var strategy: Party.Strategy?
    package var priority = 0

    /// It needs more than a place for each replica alone.
    package var hasRules: Bool {
        !rules.isEmpty || maxPerNode != nil || gang != nil || !bundles.isEmpty || selectors.count > 1
    }
}
