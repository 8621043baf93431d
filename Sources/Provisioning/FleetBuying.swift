import Model
import Placement

extension FleetPlanning {
    /// Rounds of buying: after each, what found no seat on the nodes bought for it is looked at again.
    private static let roundsMax = 6

    /// A type at a price.
    private struct Ware: Hashable {
        var type: Int
        var price: Int64
    }

    /// What the classes need, as a problem of covering.
    private struct Need {
        var problem: CoverProblem
        /// For each item its classes, in the order in which they get seats.
        var classes: [[Int]]
        var wares: [Ware]
    }

    /// Buys the cheapest nodes for what is left of the classes, and seats it there.
    mutating func buy(_ order: [Int]) {
        for _ in 0..<Self.roundsMax {
            let open = order.filter { left[$0] > 0 && world.classes[$0].selectors.count < 2 }
            guard room > 0, !open.isEmpty else { return }
            let before = open.reduce(0) { $0 + left[$1] }
            let need = need(open, parties: [])
            let cover = cover(need.problem)
            deal(cover.patterns, need)
            exchange(need)
            if before > open.reduce(0, { $0 + left[$1] }) { fillNodes(open) }
            if before == open.reduce(0, { $0 + left[$1] }) { return }
        }
    }

    /// What kinds a plan for all of it would buy: parties get theirs one by one, but not as if each were alone.
    mutating func hint(_ classes: [Int], _ parties: [Int]) {
        hints = world.types.map { _ in 0 }
        let need = need(classes, parties: parties)
        for pattern in cover(need.problem).patterns {
            hints[need.wares[pattern.ware].type] += pattern.times
        }
    }

    // MARK: - What is needed

    private func need(_ classes: [Int], parties: [Int]) -> Need {
        need(classes, parties, wares(), spreads: bindingSpreads(classes))
    }

    /// Selectors of spreads over nodes that ask for about as many nodes as other rules do, or more: the others hold by
    /// themselves, and would only tear equal demands apart.
    private func bindingSpreads(_ classes: [Int]) -> Set<Int> {
        var counts: [Int: (count: Int, most: Int, isSpread: Bool)] = [:]
        for demand in classes where left[demand] > 0 {
            guard let limit = packing.nodeLimit(demand) else { continue }
            let before = counts[limit.selector]?.count ?? 0
            counts[limit.selector] = (before + left[demand], limit.most, limit.isSpread)
        }
        let nodes = { (one: (count: Int, most: Int, isSpread: Bool)) in (one.count + one.most - 1) / one.most
        }
        let others = counts.values.filter { !$0.isSpread }.map(nodes).max() ?? 0
        return Set(counts.filter { $0.value.isSpread && nodes($0.value) * 2 > others }.keys)
    }

    private func wares() -> [(ware: Ware, room: Int)] {
        var rooms: [Ware: Int] = [:]
        for offer in world.offers.indices where canBuy(offer) || foresees && hasRoom(offer) {
            let one = world.offers[offer]
            let ware = Ware(type: one.type, price: one.price)
            let sum = (rooms[ware] ?? 0).addingReportingOverflow(offerRoom[offer])
            rooms[ware] = min(typeRoom[one.type], sum.overflow ? .max : sum.partialValue)
        }
        return rooms.map { ($0.key, $0.value) }.sorted {
            $0.0.type != $1.0.type ? $0.0.type < $1.0.type : $0.0.price < $1.0.price
        }
    }

