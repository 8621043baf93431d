import Model
import Placement
import Provisioning
import Testing

/// Plans reckon with the prices at which nodes are had: the base on demand comes before what is spot.
@Suite struct SpotBaseTests {
    /// `a` is cheap as spot and dear on demand, `b` is never spot.
    private func world(_ replicas: Int, base: Int, onDemand: Int = 0, fallsBack: Bool = true) -> FleetWorld {
        var kinds = ["a", "b"].map {
            FleetType(
                name: $0, capacity: Amounts(values: [1000]), gpus: 0, labels: 0, live: 0, minWorkers: 0,
                maxWorkers: 1_000)
        }
        let offer = { (type: Int, kind: String, price: Int64) in
            Offer(type: type, zone: nil, capacityType: kind, price: price, room: .max)
        }
        let names = ["spot", "on_demand"].map {
            Offering(nodeType: "a", zone: "", capacityType: $0, microdollarsPerHour: 1)
        }
        var spot = SpotSettings()
        (spot.onDemandBase, spot.fallsBack) = (base, fallsBack)
        kinds[0].settle(spot, onDemand: onDemand, offerings: names)
        kinds[1].settle(spot, onDemand: onDemand, offerings: [])
        return FleetWorld(
            classes: [DemandClass(amounts: Amounts(values: [1000]), gpu: .none)], singles: [replicas],
            nodes: [], types: kinds,
            offers: [offer(0, "spot", 1), offer(0, "on_demand", 20), offer(1, "on_demand", 10)],
            labels: [[:]], zones: [])
    }

    private func bought(_ world: FleetWorld) -> [String: Int] {
        let names = planFleet(world).launches.map { launch in
            let offer = world.offers[launch.offer]
            return "\(world.types[offer.type].name) \(offer.capacityType)"
        }
        return Dictionary(grouping: names) { $0 }.mapValues(\.count)
    }

    @Test func oneNodeIsNotPlannedAtAPriceAtWhichItIsNotHad() {
        #expect(bought(world(1, base: 0)) == ["a spot": 1])
        #expect(bought(world(1, base: 1)) == ["b on_demand": 1], "20 for the first of a, 10 for b")
        #expect(bought(world(1, base: 1, onDemand: 1)) == ["a spot": 1], "the base is there")
    }

    @Test func beyondTheBaseSpotPaysForIt() {
        #expect(bought(world(100, base: 2)) == ["a on_demand": 2, "a spot": 98])
        #expect(planFleet(world(100, base: 2)).cost == 138)
    }

    @Test func withoutFallbackNothingStandsIn() {
        var world = world(3, base: 0, fallsBack: false)
        world.types[1].maxWorkers = 0
        world.offers[0].room = 1
        #expect(bought(world) == ["a spot": 1] && planFleet(world).left == [2])
        world = self.world(3, base: 1, fallsBack: false)
        world.types[1].maxWorkers = 0
        #expect(bought(world) == ["a on_demand": 1, "a spot": 2])
    }

    /// Drawn: whatever is bought, the base comes first, and the plan that is taken is the cheaper one of what was tried.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func theBaseAlwaysHolds(seed: UInt64) {
        var dice = Dice(seed: seed)
        var world = world(
            Int.random(in: 1...30, using: &dice), base: Int.random(in: 0...4, using: &dice),
            onDemand: Int.random(in: 0...5, using: &dice), fallsBack: Bool.random(using: &dice))
        for offer in world.offers.indices {
            world.offers[offer].price = Int64.random(in: 1...30, using: &dice)
            world.offers[offer].room = Bool.random(using: &dice) ? .max : Int.random(in: 0...5, using: &dice)
        }
        let plan = planFleet(world)
        for type in world.types.indices {
            let own = plan.launches.filter { world.offers[$0.offer].type == type }
            let steady = own.count { !world.offers[$0.offer].isSpot }
            let canBeHad = world.offers.contains { $0.type == type && !$0.isSpot && $0.room > 0 }
            let lacking = max(0, world.types[type].onDemandLacking)
            #expect(own.count == steady || steady >= lacking || !canBeHad)
            if world.types[type].isSpotOnly { #expect(steady <= lacking) }
        }
        let cost = plan.launches.reduce(Int64(0)) { $0 + world.offers[$1.offer].price }
        #expect(plan.cost == cost && plan.bound <= cost)
    }
}
