import Model
import Placement
import Provisioning
import Testing

@Suite struct HeadroomTests {
    private func demand(_ headroom: [Headroom], _ shapes: [DemandShape]) -> [Int64: Int] {
        let soft = softDemand(headroom, shapes, bootTime: Millis(100), now: Moment(1_000))
        return Dictionary(uniqueKeysWithValues: soft.map { ($0.resources["CPU"], $0.count) })
    }

    @Test func fixedAndPercentAddUp() {
        let shapes = [DemandShape(resources: cpus(1), count: 11), DemandShape(resources: cpus(2), count: 1)]
        #expect(demand([.fixed(cpus(4), count: 2)], shapes) == [4_000: 2])
        #expect(demand([.percent(10)], shapes) == [1_000: 2, 2_000: 1])
        #expect(demand([.percent(10), .fixed(cpus(1), count: 3)], shapes) == [1_000: 5, 2_000: 1])
        #expect(demand([.percent(0)], shapes) == [:])
        #expect(demand([], shapes) == [:])
    }

    /// Against a look at every millisecond.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func growthIsTheQuantileOverTime(_ seed: UInt64) {
        var dice = Dice(seed: seed)
        var (steps, at) = ([DemandStep](), Int64(0))
        for _ in 0..<Int.random(in: 1...12, using: &dice) {
            steps.append(DemandStep(at: Moment(at), count: Int.random(in: 0...9, using: &dice)))
            at += Int64.random(in: 1...80, using: &dice)
        }
        let window = Int64.random(in: 1...90, using: &dice)
        let until = at + Int64.random(in: 0...100, using: &dice)
        let quantile = [0, 250, 500, 900, 990, 1_000].randomElement(using: &dice) ?? 500
        func count(_ at: Int64) -> Int { steps.last { $0.at.ms <= at }?.count ?? 0 }
        let all = (0..<max(0, until - window)).map { begin in
            max(0, ((begin...begin + window).map(count).max() ?? 0) - count(begin))
        }.sorted()
        let due = (all.count * quantile + 999) / 1_000
        let expected = all.isEmpty ? 0 : all[max(0, due - 1)]
        #expect(
            growth(
                steps, within: Millis(window), until: Moment(until), quantile: Thousandths(Int64(quantile)))
                == expected)
    }

    private func world(free: [Int64], soft: Int, offers: [Int64] = [], waiting: Int = 0) -> FleetWorld {
        FleetWorld(
            classes: [
                DemandClass(amounts: Amounts(values: [0, 1_000])),
                DemandClass(amounts: Amounts(values: [0, 1_000]), priority: SoftDemand.priority),
            ], singles: [waiting, soft],
            nodes: free.map {
                PackedNode(
                    total: Amounts(values: [0, 4_000]), free: Amounts(values: [0, $0]), devices: Devices(),
                    zone: nil, labels: 0, isUsed: $0 < 4_000)
            },
            types: [
                FleetType(
                    name: "small", capacity: Amounts(values: [0, 4_000]), gpus: 0, labels: 0,
                    live: free.count, minWorkers: 9, maxWorkers: 20)
            ],
            offers: offers.map { Offer(type: 0, zone: nil, capacityType: "", price: $0, room: 9) },
            labels: [[:]], zones: [], maxWorkers: 20, cpu: 1)
    }

    @Test func usedNodesComeFirstAndOthersOnlyAsFarAsNeeded() {
        #expect(planHeadroom(world(free: [4_000, 2_000, 4_000], soft: 2)).holds == [1])
        let plan = planHeadroom(world(free: [4_000, 2_000, 4_000], soft: 5))
        #expect(plan.holds == [0, 1] && plan.launches == [] && plan.short == 0)
    }

    @Test func whatIsRealComesFirstAndBuysNothingHere() {
        let plan = planHeadroom(world(free: [2_000], soft: 2, offers: [10], waiting: 2))
        #expect(plan.holds == [] && plan.launches == [0])
        #expect(planHeadroom(world(free: [], soft: 0, offers: [10], waiting: 3)).launches == [])
        #expect(planHeadroom(world(free: [2_000], soft: 3)).short == 1)
    }
}
