import Model
import Placement

/// Places what fits on the nodes there are and buys the cheapest nodes for the rest: parties first, since all of a party
/// must find room, then those that stand under rules, then all others, the largest first; higher priorities before
/// lower ones. Nothing is moved and nobody displaced.
///
/// Where a type's base on demand lacks nodes, which come before its spot ones, two plans are made: one reckons with the prices
/// of today, at which the next node is had, one with those after the base. The one that leaves out fewer is taken, or the cheaper.
package func planFleet(_ world: FleetWorld) -> FleetPlan {
    let plan = plan(world, foresees: false)
    let isBound = world.types.contains { $0.onDemandLacking > 0 } && world.offers.contains(where: \.isSpot)
    guard isBound else { return plan }
    let other = Provisioning.plan(world, foresees: true)
    let (open, otherOpen) = (plan.open, other.open)
    if open != otherOpen { return open.lexicographicallyPrecedes(otherOpen) ? plan : other }
    return other.cost < plan.cost ? other : plan
}

private func plan(_ world: FleetWorld, foresees: Bool) -> FleetPlan {
    var planning = FleetPlanning(world)
    planning.foresees = foresees
    planning.fillMinimum()
    planning.planAll()
    return planning.finish()
}

extension FleetPlan {
    /// Who is left out: parties, then single replicas.
    fileprivate var open: [Int] { [seated.count { !$0 }, left.reduce(0, +)] }
}

struct FleetPlanning {
    let world: FleetWorld
    var packing: Packing
    var left: [Int]
    var seated: [Bool]
    var partySeats: [Range<Int>]
    var partyMissing: [Int]
    /// For each node that is bought its offer; nil: it was there.
    var offerOf: [Int?]
    var offerRoom: [Int]
    var typeRoom: [Int]
    var room: Int
    var budget: Int64
    let offersByPrice: [Int]
    /// For each type, cheapest first.
    let offersOf: [[Int]]
    /// Nodes that were bought for a minimum.
    var minimum: Set<Int> = []
    /// Nodes bought in each zone, so that equal offers are taken in turn.
    var boughtIn: [Int]
    /// Wares that a plan for all that is left would buy: those are opened first.
    var hints: [Int]
    /// Of each type what is bought: what the provider does not take away, and what it may.
    private var steady: [Int]
    private var spot: [Int]
    /// Types of which anything is offered on demand.
    private let hasSteady: [Bool]
    /// Reckons with what can be had once the base on demand is there.
    var foresees = false

    /// - Parameter market: of these types and offers, where several plans are made with them; nil: it is made here.
    init(_ world: FleetWorld, market: FleetMarket? = nil) {
        self.world = world
        let market = market ?? FleetMarket(world)
        packing = Packing(
            classes: world.classes, nodes: world.nodes, labels: world.labels, zones: world.zones.count,
            markets: market.kinds, standing: world.standing)
        left = world.singles
        seated = world.parties.map { _ in false }
        partySeats = world.parties.map { _ in 0..<0 }
        partyMissing = world.parties.map { _ in 0 }
        offerOf = world.nodes.map { _ in nil }
        offerRoom = world.offers.map(\.room)
        typeRoom = world.types.map { max(0, $0.maxWorkers - $0.live) }
        room = max(0, world.maxWorkers - world.nodes.count)
        budget = world.budget ?? .max
        offersByPrice = market.offersByPrice
        offersOf = market.offersOf
        hasSteady = market.hasSteady
        boughtIn = world.zones.map { _ in 0 }
        hints = world.types.map { _ in 0 }
        steady = hints
        spot = hints
    }

    // MARK: - Steps

    /// Types that have fewer nodes than their minimum get them, cheapest offer first.
    mutating func fillMinimum() {
        for type in world.types.indices {
            for _ in 0..<max(0, world.types[type].minWorkers - world.types[type].live) {
                guard let offer = offer(type, for: nil) else { break }
                minimum.insert(open(offer))
            }
        }
    }

