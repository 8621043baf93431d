import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// Another cluster file while the cluster runs.
@Suite struct ReloadTests {
    /// Three nodes that are kept though they are idle.
    private func idle() async throws -> TwoTiers {
        let world = try TwoTiers(.cloud([.cpus("small", 4, min: 3)], idleTimeout: .seconds(5)))
        try await world.run(.seconds(10))
        #expect(world.machines.count == 3)
        return world
    }

    @discardableResult
    private func reload(
        _ world: TwoTiers, cause: ReloadCause = .asked, isStartFile: Bool = false, dryRun: Bool = false,
        _ change: (inout ClusterSettings) -> Void
    ) throws -> SettingsDifference {
        let nodes = try #require(world.nodes)
        var settings = nodes.clusterSettings
        change(&settings)
        return try nodes.reload(settings, cause: cause, isStartFile: isStartFile, dryRun: dryRun)
    }

    private func restart(_ world: TwoTiers) throws {
        world.killNodes()
        try world.openNodes()
    }

    private func inForce(_ world: TwoTiers) throws -> ClusterSettings {
        try #require(try world.state().setting).settings
    }

    // MARK: - What is taken

    @Test func aLowerLimitGivesBackWhatIsIdle() async throws {
        let world = try await idle()
        let change = try reload(world) { $0.nodeTypes[0].minWorkers = 1 }
        #expect(
            change.changes == ["available_node_types.small: min_workers 3 to 1"] && change.refusals.isEmpty)
        #expect(try inForce(world).nodeTypes[0].minWorkers == 1, "written down before it is answered")
        try await world.run(.seconds(15))
        #expect(world.machines.count == 1 && world.violations == [])
    }

    @Test func aTypeThatIsGoneGivesItsIdleNodesBack() async throws {
        let world = try TwoTiers(
            .cloud([.cpus("small", 4), .cpus("other", 4, min: 2)], idleTimeout: .seconds(5)))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(15))
        let change = try reload(world) { $0.nodeTypes.removeAll { $0.name == "other" } }
        #expect(
            change.changes == ["available_node_types.other removed: its nodes are given back as they empty"])
        #expect(try world.state().nodeTypes.keys.sorted() == ["small"])
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 1, "whatever runs there goes on, or moves")
        let left = world.machines.map(\.instance.offering.nodeType)
        #expect(left.count == 1 && world.violations == [], "\(left)")
    }

    @Test func aTypeThatIsNewIsBought() async throws {
        let offerings = [Offering.usual("small", cents: 2), .usual("large", cents: 16)]
        let world = try TwoTiers(.cloud([.cpus("small", 2)]), offerings: offerings)
        var big = DeploymentSettings.named("chat", .fixed(1))
        big.replica.resources = Resources(["CPU": 8000])
        try world.apply([.of(big)])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).isEmpty && world.machines.isEmpty)
        let change = try reload(world) { $0.nodeTypes.insert(.cpus("large", 16), at: 0) }
        #expect(change.changes == ["available_node_types.large added"])
        try await world.run(.seconds(10))
        #expect(try world.ready(chat).count == 1 && world.creates().count == 1)
    }

    // MARK: - What is refused

    @Test func whatCannotChangeWhileItRunsIsRefusedByName() async throws {
        let world = try await idle()
        let before = try inForce(world)
        let change = try reload(world) {
            $0.name = "other"
            $0.provider = .fake(FakeCloudSettings())
            $0.ports.control = 9000
            $0.maxWorkers = 1
        }
        #expect(
            change.refusals.map { $0.prefix { $0 != ":" } } == [
                "cluster_name tandem to other", "ports", "provider.type native to fake",
            ])
        #expect(change.changes.contains("max_workers 8 to 1"))
        #expect(try inForce(world) == before && world.nodes?.clusterSettings == before, "not a part of it")
        let why = try #require(try world.state().setting?.refused)
        #expect(why.contains("cluster_name") && why.contains("provider.type") && why.contains("ports"))
        try await world.run(.seconds(10))
        #expect(world.machines.count == 3)
        try reload(world) { $0.maxWorkers = 7 }
        #expect(try world.state().setting?.refused == "" && inForce(world).maxWorkers == 7)
    }

    @Test func aNativeProviderElsewhereIsAnotherOne() throws {
        let old = ClusterSettings.cloud([.cpus("small", 4)])
        var new = old
        new.provider = .native(endpoint: "http://elsewhere:1", tokenFile: "/token")
        let change = SettingsDifference(from: old, to: new)
        #expect(change.changes == ["provider.endpoint http://cloud to http://elsewhere:1"])
        #expect(change.refusals.count == 1)
    }

    @Test func aLookChangesNothing() async throws {
        let world = try await idle()
        let before = try world.state()
        let change = try reload(world, dryRun: true) {
            $0.name = "other"
            $0.maxWorkers = 1
            $0.priceMax = 1_500_000
            $0.upscalingSpeed = Thousandths(2_500)
        }
        #expect(
            change.changes == [
                "cluster_name tandem to other", "max_workers 8 to 1", "upscaling_speed 1 to 2.5",
                "price_per_hour_max none to 1.500000",
            ])
        #expect(try world.state() == before)
    }

    @Test func aFileThatCannotBeReadIsToldAndNothingElse() async throws {
        let world = try await idle()
        let before = try inForce(world)
        try world.nodes?.refuseFile(because: "c:1:1: unknown key: x")
        let row = try #require(try world.state().setting)
        #expect(row.refused == "c:1:1: unknown key: x" && row.refusedUnixMs != nil && row.settings == before)
        try restart(world)
        try await world.run(.seconds(3))
        #expect(try inForce(world) == before)
        #expect(
            try world.state().setting?.refused == "", "the file says again what it said when it was taken")
    }

    // MARK: - Which file, after a restart

    @Test func aRestartGoesOnWithWhatWasAcceptedLast() async throws {
        let world = try await idle()
        try reload(world) { $0.nodeTypes[0].minWorkers = 1 }
        // Killed at once, and started with the older file.
        try restart(world)
        #expect(world.nodes?.clusterSettings.nodeTypes[0].minWorkers == 1)
        #expect(world.nodes?.isFileOvertaken == true)
        try await world.run(.seconds(15))
        #expect(world.machines.count == 1)
        #expect(try inForce(world).nodeTypes[0].minWorkers == 1)
    }

    @Test func aFileThatSaysSomethingNewIsTakenAtTheStart() async throws {
        let world = try await idle()
        try reload(world) { $0.maxWorkers = 5 }
        world.settings.maxWorkers = 6
        try restart(world)
        try await world.run(.seconds(2))
        #expect(try inForce(world).maxWorkers == 6)
        // From now on that is what the file said.
        try reload(world) { $0.maxWorkers = 4 }
        try restart(world)
        try await world.run(.seconds(2))
        #expect(try inForce(world).maxWorkers == 4)
    }

    @Test func theFileOfTheStartIsNotNewAfterItWasReloaded() async throws {
        let world = try await idle()
        world.settings.maxWorkers = 6
        try reload(world, isStartFile: true) { $0.maxWorkers = 6 }
        try reload(world) { $0.maxWorkers = 3 }
        try restart(world)
        try await world.run(.seconds(2))
        #expect(try inForce(world).maxWorkers == 3)
    }

    /// `tandem up` hands its file on whenever it looks at it: level-triggered, so more often than it changes.
    @Test func aWatchedFileThatSaysNothingNewIsNoReload() async throws {
        let world = try await idle()
        let file = world.settings
        try reload(world) { $0.maxWorkers = 5 }
        try world.nodes?.refuseFile(because: "wrong for a while")
        for dryRun in [true, false] {
            let change = try reload(world, cause: .watched, isStartFile: true, dryRun: dryRun) { $0 = file }
            #expect(change.changes.isEmpty && change.refusals.isEmpty)
        }
        #expect(try inForce(world).maxWorkers == 5 && world.state().setting?.refused == "")
        let change = try reload(world, cause: .watched, isStartFile: true) {
            $0 = file
            $0.maxWorkers = 6
        }
        #expect(change.changes == ["max_workers 5 to 6"])
        #expect(try inForce(world).maxWorkers == 6)
    }

    @Test func machinesOfAProviderAreNotForsakenByARestart() async throws {
        let world = try await idle()
        let before = try inForce(world)
        world.settings.provider = .fake(FakeCloudSettings())
        try restart(world)
        try await world.run(.seconds(3))
        #expect(try inForce(world) == before && world.machines.count == 3)
        #expect(try world.state().setting?.refused.hasPrefix("provider.type native to fake: ") == true)
    }

    @Test func aTierWithoutItsFileGoesOn() throws {
        let (time, memory) = (VirtualTime(), try SharedMemory())
        func tier(_ settings: ClusterSettings?, _ problem: String?) throws -> NodeTier {
            let store = try Store.open(.shared(memory), role: .nodes, clock: time.clock, pid: 2)
            return try NodeTier(store: store, settings: settings, fileProblem: problem, tokenFile: "/token")
        }
        var settings = ClusterSettings.cloud([.cpus("small", 4)])
        settings.maxWorkers = 5
        // One holder of the role at a time: each is let go before the next.
        func stepped(_ given: ClusterSettings?, _ problem: String?) throws -> (ClusterSettings, String?) {
            let tier = try tier(given, problem)
            _ = try tier.step()
            return (tier.clusterSettings, tier.refusedFile)
        }
        #expect(try stepped(settings, nil) == (settings, nil))
        #expect(try stepped(nil, "c:3:1: not YAML") == (settings, "c:3:1: not YAML"))
        #expect(try stepped(nil, nil) == (settings, "c:3:1: not YAML"))
        #expect(try stepped(settings, nil) == (settings, nil))
    }
}
