import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

@Suite struct ProviderTests {
    private func deployed(
        _ settings: ClusterSettings = .cloud([.cpus("small", 2)]), _ faults: CloudFault...,
        cloud change: (inout MemoryCloud.Settings) -> Void = { _ in }
    ) throws -> TwoTiers {
        let world = try TwoTiers(settings, cloud: change)
        for fault in faults { world.cloud.inject(fault) }
        try world.apply([.of(.named("chat", .fixed(2)))])
        return world
    }

    @Test func whatIsSoldOutIsBoughtAsSomethingElse() async throws {
        let world = try deployed(.cloud([.cpus("cheap", 2), .cpus("dear", 4)]), .outOfCapacity)
        try await world.run(.seconds(12))
        #expect(try world.ready(chat).count == 2)
        #expect(world.machines.map(\.instance.offering.nodeType) == ["dear"])
        #expect(try world.state().availability.keys.sorted() == ["native/cheap/z1/on_demand"])
        #expect(world.violations == [])
    }

    @Test func whatIsSoldOutAloneIsTriedAgainAfterAWait() async throws {
        let world = try deployed(.cloud([.cpus("small", 2)]), .outOfCapacity, .outOfCapacity)
        var at: [Moment] = []
        _ = try await world.run(
            until: {
                if world.creates().count > at.count { at.append(world.now) }
                return try world.ready(chat).count == 2
            }, within: .seconds(1_200))
        #expect(at.count == 3)
        // 5 min, then 10, each a fifth longer or shorter.
        let gaps = zip(at, at.dropFirst()).map { ($1 - $0).rawValue }
        #expect(gaps.count == 2 && (240_000...361_500).contains(gaps[0]), "\(gaps)")
        #expect((480_000...721_500).contains(gaps[1]), "\(gaps)")
        // It can be had again, and yet is remembered for three hours.
        let row = try #require(try world.state().availability["native/small/z1/on_demand"])
        #expect(row.isTrusted && row.failures == 2 && row.kind == .stockOut && row.since < row.failedAt)
        try await world.run(.seconds(3 * 3_600))
        #expect(try world.state().availability.isEmpty)
        #expect(world.violations == [])
    }

    @Test(arguments: [CloudFault.launchSucceedsButReplyIsLost, .launchIsLost, .throttled, .unavailable])
    func anUncertainLaunchMakesOneMachine(_ fault: CloudFault) async throws {
        let world = try deployed()
        try await world.run(Millis(1))
        // The call for offerings and the first list are out: this strikes the launch.
        world.cloud.inject(fault)
        try await world.run(.seconds(12))
        #expect(try world.ready(chat).count == 2)
        #expect(world.cloud.machines.count == 1)
        #expect(Set(world.creates().map(\.token)).count == 1)
        #expect(world.violations == [])
    }

    /// Lists lag behind by seconds; a list without a machine that was never shown says little.
    @Test func aMachineJustMadeMayBeMissingFromListsForLong() async throws {
        let world = try deployed {
            $0.bootDelay = .seconds(27)
            $0.listLag = .seconds(25)
        }
        try await world.run(.seconds(40))
        #expect(try world.ready(chat).count == 2)
        #expect(world.creates().count == 1)
        #expect(world.violations == [])
    }

    /// A minute of lists without it: then another one is made.
    @Test func aMachineThatIsNeverShownIsGivenUp() async throws {
        let world = try deployed {
            $0.bootDelay = .seconds(10_000)
            $0.listLag = .seconds(10_000)
        }
        func isGone() throws -> Bool { try world.state().nodes[NodeID("n1")]?.phase == .gone }
        try await world.run(.seconds(25))
        #expect(try !isGone() && world.creates().count == 1)
        #expect(try await world.run(until: isGone, within: .seconds(40)))
        try await world.run(.seconds(1))
        #expect(Set(world.creates().map(\.token)).count == 2)
    }

    /// The machine was made, nobody heard, and then the provider says that there is none.
    @Test func aMachineNobodyHeardOfIsGivenBack() async throws {
        let world = try deployed(
            .cloud([.cpus("small", 2)]), .launchSucceedsButReplyIsLost, .outOfCapacity,
            cloud: {
                $0.bootDelay = .seconds(90)
                $0.listLag = .seconds(5)
            })
        try await world.run(.seconds(40))
        #expect(world.creates().count >= 2)
        try await world.run(.seconds(500))
        #expect(try world.ready(chat).count == 2)
        #expect(world.machines.count == 1)
        #expect(world.violations == [])
    }

    @Test func aMachineThatNeverSpeaksIsGivenBackAtItsJoinDeadline() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.joinDeadline = .seconds(20)
        let world = try deployed(settings, .neverBoots)
        try await world.run(.seconds(15))
        #expect(world.creates().count == 1)
        try await world.run(.seconds(60))
        #expect(try world.ready(chat).count == 2)
        #expect(world.cloud.machines.count == 2)
        #expect(world.machines.count == 1)
        #expect(world.violations == [])
    }

    @Test func aMachineThatVanishesWhileBootingIsReplaced() async throws {
        let world = try deployed(cloud: {
            $0.bootDelay = .seconds(60)
            $0.remembersTerminated = .zero
        })
        try await world.run(.seconds(15))
        let machine = try #require(world.machines.first)
        world.cloud.lose(instance: machine.instance.id)
        try await world.run(.seconds(90))
        #expect(try world.ready(chat).count == 2)
        #expect(world.cloud.machines.count == 2)
    }

    @Test(arguments: [CloudFault.terminateLost, .terminateReplyIsLost, .throttled])
    func aMachineIsAskedBackUntilItIsGone(_ fault: CloudFault) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(5)))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(12))
        _ = try world.delete("shop")
        #expect(try await world.run(until: { try !world.nodes(in: .draining).isEmpty }, within: .seconds(30)))
        world.cloud.inject(fault, .listOmits)
        try await world.run(.seconds(30))
        #expect(world.machines.isEmpty)
        #expect(try world.nodes(in: .terminating).isEmpty)
    }

    /// The provider broke its promise: the machine that is not ours by name goes back.
    @Test func aSecondMachineOfOneTokenIsGivenBack() async throws {
        let world = try deployed()
        try await world.run(Millis(1))
        world.cloud.inject(.duplicateInstance)
        try await world.run(.seconds(60))
        #expect(world.cloud.machines.count == 2)
        #expect(world.machines.count == 1)
        #expect(try world.ready(chat).count == 2)
    }

    /// The promise of `Instance.State.unknown`: what runs goes on, nothing is placed there, and it is not given back.
    @Test func aMachineInAnUnknownStateIsHeld() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(5)))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(15))
        let held = try #require(world.machines.first?.instance)
        world.cloud.show(instance: held.id, as: .unknown("frozen"))
        try await world.run(.seconds(15))
        #expect(try world.ready(chat).count == 1)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(20))
        let nodes = try world.state().placements.values.filter { $0.phase == .ready }.compactMap(\.node)
        #expect(nodes.count == 2 && Set(nodes).count == 2, "the second replica went to the held node")
        _ = try world.delete("shop")
        try await world.run(.seconds(60))
        #expect(world.machines.map(\.instance.id) == [held.id])
        world.cloud.show(instance: held.id, as: .running)
        try await world.run(.seconds(60))
        #expect(world.machines.isEmpty)
    }

    @Test func machinesAreNotListedForEverOften() async throws {
        let world = try deployed()
        try await world.run(.seconds(20))
        let before = world.calls.count
        try await world.run(.seconds(60))
        // Lists every 5 s, the catalogue once a minute.
        #expect(world.calls.count - before <= 14)
    }
}
