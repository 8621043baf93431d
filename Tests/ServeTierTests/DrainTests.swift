import Model
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct DrainTests {
    /// Two replicas, two proxies with requests; one replica is told to leave.
    private func leaving(grace: Millis = .seconds(20)) async throws -> (world: TwoTiers, leaver: ReplicaID) {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]), proxies: 2)
        var settings = DeploymentSettings.named("chat", .fixed(2))
        settings.gracefulShutdownTimeout = grace
        try world.apply([.of(settings)])
        try await world.run(.seconds(5))
        for proxy in ["p1", "p2"] {
            world.offer(2, to: chat, at: proxy)
            world.proxies[proxy]?.requestTime = .seconds(3)
        }
        let before = try world.ready(chat)
        settings.count = .fixed(1)
        try world.apply([.of(settings)])
        #expect(try await world.run(until: { try world.ready(chat).count == 1 }, within: .seconds(1)))
        return (world, try #require(before.first { !world.readyNow(chat).contains($0) }))
    }

    @Test func aReplicaStaysUntilEveryProxyHasLetGoAndIsFree() async throws {
        let (world, leaver) = try await leaving()
        let began = world.now
        #expect(try await world.run(until: { try world.phase(leaver) != .draining }, within: .seconds(10)))
        let took = world.now - began
        #expect(took >= .seconds(3) && took < Millis(3_200))
        try await world.run(.seconds(5))
        #expect(try world.replicas(chat).count == 1)
        #expect(world.violations == [])
    }

    @Test func aSilentProxyIsPassedOver() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]), proxies: 2)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(5))
        world.offer(2, to: chat, at: "p1")
        world.proxies["p2"]?.silent = true
        let silent = world.now
        try world.apply([.of(.named("chat", .fixed(1)))])
        #expect(
            try await world.run(
                until: { try world.replicas(chat).contains { $0.phase == .stopping } }, within: .seconds(30)))
        let took = world.now - silent
        // Its last word may be two seconds older than its silence.
        #expect(took >= .seconds(8) && took <= Millis(10_100))
        #expect(world.violations == [])
    }

    @Test func theDeadlineEndsWhatDoesNotFinish() async throws {
        let (world, leaver) = try await leaving(grace: .seconds(2))
        let began = world.now
        #expect(try await world.run(until: { try world.phase(leaver) != .draining }, within: .seconds(10)))
        let took = world.now - began
        #expect(took >= Millis(1_900) && took <= Millis(2_100))
    }

    @Test func aRestartInTheMiddleOfADrainChangesNothing() async throws {
        let (world, leaver) = try await leaving()
        let began = world.now
        try await world.run(.seconds(1))
        world.killServe()
        try await world.run(Millis(300))
        try world.openServe()
        #expect(try await world.run(until: { try world.phase(leaver) != .draining }, within: .seconds(10)))
        let took = world.now - began
        #expect(took >= .seconds(3) && took < Millis(3_300))
        #expect(world.violations == [])
    }
}

extension TwoTiers {
    func readyNow(_ id: DeploymentID) -> [ReplicaID] { (try? ready(id)) ?? [] }
    func phase(_ id: ReplicaID) throws -> ReplicaPhase? { try state().replicas[id]?.phase }
}
