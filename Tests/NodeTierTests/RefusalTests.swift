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
        default: Issue.record("\(words): a code that the node tier does not give here")
        }
        #expect(
            refusal.code == .short || refusal.code == .tooLarge || refusal.short.entries.isEmpty, "\(words)")
        #expect(refusal.sentence.hasPrefix(refusal.candidate) && refusal.sentence.hasSuffix("."))
        for entry in refusal.short.entries {
            #expect(refusal.sentence.contains(Resources.text(entry.name, entry.amount)), "\(words)")
        }
    }

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
