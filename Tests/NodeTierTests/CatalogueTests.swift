import Cloud
import Model
import NodeTier
import Testing
import TwoTiers

@Suite struct CatalogueTests {
    /// The provider's catalogue cannot be read any more (the adapter refuses what it says): prices of before hold.
    @Test func theLastGoodCatalogueStays() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(10))
        #expect(world.creates().count == 1)
        // The next call is for the catalogue, in a minute.
        func asked() -> Int { world.calls.count { $0 == .offerings } }
        let before = asked()
        while asked() == before {
            world.cloud.heal()
            world.cloud.inject(.unavailable, .unavailable, .unavailable)
            try await world.run(.seconds(1))
        }
        world.cloud.heal()
        world.settings.maxWorkers = 8
        try world.apply([.of(.named("chat", .fixed(4)))])
        #expect(try await world.run(until: { world.creates().count == 2 }, within: Millis(100)))
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 4)
    }
}
