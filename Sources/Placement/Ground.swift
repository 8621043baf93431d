import Model

/// Rooms and demands as a packing sees them.
package struct Ground: Sendable {
    package let columns: Columns
    /// Sorted by node.
    package let rooms: [Room]
    package let shapes: [Shape]
    /// Of the shapes, in their order, and then of those that stand there already.
    package private(set) var classes: [DemandClass]
    /// Of the rooms, in their order. Nothing fits on one that is closed.
    package let nodes: [PackedNode]
    /// The different label sets of rooms and of what can be bought.
    package private(set) var labels: [[String: String]] = []
    /// Sorted.
    package let zones: [String]
    /// Who stands where, for the rules that look at them.
    package private(set) var standing: [Seat] = []
    /// Who is in which gang.
    let gangs: [ReplicaID: Int64]
    private var known: [[String: String]: Int] = [:]
    private let zoneOf: [String: Int]

    /// A kind of node that can be bought, as far as rules and labels look at it.
    package struct Kind: Hashable, Sendable {
        package var total: Resources
        package var labels: [String: String]
        package var zones: [String]

        package init(total: Resources, labels: [String: String], zones: [String]) {
            self.total = total
            self.labels = labels
            self.zones = zones
        }
    }

    package init(_ demands: [Demand], in rooms: [Room], kinds: [Kind]) {
        let columns = Columns(
            demands.map(\.resources) + rooms.flatMap { [$0.free, $0.total] } + kinds.map(\.total))
        let withRules =
            demands.contains { $0.placing.map { !$0.rules.isEmpty || $0.maxPerNode != nil } ?? false }
            || rooms.contains { !$0.residents.isEmpty }
        self.columns = columns
        gangs = Dictionary(
            demands.compactMap { demand in demand.gang.map { (demand.replica, $0) } },
            uniquingKeysWith: { first, _ in first })
        self.rooms = rooms.sorted { $0.node < $1.node }
        shapes = Placement.shapes(of: demands, columns: columns, withRules: withRules)
        classes = shapes.map(\.demand)
        zones = Set(rooms.compactMap(\.zone) + kinds.flatMap(\.zones)).sorted()
        let zoneOf = Dictionary(uniqueKeysWithValues: zones.enumerated().map { ($1, $0) })
        self.zoneOf = zoneOf
        var (labels, known) = ([[String: String]](), [[String: String]: Int]())
        let index = { (set: [String: String]) -> Int in
            if let place = known[set] { return place }
            known[set] = labels.count
            labels.append(set)
            return labels.count - 1
        }
        nodes = self.rooms.map { room in
            let total = columns.amountsWithoutGPU(room.total)
            let isClosed = room.state == .closed
            return PackedNode(
                total: total,
                free: isClosed
                    ? Amounts(values: total.values.map { _ in -1 }) : columns.amountsWithoutGPU(room.free),
                devices: isClosed ? Devices(free: room.devices.free.map { _ in 0 }) : room.devices,
                zone: room.zone.flatMap { zoneOf[$0] }, labels: index(room.labels), isUsed: room.replicas > 0)
        }
        self.labels = labels
        self.known = known
        seatResidents()
    }

    private mutating func seatResidents() {
        struct Key: Hashable {
            var deployment: DeploymentID
            var placing: PlacingSettings?
        }
        var known: [Key: Int] = [:]
        for (node, room) in rooms.enumerated() {
            for resident in room.residents {
                let key = Key(deployment: resident.deployment, placing: resident.placing)
                let place = known[key] ?? classes.count
                if place == classes.count {
                    known[key] = place
                    classes.append(
                        DemandClass(
                            Resources(), resident.placing, deployment: resident.deployment, priority: 0,
                            columns))
                }
                standing.append(Seat(demand: place, node: node, count: resident.count))
            }
        }
    }

    package mutating func index(ofLabels set: [String: String]) -> Int {
        if let place = known[set] { return place }
        known[set] = labels.count
        labels.append(set)
        return labels.count - 1
    }

    package func zone(_ name: String) -> Int? { zoneOf[name] }

    /// What a plan begins with.
    mutating func packing(_ kinds: [Kind]) -> Packing {
        let markets = kinds.map { kind in
            Packing.Market(
                labels: index(ofLabels: kind.labels), zones: kind.zones.compactMap { zoneOf[$0] }.sorted(),
                total: columns.amountsWithoutGPU(kind.total),
                gpus: Int(kind.total[Resources.gpu] / Devices.whole))
        }
        return Packing(
            classes: classes, nodes: nodes, labels: labels, zones: zones.count, markets: markets,
            standing: standing)
    }
}
