import Model
import Placement

/// One node that a plan buys.
struct Purchase {
    /// Index of its type's ware.
    var ware: Int
    /// Ways to buy it that will do, cheapest first; never empty.
    var offerings: [Offering]
    /// So many of each shape.
    var load: [Seat]
    /// Of gangs: who.
    var members: [ReplicaID] = []
    /// Bought to fill up the type's minimum.
    var toppedUp = false
}

/// What can be bought in this pass and for whom, in the words of the fleet planner.
///
/// A type is one kind of node, unless somebody asks for labels that depend on how it is bought: then each way is one.
struct Shop {
    let world: FleetWorld
    let ground: Ground
    private let wares: [Ware]
    /// For each type of the world its ware, and for each offer its offering.
    private let wareOf: [Int]
    private let offeringOf: [Offering]
    /// For each party of the world its shape.
    private let shapeOf: [Int]
    private let spot: SpotSettings
    private let onDemandLive: [String: Int]
    private let catalogue: [Offering]

    init(_ input: ProvisioningInput, _ wares: [Ware]) {
        self.wares = wares
        spot = input.settings.spot
        onDemandLive = Dictionary(uniqueKeysWithValues: input.types.map { ($0.type.name, $0.onDemand) })
        catalogue = input.offerings
        let demands = input.unplaced.map(\.demand).filter(\.buys)
        let byPlace = demands.contains { demand in
            demand.placing?.selectors.contains { $0.asks(of: NodeLabels.ofOffering) } ?? false
        }
        var kinds: [(ware: Int, kind: Ground.Kind, offerings: [Offering], isFirst: Bool)] = []
        for (index, ware) in wares.enumerated() {
            let groups = byPlace ? ware.offerings.map { [$0] } : [ware.offerings]
            for (place, group) in groups.enumerated() {
                let kind = Ground.Kind(
                    total: ware.state.type.resources, labels: ware.labels(byPlace ? group.first : nil),
                    zones: Set(group.map(\.zone)).subtracting([""]).sorted())
                kinds.append((index, kind, group, place == 0))
            }
        }
        var ground = Ground(demands, in: input.rooms, kinds: kinds.map(\.kind))
        var (types, offers, offerings) = ([FleetType](), [Offer](), [Offering]())
        for (index, one) in kinds.enumerated() {
            let ware = wares[one.ware]
            var type = FleetType(
                name: ware.name, capacity: ground.columns.amountsWithoutGPU(one.kind.total),
                gpus: Int(one.kind.total[Resources.gpu] / Devices.whole),
                labels: ground.index(ofLabels: one.kind.labels), live: ware.state.live,
                minWorkers: ware.state.live + (one.isFirst ? ware.lacking : 0),
                maxWorkers: ware.state.type.maxWorkers)
            type.settle(input.settings.spot, onDemand: ware.state.onDemand, offerings: input.offerings)
            types.append(type)
            for offering in one.offerings {
                offers.append(
                    Offer(
                        type: index, zone: ground.zone(offering.zone), capacityType: offering.capacityType,
                        price: offering.price, room: offering.available.map { max(0, $0) } ?? .max))
                offerings.append(offering)
            }
        }
        let live = input.types.reduce(0) { $0 + $1.live }
        shapeOf = ground.shapes.indices.flatMap { shape in
            let one = ground.shapes[shape]
            return Array(repeating: shape, count: one.gang.map { one.replicas.count / $0.size } ?? 0)
        }
        world = FleetWorld(
            classes: ground.classes,
            singles: ground.shapes.map { $0.gang == nil ? $0.replicas.count : 0 }
                + Array(repeating: 0, count: ground.classes.count - ground.shapes.count),
            parties: shapeOf.map { ground.shapes[$0].party(of: $0) }, nodes: ground.nodes,
            standing: ground.standing, types: types, offers: offers,
            labels: ground.labels, zones: ground.zones,
            maxWorkers: max(0, input.settings.maxWorkers - live) + ground.nodes.count,
            budget: input.settings.priceMax.map { max(0, $0 - input.spending) }, cpu: ground.columns.cpu)
        self.ground = ground
        wareOf = kinds.map(\.ware)
        offeringOf = offerings
    }

