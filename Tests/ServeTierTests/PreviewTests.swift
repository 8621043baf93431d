import Model
import ServeTier
import Store
import Testing
import TwoTiers
import Wire

@Suite struct PreviewTests {
    private func told(_ changes: [ApplyChange]) -> [String] {
        changes.map { "\($0.kind.rawValue) \($0.subject)\($0.words.isEmpty ? "" : ": \($0.words)")" }
    }

    @Test func whatWouldChangeIsToldAndNotDone() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        let tier = try #require(world.serve)
        let shop = ApplicationSettings.of(.named("chat", .fixed(2)), .named("search", .between(1, 4)))
        let news = ApplicationSettings.of(.named("feed", of: "news", .fixed(1)), name: "news")
        #expect(
            told(try tier.preview([shop])) == [
                "create shop", "create shop#chat: 2 replicas", "create shop#search: 1 to 4 replicas",
            ])
        try world.apply([shop, news])
        try await world.run(.seconds(12))
        let before = try world.state()
        #expect(
            told(try tier.preview([shop, news])) == [
                "keep news", "keep news#feed: 1 replica", "keep shop", "keep shop#chat: 2 replicas",
                "keep shop#search: 1 replica",
            ])
        var other = ApplicationSettings.of(
            .named("chat", .fixed(3), command: "other"), .named("added", .fixed(1)))
        other.routePrefix = "/store"
        other.deployments[0].maxOngoing = 9
        #expect(
            told(try tier.preview([other])) == [
                "delete news", "delete news#feed: 1 replica", "delete shop#search: 1 replica",
                "replace shop#chat: 2 replicas: command, 2 replicas to 3 replicas, max_ongoing_requests 5 to 9",
                "create shop#added: 1 replica",
                "adjust shop: route_prefix /shop to /store, answered by added, not search",
            ])
        var light = shop
        light.deployments[0].count = .fixed(5)
        light.deployments[0].maxQueued = 7
        light.deployments[0].rollout.surgePercent = 10
        #expect(
            told(try tier.preview([light, news])).first
                == "adjust shop#chat: 2 replicas to 5 replicas, max_queued_requests -1 to 7, rollout")
        let after = try world.state()
        #expect(after.deployments == before.deployments && after.applications == before.applications)
    }

    private static func preview(_ changes: [(String, String)]) -> ApplyPreview {
        ApplyPreview(changes: changes.map { .init(change: $0.0, subject: $0.1, words: "") }, warnings: [])
    }

    @Test(
        arguments: [
            ([("delete", "a"), ("delete", "b"), ("keep", "c#d")], true),
            ([("delete", "a"), ("delete", "b"), ("keep", "c#d"), ("keep", "e#d")], false),
            ([("delete", "a"), ("create", "b"), ("create", "b#d")], false),
            ([("delete", "a"), ("delete", "b"), ("create", "c"), ("create", "c#d")], true),
            (
                [
                    ("delete", "a"), ("delete", "a#d"), ("delete", "b"), ("adjust", "c"), ("adjust", "c#d"),
                    ("keep", "e#d"),
                ], false
            ),
            ([], false),
        ] as [([(String, String)], Bool)])
    func aFileThatRemovesMuchIsDoubted(changes: [(String, String)], isMuch: Bool) {
        #expect(Self.preview(changes).removesMuch == isMuch)
    }
}
