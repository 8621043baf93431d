import Model
import ServeTier
import Store
import Testing
import TwoTiers

private let low = DeploymentID(application: "shop", deployment: "low")
private let high = DeploymentID(application: "shop", deployment: "high")

/// Nodes cannot be had, and more is wanted than there is room for.
@Suite struct DegradationTests {
    /// Slots for so many replicas of one CPU on nodes of four, and not one more.
    private func world(slots: Int) throws -> TwoTiers {
        try TwoTiers(.cloud([.cpus("small", 4, max: slots / 4)], maxWorkers: slots / 4))
    }

    private func settings(
        _ name: String, _ count: ReplicaCount, priority: Int = 0, weight: Int = 1
    ) -> DeploymentSettings {
        var settings = DeploymentSettings.named(name, count)
        (settings.priority, settings.weight) = (priority, weight)
        return settings
    }

    private func givenWay(_ world: TwoTiers) throws -> [String] {
        try world.serve?.store.query(
            "SELECT subject FROM serve_decision WHERE rule = 'gives_way' ORDER BY id"
        ).rows.map { $0[0].text } ?? []
    }

    private func decisions(_ world: TwoTiers) throws -> Int {
        try world.serve?.store.query("SELECT id FROM serve_decision").rows.count ?? 0
    }

