import Model
import ServeTier
import Store
import Testing
import TwoTiers

let chat = DeploymentID(application: "shop", deployment: "chat")

@Suite struct ScalingTests {
    @Test func aDeployedReplicaIsPlacedStartedAndRouted() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(5))
        #expect(try world.ready(chat).count == 2)
        #expect(try world.routed(chat) == world.ready(chat))
        #expect(try world.deployment(chat)?.status == .healthy)
        #expect(world.machines.count == 1)
        #expect(world.violations == [])
    }
}
