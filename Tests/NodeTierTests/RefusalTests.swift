import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// Each refusal that is stored with a replica that waits, computed once more from the rows.
@Suite struct RefusalTests {
    /// What every candidate's answer must be true of.
    private func expectTrue(_ world: TwoTiers, _ name: String) throws -> Set<Refusal.Code> {
        let state = try world.state()
        var seen: Set<Refusal.Code> = []
        for placement in state.placements.values.filter({ $0.phase == .pending }) {
            for refusal in placement.refusals {
                seen.insert(refusal.code)
                try check(refusal, placement, state, world, "\(name): \(placement.replica) \(refusal)")
            }
        }
        return seen
    }

    private func check(
        _ refusal: Refusal, _ placement: PlacementRow, _ state: ClusterState, _ world: TwoTiers,
        _ words: String
    ) throws {
        let node = state.nodes[NodeID(refusal.candidate)]
        let type = world.settings.nodeTypes.first { $0.name == refusal.candidate }
        let total = try #require(node?.resources ?? type?.resources, "\(words)")
        let living = state.nodes.values.filter { $0.phase != .gone && !$0.provider.isEmpty }
        switch refusal.code {
        case .short:
            // On a node that is on its way those have room that count on it.
            let used = state.placements.values.filter { row in
                row.node == node?.id && row.phase.holdsRoom
                    || row.phase == .pending
                        && row.refusals.contains {
                            $0.candidate == refusal.candidate && $0.code == .coming
                        }
            }
            .reduce(Resources()) { $0 + $1.resources }
            let short = (total - used).shortfall(of: placement.resources)
            #expect(node != nil && refusal.short == short && !short.entries.isEmpty, "\(words)")
        case .tooLarge:
            let short = total.shortfall(of: placement.resources)
            #expect(refusal.short == short && !short.entries.isEmpty, "\(words)")
        case .limit:
            let own = living.count { $0.type == refusal.candidate }
            #expect(own >= type?.maxWorkers ?? 0 || living.count >= world.settings.maxWorkers, "\(words)")
        case .unavailable:
            let blocked = state.availability.values.contains {
                $0.offering.split(separator: "/").dropFirst().first.map(String.init) == refusal.candidate
                    && $0.until > world.now
            }
            #expect(blocked, "\(words)")
        case .coming:
            let isThere = node.map { [.requested, .booting, .ready].contains($0.phase) } ?? false
            let isBought = living.contains {
                $0.type == refusal.candidate && [.requested, .booting, .ready].contains($0.phase)
            }
            #expect(isThere || isBought, "\(words)")
        case .buysNothing: #expect(state.replicas[placement.replica]?.buys == false, "\(words)")
        case .notReady:
            let isOpen = node.map { $0.phase == .ready && state.drainRequests[$0.id] == nil } ?? false
            let isHeard = node.flatMap(\.heardAt) != nil
            #expect(!isOpen || !isHeard || world.agents.values.contains { $0.silent }, "\(words)")
        case .upscalingSpeed:
            // One at a time from none, then as many as there are: more are being bought already.
            #expect(living.contains { $0.type == refusal.candidate && $0.phase != .terminating }, "\(words)")
        case .labelSelector, .maxPerNode, .spread, .affinity, .antiAffinity, .gang, .budget:
            let book = RefusalBook(state: state, settings: world.settings, offerings: world.catalogue)
            #expect(book.isTrue(refusal, of: placement), "\(words)")
        }
        checkWords(refusal, words)
    }