    @Test func noCrowdWaitsForRoomThatThereIsNot() async throws {
        let world = try world(slots: 8)
        try world.apply([.of(settings("low", .fixed(40)))])
        try await world.run(.seconds(40))
        #expect(try world.ready(low).count == 8)
        // One more is asked for: that is what a node would be bought for.
        #expect(try world.replicas(low).count == 9)
        let row = try #require(try world.state().feasible[low])
        #expect(row.room == 8 && row.reason == .limit)
        #expect(row.refusals.map(\.candidate) == ["small"])
        #expect(try world.deployment(low)?.target == 40, "the wish remains")
        #expect(
            try world.deployment(low)?.message
                == "8 of 40 replicas ready; 1 finds no room: small: max_workers is reached; 31 more are wanted as soon"
                + " as there is room")
        let count = try decisions(world)
        try await world.run(.seconds(120))
        #expect(try decisions(world) == count, "nothing goes round in circles")
        // Nodes can be had again.
        world.settings = .cloud([.cpus("small", 4, max: 12)], maxWorkers: 12)
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(40))
        #expect(try world.ready(low).count == 40)
        #expect(try world.state().feasible.isEmpty)
        #expect(world.violations == [])
    }

    @Test func aHigherPriorityGetsItsRoomBatchByBatch() async throws {
        let world = try world(slots: 12)
        let before = settings("low", .fixed(12))
        try world.apply([.of(before)])
        try await world.run(.seconds(30))
        #expect(try world.ready(low).count == 12)
        try world.apply([.of(before, settings("high", .fixed(6), priority: 5))])
        var least = 12
        for _ in 0..<600 {
            try await world.run(Millis(100))
            let leaving = try world.replicas(low).count { $0.phase != .wanted && $0.routedAt != nil }
            #expect(leaving <= 2, "at most a batch at a time: a fifth of 12")
            least = min(least, try world.ready(low).count)
        }
        #expect(try world.ready(high).count == 6)
        #expect(try world.ready(low).count == 6)
        #expect(least == 6, "no more than is needed")
        #expect(try givenWay(world).count == 6)
        #expect(try world.state().feasible[high] == nil)
        let count = try decisions(world)
        try await world.run(.seconds(120))
        #expect(try decisions(world) == count, "nothing goes round in circles")
        // What has given way comes back by itself.
        try world.apply([.of(before, settings("high", .fixed(2), priority: 5))])
        try await world.run(.seconds(60))
        #expect(try world.ready(low).count == 10)
        #expect(world.violations == [])
    }

    @Test func aMinimumIsKeptWhateverThePriority() async throws {
        let world = try world(slots: 8)
        let before = settings("low", .between(3, 8))
        try world.apply([.of(before)])
        try await world.run(.seconds(20))
        world.offer(16, to: low)
        try await world.run(.seconds(60))
        #expect(try world.ready(low).count == 8)
        try world.apply([.of(before, settings("high", .fixed(8), priority: 1))])
        try await world.run(.seconds(120))
        #expect(try world.ready(high).count == 5)
        #expect(try world.ready(low).count == 3)
        #expect(world.violations == [])
    }

    @Test(arguments: [(1, 1, 6, 6), (1, 3, 3, 9), (2, 1, 8, 4)])
    func equalPrioritiesShareByWeight(_ mine: Int, _ other: Int, _ a: Int, _ b: Int) async throws {
        let world = try world(slots: 12)
        let before = settings("low", .fixed(20), weight: mine)
        try world.apply([.of(before)])
        try await world.run(.seconds(40))
        #expect(try world.ready(low).count == 12)
        try world.apply([.of(before, settings("high", .fixed(20), weight: other))])
        try await world.run(.seconds(120))
        #expect(try world.ready(low).count == a)
        #expect(try world.ready(high).count == b)
        let count = try decisions(world)
        try await world.run(.seconds(120))
        #expect(try decisions(world) == count, "nothing goes round in circles")
        #expect(world.violations == [])
    }

    @Test func aFailingDeploymentTakesNothingFromOthers() async throws {
        let world = try world(slots: 8)
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        let before = settings("low", .fixed(7))
        try world.apply([.of(before)])
        try await world.run(.seconds(30))
        var broken = settings("high", .fixed(6), priority: 5)
        broken.replica.command = ["broken"]
        try world.apply([.of(before, broken)])
        try await world.run(.seconds(120))
        #expect(try givenWay(world).isEmpty)
        #expect(try world.ready(low).count == 7)
    }

    /// `max_unavailable` is the budget of a deployment, and what is not ready counts; 0: it gives nothing away.
    @Test(arguments: [Disruption.count(0), .count(1), .count(3), .percent(25), nil])
    func nobodyGivesMoreThanItsDisruptionBudget(_ budget: Disruption?) async throws {
        let world = try world(slots: 12)
        var before = settings("low", .fixed(12))
        before.rollout.unavailableMax = budget
        try world.apply([.of(before)])
        try await world.run(.seconds(30))
        #expect(try world.ready(low).count == 12)
        try world.apply([.of(before, settings("high", .fixed(6), priority: 5))])
        let own =
            switch budget {
            case .count(let count)?: count
            case .percent(let percent)?: 12 * percent / 100
            case nil: 12 / 5
            }
        // A fifth of all that have a place, rounded up: of 12.
        let most = min(own, 3)
        var (together, told) = (0, false)
        for _ in 0..<900 {
            try await world.run(Millis(100))
            let state = try world.state()
            together = max(together, leaving(state) { $0.deployment == low })
            let message = try world.deployment(high)?.message ?? ""
            told =
                told
                || message.contains(
                    own == 0
                        ? "shop#low gives way to nobody: its max_unavailable is 0"
                        : "shop#low gives way to it, \(own) of its replicas at a time and 3 of all")
        }
        #expect(together == most)
        #expect(told)
        #expect(try world.ready(high).count == (own == 0 ? 0 : 6))
        #expect(try world.ready(low).count == (own == 0 ? 12 : 6))
        let inputs = try world.serve?.store.query(
            """
            SELECT max(inputs_json ->> '$.budget'), max(inputs_json ->> '$.all_budget')
            FROM serve_decision WHERE rule = 'gives_way'
            """
        ).rows.first?.map(\.text)
        #expect(own == 0 || inputs == ["\(own)", "3"], "\(inputs ?? [])")
        #expect(world.violations == [])
    }

    /// On their way out, with their room still held.
    private func leaving(_ state: ClusterState, where isMeant: (ReplicaRow) -> Bool) -> Int {
        state.replicas.values.count {
            $0.phase != .wanted && isMeant($0) && state.placements[$0.id]?.phase.holdsRoom == true
        }
    }

    /// Of several deployments no more give way at a time than a part of all.
    @Test func allTogetherGiveAPartAtATime() async throws {
        let world = try world(slots: 16)
        let names = (0..<8).map { "low\($0)" }
        let before = names.map { settings($0, .fixed(2)) }
        func shop(_ deployments: [DeploymentSettings]) -> ApplicationSettings {
            ApplicationSettings(name: "shop", routePrefix: "/shop", deployments: deployments)
        }
        try world.apply([shop(before)])
        try await world.run(.seconds(40))
        try world.apply([shop(before + [settings("high", .fixed(8), priority: 5)])])
        var together = 0
        for _ in 0..<600 {
            try await world.run(Millis(100))
            let state = try world.state()
            together = max(together, leaving(state) { $0.stopReason.hasPrefix("gives way to") })
        }
        #expect(together == 4, "a fifth of 16, rounded up")
        #expect(try world.ready(high).count == 8)
        #expect(world.violations == [])
    }

    /// A tier that is killed at any time divides as one that was not.
    @Test(arguments: [200, 800, 12_000, 13_000, 25_000, 40_000] as [Int64])
    func aRestartedTierDecidesTheSame(_ after: Int64) async throws {
        func run(killing: Bool) async throws -> (ready: [Int], given: [String]) {
            let world = try world(slots: 12)
            let before = settings("low", .fixed(20), weight: 1)
            try world.apply([.of(before)])
            try await world.run(.seconds(40))
            try world.apply([
                .of(before, settings("high", .fixed(4), priority: 1), settings("chat", .fixed(20), weight: 3))
            ])
            try await world.run(Millis(after))
            if killing {
                world.killServe()
                try world.openServe()
            }
            try await world.run(.seconds(180))
            #expect(world.violations == [])
            return (
                [try world.ready(high).count, try world.ready(low).count, try world.ready(chat).count],
                try givenWay(world)
            )
        }
        let (calm, struck) = (try await run(killing: false), try await run(killing: true))
        #expect(calm.ready == [4, 2, 6])
        #expect(struck.ready == calm.ready)
        #expect(struck.given.count == calm.given.count)
    }
}