    private func need(
        _ classes: [Int], _ parties: [Int], _ wares: [(ware: Ware, room: Int)],
        spreads: Set<Int>
    ) -> Need {
        struct Key: Hashable {
            var amounts: Amounts
            var gpu: DeviceAsk
            var admits: [Bool]
            var group: Int?
        }
        var places: [Key: Int] = [:]
        var groups: [Int: Int] = [:]
        var problem = CoverProblem(
            items: [],
            wares: wares.map { ware, room in
                let type = world.types[ware.type]
                return CoverProblem.Ware(
                    capacity: type.capacity, gpus: type.gpus, price: ware.price, room: room)
            }, room: room)
        var members: [[Int]] = []
        let add = { (demand: Int?, key: Key, count: Int) in
            if let place = places[key] {
                problem.items[place].count += count
                if let demand { members[place].append(demand) }
                return
            }
            places[key] = problem.items.count
            problem.items.append(
                CoverProblem.Item(
                    amounts: key.amounts, gpu: key.gpu, count: count, admits: key.admits, group: key.group))
            members.append(demand.map { [$0] } ?? [])
        }
        var admitted: [[Int]: [Bool]] = [:]
        for demand in classes where left[demand] > 0 {
            let one = world.classes[demand]
            var group: Int?
            if let limit = packing.nodeLimit(demand), !limit.isSpread || spreads.contains(limit.selector) {
                if groups[limit.selector] == nil {
                    groups[limit.selector] = problem.groups.count
                    problem.groups.append(limit.most)
                }
                group = groups[limit.selector]
            }
            add(
                demand,
                Key(
                    amounts: one.amounts, gpu: one.gpu, admits: admits(demand, wares, &admitted), group: group
                ),
                left[demand])
        }
        for party in parties {
            for (amounts, gpu, demand, count) in asks(world.parties[party]) {
                add(nil, Key(amounts: amounts, gpu: gpu, admits: admits(demand, wares, &admitted)), count)
            }
        }
        return Need(problem: problem, classes: members, wares: wares.map(\.ware))
    }

    /// For each ware whether its labels will do; equal answers share their memory.
    private func admits(
        _ demand: Int, _ wares: [(ware: Ware, room: Int)], _ known: inout [[Int]: [Bool]]
    ) -> [Bool] {
        let selectors = world.classes[demand].selectors
        if selectors.isEmpty {
            if let all = known[[]] { return all }
            let all = wares.map { _ in true }
            known[[]] = all
            return all
        }
        return wares.map { packing.selector(demand, passing: world.types[$0.ware.type].labels) != nil }
    }

    /// What a party asks of nodes: of one node, or member by member.
    private func asks(_ party: Party) -> [(Amounts, DeviceAsk, demand: Int, count: Int)] {
        guard party.strategy == .strictPack, let first = party.members.first else {
            return party.members.map {
                (world.classes[$0.demand].amounts, world.classes[$0.demand].gpu, $0.demand, $0.count)
            }
        }
        var sum = Amounts(values: world.classes[first.demand].amounts.values.map { _ in 0 })
        var milli: Int64 = 0
        for member in party.members {
            for _ in 0..<member.count { sum.giveBack(world.classes[member.demand].amounts) }
            milli += world.classes[member.demand].gpu.milli * Int64(member.count)
        }
        let whole = (milli + Devices.whole - 1) / Devices.whole * Devices.whole
        let gpu = DeviceAsk(milli: milli) ?? DeviceAsk(milli: whole) ?? .none
        return [(sum, gpu, demand: first.demand, count: 1)]
    }

    // MARK: - Seats

    /// Opens the nodes of the patterns and seats there what they are for. Replicas that ask for the same take each other's
    /// seats where a rule keeps one from it.
    private mutating func deal(_ patterns: [Pattern], _ need: Need) {
        var waiting = need.classes.map { Queue(classes: $0, left: $0.reduce(0) { $0 + left[$1] }) }
        let order = patterns.sorted { a, b in
            a.ware != b.ware
                ? a.ware < b.ware
                : a.load.lexicographicallyPrecedes(b.load) {
                    $0.item != $1.item ? $0.item < $1.item : $0.count > $1.count
                }
        }
        // One of each in turn, so that what is bought in a zone does not depend on the pattern.
        for pattern in order {
            let isPlain = pattern.load.allSatisfy { load in
                waiting[load.item].classes.allSatisfy { !packing.hasRules($0) }
            }
            for _ in 0..<pattern.times {
                let first = pattern.load.first.flatMap { waiting[$0.item].first }
                guard
                    let offer = offer(need.wares[pattern.ware].type, for: isPlain ? nil : first)
                        ?? offer(need.wares[pattern.ware].type, for: nil)
                else { break }
                let seats = packing.seats.count
                let node = open(offer)
                for load in pattern.load { seat(load, on: node, &waiting) }
                if packing.seats.count == seats { takeBack(seats: seats, nodes: node) }
            }
        }
    }

