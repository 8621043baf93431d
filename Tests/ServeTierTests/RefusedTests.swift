import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// A proxy whose words are not understood routes on by its last routes.
@Suite struct RefusedTests {
    private func draining(
        grace: Millis
    ) async throws -> (world: TwoTiers, leaver: ReplicaID, began: Moment) {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]), proxies: 2)
        var settings = DeploymentSettings.named("chat", .fixed(2))
        settings.gracefulShutdownTimeout = grace
        try world.apply([.of(settings)])
        try await world.run(.seconds(5))
        let before = try world.ready(chat)
        world.proxies["p2"]?.silent = true
        world.serve?.hear(refused: "p2", at: world.now)
        settings.count = .fixed(1)
        try world.apply([.of(settings)])
        #expect(
            try await world.run(
                until: { try world.replicas(chat).contains { $0.phase == .draining } }, within: .seconds(1)))
        let leaver = try #require(try world.replicas(chat).first { $0.phase == .draining }).id
        #expect(before.contains(leaver))
        return (world, leaver, world.now)
    }

    /// Until the replica is told to stop, or for at most a minute, `p2` is refused every two seconds.
    private func wait(_ world: TwoTiers, for leaver: ReplicaID) async throws {
        for _ in 0..<30 where try world.phase(leaver) == .draining {
            world.serve?.hear(refused: "p2", at: world.now)
            _ = try await world.run(until: { try world.phase(leaver) != .draining }, within: .seconds(2))
        }
    }

    /// Neither passed over as silent, after ten seconds, nor waited for beyond the deadline.
    @Test func aDrainWaitsForItToTheDeadline() async throws {
        let (world, leaver, began) = try await draining(grace: .seconds(25))
        try await wait(world, for: leaver)
        let took = world.now - began
        #expect(took >= Millis(24_900) && took <= Millis(25_100))
        #expect(world.violations == [])
    }

    @Test func alsoWithATierThatNeverUnderstoodIt() async throws {
        let (world, leaver, began) = try await draining(grace: .seconds(25))
        world.killServe()
        try world.openServe()
        try await wait(world, for: leaver)
        let took = world.now - began
        #expect(took >= Millis(24_900) && took <= Millis(25_100))
    }

    /// Refused, then silent: from its last word on it counts as any silent one.
    @Test func whoFallsSilentIsPassedOver() async throws {
        let (world, leaver, began) = try await draining(grace: .seconds(60))
        #expect(try await world.run(until: { try world.phase(leaver) != .draining }, within: .seconds(60)))
        let took = world.now - began
        #expect(took >= .seconds(9) && took <= Millis(10_100))
        #expect(world.violations == [])
    }
}
