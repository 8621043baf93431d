import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// Changes that no process is started anew for.
@Suite struct AdjustTests {
    private func settings(_ change: (inout DeploymentSettings) -> Void = { _ in }) -> [ApplicationSettings] {
        var settings = DeploymentSettings.named("chat", .fixed(3))
        settings.replica.userConfig = "1"
        settings.replica.reconfigurePath = "/reconfigure"
        change(&settings)
        return [.of(settings)]
    }

    private func running() async throws -> (TwoTiers, [ReplicaID]) {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        try world.apply(settings())
        try await world.run(.seconds(10))
        let ready = try world.ready(chat)
        #expect(ready.count == 3)
        return (world, ready)
    }

    private func processes(_ world: TwoTiers) throws -> [ReplicaSettings] {
        try world.state().replicas.values.map(\.settings)
    }

    @Test func userConfigReachesWhatRuns() async throws {
        let (world, ready) = try await running()
        for instance in world.agents.keys { world.agents[instance]?.refusesAdjustments = true }
        try world.apply(settings { $0.replica.userConfig = "2" })
        try await world.run(.seconds(5))
        #expect(try world.deployment(chat)?.status == .updating)
        #expect(try world.deployment(chat)?.message == "3 replicas are being reconfigured")
        for instance in world.agents.keys { world.agents[instance]?.refusesAdjustments = false }
        // The orders were heard: agents tell what is in force when they have taken it over.
        for instance in world.agents.keys { world.restartAgent(instance) }
        try world.apply(settings { $0.replica.userConfig = "3" })
        try await world.run(.seconds(5))
        #expect(try world.ready(chat) == ready && world.deployment(chat)?.status == .healthy)
        #expect(try processes(world).allSatisfy { $0.userConfig == "3" })
        #expect(try world.state().placements.values.allSatisfy { $0.applied == 2 && $0.adjustment == 2 })
        #expect(world.violations == [])
    }

    @Test func withoutAPathItMeansNewProcesses() async throws {
        let (world, ready) = try await running()
        try world.apply(settings { $0.replica.reconfigurePath = nil })
        try await world.run(.seconds(60))
        #expect(try Set(ready).isDisjoint(with: world.ready(chat)) && world.ready(chat).count == 3)
    }

    @Test func aHealthCheckChangesWithoutARestart() async throws {
        let (world, ready) = try await running()
        try world.apply(
            settings {
                $0.replica.health.path = "/other"
                $0.replica.health.period = .seconds(3)
            })
        try await world.run(.seconds(5))
        #expect(try world.ready(chat) == ready && world.deployment(chat)?.status == .healthy)
        #expect(try processes(world).allSatisfy { $0.health.path == "/other" && $0.userConfig == "1" })
    }

    @Test func whatIsOrderedLaterIsStartedWithIt() async throws {
        let (world, ready) = try await running()
        try world.apply(
            settings {
                $0.replica.userConfig = "2"
                $0.count = .fixed(5)
            })
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 5 && Set(ready).isSubset(of: world.ready(chat)))
        #expect(try processes(world).allSatisfy { $0.userConfig == "2" })
        #expect(try world.deployment(chat)?.status == .healthy)
    }

    @Test func aRestartOfBothTiersFinishesIt() async throws {
        let (world, ready) = try await running()
        try world.apply(settings { $0.replica.userConfig = "2" })
        world.killServe()
        world.killNodes()
        try world.openServe()
        try world.openNodes()
        try await world.run(.seconds(10))
        #expect(try world.ready(chat) == ready && world.deployment(chat)?.status == .healthy)
        #expect(try world.state().placements.values.allSatisfy { $0.applied == 1 })
    }
}
