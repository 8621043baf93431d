import Model
import Placement

/// The types and offers of a world in the orders in which a plan looks at them.
struct FleetMarket {
    /// By type.
    let kinds: [Packing.Market]
    /// Cheapest first; the same for each type.
    let offersByPrice: [Int]
    let offersOf: [[Int]]
    /// Types of which anything is offered on demand.
    let hasSteady: [Bool]

    init(_ world: FleetWorld) {
        var zones = world.types.map { _ in Set<Int>() }
        var hasSteady = world.types.map { _ in false }
        for offer in world.offers where offer.room > 0 {
            if let zone = offer.zone { zones[offer.type].insert(zone) }
            if !offer.isSpot { hasSteady[offer.type] = true }
        }
        kinds = zip(world.types, zones).map { type, zones in
            Packing.Market(
                labels: type.labels, zones: zones.sorted(), total: type.capacity, gpus: type.gpus)
        }
        offersByPrice = world.offers.indices.sorted {
            let (a, b) = (world.offers[$0], world.offers[$1])
            return a.price != b.price ? a.price < b.price : $0 < $1
        }
        var offersOf = world.types.map { _ in [Int]() }
        for offer in offersByPrice { offersOf[world.offers[offer].type].append(offer) }
        self.offersOf = offersOf
        self.hasSteady = hasSteady
    }
}
