import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// Replicas that fail their health check.
@Suite struct HealthTests {
    private func world(_ count: Int) async throws -> (TwoTiers, [ReplicaID]) {
        let world = try TwoTiers(.cloud([.cpus("large", 64)]))
        try world.apply([.of(.named("chat", .fixed(count)))])
        try await world.run(.seconds(30))
        let ready = try world.ready(chat)
        #expect(ready.count == count)
        return (world, ready)
    }

    /// Those on their way out or not ready yet, of a deployment that wants `count`.
    private func restarting(_ world: TwoTiers, of count: Int) throws -> Int {
        let state = try world.state()
        let wanted = try world.replicas(chat).filter { $0.phase == .wanted }
        let leaving = try world.replicas(chat).count { replica in
            replica.phase != .wanted && state.placements[replica.id]?.phase.isFinal == false
        }
        return max(leaving, wanted.count { state.placements[$0.id]?.phase != .ready })
    }

    @Test(arguments: [(30, 3), (9, 1), (1, 1)])
    func unwellOnesAreReplacedAFewAtATime(count: Int, most: Int) async throws {
        let (world, old) = try await world(count)
        world.makeUnwell(old)
        var peak = 0
        let isDone = try await world.run(
            until: {
                peak = max(peak, try restarting(world, of: count))
                return try Set(old).isDisjoint(with: world.ready(chat)) && world.ready(chat).count == count
            }, within: .seconds(300))
        #expect(isDone && peak == most)
        try await world.run(.seconds(5))
        #expect(try world.deployment(chat)?.status == .healthy && world.violations == [])
    }

    @Test func belowHalfAllAreRouted() async throws {
        let (world, all) = try await world(10)
        // What is newly started is unwell too: the check itself is wrong.
        let everyone = (1...1000).map { ReplicaID(chat, serial: Int64($0)) }
        world.makeUnwell(Array(all.prefix(5)))
        try await world.run(Millis(50))
        #expect(
            Set(world.routed(chat)).isDisjoint(with: all.prefix(5)), "half of them are well: they serve alone"
        )
        world.makeUnwell(everyone)
        for _ in 0..<120 {
            try await world.run(.seconds(1))
            #expect(world.routed(chat).count >= 9, "one is restarted at a time, the others serve")
        }
        let row = try #require(try world.deployment(chat))
        #expect(
            row.status == .unhealthy && row.message.contains("fail their health check") && row.target == 10)
        #expect(world.violations == [])
    }

    @Test func whoIsWellAgainInTimeStays() async throws {
        let (world, ready) = try await world(4)
        world.makeUnwell(ready)
        try await world.run(Millis(50))
        world.makeUnwell([])
        try await world.run(.seconds(30))
        let kept = try world.ready(chat).filter(ready.contains)
        #expect(kept.count == 3 && world.routed(chat).count == 4, "one was being replaced already")
    }

    @Test func aRolloutHaltsWhileItsReplicasAreUnwell() async throws {
        let (world, old) = try await world(10)
        let newest = (11...1000).map { ReplicaID(chat, serial: Int64($0)) }
        world.makeUnwell(newest)
        try world.apply([.of(.named("chat", .fixed(10), command: "other"))])
        try await world.run(.seconds(60))
        let left = try world.ready(chat).filter(old.contains)
        #expect(left.count == 10, "nothing old was given up for what does not serve")
        world.makeUnwell([])
        let isDone = try await world.run(
            until: { try world.ready(chat).count == 10 && Set(old).isDisjoint(with: world.ready(chat)) },
            within: .seconds(600))
        #expect(isDone && world.violations == [])
    }

    @Test func aRestartOfTheTierForgetsNoRestartOfAReplica() async throws {
        let (world, old) = try await world(20)
        world.makeUnwell(old)
        try await world.run(Millis(30))
        world.killServe()
        try world.openServe()
        var peak = 0
        _ = try await world.run(
            until: {
                peak = max(peak, try restarting(world, of: 20))
                return try Set(old).isDisjoint(with: world.ready(chat))
            }, within: .seconds(300))
        #expect(peak == 2 && world.violations == [])
    }
}
