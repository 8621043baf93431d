import Model
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct ApplyTests {
    let other = DeploymentID(application: "mail", deployment: "send")

    private var both: [ApplicationSettings] {
        [.of(.named("chat", .fixed(2))), .of(.named("send", of: "mail", .fixed(1)), name: "mail")]
    }

    @Test func applicationsThatAreNotNamedAreDeleted() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply(both)
        try await world.run(.seconds(5))
        #expect(try world.ready(other).count == 1)
        try world.apply([both[0]])
        try await world.run(.seconds(10))
        let state = try world.state()
        #expect(state.applications.keys.sorted() == ["shop"])
        #expect(state.deployments.keys.sorted() == [chat])
        #expect(state.replicas.values.allSatisfy { $0.deployment == chat })
        #expect(state.placements.values.allSatisfy { $0.deployment == chat })
        #expect(world.proxies["p1"]?.routes.keys.sorted() == [chat])
        #expect(world.violations == [])
    }

    @Test func aDeploymentLeftOutOfItsApplicationIsDeleted() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .fixed(1)), .named("root", .fixed(1)))])
        try await world.run(.seconds(5))
        try world.apply([.of(.named("root", .fixed(1)))])
        try await world.run(.seconds(10))
        #expect(try world.state().deployments.keys.map(\.name) == ["root"])
    }

    @Test func deletingWhatIsNotThereSaysSo() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        #expect(try !world.delete("shop"))
        try world.apply(both)
        #expect(try world.delete("shop"))
        try await world.run(.seconds(5))
        #expect(try world.state().applications.keys.sorted() == ["mail"])
    }

    @Test func anApplicationThatIsBeingDeletedCanBeDeployedAgain() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply(both)
        try await world.run(.seconds(5))
        world.offer(2, to: chat)
        world.proxies["p1"]?.requestTime = .seconds(5)
        let before = try world.ready(chat)
        _ = try world.delete("shop")
        try await world.run(.seconds(1))
        #expect(try world.deployment(chat)?.deleting == true)
        try world.apply(both)
        try await world.run(.seconds(20))
        #expect(try world.deployment(chat)?.deleting == false)
        #expect(try world.ready(chat).count == 2)
        #expect(try Set(world.ready(chat)).isDisjoint(with: before))
        #expect(try world.routed(chat) == world.ready(chat))
        #expect(world.violations == [])
    }

    /// A proxy refuses what is older than what it had, also of a name that was deleted meanwhile.
    @Test func theRouteFenceGrowsAcrossDeletions() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        var last: Int64 = 0
        for _ in 0..<3 {
            try world.apply([both[0]])
            try await world.run(.seconds(5))
            let generation = try #require(try world.deployment(chat)?.routeGeneration)
            #expect(generation > last)
            #expect(try world.routed(chat) == world.ready(chat))
            _ = try world.delete("shop")
            try await world.run(.seconds(10))
            #expect(try world.deployment(chat) == nil)
            last = generation
        }
        #expect(world.violations == [])
    }

    @Test func initialReplicasSpeakOnceAndWhenTheSettingsChange() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        func settings(initial: Int, high: Int) -> ApplicationSettings {
            var auto = AutoscalingSettings()
            auto.maxReplicas = high
            auto.initialReplicas = initial
            return .of(.named("chat", .auto(auto)))
        }
        try world.apply([settings(initial: 3, high: 5)])
        try await world.run(.seconds(5))
        #expect(try world.ready(chat).count == 3)
        try world.apply([settings(initial: 3, high: 5)])
        #expect(try world.deployment(chat)?.target == 3)
        try world.apply([settings(initial: 4, high: 6)])
        #expect(try world.deployment(chat)?.target == 4)
        try world.apply([.of(.named("chat", .between(1, 2)))])
        #expect(try world.deployment(chat)?.target == 2)
    }
}
