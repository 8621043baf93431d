import Model
import ServeTier
import Store
import Testing
import TwoTiers

@Suite struct RolloutTests {
    @Test(arguments: [4, 8] as [Int64])
    func aChangedCommandReplacesOneByOne(_ cpus: Int64) async throws {
        // With 4 CPUs the node is full and there is only one: an old replica has to leave first.
        let world = try TwoTiers(.cloud([.cpus("only", cpus, max: 1)], maxWorkers: 1))
        try world.apply([.of(.named("chat", .fixed(4)))])
        world.offer(4, to: chat)
        try await world.run(.seconds(12))
        let old = Set(try world.ready(chat))
        #expect(old.count == 4)
        try world.apply([.of(.named("chat", .fixed(4), command: "other"))])
        let least = cpus == 4 ? 3 : 4
        let done = try await world.run(
            until: {
                let ready = try world.ready(chat)
                #expect(ready.count >= least && ready.count <= 5)
                return ready.count == 4 && old.isDisjoint(with: ready)
            }, within: .seconds(60))
        #expect(done)
        try await world.run(.seconds(5))
        #expect(try world.deployment(chat)?.status == .healthy)
        #expect(world.violations == [])
    }

    /// Of more nodes than a waiting replica keeps answers of.
    @Test func theOldOnesRoomIsFoundAmongManyNodes() async throws {
        let world = try TwoTiers(.cloud([.cpus("only", 1, max: 72)], maxWorkers: 72))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(5))
        let crowd = ApplicationSettings.of(.named("crowd", of: "crowd", .fixed(71)), name: "crowd")
        try world.apply([.of(.named("chat", .fixed(1))), crowd])
        try await world.run(.seconds(60))
        #expect(world.machines.count == 72)
        let old = try world.ready(chat)
        try world.apply([.of(.named("chat", .fixed(1), command: "other")), crowd])
        try await world.run(.seconds(60))
        #expect(try world.ready(chat).count == 1)
        let message = try world.deployment(chat)?.message ?? "none"
        #expect(try world.ready(chat) != old, "\(message)")
        #expect(world.violations == [])
    }

    @Test func aNewVersionThatFailsLeavesTheOldOneServing() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(5))
        let old = try world.ready(chat)
        try world.apply([.of(.named("chat", .fixed(2), command: "broken"))])
        try await world.run(.seconds(60))
        #expect(try world.ready(chat) == old)
        // Six times for two replicas: then it is given up, also by the next process.
        let row = try #require(try world.deployment(chat))
        #expect(row.status == .deployFailed && row.failures == 6)
        #expect(
            row.message.contains("is given up after 6 failures in a row, 2 of 2 replicas of the one before"))
        world.killServe()
        try world.openServe()
        try await world.run(.seconds(60))
        #expect(try world.deployment(chat)?.failures == 6)
        #expect(try world.ready(chat) == old && world.replicas(chat).count == 2)
        try world.apply([.of(.named("chat", .fixed(2), command: "mended"))])
        try await world.run(.seconds(20))
        #expect(try world.ready(chat).count == 2)
        #expect(try Set(world.ready(chat)).isDisjoint(with: old))
        #expect(try world.deployment(chat)?.status == .healthy)
        #expect(world.violations == [])
    }

    /// Each node has an old one, and may have one only: an old one leaves first, as where there is no room.
    @Test(arguments: ["max_replicas_per_node", "anti_affinity"])
    func whereNeighboursAreKeptApartAnOldOneLeavesFirst(rule: String) async throws {
        let world = try TwoTiers(.cloud([.cpus("only", 8, max: 3)], maxWorkers: 3))
        func version(_ command: String) -> DeploymentSettings {
            with(.named("chat", .fixed(3), command: command)) {
                var placing = PlacingSettings()
                if rule == "anti_affinity" {
                    placing.rules = [
                        TopologyRule(topology: .node, ask: .antiAffinity, selector: ["deployment": "chat"])
                    ]
                } else {
                    placing.maxPerNode = 1
                }
                $0.replica.placing = placing
            }
        }
        try world.apply([.of(version("serve"))])
        world.offer(3, to: chat)
        try await world.run(.seconds(10))
        let old = Set(try world.ready(chat))
        #expect(old.count == 3 && world.machines.count == 3)
        try world.apply([.of(version("other"))])
        let done = try await world.run(
            until: {
                let ready = try world.ready(chat)
                #expect(ready.count >= 2)
                return ready.count == 3 && old.isDisjoint(with: ready)
            }, within: .seconds(60))
        #expect(done && world.machines.count == 3)
        #expect(world.violations == [])
    }

    /// What keeps the new one away is no old one: none leaves for nothing, and the update goes on when the other has gone.
    @Test func anOldOneDoesNotLeaveForAStrangersSake() async throws {
        let world = try TwoTiers(.cloud([.cpus("only", 8, max: 1)], maxWorkers: 1))
        func version(_ command: String, awayFrom team: String?) -> DeploymentSettings {
            with(.named("chat", .fixed(2), command: command)) {
                var placing = PlacingSettings()
                if let team {
                    placing.rules = [
                        TopologyRule(topology: .node, ask: .antiAffinity, selector: ["team": team])
                    ]
                }
                $0.replica.placing = placing
            }
        }
        let other = with(.named("other", .fixed(1))) {
            var placing = PlacingSettings()
            placing.labels = [NodeLabel(name: "team", value: "red")]
            $0.replica.placing = placing
        }
        try world.apply([.of(version("serve", awayFrom: nil), other)])
        try await world.run(.seconds(10))
        let old = try world.ready(chat)
        #expect(old.count == 2)
        try world.apply([.of(version("other", awayFrom: "red"), other)])
        try await world.run(.seconds(120))
        #expect(try world.ready(chat) == old)
        try world.apply([.of(version("other", awayFrom: "red"))])
        try await world.run(.seconds(60))
        #expect(try world.ready(chat).count == 2 && Set(old).isDisjoint(with: world.ready(chat)))
        #expect(world.violations == [])
    }

    /// Ready after a second, ended after four: with six replicas and a batch of one, five of the old version stay.
    @Test(arguments: [nil, 0, 20] as [Int?])
    func aVersionThatEndsSoonTakesABatchAtMost(surge: Int?) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        world.conduct["ill"] = Conduct(readyAfter: .seconds(1), failsAfter: .seconds(4))
        func version(_ command: String, minReady: Millis = .seconds(10)) -> DeploymentSettings {
            with(.named("chat", .fixed(6), command: command)) {
                $0.rollout.surgePercent = surge
                $0.rollout.minReady = minReady
            }
        }
        try world.apply([.of(version("serve"))])
        try await world.run(.seconds(5))
        let old = Set(try world.ready(chat))
        #expect(old.count == 6)
        try world.apply([.of(version("ill"))])
        try await world.run(.seconds(300))
        #expect(try old.intersection(world.ready(chat)).count >= (surge == 0 ? 5 : 6))
        #expect(try world.deployment(chat).map { $0.failures > 3 } == true)
        // Without that span it takes them all: that is what the span is for.
        try world.apply([.of(version("ill too", minReady: .zero))])
        world.conduct["ill too"] = world.conduct["ill"]
        try await world.run(.seconds(30))
        #expect(try old.intersection(world.ready(chat)).count < 4)
        #expect(world.violations == [])
    }

    /// Its limit, or three for each of the two replicas where that is less.
    @Test(arguments: [(2, 2), (4, 4), (nil, 6)] as [(Int?, Int)])
    func aNewVersionIsGivenUpAfterSoManyFailures(limit: Int?, failures: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        func version(_ command: String) -> DeploymentSettings {
            var settings = DeploymentSettings.named("chat", .fixed(2), command: command)
            if let limit { settings.rollout.failuresMax = limit }
            return settings
        }
        try world.apply([.of(version("serve"))])
        try await world.run(.seconds(5))
        let old = try world.ready(chat)
        #expect(old.count == 2)
        try world.apply([.of(version("broken"))])
        try await world.run(.seconds(60))
        let row = try #require(try world.deployment(chat))
        #expect(row.status == .deployFailed && row.failures == failures)
        #expect(row.message.contains("is given up after \(failures) failures in a row"))
        #expect(try world.ready(chat) == old && world.replicas(chat).count == 2)
        // More of it are wanted: that is no reason to go on with it.
        try world.apply([.of(with(version("broken")) { $0.count = .fixed(4) })])
        try await world.run(.seconds(30))
        let more = try #require(try world.deployment(chat))
        #expect(more.status == .deployFailed && more.message.contains("is given up"), "\(more.message)")
        #expect(try world.ready(chat) == old)
        // Another version is.
        try world.apply([.of(version("other"))])
        try await world.run(.seconds(30))
        #expect(try world.deployment(chat)?.status == .healthy && world.ready(chat).count == 2)
        #expect(world.violations == [])
    }

    /// Of a deployment that never ran its file says how many tries there are, up to three.
    @Test(arguments: [(1, 1), (2, 2), (nil, 3), (9, 3)] as [(Int?, Int)])
    func aFirstVersionHasFailedAfterSoMany(limit: Int?, tries: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        var settings = DeploymentSettings.named("chat", .fixed(1), command: "broken")
        if let limit { settings.rollout.failuresMax = limit }
        try world.apply([.of(settings)])
        var failedAt: Int?
        for _ in 0..<600 where failedAt == nil {
            try await world.run(Millis(100))
            let row = try world.deployment(chat)
            if row?.status == .deployFailed { failedAt = row?.failures }
        }
        #expect(failedAt == tries)
    }

    private func with(
        _ settings: DeploymentSettings, _ change: (inout DeploymentSettings) -> Void
    ) -> DeploymentSettings {
        var settings = settings
        change(&settings)
        return settings
    }

    /// Of ten replicas three would be replaced at a time. Old ones leave first: with a surge of 0, or a full node.
    @Test(
        arguments: [
            (20, 0, nil, 7), (20, 0, .count(1), 9), (20, 0, .count(2), 8), (20, 0, .percent(25), 8),
            (10, nil, nil, 7), (10, nil, .count(1), 9), (10, nil, .percent(25), 8),
        ] as [(Int64, Int?, Disruption?, Int)])
    func noMoreAreUnreadyThanMaxUnavailable(
        cpus: Int64, surge: Int?, unavailable: Disruption?, least: Int
    ) async throws {
        let world = try TwoTiers(.cloud([.cpus("only", cpus)]))
        func version(_ command: String) -> DeploymentSettings {
            var settings = DeploymentSettings.named("chat", .fixed(10), command: command)
            settings.rollout.batchShare = Thousandths(300)
            settings.rollout.surgePercent = surge
            settings.rollout.unavailableMax = unavailable
            return settings
        }
        try world.apply([.of(version("serve"))])
        try await world.run(.seconds(12))
        let old = Set(try world.ready(chat))
        #expect(old.count == 10)
        try world.apply([.of(version("other"))])
        var seen = 10
        let done = try await world.run(
            until: {
                let ready = try world.ready(chat)
                seen = min(seen, ready.count)
                return ready.count == 10 && old.isDisjoint(with: ready)
            }, within: .seconds(120))
        #expect(done)
        #expect(seen == least, "so many may be missing, and no more")
        #expect(world.violations == [])
    }

    /// Of ten replicas three are replaced at a time; with a full node, old ones leave first and nothing is bought.
    @Test(
        arguments: [(10, nil, 7, 13), (13, nil, 10, 13), (20, 0, 7, 10), (20, 30, 10, 13)]
            as [(Int64, Int?, Int, Int)])
    func aBatchIsReplacedAtATime(cpus: Int64, surge: Int?, least: Int, most: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("only", cpus)]))
        func version(_ command: String) -> DeploymentSettings {
            var settings = DeploymentSettings.named("chat", .fixed(10), command: command)
            settings.rollout.batchShare = Thousandths(300)
            settings.rollout.surgePercent = surge
            return settings
        }
        try world.apply([.of(version("serve"))])
        try await world.run(.seconds(12))
        let old = Set(try world.ready(chat))
        try world.apply([.of(version("other"))])
        var seen = (least: 10, most: 10)
        let done = try await world.run(
            until: {
                let ready = try world.ready(chat)
                let wanted = try world.replicas(chat).count { $0.phase == .wanted }
                seen = (min(seen.least, ready.count), max(seen.most, wanted))
                return ready.count == 10 && old.isDisjoint(with: ready)
            }, within: .seconds(60))
        #expect(done)
        #expect(seen.least >= least && seen.most <= most && seen.most >= most - 3)
        #expect(world.creates().count == 1, "a rollout buys nothing where old ones make room")
        #expect(world.violations == [])
    }

    @Test func aFailingCommandIsTriedLessAndLessOften() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)], idleTimeout: .seconds(600)))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        try world.apply([.of(.named("chat", .fixed(1), command: "broken"))])
        var starts: [Moment] = []
        _ = try await world.run(
            until: {
                for replica in try world.replicas(chat) where !starts.contains(replica.createdAt) {
                    starts.append(replica.createdAt)
                }
                return starts.count == 7
            }, within: .seconds(90))
        let gaps = zip(starts, starts.dropFirst()).map { ($1 - $0).rawValue }
        // The first has to wait for its machine. After it 1, 2, 4, … seconds, and what start and failure take.
        for (number, gap) in gaps.dropFirst().enumerated() {
            #expect(gap >= 2_000 << number && gap < 2_000 << number + 300, "wait \(number + 2): \(gap)")
        }
        #expect(starts.count == 7)
        let row = try #require(try world.deployment(chat))
        #expect(row.status == .deployFailed)
        #expect(row.lastFailure.hasSuffix("exited with code 1\ncannot open the model"))
        #expect(world.creates().count == 1)
        #expect(world.violations == [])
    }

    /// Replicas that were ordered together and fail together are one failure, not as many as there are.
    @Test func oneBadRoundIsOneFailure() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        try world.apply([.of(.named("chat", .fixed(8), command: "broken"))])
        #expect(
            try await world.run(
                until: { try (world.deployment(chat)?.failures ?? 0) > 0 }, within: .seconds(5)))
        try await world.run(Millis(500))
        #expect(try world.deployment(chat)?.failures == 1)
    }

    /// One replica that runs well does not make the others' failures be forgotten at once.
    @Test func aWellReplicaDoesNotTakeTheWaitFromFailingOnes() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 8)]))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(20))
        world.conduct["serve"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        try world.apply([.of(.named("chat", .fixed(2)))])
        var serials: Set<ReplicaID> = []
        for _ in 0..<300 {
            try await world.run(Millis(100))
            serials.formUnion(try world.replicas(chat).map(\.id))
        }
        // 30 s hold waits of 1, 2, 4, 8, 16: six replicas and the well one.
        #expect(serials.count <= 8)
        #expect(try world.deployment(chat)?.status == .unhealthy)
        world.conduct["serve"] = nil
        try await world.run(.seconds(60))
        #expect(try world.deployment(chat)?.status == .healthy)
        #expect(try world.ready(chat).count == 2)
    }

    /// The wrong version was taken back; one of its replicas fails only then.
    @Test func aFailureOfAnotherVersionIsNotHeldAgainstThisOne() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: .seconds(3))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(15))
        try world.apply([.of(.named("chat", .fixed(1), command: "broken"))])
        // The failure and the order to go back cross each other.
        let failed = { try world.state().placements.values.contains { $0.phase == .failed } }
        world.killServe()
        try world.openServe()
        #expect(
            try await world.run(
                until: { world.agents.values.contains { $0.running.count == 2 } }, within: .seconds(5)))
        world.killServe()
        #expect(try await world.run(until: failed, within: .seconds(5)))
        try world.openServe()
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(1))
        #expect(try world.deployment(chat)?.failures == 0)
        #expect(try world.deployment(chat)?.status == .healthy)
    }

    /// Its node was given back during a long wait: it gets another one to be tried on.
    @Test func aFailingDeploymentRecoversAfterItsNodeWasGivenBack() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)], idleTimeout: .seconds(5)))
        world.conduct["serve"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(60))
        world.conduct["serve"] = nil
        try await world.run(.seconds(120))
        #expect(try world.ready(chat).count == 1)
        #expect(try world.deployment(chat)?.status == .healthy)
        #expect(world.violations == [])
    }

    @Test func aCrashOfAReplicaThatRanWellIsReplacedAtOnce() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        world.conduct["serve"] = Conduct(failsAfter: .seconds(20))
        try world.apply([.of(.named("chat", .fixed(1)))])
        #expect(try await world.run(until: { try world.ready(chat).count == 1 }, within: .seconds(5)))
        let first = try world.ready(chat)
        try await world.run(.seconds(21))
        #expect(try world.ready(chat).count == 1)
        #expect(try world.ready(chat) != first)
        #expect(try world.deployment(chat)?.failures == 0)
    }
}
