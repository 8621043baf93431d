import Cloud
import Model
import Testing

@Suite struct MemoryCloudTimeTests {
    @Test func theNextEventIsTheSoonestOfAll() throws {
        let cloud = Shop.cloud {
            $0.bootDelay = .seconds(10)
            $0.stopDelay = .seconds(5)
            $0.stockOuts = [.init(nodeType: "large", from: Moment(0), until: Moment(90_000))]
        }
        #expect(cloud.nextEvent == Moment(90_000))
        let made = try cloud.made("a")
        #expect(cloud.nextEvent == Moment(10_000))
        cloud.advance(to: Moment(9_999))
        #expect(cloud.takeEvents().isEmpty)
        cloud.advance(to: Moment(10_000))
        #expect(cloud.takeEvents() == [.booted(cloud.machines[0])] && cloud.takeEvents().isEmpty)
        cloud.preempt(instance: made.id, in: .seconds(30))
        #expect(cloud.nextEvent == Moment(40_000))
        cloud.preempt(instance: made.id, in: .seconds(50))
        #expect(cloud.nextEvent == Moment(60_000), "a later notice takes the place of the first")
        try cloud.terminateNow(instance: made.id).get()
        #expect(cloud.nextEvent == Moment(15_000))
        cloud.advance(to: Moment(15_000))
        #expect(cloud.takeEvents() == [.ended(cloud.machines[0])])
        #expect(cloud.nextEvent == Moment(90_000))
        cloud.advance(to: Moment(90_000))
        #expect(cloud.nextEvent == nil)
    }

    @Test func callbacksHearWhatOthersTake() async throws {
        let (heard, told) = AsyncStream<String>.makeStream()
        let cloud = MemoryCloud(
            MemoryCloud.Settings(offerings: [Shop.small]),
            boot: { told.yield("booted \($0.instance.id)") }, end: { told.yield("ended \($0.instance.id)") })
        let made = try cloud.made("a")
        cloud.preempt(instance: made.id, in: .zero)
        told.finish()
        #expect(await heard.reduce(into: []) { $0.append($1) } == ["booted i-1", "ended i-1"])
        #expect(cloud.takeEvents().isEmpty)
    }

    /// What happens does not depend on how often one looks.
    @Test func aLeapIsAsGoodAsManySteps() throws {
        func run(by pause: Int64) throws -> ([MemoryCloud.Machine], [MemoryCloud.Event], MemoryCloud.Bill) {
            let cloud = Shop.cloud {
                $0.bootDelay = Millis(700)
                $0.stopDelay = Millis(300)
                $0.faults = FaultPlan(
                    rates: [
                        .init(.slowBoot, perMille: 300), .init(.neverBoots, perMille: 100),
                        .init(.joinsAfterTerminate, perMille: 500),
                    ], seed: 11)
            }
            for number in 0..<60 {
                _ = try cloud.made("t\(number)", [number % 2 == 0 ? Shop.small : Shop.large])
            }
            for number in 1...20 { cloud.preempt(instance: "i-\(number)", in: Millis(Int64(number) * 500)) }
            for number in 11...40 { try cloud.terminateNow(instance: "i-\(number)").get() }
            while cloud.now < Moment(120_000) { cloud.advance(by: Millis(pause)) }
            return (cloud.machines, cloud.takeEvents(), cloud.bill)
        }
        let leap = try run(by: 120_000)
        #expect(try run(by: 1) == leap)
        #expect(try run(by: 800) == leap)
        #expect(leap.1.count > 60)
    }

    @Test(arguments: [
        ("small", "a", 999, true), ("small", "a", 1_000, false), ("small", "a", 1_999, false),
        ("small", "a", 2_000, true), ("small", "b", 1_500, true), ("large", "a", 1_500, true),
        ("large", "a", 3_500, false), ("large", "b", 3_500, false), ("small", "a", 3_500, true),
    ])
    func aStockOutHasATypeAZoneAndATime(type: String, zone: String, at: Int64, isSold: Bool) {
        let cloud = Shop.cloud {
            $0.offerings = ["small", "large"].flatMap { type in
                ["a", "b"].map { zone in
                    Offering(nodeType: type, zone: zone, capacityType: "spot", microdollarsPerHour: 1)
                }
            }
            $0.stockOuts = [
                .init(nodeType: "small", zone: "a", from: Moment(1_000), until: Moment(2_000)),
                .init(nodeType: "large", from: Moment(3_000), until: Moment(4_000)),
            ]
        }
        cloud.advance(to: Moment(at))
        let asked = Offering(nodeType: type, zone: zone, capacityType: "spot", microdollarsPerHour: 1)
        let answer = cloud.createNow(Shop.request("a", [asked]))
        #expect((cloud.machinesMade == 1) == isSold)
        if !isSold { #expect(answer == .failure(.outOfCapacity("none of [\"\(type)\"] to be had"))) }
        let shown = try? cloud.offeringsNow().get().first { $0.isSameWay(as: asked) }
        #expect(shown?.available == (isSold ? nil : 0))
    }

    /// Counts what the books looked at, since a clock would measure the machine.
    @Test func machinesLongGoneCostNothing() throws {
        func work(_ count: Int) throws -> Int {
            let cloud = Shop.cloud {
                $0.bootDelay = Millis(50)
                $0.stopDelay = Millis(10)
                $0.remembersTerminated = .seconds(5)
                $0.capacity = ["small": 3]
                $0.faults = FaultPlan(rates: [.init(.reusesID, perMille: 500)])
            }
            for number in 0..<count {
                let made = try cloud.made("t\(number)")
                cloud.preempt(instance: made.id, in: .seconds(3_600))
                cloud.advance(by: Millis(100))
                try cloud.terminateNow(instance: made.id).get()
                cloud.advance(by: Millis(100))
                #expect(cloud.takeEvents().count == 2)
                if number % 1_000 == 0 { _ = try cloud.listed() }
                _ = (cloud.bill, cloud.liveMachines, cloud.nextEvent)
            }
            #expect(cloud.machinesMade == count && cloud.peakMachines == 1)
            return cloud.work
        }
        let (thousands, hundredThousand) = (try work(10_000), try work(100_000))
        #expect(hundredThousand < thousands * 12 && hundredThousand < 100_000 * 40)
    }
}