    private func checkWords(_ refusal: Refusal, _ words: String) {
        if ![.labelSelector, .maxPerNode, .spread, .affinity, .antiAffinity, .budget].contains(refusal.code) {
            #expect(refusal.gap == 0, "\(words)")
        }
        #expect(
            [.short, .tooLarge, .gang].contains(refusal.code) || refusal.short.entries.isEmpty, "\(words)")
        #expect(refusal.sentence.hasPrefix(refusal.candidate) && refusal.sentence.hasSuffix("."))
        for entry in refusal.short.entries {
            #expect(refusal.sentence.contains(Resources.text(entry.name, entry.amount)), "\(words)")
        }
    }

    // MARK: - Labels, neighbours, gangs, money

    private func asking(
        _ name: String, _ count: Int, milliCPU: Int64 = 1_000,
        _ change: (inout PlacingSettings) throws -> Void
    ) rethrows -> DeploymentSettings {
        var settings = DeploymentSettings.named(name, .fixed(count), milliCPU: milliCPU)
        var placing = PlacingSettings()
        try change(&placing)
        settings.replica.placing = placing
        return settings
    }

    private func codes(
        _ settings: ClusterSettings, _ deployments: [DeploymentSettings], offerings: [Offering]? = nil
    ) async throws -> Set<Refusal.Code> {
        let world = try TwoTiers(settings, offerings: offerings)
        var application = ApplicationSettings.of(deployments[0])
        for deployment in deployments.dropFirst() {
            // One after the other, so that who stands where is settled.
            try world.apply([application])
            try await world.run(.seconds(12))
            application.deployments.append(deployment)
        }
        try world.apply([application])
        // An answer is true with all that its plan buys: once that is there.
        try await world.run(.seconds(40))
        let seen = try expectTrue(world, "rules")
        #expect(world.violations == [])
        return seen
    }

    @Test func labelsThatNobodyHas() async throws {
        var labelled = NodeType.cpus("small", 2)
        labelled.labels = [NodeLabel(name: "disk", value: "ssd")]
        let tape = try asking("tape", 1) { $0.selectors = [try LabelSelector(["disk": "tape"])] }
        let seen = try await codes(.cloud([labelled, .cpus("plain", 2)]), [.named("chat", .fixed(2)), tape])
        #expect(seen == [.labelSelector])
    }

    /// Of several selectors the one that comes closest tells how many terms are failed.
    @Test func termsOfTheNearestSelector() async throws {
        var labelled = NodeType.cpus("small", 2)
        labelled.labels = [NodeLabel(name: "disk", value: "ssd"), NodeLabel(name: "net", value: "fast")]
        let tape = try asking("tape", 1) {
            $0.selectors = [
                try LabelSelector(["disk": "tape", "net": "slow", "os": "plan9"]),
                try LabelSelector(["disk": "ssd", "net": "slow", "os": "plan9"]),
            ]
        }
        let world = try TwoTiers(.cloud([labelled, .cpus("plain", 2)]))
        try world.apply([.of(tape)])
        try await world.run(.seconds(20))
        #expect(try expectTrue(world, "terms") == [.labelSelector])
        let refusals = try #require(world.state().placements.values.first?.refusals)
        #expect(
            Dictionary(uniqueKeysWithValues: refusals.map { ($0.candidate, $0.gap) }) == [
                "small": 2, "plain": 3,
            ])
        #expect(
            refusals.contains {
                $0.sentence == "small has other labels than those asked for (2 terms of the selector)."
            })
    }

    @Test func asManyAsMayBeOnANode() async throws {
        let settings = ClusterSettings.cloud([.cpus("small", 8, max: 2)], maxWorkers: 2)
        let seen = try await codes(settings, [asking("chat", 5) { $0.maxPerNode = 2 }])
        #expect(seen.isSuperset(of: [.maxPerNode, .limit]))
    }

    @Test func aSpreadThatWouldBeUneven() async throws {
        let offerings = [Offering.usual("far", cents: 1, zone: "z2"), .usual("near", cents: 1, zone: "z1")]
        let own = ["deployment": "chat"]
        let chat = asking("chat", 5) {
            $0.rules = [TopologyRule(topology: .zone, ask: .spread(maxSkew: 1), selector: own)]
        }
        let seen = try await codes(
            .cloud([.cpus("far", 1, max: 1), .cpus("near", 8)]), [chat], offerings: offerings)
        #expect(seen.isSuperset(of: [.spread, .limit]))
    }

    @Test func thoseThatKeepApart() async throws {
        let chat = asking("chat", 3) {
            $0.rules = [
                TopologyRule(topology: .node, ask: .antiAffinity, selector: ["deployment": "chat"])
            ]
        }
        let seen = try await codes(.cloud([.cpus("small", 4, max: 2)], maxWorkers: 2), [chat])
        #expect(seen.isSuperset(of: [.antiAffinity, .limit]))
    }

    @Test func thoseThatKeepTogether() async throws {
        let pet = asking("pet", 2) {
            $0.rules = [TopologyRule(topology: .node, ask: .affinity, selector: ["deployment": "chat"])]
        }
        let seen = try await codes(
            .cloud([.cpus("small", 2, min: 2)]), [.named("chat", .fixed(1), milliCPU: 1_500), pet])
        #expect(seen.isSuperset(of: [.affinity, .short]))
    }

    @Test func gangsOfWhomSomeFindNoRoom() async throws {
        let settings = ClusterSettings.cloud([.cpus("small", 3, max: 2)], maxWorkers: 4)
        let seen = try await codes(
            settings,
            [.named("other", .fixed(1)), asking("chat", 6) { $0.gang = GangSettings(size: 6) }])
        #expect(seen.isSuperset(of: [.gang]))
    }

    @Test func whatIsTooDear() async throws {
        var settings = ClusterSettings.cloud([.cpus("small", 2)])
        settings.priceMax = 50_000
        let seen = try await codes(settings, [.named("chat", .fixed(6))])
        #expect(seen.isSuperset(of: [.budget, .short]))
    }

    // MARK: - Room and limits

    @Test func roomAndLimits() async throws {
        let world = try TwoTiers(
            .cloud([.cpus("small", 2, max: 2), .cpus("tiny", 1, max: 1)], maxWorkers: 3))
        try world.apply([
            .of(
                .named("chat", .fixed(2), milliCPU: 1_500), .named("mail", .fixed(6), milliCPU: 700),
                .named("huge", .fixed(1), milliCPU: 9_000))
        ])
        try await world.run(.seconds(40))
        #expect(try expectTrue(world, "limits").isSuperset(of: [.short, .tooLarge, .limit]))
        #expect(world.violations == [])
    }

    @Test func whatCannotBeHad() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) { $0.capacity = ["small": 1] }
        try world.apply([.of(.named("chat", .fixed(6)))])
        try await world.run(.seconds(15))
        #expect(try expectTrue(world, "stock").isSuperset(of: [.short, .unavailable]))
    }

    @Test func whatIsOnItsWay() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 1, max: 20)], maxWorkers: 20)) {
            $0.bootDelay = .seconds(20)
        }
        try world.apply([.of(.named("chat", .fixed(8)))])
        var seen: Set<Refusal.Code> = []
        for _ in 0..<10 {
            try await world.run(.seconds(1))
            seen.formUnion(try expectTrue(world, "coming"))
        }
        #expect(seen.contains(.coming))
    }

    /// Its replicas have failed so often that no node is bought for them any more, and the one there was is given back.
    @Test func whatKeepsFailingBuysNothing() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(5)))
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        try world.apply([.of(.named("chat", .fixed(2), command: "broken", milliCPU: 1_500))])
        var seen: Set<Refusal.Code> = []
        for _ in 0..<400 where !seen.contains(.buysNothing) {
            try await world.run(Millis(1_000))
            seen.formUnion(try expectTrue(world, "failing"))
        }
        #expect(seen.contains(.buysNothing))
    }

    @Test func aSilentNodeIsNotReady() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2, max: 1)]))
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(15))
        for id in world.agents.keys { world.agents[id]?.silent = true }
        try await world.run(.seconds(15))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(5))
        #expect(try expectTrue(world, "silent").contains(.notReady))
    }
}
