import Model
import Placement
import Provisioning

/// What became of a world's requests.
package struct WorldPlan: Sendable {
    /// Replicas of one request on one node that hold the same of its devices.
    package struct Assignment: Sendable {
        package var request: Int
        /// The bundle of the request that it is; nil: it has none.
        package var bundle: Int?
        /// Index among the nodes that are there, and after them the launches.
        package var node: Int
        package var count: Int
        package var slots: [DeviceSlot]

        fileprivate func continues(_ last: Assignment) -> Bool {
            last.request == request && last.bundle == bundle && last.node == node && last.slots == slots
        }
    }

    /// A node to buy.
    package struct Launch: Sendable {
        package var id: String
        package var type: String
        package var zone: String?
        package var capacityType: String
    }

    /// So many nodes' answers are told of what found no place: those of the first nodes.
    package static let refusalsMax = 64

    /// Replicas of one request that found no place, and why.
    package struct Unplaced: Sendable {
        package var request: Int
        package var count: Int
        package var refusals: [Refusal]
    }

    package var assignments: [Assignment] = []
    package var launches: [Launch] = []
    package var unplaced: [Unplaced] = []
    /// Billionths of a dollar per hour: of the launches, and what no plan for the same replicas can go below.
    package var cost: Int64 = 0
    package var bound: Int64 = 0
    /// Millionths of all GPUs of the nodes that are allocated in the end; nil: they have none.
    package var gpuAllocated: Int64?

    mutating func note(_ one: Assignment) {
        guard let last = assignments.last, one.continues(last) else { return assignments.append(one) }
        assignments[assignments.count - 1].count += one.count
    }
}

extension PreparedWorld {
    /// One pass of the planner. The same world gives the same plan.
    package func plan() -> WorldPlan {
        if world.isOnline, !world.requests.contains(where: \.hasRules) { return world.planOneByOne() }
        return told(world.isOnline ? planInOrder(fleet, order) : planFleet(fleet))
    }

    /// Online: what comes when, each gang with its first request.
    private var order: [FleetArrival] {
        var classOf: [Int: Int] = [:]
        for (demand, requests) in requestsOf.enumerated() {
            for request in requests { classOf[request] = demand }
        }
        var partiesOf: [Int: [Int]] = [:]
        for (party, parts) in partyRequests.enumerated() {
            if let first = parts.first { partiesOf[first.request, default: []].append(party) }
        }
        return world.requests.indices.flatMap { request -> [FleetArrival] in
            if let demand = classOf[request] {
                return [.singles(demand, count: world.requests[request].count)]
            }
            return (partiesOf[request] ?? []).map { .party($0) }
        }
    }

    // MARK: - In the words of the world

    private func told(_ fleet: FleetPlan) -> WorldPlan {
        var plan = WorldPlan()
        var nodeOf =
            Array(0..<world.nodes.count)
            + Array(repeating: -1, count: fleet.packing.nodes.count - world.nodes.count)
        var taken = Set(world.nodes.map(\.id))
        for launch in fleet.launches {
            let offer = self.fleet.offers[launch.offer]
            nodeOf[launch.node] = world.nodes.count + plan.launches.count
            var id = "new-\(plan.launches.count + 1)"
            while !taken.insert(id).inserted { id += "x" }
            plan.launches.append(
                WorldPlan.Launch(
                    id: id, type: self.fleet.types[offer.type].name,
                    zone: offer.zone.map { self.fleet.zones[$0] }, capacityType: offer.capacityType))
        }
        plan.cost = fleet.cost
        plan.bound = fleet.bound
        tell(fleet, nodeOf, &plan)
        tellUnplaced(fleet, &plan)
        var total: Int64 = 0
        var left: Int64 = 0
        for (index, node) in fleet.packing.nodes.enumerated() where nodeOf[index] >= 0 {
            total += Int64(node.devices.free.count) * Devices.whole
            left += node.devices.left
        }
        if total > 0 { plan.gpuAllocated = (total - left) * 1_000_000 / total }
        return plan
    }

