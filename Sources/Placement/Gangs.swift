import Model

/// The gangs among demands, as far as they wait.
struct Gangs {
    private struct Name: Hashable {
        var deployment: DeploymentID
        var first: Int64
    }

    private var members: [Name: (count: Int, buys: Bool)] = [:]

    init(_ demands: [Demand]) {
        for demand in demands {
            guard let name = Self.name(demand) else { continue }
            let known = members[name] ?? (0, false)
            members[name] = (known.count + 1, known.buys || demand.buys)
        }
    }

    /// With the number of those that wait for its size: that is all of them, unless some were placed in another way.
    func settings(of demand: Demand) -> GangSettings? {
        guard let name = Self.name(demand), let count = members[name]?.count, count > 1 else { return nil }
        return GangSettings(size: count, strategy: demand.placing?.gang?.strategy ?? .pack)
    }

    /// One that may buy is reason enough for all.
    func buys(_ demand: Demand) -> Bool { Self.name(demand).flatMap { members[$0]?.buys } ?? demand.buys }

    private static func name(_ demand: Demand) -> Name? {
        demand.gang.map { Name(deployment: demand.replica.deployment, first: $0) }
    }
}

extension Placing {
    /// Gang after gang, each whole: on rooms that are open, or else counting on such as are coming. Those of one shape ask for
    /// the same, so that the first that finds no place ends it.
    mutating func seatGangs(_ shape: Int, _ gang: GangSettings) {
        while left[shape] >= gang.size {
            if seatGang(shape, gang, in: [.open]) { continue }
            #if MUTANTS
                if Mutant.ignoresComing.isOn { return }
            #endif
            guard seatGang(shape, gang, in: [.open, .coming]) else { return }
        }
    }

    /// One gang, or nobody of it.
    private mutating func seatGang(_ shape: Int, _ gang: GangSettings, in states: Set<Room.State>) -> Bool {
        let start = (seats: packing.seats.count, places: places[shape].count, left: left[shape])
        let goal = start.left - gang.size
        let rooms = packing.nodes.indices.filter {
            states.contains(ground.rooms[$0].state) && packing.room(shape, on: $0, limit: 1) > 0
                && packing.selector(shape, passing: packing.nodes[$0].labels) != nil
        }.sorted { isBetter($0, $1, for: shape) }
        if gang.strategy == .pack {
            for room in fewest(rooms, shape, gang.size) where left[shape] > goal {
                put(shape, room, limit: left[shape] - goal)
            }
        }
        // One on each in turn; a spread may let one more in where it refused before others came elsewhere.
        var isStuck = false
        while left[shape] > goal, !isStuck {
            isStuck = true
            for room in rooms where left[shape] > goal && put(shape, room, limit: 1) { isStuck = false }
        }
        if left[shape] == goal { return true }
        packing.takeBack(seats: start.seats, nodes: packing.nodes.count)
        places[shape].removeLast(places[shape].count - start.places)
        left[shape] = start.left
        return false
    }

    /// The rooms in an order that takes few of them: the tightest that holds all, else those that hold most.
    private func fewest(_ rooms: [Int], _ shape: Int, _ size: Int) -> [Int] {
        rooms.enumerated().map { (rank: $0, room: $1, holds: packing.room(shape, on: $1, limit: size)) }
            .sorted { $0.holds != $1.holds ? $0.holds > $1.holds : $0.rank < $1.rank }.map(\.room)
    }

    /// For each place of a shape the room that is waited for: its own if that is coming, and for one of a gang that of any
    /// other; nil: it may be taken now.
    func awaited(_ shape: Int) -> [Int?] {
        let rooms = places[shape].map(\.room)
        let size = ground.shapes[shape].gang?.size ?? 1
        return rooms.indices.map { index in
            let first = index / size * size
            let others = rooms[first..<min(first + size, rooms.count)]
            return ([rooms[index]] + others).first { ground.rooms[$0].state != .open }
        }
    }

    /// What those of one more gang would take for whom there is no room left, neighbours aside; at least one of them.
    /// Nil: it is no gang.
    func missing(of shape: Int) -> Resources? {
        guard let gang = ground.shapes[shape].gang else { return nil }
        var room = 0
        for index in packing.nodes.indices
        where ground.rooms[index].state != .closed && room < gang.size
            && packing.selector(shape, passing: packing.nodes[index].labels) != nil
        {
            room += packing.room(shape, on: index, limit: gang.size - room)
        }
        return ground.shapes[shape].resources.times(max(1, gang.size - room))
    }
}