    mutating func planAll() {
        let parties = world.parties.map(\.priority)
        let singles = zip(world.classes, world.singles).compactMap { $1 > 0 ? $0.priority : nil }
        for priority in Set(parties + singles).sorted(by: >) { plan(priority) }
        seatUnderRules()
        // What a cheaper kind sets free may be what others wait for.
        if settleTypes(), seatLate(all: true) {
            seatUnderRules()
            settleTypes()
        }
        // Who would upset a spread that is told later may stand where it is told after it.
        packing.tellsLast = true
        seatUnderRules()
    }

    /// Rounds in which those under rules are looked at once more: each may be what the next one waits for.
    private static let lateRoundsMax = 16

    /// Whoever came later may be the company, or the even spread, that others need.
    private mutating func seatUnderRules() {
        for _ in 0..<Self.lateRoundsMax where !seatLate(all: false) { return }
    }

    private mutating func plan(_ priority: Int) {
        let classes = world.classes.indices.filter {
            left[$0] > 0 && world.classes[$0].priority == priority
        }
        let parties = world.parties.indices.filter { world.parties[$0].priority == priority }
        if !parties.isEmpty {
            hint(classes, parties)
            for party in parties.sorted(by: isHarder) { seat(party) }
        }
        let order = classes.sorted(by: isEarlier)
        fillNodes(order)
        buy(order)
        for demand in order { seatEach(demand) }
    }

    /// Those who stand under rules, or all who have no place.
    /// - Returns: one of them has a place now.
    @discardableResult
    mutating func seatLate(all: Bool) -> Bool {
        let before = left
        for demand in world.classes.indices.filter({ left[$0] > 0 }).sorted(by: isEarlier)
        where all || packing.hasRules(demand) {
            seatEach(demand)
        }
        return left != before
    }

    private func isHarder(_ a: Int, _ b: Int) -> Bool {
        let (x, y) = (size(world.parties[a]), size(world.parties[b]))
        return x != y ? x > y : a < b
    }

    private func size(_ party: Party) -> Amounts {
        party.members.map { world.classes[$0.demand].amounts }.max() ?? Amounts(values: [])
    }

    /// Those with the least choice first, then the largest.
    private func isEarlier(_ a: Int, _ b: Int) -> Bool {
        let (free, otherFree) = (packing.freedom(a), packing.freedom(b))
        if free != otherFree { return free < otherFree }
        let (x, y) = (world.classes[a], world.classes[b])
        if x.gpu.milli != y.gpu.milli { return x.gpu.milli > y.gpu.milli }
        return x.amounts != y.amounts ? y.amounts < x.amounts : a < b
    }

    // MARK: - Nodes

    func canBuy(_ offer: Int) -> Bool { hasRoom(offer) && keepsBase(offer) }

    /// There is room for it, now or once the base on demand is there.
    func hasRoom(_ offer: Int) -> Bool {
        room > 0 && offerRoom[offer] > 0 && typeRoom[world.offers[offer].type] > 0
            && world.offers[offer].price <= budget
    }

    /// The base of its type comes first, if anything of it can be had; beyond it, if that is how it is, nothing but spot.
    private func keepsBase(_ offer: Int) -> Bool {
        let (one, kind) = (world.offers[offer], world.types[world.offers[offer].type])
        let lacking = kind.onDemandLacking - steady[one.type]
        return one.isSpot ? lacking <= 0 || !hasSteady[one.type] : lacking > 0 || !kind.isSpotOnly
    }

    /// The same when one that is bought becomes another.
    private func keepsBase(changing old: Int, to new: Int) -> Bool {
        let (old, new) = (world.offers[old], world.offers[new])
        return [old.type, new.type].allSatisfy { type in
            var (steady, spot) = (steady[type], spot[type])
            if old.type == type { if old.isSpot { spot -= 1 } else { steady -= 1 } }
            if new.type == type { if new.isSpot { spot += 1 } else { steady += 1 } }
            let lacking = max(0, world.types[type].onDemandLacking)
            if world.types[type].isSpotOnly, steady > lacking { return false }
            return spot == 0 || steady >= lacking || !hasSteady[type]
        }
    }

    private mutating func count(_ offer: Int, by change: Int) {
        let one = world.offers[offer]
        if one.isSpot { spot[one.type] += change } else { steady[one.type] += change }
    }

