import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct RestartTests {
    /// A load that goes up, stays, and goes down; the tiers are ended and begun anew on the way.
    private func targets(killing serve: Set<Int>, _ nodes: Set<Int>) async throws -> (
        TwoTiers, [(Int64, Int)]
    ) {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(20)))
        try world.apply([.of(.named("chat", .between(1, 8, up: .seconds(5), down: .seconds(15))))])
        try await world.run(.seconds(5))
        for second in 0..<120 {
            switch second {
            case 5: world.offer(6, to: chat)
            case 30: world.offer(13, to: chat)
            case 60: world.offer(2, to: chat)
            default: break
            }
            // In the middle of whatever is on its way.
            try await world.run(Millis(137))
            if serve.contains(second) {
                world.killServe()
                try world.openServe()
            }
            if nodes.contains(second) {
                world.killNodes()
                try world.openNodes()
            }
            try await world.run(Millis(863))
        }
        #expect(world.violations == [])
        return (world, (world.targets[chat] ?? []).map { ($0.at.rawValue, $0.target) })
    }

    @Test(arguments: [[3, 8, 31, 33, 62, 70, 76], Array(0..<119), [7]])
    func decisionsAreTheSameAsWithoutARestart(_ seconds: [Int]) async throws {
        let (calm, expected) = try await targets(killing: [], [])
        let kills = Set(seconds)
        let (restless, found) = try await targets(killing: kills, kills)
        #expect(expected.map(\.1) == found.map(\.1))
        for (a, b) in zip(expected, found) { #expect(abs(a.0 - b.0) <= 1_200, "\(a) and \(b)") }
        #expect(calm.creates().map(\.node) == restless.creates().map(\.node).deduplicated)
        #expect(calm.cloud.machines.count == restless.cloud.machines.count)
        #expect(try calm.ready(chat) == restless.ready(chat))
    }

    /// A node tier that has just begun does not buy what fits on nodes it has not heard yet.
    @Test func aRestartBuysNothingThatIsThere() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        world.network = Millis(400)
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(10))
        world.killNodes()
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(1))
        try world.openNodes()
        for id in world.agents.keys { world.delayAgent(id, by: .seconds(2)) }
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 3)
        #expect(world.creates().count == 1)
    }

    @Test func aLaunchInFlightIsFinishedByTheSuccessor() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        world.callTime = Millis(500)
        try world.apply([.of(.named("chat", .fixed(1)))])
        #expect(try await world.run(until: { world.creates().count == 1 }, within: .seconds(5)))
        world.killNodes()
        try await world.run(.seconds(3))
        try world.openNodes()
        try await world.run(.seconds(5))
        #expect(world.cloud.machines.count == 1)
        #expect(try world.ready(chat).count == 1)
        #expect(Set(world.creates().map(\.token)).count == 1)
        #expect(world.violations == [])
    }

    @Test func withTheServeTierAwayNothingIsGivenBack() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(30)))
        try world.apply([.of(.named("chat", .fixed(4)))])
        try await world.run(.seconds(12))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(10))
        world.killServe()
        try await world.run(.seconds(120))
        #expect(world.machines.count == 2)
        try world.openServe()
        try await world.run(.seconds(60))
        #expect(world.machines.count == 1)
    }

    @Test func bothTiersAwayChangeNothingThatRuns() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(12))
        let before = try world.ready(chat)
        world.killServe()
        world.killNodes()
        try await world.run(.seconds(300))
        #expect(world.routed(chat) == before)
        #expect(world.agents.values.flatMap(\.running).sorted() == before)
        try world.openServe()
        try world.openNodes()
        try await world.run(.seconds(20))
        #expect(try world.ready(chat) == before)
        #expect(world.cloud.machines.count == 2)
        #expect(world.violations == [])
    }
}

extension Array where Element: Hashable {
    /// Each once, in the order of its first place.
    var deduplicated: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
