import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// What a deployment is worth changes what is decided about it, not what it runs; where it may stand is asked once, when
/// a replica is placed.
@Suite struct StandingTests {
    private func running() async throws -> (TwoTiers, [ReplicaID]) {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(10))
        let ready = try world.ready(chat)
        #expect(ready.count == 3)
        return (world, ready)
    }

    private func changed(_ change: (inout DeploymentSettings) -> Void) -> [ApplicationSettings] {
        var settings = DeploymentSettings.named("chat", .fixed(3))
        change(&settings)
        return [.of(settings)]
    }

    @Test func whatADeploymentIsWorthChangesWithoutARestart() async throws {
        let (world, ready) = try await running()
        let worthy = changed { ($0.priority, $0.weight, $0.isUndisturbed) = (5, 3, true) }
        let changes = try world.serve?.preview(worthy)
        let told = try #require(changes?.first { $0.subject == chat.rawValue })
        #expect(told.kind == .adjust)
        #expect(told.words == "priority 0 to 5, weight 1 to 3, do_not_disrupt false to true")
        try world.apply(worthy)
        try await world.run(.seconds(30))
        #expect(try world.ready(chat) == ready && world.deployment(chat)?.status == .healthy)
        let row = try #require(try world.deployment(chat))
        #expect(row.settings.priority == 5 && row.settings.weight == 3 && row.settings.isUndisturbed)
        #expect(world.violations == [])
    }

    /// As in Ray, where another `max_replicas_per_node` or `label_selector` restarts the replicas.
    @Test func whereReplicasMayStandMeansNewOnes() async throws {
        let (world, ready) = try await running()
        let placed = changed {
            var placing = PlacingSettings()
            placing.maxPerNode = 4
            $0.replica.placing = placing
        }
        let changes = try world.serve?.preview(placed)
        let told = try #require(changes?.first { $0.subject == chat.rawValue })
        #expect(told.kind == .replace && told.words == "3 replicas: where replicas may stand")
        try world.apply(placed)
        try await world.run(.seconds(60))
        #expect(try Set(ready).isDisjoint(with: world.ready(chat)) && world.ready(chat).count == 3)
        #expect(world.violations == [])
    }
}
