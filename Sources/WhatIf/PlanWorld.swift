import Model
import Placement
import Provisioning

/// A world as the planner takes it, and what its parts are called there. Made while reading: requests that ask for the same
/// under the same rules are one class from here on.
package struct PreparedWorld: Sendable {
    package let world: World
    let fleet: FleetWorld
    /// For each class the requests whose replicas stand alone.
    let requestsOf: [[Int]]
    /// For each party its request; nil: it is a gang.
    let partyRequests: [[PartyPart]]
    let columns: Columns

    /// A member of a party: the request, and the bundle of it; nil: it is a replica of a gang.
    struct PartyPart: Sendable {
        var request: Int
        var bundle: Int?
    }

    package init(_ world: World) {
        self.world = world
        var whole = world.types.map(\.resources) + world.nodes.map(\.resources)
        whole += world.requests.flatMap { [$0.ask.resources] + $0.bundles.map(\.resources) }
        let columns = Columns(whole)
        self.columns = columns
        var labels = Interning<[String: String]>()
        let zones = Set(
            world.nodes.compactMap(\.zone) + world.types.flatMap { $0.offerings.compactMap(\.zone) }
        ).sorted()
        let places = Dictionary(uniqueKeysWithValues: zones.enumerated().map { ($1, $0) })
        var live: [String: Int] = [:]
        for node in world.nodes { live[node.type, default: 0] += 1 }
        let types = world.types.map { type in
            FleetType(
                name: type.name, capacity: columns.amounts(type.resources.withoutGPU), gpus: type.gpus,
                labels: labels.index(of: type.labels), live: live[type.name] ?? 0,
                minWorkers: type.minWorkers, maxWorkers: type.maxWorkers ?? .max)
        }
        let offers = world.types.enumerated().flatMap { index, type in
            type.offerings.map { offering in
                Offer(
                    type: index, zone: offering.zone.flatMap { places[$0] },
                    capacityType: offering.capacityType, price: offering.price,
                    room: offering.available ?? .max)
            }
        }
        let nodes = world.nodes.map { node in
            let total = columns.amounts(node.resources.withoutGPU)
            var free = total
            free.take(columns.amounts(node.used))
            return PackedNode(
                total: total, free: free, devices: Devices(free: node.usedGPUs.map { Devices.whole - $0 }),
                zone: node.zone.flatMap { places[$0] }, labels: labels.index(of: node.labels),
                isUsed: !node.used.entries.isEmpty || node.usedGPUs.contains { $0 > 0 })
        }
        var sorting = Sorting(columns)
        for (index, request) in world.requests.enumerated() { sorting.add(request, index) }
        requestsOf = sorting.requestsOf
        partyRequests = sorting.parts
        fleet = FleetWorld(
            classes: sorting.classes, singles: sorting.singles, parties: sorting.parties,
            nodes: nodes, types: types, offers: offers, labels: labels.values, zones: zones,
            maxWorkers: world.maxWorkers ?? .max,
            budget: world.budget.map { budget in
                max(0, world.nodes.reduce(budget) { $0 - world.price(of: $1) })
            },
            policy: world.policy, cpu: columns.cpu, seed: world.seed)
    }
}

extension World {
    /// The cheapest offering of the node's type where it stands; 0: there is none.
    fileprivate func price(of node: WorldNode) -> Int64 {
        let offerings = types.first { $0.name == node.type }?.offerings ?? []
        return offerings.filter { $0.zone == node.zone || node.zone == nil }.map(\.price).min() ?? 0
    }
}

extension Resources {
    var withoutGPU: Resources {
        var rest = self
        rest[Resources.gpu] = 0
        return rest
    }
}

/// Equal values by one index each, in the order in which they came.
private struct Interning<Value: Hashable> {
    private(set) var values: [Value] = []
    private var known: [Value: Int] = [:]

    mutating func index(of value: Value) -> Int {
        if let index = known[value] { return index }
        known[value] = values.count
        values.append(value)
        return values.count - 1
    }
}

/// Requests become classes and parties.
private struct Sorting {
    private struct Key: Hashable {
        var demand: DemandClass
        /// Its number, where replicas of one request count by themselves.
        var request: Int?
    }

    var singles: [Int] = []
    var requestsOf: [[Int]] = []
    var parties: [Party] = []
    var parts: [[PreparedWorld.PartyPart]] = []
    private var gangs: [String: Int] = [:]
    private var amounts: [WorldAsk: Amounts] = [:]
    private let columns: Columns

    private(set) var classes: [DemandClass] = []
    private var known: [Key: Int] = [:]

    init(_ columns: Columns) { self.columns = columns }

    mutating func add(_ request: WorldRequest, _ index: Int) {
        if !request.bundles.isEmpty {
            let members = request.bundles.map { self.demand(request, $0, index) }
            for _ in 0..<request.count {
                parties.append(
                    Party(
                        members: members.map { Party.Member(demand: $0, count: 1) },
                        strategy: request.strategy ?? .pack, priority: request.priority))
                parts.append(members.indices.map { PreparedWorld.PartyPart(request: index, bundle: $0) })
            }
            return
        }
        let demand = self.demand(request, request.ask, index)
        guard let gang = request.gang else {
            singles[demand] += request.count
            requestsOf[demand].append(index)
            return
        }
        let place = gangs[gang] ?? parties.count
        if place == parties.count {
            gangs[gang] = place
            parties.append(Party(members: [], strategy: request.strategy, priority: request.priority))
            parts.append([])
        }
        parties[place].members.append(Party.Member(demand: demand, count: request.count))
        parts[place].append(PreparedWorld.PartyPart(request: index))
    }

    private mutating func demand(_ request: WorldRequest, _ ask: WorldAsk, _ index: Int) -> Int {
        let amounts = self.amounts[ask] ?? columns.amounts(ask.resources)
        self.amounts[ask] = amounts
        let key = Key(
            demand: DemandClass(
                amounts: amounts, gpu: ask.gpu, selectors: request.selectors, labels: request.labels,
                rules: request.rules, maxPerNode: request.maxPerNode, priority: request.priority),
            request: request.maxPerNode == nil ? nil : index)
        if let index = known[key] { return index }
        known[key] = classes.count
        classes.append(key.demand)
        singles.append(0)
        requestsOf.append([])
        return classes.count - 1
    }
}
