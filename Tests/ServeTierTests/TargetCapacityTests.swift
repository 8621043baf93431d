import Model
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct TargetCapacityTests {
    private let half = Thousandths(50_000)

    @Test func targetCapacityScalesEveryCount() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 64)]))
        var scaled = DeploymentSettings.named("scaled", .between(2, 20))
        if case .auto(var auto) = scaled.count {
            auto.initialReplicas = 8
            scaled.count = .auto(auto)
        }
        let applications = [ApplicationSettings.of(.named("chat", .fixed(10)), scaled)]
        func targets() throws -> [Int] {
            try [chat, scaled.id].map { try #require(try world.deployment($0)).target }
        }
        // Given for applications that were not there before: it is on its way up, and eight are where to begin.
        try world.apply(applications, targetCapacity: half)
        try await world.run(.seconds(30))
        #expect(try targets() == [5, 4])
        try world.apply(applications, targetCapacity: Thousandths(100_000))
        try await world.run(.seconds(30))
        #expect(try targets() == [10, 8])
        // On its way down the load says how many, and nothing is asked for.
        try world.apply(applications, targetCapacity: half)
        world.killServe()
        try world.openServe()
        try await world.run(.seconds(60))
        #expect(try targets() == [5, 1])
        try world.apply(applications, targetCapacity: Thousandths(0))
        try await world.run(.seconds(60))
        #expect(try targets() == [0, 0])
        try world.apply(applications)
        try await world.run(.seconds(60))
        #expect(try targets() == [10, 2] && world.state().capacity == nil)
        #expect(world.violations == [])
    }
}