    /// The classes of an item that wait for a seat, and whose turn it is.
    private struct Queue {
        var classes: [Int]
        /// Replicas of them all.
        var left: Int
        var turn = 0

        var first: Int? { classes.isEmpty ? nil : classes[turn % classes.count] }
    }

    /// The classes take turns, each with its share of what is left: those that may stand anywhere are then on all nodes, and
    /// can give way on each to one that may not stand elsewhere.
    private mutating func seat(_ load: Pattern.Load, on node: Int, _ waiting: inout [Queue]) {
        var queue = waiting[load.item]
        waiting[load.item] = Queue(classes: [], left: 0)
        defer { waiting[load.item] = queue }
        var lacking = load.count
        var refused = 0
        while lacking > 0, refused < queue.classes.count, let demand = queue.first {
            let share = max(1, left[demand] * lacking / max(1, queue.left))
            let done = packing.seatMany(demand, on: node, limit: min(lacking, left[demand], share))
            lacking -= done
            left[demand] -= done
            queue.left -= done
            refused = done > 0 ? 0 : refused + 1
            let place = queue.turn % queue.classes.count
            if left[demand] <= 0 { queue.classes.remove(at: place) } else { queue.turn = place + 1 }
        }
    }

    /// Replicas that found no seat take those of others who ask for the same and may stand anywhere; these then take what
    /// was left empty.
    private mutating func exchange(_ need: Need) {
        var itemOf: [Int: Int] = [:]
        for (item, classes) in need.classes.enumerated() {
            guard classes.contains(where: { left[$0] > 0 && packing.hasRules($0) }) else { continue }
            for demand in classes where packing.freedom(demand) == 4 { itemOf[demand] = item }
        }
        guard !itemOf.isEmpty else { return }
        var places: [Int: [Int]] = [:]
        for (index, seat) in packing.seats.enumerated() where seat.count > 0 {
            if let item = itemOf[seat.demand] { places[item, default: []].append(index) }
        }
        for (item, classes) in need.classes.enumerated() {
            guard var open = places[item] else { continue }
            for demand in classes where packing.freedom(demand) < 4 {
                while left[demand] > 0,
                    let place = open.firstIndex(where: { packing.exchange($0, for: demand) })
                {
                    left[demand] -= 1
                    left[packing.seats[open[place]].demand] += 1
                    if packing.seats[open[place]].count == 0 { open.remove(at: place) }
                }
            }
        }
    }

    // MARK: - What it must cost

    /// Millionths of a dollar per hour that no plan for those who have a place can go below.
    func bound(_ plan: FleetPlan) -> Int64 {
        let wares = world.offers.indices.filter { world.offers[$0].room > 0 }.map {
            Ware(type: world.offers[$0].type, price: world.offers[$0].price)
        }
        let cheapest = Dictionary(grouping: wares, by: \.type).mapValues { $0.map(\.price).min() ?? 0 }
        let list = cheapest.map { (ware: Ware(type: $0.key, price: $0.value), room: Int.max) }.sorted {
            $0.ware.type < $1.ware.type
        }
        guard !list.isEmpty, plan.cost > 0 else { return 0 }
        var whole = self
        whole.left = zip(world.singles, plan.left).map { $0 - $1 }
        let placed = world.parties.indices.filter { plan.seated[$0] }
        let need = whole.need(Array(world.classes.indices), placed, list, spreads: [])
        let held = world.nodes.map {
            CoverProblem.Ware(
                capacity: $0.free, gpus: $0.devices.free.count { $0 > 0 }, price: 0, room: 1)
        }
        let bound = CoverBound(need.problem, held: held, prices: wares.map(\.price)).bound
        return min(plan.cost, bound)
    }
}
