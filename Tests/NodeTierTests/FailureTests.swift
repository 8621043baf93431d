import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// Offerings and pools that fail, one by one.
@Suite struct FailureTests {
    /// From the answer that says there is none to the next request no time passes at all.
    @Test func demandFallsThroughInTheStepThatHearsOfIt() async throws {
        let world = try TwoTiers(.cloud([.cpus("cheap", 2), .cpus("dear", 4), .cpus("dearer", 8)]))
        world.cloud.inject(.outOfCapacity, .quota)
        try world.apply([.of(.named("chat", .fixed(2)))])
        let at = try await times(of: 3, in: world, within: .seconds(5))
        #expect(zip(at, at.dropFirst()).map { $1 - $0 } == [world.callTime, world.callTime])
        #expect(world.creates().map { $0.offerings[0].nodeType } == ["cheap", "dear", "dearer"])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 2)
        let kinds = try world.state().availability.mapValues(\.kind)
        #expect(kinds == ["native/cheap/z1/on_demand": .stockOut, "native/dear/z1/on_demand": .quota])
        #expect(world.violations == [])
    }

    /// A request names several; which of them failed is told by what was made.
    @Test func whatIsMadeTellsWhichOfferingsFailed() async throws {
        let zones = ["a", "b", "c"].map { Offering.usual("small", cents: 2, zone: $0) }
        let world = try TwoTiers(.cloud([.cpus("small", 2)]), offerings: zones) {
            $0.stockOuts = ["a", "b"].map {
                MemoryCloud.Episode(
                    nodeType: "small", zone: $0, from: Moment(1_000), until: Moment(9_000_000))
            }
        }
        try await world.run(.seconds(2))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(5))
        #expect(world.machines.map(\.instance.offering.zone) == ["c"])
        #expect(world.creates().count == 1)
        let rows = try world.state().availability
        #expect(rows.keys.sorted() == ["native/small/a/on_demand", "native/small/b/on_demand"])
        #expect(rows.values.allSatisfy { $0.kind == .stockOut && !$0.isTrusted && $0.failures == 1 })
        // Their waits differ: each draws its own.
        #expect(Set(rows.values.map(\.until)).count == 2)
        #expect(world.violations == [])
    }

    /// What was on its way together fails together; then one launch tries, and the others follow its success at once.
    @Test func afterTheWaitOneLaunchTries() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.upscalingSpeed = Thousandths(10_000)
        let world = try TwoTiers(settings)
        world.cloud.inject(.outOfCapacity, .outOfCapacity, .outOfCapacity, .outOfCapacity)
        try world.apply([.of(.named("chat", .fixed(8)))])
        let at = try await times(of: 8, in: world, within: .seconds(400))
        #expect(at.count == 8 && Set(at.prefix(4)).count == 1)
        #expect((Millis(240_000)...Millis(361_500)).contains(at[4] - at[3]))
        #expect(at[5] > at[4] && at[5] - at[4] <= Millis(1_020))
        #expect(try world.state().availability.values.map(\.failures) == [1])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 8)
        #expect(world.violations == [])
    }

    /// Sent again it is refused again: the intent ends, and the offering waits the longest at once.
    @Test func whatWasRejectedIsNotSentAgain() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        world.cloud.inject(.rejected)
        try world.apply([.of(.named("chat", .fixed(2)))])
        let at = try await times(of: 2, in: world, within: .seconds(2_400))
        #expect(at.count == 2 && (Millis(1_440_000)...Millis(2_161_500)).contains(at[1] - at[0]))
        #expect(Set(world.creates().map(\.token)).count == 2)
        #expect(world.violations == [])
    }

    /// Another configuration of the type is another request.
    @Test func anotherConfigurationIsTriedAtOnce() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        world.cloud.inject(.rejected)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(10))
        #expect(world.creates().count == 1)
        world.settings.nodeTypes[0].config = #"{"image":"better"}"#
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(10))
        #expect(world.creates().count == 2)
        #expect(try world.ready(chat).count == 2 && world.state().availability.isEmpty)
        #expect(world.violations == [])
    }

    /// What an intent asks for stands in its row: a new configuration never changes a request that was sent.
    @Test func aRequestIsRepeatedAsItWasSent() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        world.cloud.inject(.launchIsLost, .launchIsLost, .launchIsLost)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(Millis(30))
        world.settings.nodeTypes[0].config = #"{"image":"other"}"#
        world.settings.nodeTypes[0].maxWorkers = 3
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(20))
        let sent = world.creates().filter { $0.node == NodeID("n1") }
        #expect(sent.count == 4 && Set(sent).count == 1)
        #expect(try world.ready(chat).count == 2)
        #expect(world.violations == [])
    }

    @Test func aPoolWhoseMachineDidNotJoinIsLeftForAnother() async throws {
        var settings = ClusterSettings.cloud([.cpus("cheap", 2), .cpus("dear", 4)])
        settings.joinDeadline = .seconds(20)
        let world = try TwoTiers(settings)
        world.cloud.inject(.neverBoots)
        try world.apply([.of(.named("chat", .fixed(2)))])
        let at = try await times(of: 2, in: world, within: .seconds(60))
        #expect(at.count == 2 && at[1] - at[0] >= settings.joinDeadline)
        #expect(at[1] - at[0] < settings.joinDeadline + .seconds(2))
        #expect(world.creates().map { $0.offerings[0].nodeType } == ["cheap", "dear"])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 2)
        #expect(world.violations == [])
    }

    /// A bad image: after the third machine in a row the pool waits for minutes, and one machine at a time tries it.
    @Test func threeMachinesInARowThatDoNotJoinOpenTheCircuit() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.joinDeadline = .seconds(20)
        settings.upscalingSpeed = Thousandths(10_000)
        let world = try TwoTiers(settings)
        for _ in 0..<20 { world.cloud.inject(.neverBoots) }
        try world.apply([.of(.named("chat", .fixed(2)))])
        let at = try await times(of: 5, in: world, within: .seconds(3_600))
        let gaps = zip(at, at.dropFirst()).map { ($1 - $0).rawValue / 1000 }
        #expect(gaps.count == 4)
        #expect(gaps[0] < 60 && gaps[1] < 60, "\(gaps)")
        #expect((260...385).contains(gaps[2]) && (500...745).contains(gaps[3]), "\(gaps)")
        let row = try #require(try world.state().availability["native/small"])
        #expect(row.kind == .join && row.failures >= 4)
        world.cloud.heal()
        #expect(try await world.run(until: { try world.ready(chat).count == 2 }, within: .seconds(3_000)))
        #expect(try world.state().availability["native/small"] == nil)
        #expect(world.violations == [])
    }

    // MARK: - The provider's pace

    @Test func aProviderThatIsCalledTooOftenIsCalledSeldomAndListedFirst() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 1, max: 40)], maxWorkers: 40)
        settings.upscalingSpeed = Thousandths(100_000)
        let world = try TwoTiers(settings)
        try await world.run(.seconds(1))
        for _ in 0..<12 { world.cloud.inject(.throttled) }
        try world.apply([.of(.named("chat", .fixed(20)))])
        var seen: [(at: Moment, call: ProviderCall)] = []
        _ = try await world.run(
            until: {
                for call in world.calls.dropFirst(seen.count) { seen.append((world.now, call)) }
                return false
            }, within: .seconds(120))
        let struck = try #require(try world.state().paces["native"])
        #expect(struck.throttles >= 1)
        // After the burst that was throttled nothing is asked for a second, and then a list.
        let burst = try #require(seen.first { if case .create = $0.call { true } else { false } })
        let next = try #require(seen.first { $0.at > burst.at + world.callTime })
        #expect(next.at - burst.at >= .seconds(1))
        guard case .list = next.call else {
            Issue.record("\(next.call) comes first")
            return
        }
        try await world.run(.seconds(300))
        #expect(try world.ready(chat).count == 20)
        #expect(Set(world.creates().map(\.token)).count == 20)
        // As if nothing had been, in the end.
        try await world.run(.seconds(900))
        #expect(try world.state().paces.isEmpty)
        #expect(world.violations == [])
    }

    // MARK: -

    /// When each of the first launches left.
    private func times(of count: Int, in world: TwoTiers, within limit: Millis) async throws -> [Moment] {
        var at: [Moment] = []
        _ = try await world.run(
            until: {
                while at.count < world.creates().count { at.append(world.now) }
                return at.count >= count
            }, within: limit)
        return at
    }
}
