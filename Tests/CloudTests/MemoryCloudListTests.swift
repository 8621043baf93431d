import Cloud
import Model
import Testing

@Suite struct MemoryCloudListTests {
    private static let tokens = (0..<8).map { "t\($0)" }

    private func stocked(_ shape: (inout MemoryCloud.Settings) -> Void = { _ in }) throws -> MemoryCloud {
        let cloud = Shop.cloud(shape: shape)
        for token in Self.tokens { _ = try cloud.made(token) }
        return cloud
    }

    /// What each lie leaves of a list of eight; the next list is whole again.
    @Test(arguments: [
        (CloudFault.listOmits, 7...7), (.listDuplicates, 9...9), (.listReorders, 8...8),
        (.listTruncated, 0...7), (.listEmpty, 0...0),
    ])
    func aListLies(fault: CloudFault, count: ClosedRange<Int>) throws {
        let cloud = try stocked()
        var shown: Set<[String]> = []
        for _ in 0..<40 {
            cloud.inject(fault)
            let tokens = try cloud.listed().map(\.token)
            #expect(count.contains(tokens.count) && Set(tokens).isSubset(of: Self.tokens))
            switch fault {
            case .listDuplicates, .listReorders: #expect(Set(tokens) == Set(Self.tokens))
            case .listTruncated: #expect(tokens == Array(Self.tokens.prefix(tokens.count)))
            default: #expect(tokens == tokens.sorted())
            }
            shown.insert(tokens)
            #expect(try cloud.listed().map(\.token) == Self.tokens)
        }
        let isDrawn = ![.listOmits, .listEmpty].contains(fault)
        #expect(isDrawn ? shown.count >= 7 : shown.count == 1)
        #expect(cloud.liveMachines.count == 8)
    }

    @Test(arguments: [CloudFault.listDuplicates, .listTruncated, .listReorders, .listOmits, .goesBackwards])
    func anEmptyListStaysEmpty(_ fault: CloudFault) throws {
        #expect(try Shop.cloud([fault]).listed().isEmpty)
    }

    @Test func aStaleListIsAsOfThen() throws {
        let cloud = Shop.cloud {
            $0.bootDelay = .seconds(40)
            $0.stopDelay = .seconds(40)
            $0.staleSpan = .seconds(40)
            $0.remembersTerminated = .seconds(40)
        }
        func stale() throws -> Set<Instance.State?> {
            let states = try (0..<300).map { _ in
                cloud.inject(.listStale)
                return try cloud.listed().first?.state
            }
            return Set(states)
        }
        let made = try cloud.made("a")
        #expect(try stale() == [nil])
        cloud.advance(to: Moment(20_000))
        #expect(try stale() == [nil, .pending])
        #expect(try cloud.listed().map(\.state) == [.pending])
        cloud.advance(to: Moment(60_000))
        #expect(try stale() == [.pending, .running])
        cloud.preempt(instance: made.id, in: .seconds(1000))
        cloud.inject(.listStale)
        #expect(try cloud.listed().map(\.preemptedIn) == [nil])
        try cloud.terminateNow(instance: made.id).get()
        cloud.advance(to: Moment(80_000))
        #expect(try stale() == [.running, .stopping])
        cloud.advance(to: Moment(100_000))
        #expect(try stale() == [.stopping])
        #expect(try cloud.listed().map(\.state) == [.terminated])
        cloud.advance(to: Moment(120_000))
        #expect(try stale() == [.stopping, .terminated])
        cloud.advance(to: Moment(150_000))
        #expect(try stale() == [.terminated, nil])
        #expect(try cloud.listed().isEmpty)
        cloud.advance(to: Moment(180_000))
        #expect(try stale() == [nil])
    }

    @Test func aStateThatNobodyKnowsPasses() throws {
        let cloud = try stocked { $0.lieSpan = .seconds(10) }
        cloud.inject(.unknownState)
        let odd = try cloud.listed().filter { $0.state != .running }
        #expect(odd.map(\.state) == [.unknown("in limbo")])
        #expect(try cloud.listed().filter { $0.state != .running } == odd, "also in the next list")
        #expect(cloud.machines.allSatisfy { $0.instance.state == .running })
        #expect(cloud.nextEvent == nil)
        // Giving it back does not make the word known.
        try cloud.terminateNow(instance: odd[0].id).get()
        #expect(try cloud.listed().filter { $0.state != .running } == odd)
        cloud.advance(by: .seconds(10))
        #expect(try cloud.listed().first { $0.id == odd[0].id }?.state == .terminated)
    }

    @Test func aTerminatedMachineComesBackForAWhile() throws {
        let cloud = try stocked {
            $0.lieSpan = .seconds(10)
            $0.remembersTerminated = .seconds(100)
        }
        cloud.inject(.goesBackwards)
        #expect(try cloud.listed().allSatisfy { $0.state == .running }, "there is none to come back")
        try cloud.terminateNow(instance: "i-3").get()
        #expect(try cloud.listed().first { $0.id == "i-3" }?.state == .terminated)
        let bill = cloud.bill
        cloud.inject(.goesBackwards)
        #expect(try cloud.listed().first { $0.id == "i-3" }?.state == .running)
        #expect(cloud.liveMachines.count == 7 && cloud.bill == bill)
        cloud.advance(by: .seconds(10))
        #expect(try cloud.listed().map(\.id) == ["i-1", "i-2", "i-4", "i-5", "i-6", "i-7", "i-8"])
    }

    @Test func whatAPersonShowsIsShownUntilTheMachineStops() throws {
        let cloud = Shop.cloud { $0.bootDelay = .seconds(1) }
        let made = try cloud.made("a")
        cloud.show(instance: made.id, as: .unknown("frozen"))
        cloud.advance(by: .seconds(5))
        #expect(try cloud.listed().map(\.state) == [.unknown("frozen")])
        #expect(try cloud.made("a").state == .unknown("frozen"))
        #expect(cloud.machinesWithAgents.count == 1)
        try cloud.terminateNow(instance: made.id).get()
        #expect(try cloud.listed().map(\.state) == [.terminated])
    }
}
