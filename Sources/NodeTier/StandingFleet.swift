import Model
import Placement
import Provisioning
import Store

/// The nodes with what stands on them, and the market, as the planner of fleets sees them.
struct StandingFleet {
    var world: FleetWorld
    /// In the order of the world's nodes.
    var rows: [NodeRow]
    /// By node and class; of a node that is being emptied those that have yet to be started elsewhere.
    var replicas: [[Party.Member]]
    var gangs: StandingGangs
    /// By index of the world's offers.
    var offerings: [Offering]
    let columns: Columns
}

extension NodeStep {
    /// - Parameters:
    ///   - soft: room that is to be kept free.
    ///   - countsComing: what is free on nodes on their way is room as well, and what waits for a place is there to be
    ///     placed.
    ///   - emptied: the nodes as if nothing ran there.
    func standingFleet(
        keeping soft: [SoftDemand], countsComing: Bool, emptied: Bool = false
    ) -> StandingFleet {
        let rows = nodes(in: [.requested, .booting, .ready, .draining]).filter { !$0.provider.isEmpty }
        let waiting =
            countsComing && !emptied
            ? self.waiting() : []
        let types = settings.nodeTypes
        let columns = Columns(
            types.map(\.resources) + Array(Set(rows.map(\.resources))) + soft.map(\.resources)
                + Array(Set(state.placements.values.map(\.resources))))
        var book = ClassBook(
            columns, withRules: state.replicas.values.contains { $0.settings.placing != nil })
        var (labels, zones) = (LabelBook(), ZoneBook(rows, offerings))
        var packed: [PackedNode] = []
        var replicas: [[Party.Member]] = []
        var gangs = StandingGangs()
        let homeless = stillToMove(from: rows)
        for row in rows {
            let room = roomState(row)
            let takes = row.phase != .draining && (room == .open || countsComing && room == .coming)
            let type = typeByName[row.type]
            packed.append(
                node(
                    row, takes: takes, emptied: emptied, columns, zone: zones.place(zone(of: row) ?? ""),
                    labels: labels.index(self.labels(of: row, type))))
            let standing = liveReplicas(on: row.id).filter { row.phase != .draining || homeless.contains($0) }
            replicas.append(book.members(standing.compactMap { self.member($0) }))
            gangs.add(standing.compactMap { gangMember($0, &book) })
        }
        let states = Dictionary(
            typeStates().map { ($0.type.name, $0) }, uniquingKeysWith: { first, _ in first })
        let fleetTypes = types.map { fleetType($0, columns, states[$0.name], &labels) }
        let open = openOfferings()
        var singles: [Int: Int] = [:]
        for one in waiting {
            guard let asked = member(one) else { continue }
            singles[book.index(of: asked), default: 0] += 1
        }
        for one in soft { singles[book.index(of: one), default: 0] += one.count }
        let live = states.values.reduce(0) { $0 + $1.live }
        let world = FleetWorld(
            classes: book.classes, singles: book.classes.indices.map { singles[$0] ?? 0 }, nodes: packed,
            types: fleetTypes,
            offers: open.compactMap { offering in
                guard let type = types.firstIndex(where: { $0.name == offering.nodeType }) else { return nil }
                return Offer(
                    type: type, zone: zones.place(offering.zone), capacityType: offering.capacityType,
                    price: max(0, offering.microdollarsPerHour), room: max(0, offering.available ?? .max))
            },
            labels: labels.sets, zones: zones.names,
            maxWorkers: max(0, settings.maxWorkers - (live - rows.count)),
            budget: settings.priceMax.map { max(0, $0 - spending()) }, cpu: columns.cpu)
        return StandingFleet(
            world: world, rows: rows, replicas: replicas, gangs: gangs, offerings: open, columns: columns)
    }

    /// Nil: it is in no gang.
    private func gangMember(_ id: ReplicaID, _ book: inout ClassBook) -> StandingGangs.Member? {
        guard let row = state.replicas[id], let gang = row.gang, let member = member(id) else { return nil }
        return StandingGangs.Member(
            gang: .init(deployment: row.deployment, serial: gang), settings: row.settings.placing?.gang,
            demand: book.index(of: member))
    }