    /// The nodes to buy, in the planner's order, and who goes to a room that is there.
    func purchases(_ fleet: FleetPlan) -> (nodes: [Purchase], rooms: [Seat]) {
        var loads: [Int: [Int: Int]] = [:]
        var rooms: [Seat] = []
        var members: [Int: [ReplicaID]] = [:]
        for one in gangs(fleet).flatMap(\.self) { members[one.node, default: []].append(one.replica) }
        for seat in fleet.packing.seats where seat.count > 0 {
            if seat.node < ground.rooms.count {
                if ground.shapes[seat.demand].gang == nil { rooms.append(seat) }
            } else {
                loads[seat.node, default: [:]][seat.demand, default: 0] += seat.count
            }
        }
        var (lacking, open) = (wares.map(\.lacking), wares.map(\.room))
        var onDemand = wares.map { max(0, spot.onDemandBase - (onDemandLive[$0.name] ?? 0)) }
        var nodes: [Purchase] = []
        for launch in fleet.launches.sorted(by: { $0.node < $1.node }) {
            let offer = world.offers[launch.offer]
            let ware = wareOf[offer.type]
            // Ways to buy one type that count as several kinds share its limit.
            guard open[ware] > 0 else { continue }
            open[ware] -= 1
            let load = (loads[launch.node] ?? [:]).map {
                Seat(demand: $0.key, node: launch.node, count: $0.value)
            }
            .sorted { $0.demand < $1.demand }
            var purchase = Purchase(
                ware: ware, offerings: ways(launch.offer, load, onDemandOnly: onDemand[ware] > 0), load: load)
            purchase.members = members[launch.node] ?? []
            if purchase.offerings.first?.capacityType != SpotSettings.word { onDemand[ware] -= 1 }
            if lacking[ware] > 0 {
                lacking[ware] -= 1
                purchase.toppedUp = true
            }
            nodes.append(purchase)
        }
        return (nodes, rooms)
    }

    /// Where one replica of a gang is to stand.
    struct Member {
        var replica: ReplicaID
        /// Index of the node in the plan: of a room, or beyond them.
        var node: Int
        var slots: [DeviceSlot]
    }

    /// The gangs for which there is a place, each with its members. Those of a shape ask for the same: the oldest get it.
    func gangs(_ fleet: FleetPlan) -> [[Member]] {
        var next: [Int: Int] = [:]
        return world.parties.indices.filter { fleet.seated[$0] }.map { party in
            let shape = ground.shapes[shapeOf[party]]
            let seats = fleet.packing.seats[fleet.partySeats[party]].flatMap { seat in
                repeatElement((node: seat.node, slots: seat.slots), count: seat.count)
            }
            let first = next[shapeOf[party]] ?? 0
            next[shapeOf[party]] = first + seats.count
            return zip(shape.replicas.dropFirst(first), seats).map {
                Member(replica: $0, node: $1.node, slots: $1.slots)
            }
        }
    }

    /// The type of the node that the plan buys.
    func typeName(_ fleet: FleetPlan, node: Int) -> String? {
        fleet.launches.first { $0.node == node }.map { wares[wareOf[world.offers[$0.offer].type]].name }
    }

    /// Of the gangs of a shape without a place: how many members of one find none, even on all that can be bought.
    func missing(_ shape: Int, _ fleet: FleetPlan) -> Int {
        world.parties.indices.filter { shapeOf[$0] == shape && !fleet.seated[$0] }
            .map { fleet.partyMissing[$0] }.max() ?? 0
    }

    /// What will do in place of the offer that the plan chose: the same type, within the limit of prices; in the same zone
    /// where a rule looks at zones.
    private func ways(_ offer: Int, _ load: [Seat], onDemandOnly: Bool) -> [Offering] {
        let chosen = offeringOf[offer]
        let isBound = load.contains { world.classes[$0.demand].looksAtPlaces }
        let own = world.offers.indices.filter { place in
            world.offers[place].type == world.offers[offer].type
                && (!isBound || offeringOf[place].zone == chosen.zone)
                && (world.budget.map { world.offers[place].price <= $0 } ?? true)
        }.map { offeringOf[$0] }
        let ways = spot.ways(
            own, of: chosen.nodeType, lacking: onDemandOnly ? 1 : 0, catalogue: catalogue)
        return ways.isEmpty ? [chosen] : ways
    }

    /// What the planner says of each type for one more of the shape; a type in several kinds by the one that comes closest.
    func obstacles(_ shape: Int, _ fleet: FleetPlan) -> [String: FleetPlan.Obstacle] {
        var closest: [String: FleetPlan.Obstacle] = [:]
        for obstacle in fleet.obstacles(shape, world) {
            let name = wares[wareOf[obstacle.type]].name
            if let known = closest[name] {
                guard known.code == .labelSelector else { continue }
                if obstacle.code == .labelSelector, obstacle.gap >= known.gap { continue }
            }
            closest[name] = obstacle
        }
        return closest
    }
}

extension Shape {
    /// One of its gangs; only asked of a shape that has some.
    fileprivate func party(of index: Int) -> Party {
        Party(
            members: [Party.Member(demand: index, count: gang?.size ?? 1)],
            strategy: gang?.strategy == .spread ? .spread : .pack, priority: demand.priority)
    }
}

extension DemandClass {
    fileprivate var looksAtPlaces: Bool {
        rules.contains { $0.topology == .zone } || selectors.contains { $0.asks(of: NodeLabels.ofOffering) }
    }
}

extension LabelSelector {
    fileprivate func asks(of keys: Set<String>) -> Bool { rules.contains { keys.contains($0.key) } }
}