    mutating func open(_ offer: Int) -> Int {
        let one = world.offers[offer]
        let type = world.types[one.type]
        offerRoom[offer] -= 1
        typeRoom[one.type] -= 1
        room -= 1
        budget -= one.price
        if let zone = one.zone { boughtIn[zone] += 1 }
        count(offer, by: 1)
        offerOf.append(offer)
        return packing.open(
            PackedNode(
                total: type.capacity, free: type.capacity, devices: Devices(count: type.gpus), zone: one.zone,
                labels: type.labels, isUsed: false))
    }

    /// Takes back the last seats and nodes, with what they cost.
    mutating func takeBack(seats: Int, nodes: Int) {
        for node in nodes..<max(nodes, offerOf.count) { giveBack(node) }
        offerOf.removeLast(max(0, offerOf.count - nodes))
        packing.takeBack(seats: seats, nodes: nodes)
    }

    private mutating func giveBack(_ node: Int) {
        guard let offer = offerOf[node] else { return }
        let one = world.offers[offer]
        offerRoom[offer] += 1
        typeRoom[one.type] += 1
        room += 1
        budget += one.price
        count(offer, by: -1)
        if let zone = one.zone { boughtIn[zone] -= 1 }
    }

    /// The cheapest offer of the type where the class may stand; of equal ones in the zone where least was bought.
    func offer(_ type: Int, for demand: Int?, givingUp giving: Int = 0) -> Int? {
        var best: Int?
        for offer in offersOf[type] {
            let one = world.offers[offer]
            if let best, one.price > world.offers[best].price { break }
            guard canBuy(offer) else { continue }
            if let demand, packing.objection(demand, newIn: one.zone, givingUp: giving) != nil { continue }
            guard let old = best else {
                best = offer
                continue
            }
            let count = { (offer: Int) in world.offers[offer].zone.map { boughtIn[$0] } ?? 0 }
            if count(offer) < count(old) { best = offer }
        }
        return best
    }

    /// After all: each bought node becomes the cheapest kind in its zone that holds what stands there.
    /// - Returns: one of them became another.
    @discardableResult
    mutating func settleTypes() -> Bool {
        var isChanged = false
        // By zone, and none: of each type what is cheapest there, cheapest first.
        var choices: [Int?: [Int]] = [:]
        for offer in offersByPrice {
            let one = world.offers[offer]
            if choices[one.zone]?.contains(where: {
                world.offers[$0].type == one.type && world.offers[$0].price == one.price
                    && offerRoom[$0] == .max
            }) ?? false {
                continue
            }
            choices[one.zone, default: []].append(offer)
        }
        let hasSelectors = world.classes.contains { !$0.selectors.isEmpty }
        for node in offerOf.indices {
            guard let old = offerOf[node], packing.nodes[node].placed > 0, !minimum.contains(node) else {
                continue
            }
            let zone = world.offers[old].zone
            let labels = packing.nodes[node].labels
            for offer in choices[zone] ?? [] {
                let one = world.offers[offer]
                guard one.price < world.offers[old].price else { break }
                let type = world.types[one.type]
                guard offerRoom[offer] > 0, keepsBase(changing: old, to: offer),
                    one.type == world.offers[old].type || typeRoom[one.type] > 0,
                    type.labels == labels || !hasSelectors,
                    packing.holds(node, total: type.capacity, gpus: type.gpus)
                else { continue }
                giveBack(node)
                packing.replace(node, total: type.capacity, gpus: type.gpus, labels: type.labels)
                offerOf[node] = offer
                offerRoom[offer] -= 1
                typeRoom[one.type] -= 1
                room -= 1
                budget -= one.price
                count(offer, by: 1)
                if let zone { boughtIn[zone] += 1 }
                isChanged = true
                break
            }
        }
        return isChanged
    }

    func finish() -> FleetPlan {
        var plan = FleetPlan(packing: packing, left: left, seated: seated, partySeats: partySeats)
        plan.partyMissing = partyMissing
        for node in offerOf.indices {
            guard let offer = offerOf[node] else { continue }
            // What was bought for a minimum stays, empty or not.
            guard packing.nodes[node].placed > 0 || minimum.contains(node) else { continue }
            plan.launches.append(FleetLaunch(node: node, offer: offer))
            plan.cost += world.offers[offer].price
        }
        plan.bound = bound(plan)
        return plan
    }
}
