import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// Launches whose outcome nobody knows, and machines that come when nobody waits for them any more.
@Suite struct TombstoneTests {
    /// No answer, no list, five minutes: the launch is given up. Half an hour later its machine is there after all.
    @Test func aMachineThatComesLateIsKnownAndGivenBack() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) {
            $0.listLag = .seconds(1_800)
            $0.bootDelay = .seconds(100_000)
        }
        world.cloud.inject(.launchSucceedsButReplyIsLost)
        for _ in 0..<40 { world.cloud.inject(.launchIsLost) }
        try world.apply([.of(.named("chat", .fixed(2)))])
        func phase() throws -> NodePhase? { try world.state().nodes[NodeID("n1")]?.phase }
        #expect(try await world.run(until: { try phase() == .gone }, within: .seconds(400)))
        #expect(try world.state().nodes[NodeID("n1")]?.instance == nil)
        #expect(try world.state().availability["native/small/z1/on_demand"]?.kind == .unknown)
        // Nothing more is wanted, and the tier is another process by now.
        _ = try world.delete("shop")
        world.killNodes()
        try await world.run(.seconds(60))
        try world.openNodes()
        #expect(world.machines.count >= 1)
        #expect(try await world.run(until: { world.machines.isEmpty }, within: .seconds(2_400)))
        #expect(Set(world.creates().filter { $0.node == NodeID("n1") }.map(\.token)).count == 1)
        #expect(world.violations == [])
    }

    /// Tokens lapse at this provider after ten minutes; the tier is away for an hour.
    @Test func aTokenThatMayHaveLapsedIsNotSentAgain() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) {
            $0.tokenValidFor = .seconds(600)
            $0.bootDelay = .seconds(4_000)
        }
        world.cloud.inject(.launchSucceedsButReplyIsLost)
        try world.apply([.of(.named("chat", .fixed(2)))])
        #expect(try await world.run(until: { world.creates().count == 1 }, within: .seconds(5)))
        world.killNodes()
        try await world.run(.seconds(3_600))
        try world.openNodes()
        try await world.run(.seconds(300))
        #expect(world.creates().filter { $0.node == NodeID("n1") }.count == 1)
        #expect(Set(world.cloud.machines.map(\.instance.token)).count == world.cloud.machines.count)
        #expect(try world.state().nodes[NodeID("n1")]?.phase == .gone)
        #expect(world.violations == [])
    }

    /// A provider that has the request and cannot say so: the same token until it does.
    @Test func throttlingSaysNothingAboutALaunch() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        for _ in 0..<60 { world.cloud.inject(.throttled) }
        try world.apply([.of(.named("chat", .fixed(2)))])
        #expect(try await world.run(until: { try world.ready(chat).count == 2 }, within: .seconds(1_200)))
        #expect(world.cloud.machines.count == 1)
        #expect(try world.state().availability.isEmpty)
        #expect(world.violations == [])
    }
}
