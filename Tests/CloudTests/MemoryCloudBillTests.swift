import Cloud
import Model
import Testing

@Suite struct MemoryCloudBillTests {
    /// A price per hour, a time, and what it comes to: what is less than a microdollar is left out.
    @Test(
        arguments: [
            (10_000, 0, 0), (10_000, 3_600_000, 10_000), (10_000, 359, 0), (10_000, 360, 1),
            (1, 3_599_999, 0),
            (1, 3_600_000, 1), (0, 3_600_000, 0),
            // A thousand dollars an hour for a hundred years.
            (1_000_000_000, 3_155_760_000_000, 876_600_000_000_000),
        ] as [(Int64, Int64, Int64)])
    func timeIsPaidAtItsPrice(price: Int64, time: Int64, microdollars: Int64) throws {
        let offering = Offering(
            nodeType: "t", zone: "", capacityType: "spot", microdollarsPerHour: price, available: 4)
        let cloud = Shop.cloud { $0.offerings = [offering] }
        let made = try cloud.made("a", [offering])
        cloud.advance(by: Millis(time))
        let running = cloud.bill
        try cloud.terminateNow(instance: made.id).get()
        cloud.advance(by: .seconds(1_000_000))
        #expect(cloud.bill.microdollars == microdollars)
        #expect(cloud.bill.lines.map(\.time) == [Millis(time)])
        #expect(running == cloud.bill, "a machine that runs is paid until now")
    }

    @Test func theBillRunsFromCreateToTerminated() throws {
        let cloud = Shop.cloud([.neverBoots, .terminateLost]) {
            $0.bootDelay = .seconds(5)
            $0.stopDelay = .seconds(3)
        }
        let made = try cloud.made("a")
        cloud.advance(by: .seconds(10))
        try cloud.terminateNow(instance: made.id).get()
        cloud.advance(by: .seconds(10))
        try cloud.terminateNow(instance: made.id).get()
        cloud.advance(by: .seconds(100))
        let other = try cloud.made("b", [Shop.large])
        cloud.preempt(instance: other.id, in: .seconds(2))
        cloud.advance(by: .seconds(100))
        #expect(cloud.bill.lines.map(\.offering.nodeType) == ["large", "small"])
        #expect(cloud.bill.lines.map(\.time) == [.seconds(2), .seconds(23)])
    }

    @Test func fractionsOfManyMachinesAddUp() throws {
        let cloud = Shop.cloud()
        for number in 0..<20 {
            let made = try cloud.made("t\(number)", [number % 2 == 0 ? Shop.small : Shop.large])
            cloud.advance(by: Millis(45))
            try cloud.terminateNow(instance: made.id).get()
        }
        // 450 ms of each: 1.25 and 5 microdollars.
        #expect(cloud.bill.lines.map(\.time) == [Millis(450), Millis(450)])
        #expect(cloud.bill.microdollars == 6)
    }

    @Test func aMachineKeepsThePriceAtWhichItWasBought() throws {
        func offering(_ price: Int64, _ zone: String = "a") -> Offering {
            Offering(nodeType: "small", zone: zone, capacityType: "on_demand", microdollarsPerHour: price)
        }
        let cloud = Shop.cloud {
            $0.offerings = [offering(10_000)]
            $0.prices = [
                .init(from: Moment(2_000), offering: offering(30_000)),
                .init(from: Moment(1_000), offering: offering(15_000)),
                .init(from: Moment(1_000), offering: offering(20_000)),
                .init(from: Moment(1_000), offering: offering(7, "new")),
            ]
        }
        func prices() throws -> [Int64] { try cloud.offeringsNow().get().map(\.microdollarsPerHour) }
        #expect(cloud.createNow(Shop.request("z", [offering(7, "new")])).isRejected)
        for (at, shown) in [(0, [10_000]), (999, [10_000]), (1_000, [20_000, 7]), (2_000, [30_000, 7])] {
            cloud.advance(to: Moment(Int64(at)))
            #expect(try prices() == shown.map(Int64.init))
            #expect(try cloud.made("t\(at)", [offering(1)]).offering.microdollarsPerHour == Int64(shown[0]))
        }
        cloud.advance(to: Moment(3_000))
        #expect(cloud.bill.lines.map(\.offering.microdollarsPerHour) == [10_000, 20_000, 30_000])
        #expect(cloud.bill.lines.map(\.time) == [Millis(5_001), Millis(2_000), Millis(1_000)])
    }

    @Test func thePeakCountsMachinesThatAreThere() throws {
        let cloud = Shop.cloud { $0.stopDelay = .seconds(1) }
        for token in ["a", "b", "c"] { _ = try cloud.made(token) }
        for id in ["i-1", "i-2"] { try cloud.terminateNow(instance: id).get() }
        _ = try cloud.made("d")
        #expect(cloud.peakMachines == 4, "those that stop are still there")
        cloud.advance(by: .seconds(1))
        for token in ["e", "f", "g"] { _ = try cloud.made(token) }
        #expect(cloud.peakMachines == 5)
        #expect(cloud.liveMachines.map(\.instance.token) == ["c", "d", "e", "f", "g"])
    }
}

extension Result where Failure == CloudError {
    fileprivate var isRejected: Bool {
        if case .failure(.rejected) = self { true } else { false }
    }
}
