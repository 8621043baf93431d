import Cloud
import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// Deployments whose replicas come in gangs.
@Suite struct GangTests {
    private func deployment(
        _ count: ReplicaCount, size: Int = 3, command: String = "serve",
        _ strategy: GangSettings.Strategy = .pack
    ) -> DeploymentSettings {
        var settings = DeploymentSettings.named("chat", count, command: command)
        var placing = PlacingSettings()
        placing.gang = GangSettings(size: size, strategy: strategy)
        settings.replica.placing = placing
        return settings
    }

    /// The gangs of those that are wanted, each with its members.
    private func gangs(_ world: TwoTiers) throws -> [Int64: Set<ReplicaID>] {
        let wanted = try world.replicas(chat).filter { $0.phase == .wanted }
        #expect(wanted.allSatisfy { $0.gang != nil })
        return Dictionary(grouping: wanted) { $0.gang ?? 0 }.mapValues { Set($0.map(\.id)) }
    }

    @Test(arguments: [(1, 3), (4, 6), (7, 9), (40, 12)])
    func countsAreRoundedUpToWholeGangs(load: Int, expected: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 16)]))
        guard case .auto(var scaling) = ReplicaCount.between(3, 12) else { return }
        scaling.targetOngoing = Thousandths(1000)
        try world.apply([.of(deployment(.auto(scaling)))])
        try await world.run(.seconds(10))
        world.offer(load, to: chat)
        try await world.run(.seconds(40))
        #expect(try world.ready(chat).count == expected)
        #expect(try gangs(world).values.allSatisfy { $0.count == 3 })
        world.offer(1, to: chat)
        try await world.run(.seconds(90))
        #expect(try world.ready(chat).count == 3 && world.violations == [])
    }

    /// One fails after it has served: the others of its gang go with it, by the usual drain, and no other gang is touched.
    @Test func aGangRestartsAsAWhole() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 32)]))
        try world.apply([.of(deployment(.fixed(9)))])
        try await world.run(.seconds(20))
        let before = try gangs(world)
        #expect(before.count == 3 && before.values.allSatisfy { $0.count == 3 })
        let (hit, members) = try #require(before.sorted { $0.key < $1.key }.first)
        world.makeUnwell([try #require(members.sorted().last)])
        let isDone = try await world.run(
            until: { try gangs(world)[hit] == nil && world.ready(chat).count == 9 }, within: .seconds(60))
        #expect(isDone)
        let after = try gangs(world)
        let whole = after.values.allSatisfy { $0.count == 3 }
        #expect(whole && Set(after.keys).intersection(before.keys).count == 2)
        let rules = try world.ask(
            "SELECT count(*) FROM serve_decision WHERE rule = 'gang_broken'")
        #expect(rules.rows.first?.first == .integer(1))
        #expect(world.violations == [])
    }

    /// Those of a lost machine take the rest of their gang along.
    @Test func aLostNodeRestartsTheGangsThatStoodThere() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        try world.apply([.of(deployment(.fixed(4), size: 4))])
        try await world.run(.seconds(20))
        let before = try gangs(world)
        #expect(world.machines.count == 2 && before.count == 1)
        let machine = try #require(world.machines.first)
        try? await world.cloud.terminate(instance: machine.instance.id)
        let isDone = try await world.run(
            until: {
                try world.ready(chat).count == 4 && Set(gangs(world).keys).isDisjoint(with: before.keys)
            },
            within: .seconds(200))
        #expect(isDone && world.violations == [])
    }

    @Test func aNewVersionComesGangByGang() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 12, max: 1)], maxWorkers: 1))
        try world.apply([.of(deployment(.fixed(9)))])
        try await world.run(.seconds(20))
        let old = Set(try gangs(world).keys)
        try world.apply([.of(deployment(.fixed(9), command: "other"))])
        let isDone = try await world.run(
            until: {
                let ready = try world.ready(chat)
                #expect(ready.count >= 9 && ready.count <= 12)
                return try gangs(world).count == 3 && ready.count == 9
                    && old.isDisjoint(with: gangs(world).keys)
            }, within: .seconds(120))
        #expect(isDone && world.violations == [])
    }

    /// The node is full: a gang has to leave before the new one has room.
    @Test func withoutSpareRoomAnOldGangLeavesFirst() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 9, max: 1)], maxWorkers: 1))
        try world.apply([.of(deployment(.fixed(9)))])
        try await world.run(.seconds(20))
        let old = Set(try gangs(world).keys)
        try world.apply([.of(deployment(.fixed(9), command: "other"))])
        let isDone = try await world.run(
            until: {
                let ready = try world.ready(chat)
                #expect(ready.count >= 6)
                return try ready.count == 9 && old.isDisjoint(with: gangs(world).keys)
            }, within: .seconds(300))
        #expect(isDone && world.violations == [])
    }

    @Test func whatStopsAreWholeGangs() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 32)]))
        try world.apply([.of(deployment(.fixed(9)))])
        try await world.run(.seconds(20))
        let before = try gangs(world)
        try world.apply([.of(deployment(.fixed(3)))])
        try await world.run(.seconds(30))
        let after = try gangs(world)
        #expect(after.count == 1 && before[after.keys.first ?? 0] == after.values.first)
        #expect(try world.ready(chat).count == 3 && world.violations == [])
    }

    /// From replicas that stand alone to gangs and back: no moment with too few.
    @Test func gangsMayBeginAndEnd() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 32)]))
        try world.apply([.of(.named("chat", .fixed(6)))])
        try await world.run(.seconds(20))
        for settings in [deployment(.fixed(6)), deployment(.fixed(6), size: 2), .named("chat", .fixed(6))] {
            try world.apply([.of(settings)])
            let size = settings.gang?.size ?? 1
            let isDone = try await world.run(
                until: {
                    #expect(try world.ready(chat).count >= 3)
                    let wanted = try world.replicas(chat).filter { $0.phase == .wanted }
                    let isNew = wanted.allSatisfy { $0.settings.placing?.gang?.size ?? 1 == size }
                    return try wanted.count == 6 && isNew && world.ready(chat).count == 6
                }, within: .seconds(200))
            #expect(isDone, "to gangs of \(size)")
        }
        #expect(world.violations == [])
    }

    @Test func aKilledTierStillKnowsItsGangs() async throws {
        let world = try TwoTiers(.cloud([.cpus("large", 32)]))
        try world.apply([.of(deployment(.fixed(6)))])
        try await world.run(.seconds(20))
        let before = try gangs(world)
        world.killServe()
        try world.openServe()
        try await world.run(.seconds(20))
        #expect(try gangs(world) == before && world.violations == [])
    }

    /// There is room for one gang: one more is asked for, to try, and no half of it runs.
    @Test func whereThereIsNoRoomWholeGangsWait() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 5, max: 1)], maxWorkers: 1))
        try world.apply([.of(deployment(.fixed(12)))])
        try await world.run(.seconds(60))
        #expect(try world.ready(chat).count == 3)
        #expect(try world.state().feasible[chat]?.room == 3)
        let asked = try gangs(world)
        #expect(asked.count == 2 && asked.values.allSatisfy { $0.count == 3 })
        world.settings.maxWorkers = 8
        world.settings.nodeTypes[0].maxWorkers = 8
        world.killNodes()
        try world.openNodes()
        try await world.run(.seconds(120))
        #expect(try world.ready(chat).count == 12 && world.violations == [])
    }
}
