import Model
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct ExternalScalerTests {
    private func application(
        _ count: ReplicaCount = .fixed(2), scaler: Bool = true, maxOngoing: Int = 5
    ) -> ApplicationSettings {
        var settings = DeploymentSettings.named("chat", count)
        settings.maxOngoing = maxOngoing
        var application = ApplicationSettings.of(settings)
        application.hasExternalScaler = scaler
        return application
    }

    @Test func aCallSetsTheCountUntilTheDeploymentChanges() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        try world.apply([application()])
        try await world.run(.seconds(12))
        #expect(try world.ready(chat).count == 2)
        #expect(try world.serve?.scale(chat, to: 4) == .scaled)
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 4)
        world.killServe()
        try world.openServe()
        // The same file again keeps it, any change of the deployment takes it back.
        try world.apply([application()])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 4)
        try world.apply([application(maxOngoing: 6)])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 2)
        #expect(try world.serve?.scale(chat, to: 0) == .scaled)
        try await world.run(.seconds(10))
        #expect(try world.replicas(chat).isEmpty)
        #expect(world.violations == [])
    }

    @Test func aCallIsRefusedWhereItMayNotScale() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        try world.apply([application(scaler: false)])
        #expect(try world.serve?.scale(chat, to: 4) == .notAllowed)
        #expect(try world.serve?.scale(DeploymentID("shop#nothing"), to: 4) == .notAllowed)
        #expect(try world.serve?.scale(DeploymentID("none#chat"), to: 4) == .notFound)
        try world.apply([application()])
        #expect(try world.serve?.scale(DeploymentID("shop#nothing"), to: 4) == .notFound)
        try await world.run(.seconds(12))
        try world.apply([])
        #expect(try world.serve?.scale(chat, to: 4) == .deleting)
    }

    /// As Ray's users see them in `serve status`.
    @Test func everyStatusSaysWhatLedToIt() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        func word() throws -> String {
            let row = try #require(try world.deployment(chat))
            return "\(row.status.rawValue) \(row.trigger.rawValue)"
        }
        try world.apply([.of(.named("chat", .between(1, 6)))])
        try await world.run(Millis(200))
        #expect(try word() == "UPDATING CONFIG_UPDATE_STARTED")
        try await world.run(.seconds(12))
        #expect(try word() == "HEALTHY CONFIG_UPDATE_COMPLETED")
        world.offer(6, to: chat)
        #expect(
            try await world.run(until: { try word() == "UPSCALING AUTOSCALING" }, within: .seconds(40)))
        #expect(
            try await world.run(until: { try word() == "HEALTHY UPSCALE_COMPLETED" }, within: .seconds(40)))
        world.offer(1, to: chat)
        #expect(
            try await world.run(until: { try word() == "DOWNSCALING AUTOSCALING" }, within: .seconds(90)))
        #expect(
            try await world.run(until: { try word() == "HEALTHY DOWNSCALE_COMPLETED" }, within: .seconds(90)))
        try world.apply([])
        try await world.run(Millis(200))
        #expect(try world.deployment(chat)?.trigger == .deleting)
    }
}
