import Model
import Placement

extension FleetPlanning {
    // MARK: - On the nodes there are

    /// Fills the nodes there are, class after class, each node as far as it goes before the next.
    mutating func fillNodes(_ order: [Int]) {
        guard !packing.nodes.isEmpty else { return }
        var most = packing.nodes[0].free
        for node in packing.nodes {
            for column in most.values.indices {
                most.values[column] = max(most.values[column], node.free.values[column])
            }
        }
        for demand in order where left[demand] > 0 && most.covers(world.classes[demand].amounts) {
            if world.policy == .spread {
                while left[demand] > 0, let node = leastUsed(demand), packing.seat(demand, on: node) {
                    left[demand] -= 1
                }
                continue
            }
            for node in candidates(demand) where left[demand] > 0 {
                left[demand] -= packing.seatMany(demand, on: node, limit: left[demand])
            }
        }
    }

    /// Nodes with room for the class, best first: of the preferred labels, in use, and the tightest.
    func candidates(_ demand: Int) -> [Int] {
        let fitting = packing.nodes.indices.filter {
            packing.selector(demand, passing: packing.nodes[$0].labels) != nil
                && packing.room(demand, on: $0, limit: 1) > 0
        }
        return fitting.sorted { a, b in
            let (x, y) = (packing.nodes[a], packing.nodes[b])
            let (p, q) = (
                packing.selector(demand, passing: x.labels), packing.selector(demand, passing: y.labels)
            )
            if p != q { return p ?? 0 < q ?? 0 }
            let (used, otherUsed) = (x.isUsed || x.placed > 0, y.isUsed || y.placed > 0)
            if used != otherUsed { return used }
            if x.devices.left != y.devices.left { return x.devices.left < y.devices.left }
            return x.free != y.free ? x.free < y.free : a < b
        }
    }

    private func leastUsed(_ demand: Int) -> Int? {
        var best: (node: Int, used: Int64)?
        for node in packing.nodes.indices
        where packing.room(demand, on: node, limit: 1) > 0 && packing.objection(demand, on: node) == nil {
            let one = packing.nodes[node]
            let (total, free) = (max(1, one.total.values[world.cpu]), max(0, one.free.values[world.cpu]))
            let used = (total - free) * 1_000_000 / total
            if used < best?.used ?? .max { best = (node, used) }
        }
        return best?.node
    }

    // MARK: - One at a time

    /// What is left of a class, one replica after the other: on any node there is or was bought, else on a new one; where
    /// nothing is left, soft rules are given up, the last first.
    mutating func seatEach(_ demand: Int) {
        while left[demand] > 0, seatOne(demand) { left[demand] -= 1 }
    }

    mutating func seatOne(_ demand: Int, avoiding: Set<Int> = [], preferring: Set<Int> = []) -> Bool {
        for giving in 0...packing.softs(demand) {
            let nodes = candidates(demand)
            let preferred = nodes.filter { preferring.contains($0) }
            for node in preferred + nodes where !avoiding.contains(node) {
                if packing.seat(demand, on: node, givingUp: giving) { return true }
            }
            if let node = openNode(for: demand, givingUp: giving) {
                return packing.seat(demand, on: node, givingUp: giving)
            }
        }
        return false
    }

    /// A new node for one of the class: of a kind that the plan for all that is left would buy, else the cheapest.
    private mutating func openNode(for demand: Int, givingUp giving: Int) -> Int? {
        let one = world.classes[demand]
        var best: (offer: Int, isHint: Bool, selector: Int)?
        for type in world.types.indices {
            let kind = world.types[type]
            guard let selector = packing.selector(demand, passing: kind.labels),
                kind.capacity.covers(one.amounts), Devices(count: kind.gpus).fits(one.gpu),
                let offer = offer(type, for: demand, givingUp: giving)
            else { continue }
            let new = (offer: offer, isHint: hints[type] > 0, selector: selector)
            guard let old = best else {
                best = new
                continue
            }
            if new.selector != old.selector {
                if new.selector < old.selector { best = new }
            } else if new.isHint != old.isHint {
                if new.isHint { best = new }
            } else if world.offers[offer].price < world.offers[old.offer].price {
                best = new
            }
        }
        guard let best else { return nil }
        let type = world.offers[best.offer].type
        if hints[type] > 0 { hints[type] -= 1 }
        return open(best.offer)
    }

    // MARK: - Parties

    /// All of the party, or nobody.
    mutating func seat(_ party: Int) {
        let one = world.parties[party]
        let (seats, nodes) = (packing.seats.count, packing.nodes.count)
        let done = one.strategy == .strictPack ? seatTogether(one) : seatMembers(one)
        if done {
            seated[party] = true
            partySeats[party] = seats..<packing.seats.count
        } else {
            let found = packing.seats[seats...].reduce(0) { $0 + $1.count }
            partyMissing[party] = one.strategy == .strictPack ? one.count : one.count - found
            takeBack(seats: seats, nodes: nodes)
        }
    }

    private mutating func seatMembers(_ party: Party) -> Bool {
        var used: Set<Int> = []
        for member in party.members {
            for _ in 0..<member.count {
                let done: Bool
                switch party.strategy {
                case .strictSpread: done = seatOne(member.demand, avoiding: used)
                case .spread:
                    done = seatOnThere(member.demand, avoiding: used) || seatOne(member.demand)
                case .pack: done = seatOne(member.demand, preferring: used)
                case .strictPack, nil: done = seatOne(member.demand)
                }
                guard done, let seat = packing.seats.last else { return false }
                used.insert(seat.node)
            }
        }
        return true
    }

    /// On a node that is there; a preference buys none.
    private mutating func seatOnThere(_ demand: Int, avoiding: Set<Int>) -> Bool {
        for node in candidates(demand) where !avoiding.contains(node) {
            if packing.seat(demand, on: node) { return true }
        }
        return false
    }

    /// All on one node: the tightest that holds them, else a new one.
    private mutating func seatTogether(_ party: Party) -> Bool {
        guard let first = party.members.first else { return true }
        let start = (packing.seats.count, packing.nodes.count)
        for node in candidates(first.demand) {
            if seatAll(party, on: node) { return true }
            takeBack(seats: start.0, nodes: start.1)
        }
        let hinted = offersByPrice.filter { hints[world.offers[$0].type] > 0 }
        for offer in hinted + offersByPrice where canBuy(offer) {
            let type = world.types[world.offers[offer].type]
            guard holds(type, party) else { continue }
            if seatAll(party, on: open(offer)) {
                hints[world.offers[offer].type] -= hints[world.offers[offer].type] > 0 ? 1 : 0
                return true
            }
            takeBack(seats: start.0, nodes: start.1)
        }
        return false
    }

    /// Its sum fits; whether devices and rules allow it is seen when it is tried.
    private func holds(_ type: FleetType, _ party: Party) -> Bool {
        var free = type.capacity
        for member in party.members {
            let one = world.classes[member.demand]
            guard free.fits(one.amounts, limit: member.count) == member.count else { return false }
            free.take(one.amounts, times: member.count)
        }
        return true
    }

    private mutating func seatAll(_ party: Party, on node: Int) -> Bool {
        for member in party.members {
            for _ in 0..<member.count {
                let softs = packing.softs(member.demand)
                guard (0...softs).contains(where: { packing.seat(member.demand, on: node, givingUp: $0) })
                else { return false }
            }
        }
        return true
    }
}