    /// The seats, request by request: those under a spread first, since what it counts at its turn are those told before.
    private func tell(_ fleet: FleetPlan, _ nodeOf: [Int], _ plan: inout WorldPlan) {
        let seats = fleet.packing.seats
        var partOf: [Int: PartyPart] = [:]
        for (party, range) in fleet.partySeats.enumerated() where fleet.seated[party] {
            var seat = range.lowerBound
            for (member, part) in zip(self.fleet.parties[party].members, partyRequests[party]) {
                for _ in 0..<member.count {
                    partOf[seat] = part
                    seat += 1
                }
            }
        }
        // For each class which of its requests is served, and how many of it are.
        var serving = requestsOf.map { _ in (place: 0, done: 0) }
        for rank in Packing.ranks {
            for (index, seat) in seats.enumerated()
            where seat.count > 0 && fleet.packing.rank(seat) == rank {
                if let part = partOf[index] {
                    plan.note(
                        WorldPlan.Assignment(
                            request: part.request, bundle: part.bundle, node: nodeOf[seat.node],
                            count: seat.count, slots: seat.slots))
                    continue
                }
                var count = seat.count
                while count > 0 {
                    let request = requestsOf[seat.demand][serving[seat.demand].place]
                    let lacking = world.requests[request].count - serving[seat.demand].done
                    let part = min(lacking, count)
                    if part > 0 {
                        plan.note(
                            WorldPlan.Assignment(
                                request: request, node: nodeOf[seat.node], count: part, slots: seat.slots))
                    }
                    count -= part
                    serving[seat.demand].done += part
                    if part == lacking { serving[seat.demand] = (serving[seat.demand].place + 1, 0) }
                }
            }
        }
    }

    private func tellUnplaced(_ fleet: FleetPlan, _ plan: inout WorldPlan) {
        var missing = [Int](repeating: 0, count: world.requests.count)
        var demandOf = [Int](repeating: -1, count: world.requests.count)
        for (demand, requests) in requestsOf.enumerated() {
            // The last requests of a class are those without a place.
            var left = fleet.left[demand]
            for request in requests.reversed() {
                demandOf[request] = demand
                let part = min(left, world.requests[request].count)
                missing[request] = part
                left -= part
            }
        }
        for (party, parts) in partyRequests.enumerated() where !fleet.seated[party] {
            for (member, part) in zip(self.fleet.parties[party].members, parts) {
                if part.bundle == nil { missing[part.request] += member.count }
                if part.bundle == 0 { missing[part.request] += 1 }
                demandOf[part.request] = member.demand
            }
        }
        for request in world.requests.indices where missing[request] > 0 {
            plan.unplaced.append(
                WorldPlan.Unplaced(
                    request: request, count: missing[request],
                    refusals: refusals(demandOf[request], fleet)))
        }
    }

    /// What each node that is there, and each type, has against one more.
    private func refusals(_ demand: Int, _ fleet: FleetPlan) -> [Refusal] {
        let one = self.fleet.classes[demand]
        var list: [Refusal] = []
        for index in world.nodes.indices.prefix(WorldPlan.refusalsMax) {
            let node = fleet.packing.nodes[index]
            if fleet.packing.selector(demand, passing: node.labels) == nil {
                list.append(
                    Refusal(
                        candidate: world.nodes[index].id, code: .labelSelector,
                        gap: Int64(fleet.packing.failures(demand, node.labels))))
                continue
            }
            list.append(
                refusal(world.nodes[index].id, one, total: node.total, gpus: node.devices.free.count)
                    ?? fleet.packing.objection(demand, on: index).map {
                        Refusal(candidate: world.nodes[index].id, code: $0.code, gap: Int64($0.gap))
                    } ?? short(world.nodes[index].id, one, node)
                    ?? Refusal(candidate: world.nodes[index].id, code: .gang))
        }
        for type in fleet.obstacles(demand, self.fleet) {
            let kind = self.fleet.types[type.type]
            let large = refusal(kind.name, one, total: kind.capacity, gpus: kind.gpus)
            let own = Refusal(candidate: kind.name, code: type.code, gap: type.gap)
            list.append(type.code == .labelSelector ? own : large ?? own)
        }
        return list
    }

    /// Too large for the node even if it were empty; nil: it is not.
    private func refusal(_ name: String, _ one: DemandClass, total: Amounts, gpus: Int) -> Refusal? {
        var short = columns.resources(total.shortfall(of: one.amounts))
        if !Devices(count: gpus).fits(one.gpu) {
            short[Resources.gpu] = max(1, one.gpu.milli - Int64(gpus) * Devices.whole)
        }
        return short.entries.isEmpty ? nil : Refusal(candidate: name, code: .tooLarge, short: short)
    }

    private func short(_ name: String, _ one: DemandClass, _ node: PackedNode) -> Refusal? {
        var short = columns.resources(node.free.shortfall(of: one.amounts))
        if !node.devices.fits(one.gpu) { short[Resources.gpu] = node.devices.shortfall(of: one.gpu) }
        return short.entries.isEmpty ? nil : Refusal(candidate: name, code: .short, short: short)
    }
}
