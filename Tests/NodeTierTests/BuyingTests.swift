import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

let chat = DeploymentID(application: "shop", deployment: "chat")

@Suite struct BuyingTests {
    @Test func whatDoesNotFitIsBoughtAndGivenBackWhenIdle() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(30)))
        try world.apply([.of(.named("chat", .fixed(5)))])
        try await world.run(.seconds(20))
        #expect(world.machines.count == 3)
        #expect(try world.ready(chat).count == 5)
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(25))
        #expect(world.machines.count == 3, "before the idle timeout")
        try await world.run(.seconds(20))
        #expect(world.machines.count == 1)
        #expect(try world.ready(chat).count == 1)
        #expect(world.violations == [])
    }

    @Test func neverFewerThanMinWorkers() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2, min: 2)], idleTimeout: .seconds(5)))
        try await world.run(.seconds(10))
        #expect(world.machines.count == 2)
        try world.apply([.of(.named("chat", .fixed(8)))])
        try await world.run(.seconds(20))
        #expect(world.machines.count == 4)
        _ = try world.delete("shop")
        try await world.run(.seconds(60))
        #expect(world.machines.count == 2)
        #expect(world.violations == [])
    }

    @Test(arguments: [(3, 8, 3), (8, 2, 2)])
    func neverMoreThanMaxWorkers(_ type: Int, _ cluster: Int, _ expected: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2, max: type)], maxWorkers: cluster))
        try world.apply([.of(.named("chat", .fixed(20)))])
        try await world.run(.seconds(30))
        #expect(world.machines.count == expected)
        #expect(try world.ready(chat).count == 2 * expected)
        let waiting = try world.state().placements.values.filter { $0.phase == .pending }
        #expect(
            waiting.allSatisfy { row in row.refusals.contains { $0.candidate == "small" && $0.code == .limit }
            })
        let (ready, stuck) = (2 * expected, 19 - 2 * expected)
        #expect(
            try world.deployment(chat)?.message
                == "\(ready) of 20 replicas ready; 1 finds no room: small: max_workers is reached; \(stuck) more are"
                + " wanted as soon as there is room")
        #expect(world.violations == [])
    }

    @Test func theStatusSaysWhatIsWaitedFor() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2), .cpus("tiny", 1)])) {
            $0.bootDelay = Millis(5_000)
        }
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(2))
        #expect(
            try world.deployment(chat)?.message
                == "0 of 1 replicas ready; 1 waits for a node that is on its way")
        try await world.run(.seconds(20))
        var large = DeploymentSettings.named("chat", .fixed(1))
        large.replica.resources = Resources([Resources.cpu: 4_000])
        try world.apply([.of(large)])
        try await world.run(.seconds(10))
        let message = try world.deployment(chat)?.message ?? ""
        #expect(
            message.hasSuffix("; 1 finds no room: too large for small, too large for tiny"), "\(message)")
        #expect(try world.ready(chat).count == 1, "the old one serves on")
        #expect(world.violations == [])
    }

    /// From none one at a time, then as many as there are.
    @Test func theUpscalingLimitHoldsForEachStep() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 1, max: 20)], maxWorkers: 20)) {
            $0.bootDelay = Millis(100)
        }
        try world.apply([.of(.named("chat", .fixed(16)))])
        var seen = [0]
        for _ in 0..<200 {
            try await world.run(Millis(100))
            let count = world.machines.count
            if count != seen.last { seen.append(count) }
        }
        #expect(seen.last == 16)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $1 - $0 <= max($0, 1) }, "\(seen)")
    }

    @Test func theIdleNodeThatIsWantedAgainIsTakenBack() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(30)))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(5))
        _ = try world.delete("shop")
        try await world.run(.seconds(20))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(60))
        #expect(world.creates().count == 1)
        #expect(try world.ready(chat).count == 1)
    }

    @Test func withoutAProviderThisMachineIsTheNode() async throws {
        var settings = ClusterSettings()
        settings.provider = nil
        let world = try TwoTiers(settings, offerings: [.usual("small", cents: 4)])
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(2))
        world.startLocalAgent(cpus: 4)
        try await world.run(.seconds(5))
        #expect(try world.ready(chat).count == 2)
        // A cluster that gets a provider moves away, and back again when it loses it, once its machines are given back: while
        // there are any, nobody may forsake them.
        world.settings = .cloud([.cpus("small", 4)])
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(60))
        #expect(try world.ready(chat).count == 2)
        #expect(world.machines.count == 1)
        #expect(try world.state().nodes[NodeID("local")]?.phase == .gone)
        _ = try world.delete("shop")
        try await world.run(.seconds(60))
        #expect(world.machines.isEmpty)
        world.settings = settings
        world.killNodes()
        try world.openNodes()
        world.startLocalAgent(cpus: 4)
        try await world.run(.seconds(5))
        #expect(try world.state().nodes[NodeID("local")]?.phase == .ready)
        #expect(world.violations == [])
    }
}
