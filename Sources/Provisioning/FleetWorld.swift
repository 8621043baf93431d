import Model
import Placement

/// A kind of node in a zone at a price.
package struct Offer: Hashable, Sendable {
    /// Index of the type.
    package var type: Int
    /// Index of the zone; nil: in none.
    package var zone: Int?
    /// `spot`, `on-demand` or whatever the provider calls it.
    package var capacityType: String
    /// Millionths of a dollar per hour.
    package var price: Int64
    /// So many can be had.
    package var room: Int

    package init(type: Int, zone: Int?, capacityType: String, price: Int64, room: Int) {
        self.type = type
        self.zone = zone
        self.capacityType = capacityType
        self.price = price
        self.room = room
    }
}

extension Offer {
    /// The provider may take it away.
    package var isSpot: Bool { capacityType == SpotSettings.word }
}

/// A type of node, as the fleet planner sees it.
package struct FleetType: Sendable {
    package var name: String
    /// Without GPU.
    package var capacity: Amounts
    package var gpus: Int
    /// Index among the label sets.
    package var labels: Int
    /// Nodes of the type that are there.
    package var live: Int
    package var minWorkers: Int
    package var maxWorkers: Int
    /// So many are to be bought on demand before any that is spot; below zero: there are more than the base.
    package var onDemandLacking = 0
    /// Beyond the base nothing is bought on demand.
    package var isSpotOnly = false

    package init(
        name: String, capacity: Amounts, gpus: Int, labels: Int, live: Int, minWorkers: Int, maxWorkers: Int
    ) {
        self.name = name
        self.capacity = capacity
        self.gpus = gpus
        self.labels = labels
        self.live = live
        self.minWorkers = minWorkers
        self.maxWorkers = maxWorkers
    }
}

/// Replicas that get a place together, or none of them.
package struct Party: Sendable {
    /// How the members of a party stand to each other. Source: Ray's placement group strategies, with their meaning.
    package enum Strategy: String, CaseIterable, Sendable {
        /// On few nodes, if that can be.
        case pack = "PACK"
        /// On different nodes, if that can be.
        case spread = "SPREAD"
        /// On one node.
        case strictPack = "STRICT_PACK"
        /// No two on one node.
        case strictSpread = "STRICT_SPREAD"
    }

    /// So many of one class.
    package struct Member: Sendable {
        package var demand: Int
        package var count: Int

        package init(demand: Int, count: Int) {
            self.demand = demand
            self.count = count
        }
    }

    package var members: [Member]
    package var strategy: Strategy?
    package var priority: Int

    package init(members: [Member], strategy: Strategy? = nil, priority: Int = 0) {
        self.members = members
        self.strategy = strategy
        self.priority = priority
    }

    package var count: Int { members.reduce(0) { $0 + $1.count } }
}

/// All that a plan of places and purchases is made from.
package struct FleetWorld: Sendable {
    package var classes: [DemandClass]
    /// For each class how many replicas stand alone, that is in no party.
    package var singles: [Int]
    package var parties: [Party]
    package var nodes: [PackedNode]
    /// Who stands on the nodes already, for the rules that look at them.
    package var standing: [Seat] = []
    package var types: [FleetType]
    package var offers: [Offer]
    package var labels: [[String: String]]
    package var zones: [String]
    /// Nodes in all, those that are there among them.
    package var maxWorkers: Int
    /// Millionths of a dollar per hour that may still be spent; nil: no limit.
    package var budget: Int64?
    package var policy: PlacementPolicy
    /// The column of CPU.
    package var cpu: Int
    package var seed: UInt64

    package init(
        classes: [DemandClass], singles: [Int], parties: [Party] = [], nodes: [PackedNode],
        standing: [Seat] = [], types: [FleetType],
        offers: [Offer], labels: [[String: String]], zones: [String], maxWorkers: Int = .max,
        budget: Int64? = nil, policy: PlacementPolicy = .tandem, cpu: Int = 0, seed: UInt64 = 1
    ) {
        self.classes = classes
        self.singles = singles
        self.parties = parties
        self.nodes = nodes
        self.standing = standing
        self.types = types
        self.offers = offers
        self.labels = labels
        self.zones = zones
        self.maxWorkers = maxWorkers
        self.budget = budget
        self.policy = policy
        self.cpu = cpu
        self.seed = seed
    }
}

/// A node to buy.
package struct FleetLaunch: Hashable, Sendable {
    /// Its index among the nodes of the packing.
    package var node: Int
    /// Index of the offer.
    package var offer: Int
}

/// Who stands where, what is bought for it, and who finds no place.
package struct FleetPlan: Sendable {
    package var packing: Packing
    package var launches: [FleetLaunch] = []
    /// For each class how many single replicas have no place.
    package var left: [Int] = []
    /// For each party whether it has its place.
    package var seated: [Bool] = []
    /// For each party the seats of its members, as a range of the packing's seats.
    package var partySeats: [Range<Int>] = []
    /// For each party of whom no place was found: so many of its members.
    package var partyMissing: [Int] = []
    /// Millionths of a dollar per hour: of the launches, and what no plan for the same replicas can go below.
    package var cost: Int64 = 0
    package var bound: Int64 = 0
}