    private func fleetType(
        _ type: NodeType, _ columns: Columns, _ state: TypeState?, _ labels: inout LabelBook
    ) -> FleetType {
        var fleet = FleetType(
            name: type.name, capacity: columns.amountsWithoutGPU(type.resources),
            gpus: Int(type.resources[Resources.gpu] / Devices.whole),
            labels: labels.index(nodeLabels(type, zone: "", capacityType: "")), live: state?.live ?? 0,
            minWorkers: type.minWorkers, maxWorkers: type.maxWorkers)
        fleet.settle(settings.spot, onDemand: state?.onDemand ?? 0, offerings: offerings)
        return fleet
    }

    /// Of configured types, and not known to be had by nobody; in a fixed order.
    private func openOfferings() -> [Offering] {
        let names = Set(settings.nodeTypes.map(\.name))
        return askable().filter { names.contains($0.nodeType) && $0.available != 0 }.sorted {
            let (a, b) = (key(of: $0), key(of: $1))
            return a != b ? a < b : $0.microdollarsPerHour < $1.microdollarsPerHour
        }
    }

    private func node(
        _ row: NodeRow, takes: Bool, emptied: Bool, _ columns: Columns, zone: Int?, labels: Int
    ) -> PackedNode {
        let total = columns.amountsWithoutGPU(row.resources)
        var free = total
        var devices = Devices(count: Int(row.resources[Resources.gpu] / Devices.whole))
        let replicas = liveReplicas(on: row.id)
        for id in emptied ? [] : replicas {
            guard let placement = state.placements[id] else { continue }
            free.take(columns.amountsWithoutGPU(placement.resources))
            let ask = DeviceAsk(atLeast: placement.resources[Resources.gpu])
            if ask != .none { devices.hold(ask, on: placement.gpus) }
        }
        var packed = PackedNode(
            total: total, free: free, devices: devices, zone: zone, labels: labels, isUsed: !replicas.isEmpty)
        if !takes { packed.close() }
        return packed
    }

    private func member(_ id: ReplicaID) -> ClassBook.Member? {
        guard let placement = state.placements[id] else { return nil }
        return ClassBook.Member(
            deployment: id.deployment, resources: placement.resources,
            placing: state.replicas[id]?.settings.placing)
    }
}

/// Classes of replicas by what makes them alike.
private struct ClassBook {
    struct Member: Hashable {
        var deployment: DeploymentID
        var resources: Resources
        var placing: PlacingSettings?
    }

    let columns: Columns
    /// Any replica of the cluster stands under rules: then it matters whose each is.
    let withRules: Bool
    private(set) var classes: [DemandClass] = []
    private var places: [DemandClass: Int] = [:]
    private var known: [Member: Int] = [:]

    init(_ columns: Columns, withRules: Bool) {
        self.columns = columns
        self.withRules = withRules
    }

    mutating func index(of member: Member) -> Int {
        if let place = known[member] { return place }
        let one =
            withRules
            ? DemandClass(
                member.resources, member.placing, deployment: member.deployment, priority: 0, columns)
            : DemandClass(
                amounts: columns.amountsWithoutGPU(member.resources),
                gpu: DeviceAsk(atLeast: member.resources[Resources.gpu]))
        let place = index(of: one)
        known[member] = place
        return place
    }

    mutating func index(of soft: SoftDemand) -> Int {
        index(
            of: DemandClass(
                amounts: columns.amountsWithoutGPU(soft.resources),
                gpu: DeviceAsk(atLeast: soft.resources[Resources.gpu]), priority: SoftDemand.priority))
    }

    private mutating func index(of one: DemandClass) -> Int {
        if let place = places[one] { return place }
        places[one] = classes.count
        classes.append(one)
        return classes.count - 1
    }

    mutating func members(_ all: [Member]) -> [Party.Member] {
        var counts: [Int: Int] = [:]
        for one in all { counts[index(of: one), default: 0] += 1 }
        return counts.keys.sorted().map { Party.Member(demand: $0, count: counts[$0] ?? 0) }
    }
}

private struct LabelBook {
    private(set) var sets: [[String: String]] = []
    private var places: [[String: String]: Int] = [:]

    mutating func index(_ set: [String: String]) -> Int {
        if let place = places[set] { return place }
        places[set] = sets.count
        sets.append(set)
        return sets.count - 1
    }
}

private struct ZoneBook {
    let names: [String]
    private let places: [String: Int]

    init(_ rows: [NodeRow], _ offerings: [Offering]) {
        names = Set(rows.map(\.zone) + offerings.map(\.zone)).subtracting([""]).sorted()
        places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    func place(_ zone: String) -> Int? { places[zone] }
}
