import Cloud
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers

/// Loads, deployments, kills and faults by the dice. What must never be is checked at each instant by the world;
/// in the end, with all faults over, the cluster settles on exactly what is wanted.
@Suite struct RandomRunTests {
    static let mail = DeploymentID(application: "mail", deployment: "send")

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func whateverHappensTheClusterSettles(_ seed: UInt64) async throws {
        var dice = SeededDice(seed: seed)
        var settings = ClusterSettings.cloud(
            [.cpus("large", 4, max: 3), .cpus("small", 2, min: 1, max: 4)], maxWorkers: 6,
            idleTimeout: .seconds(20))
        settings.joinDeadline = .seconds(30)
        let world = try TwoTiers(settings, proxies: 2) {
            $0.bootDelay = Millis(800)
            $0.listLag = Millis(700)
            $0.stopDelay = Millis(900)
            $0.remembersTerminated = .seconds(20)
        }
        world.conduct["broken"] = Conduct(readyAfter: nil, failsAfter: Millis(100))
        for _ in 0..<250 {
            try act(on: world, &dice)
            try await world.run(Millis(Int64.random(in: 1...2_500, using: &dice)))
            if !world.violations.isEmpty { break }
        }
        #expect(world.violations == [], "seed \(seed)")
        try await settle(world)
        try expectSettled(world, "seed \(seed)")
    }

    private func act(on world: TwoTiers, _ dice: inout SeededDice) throws {
        switch Int.random(in: 0..<20, using: &dice) {
        case 0...4:
            let id = Bool.random(using: &dice) ? chat : Self.mail
            world.offer(
                Int.random(in: 0...14, using: &dice), to: id, at: Bool.random(using: &dice) ? "p1" : "p2")
        case 5: try deploy(world, &dice)
        case 6: _ = try world.delete("mail")
        case 7: world.killServe()
        case 8: world.killNodes()
        case 9, 10:
            if world.serve == nil { try world.openServe() }
            if world.nodes == nil { try world.openNodes() }
        case 11: world.machines.randomElement(using: &dice).map { world.cloud.lose(instance: $0.instance.id) }
        case 12:
            let span = Millis(Int64.random(in: 1_000...60_000, using: &dice))
            world.machines.randomElement(using: &dice).map {
                world.cloud.preempt(instance: $0.instance.id, in: span)
            }
        case 13:
            world.agents.keys.sorted().randomElement(using: &dice).map { world.agents[$0]?.silent.toggle() }
        case 14: world.agents.keys.sorted().randomElement(using: &dice).map { world.restartAgent($0) }
        case 15: world.proxies[Bool.random(using: &dice) ? "p1" : "p2"]?.silent.toggle()
        default:
            let faults: [CloudFault] = [
                .launchSucceedsButReplyIsLost, .launchIsLost, .quota, .rejected, .neverBoots, .listOmits,
                .listFails, .terminateLost, .terminateReplyIsLost, .throttled, .unavailable,
            ]
            faults.randomElement(using: &dice).map { world.cloud.inject($0) }
        }
    }

    private func deploy(_ world: TwoTiers, _ dice: inout SeededDice) throws {
        let command = ["serve", "other", "broken"].randomElement(using: &dice) ?? "serve"
        let low = Int.random(in: 0...2, using: &dice)
        try world.apply([
            .of(.named("chat", .between(low, 6), command: command)),
            .of(
                .named("send", of: "mail", .fixed(Int.random(in: 0...3, using: &dice)), milliCPU: 1500),
                name: "mail"),
        ])
    }

    private func settle(_ world: TwoTiers) async throws {
        world.cloud.heal()
        if world.serve == nil { try world.openServe() }
        if world.nodes == nil { try world.openNodes() }
        for id in world.agents.keys { world.agents[id]?.silent = false }
        for id in world.proxies.keys { world.proxies[id]?.silent = false }
        try world.apply([
            .of(.named("chat", .between(1, 6))), .of(.named("send", of: "mail", .fixed(1)), name: "mail"),
        ])
        for proxy in ["p1", "p2"] { world.offer(0, to: Self.mail, at: proxy) }
        world.offer(5, to: chat, at: "p1")
        world.offer(0, to: chat, at: "p2")
        // An offering is left alone for some minutes after it was refused, for half an hour and a fifth at most.
        _ = try await world.run(
            until: {
                try world.ready(chat).count == 3 && world.ready(Self.mail).count == 1
                    && world.nodes(in: .ready).contains { $0.type == "small" }
            },
            within: .seconds(2_400))
        try await world.run(.seconds(120))
    }

    private func expectSettled(_ world: TwoTiers, _ name: String) throws {
        #expect(world.violations == [], "\(name)")
        let state = try world.state()
        #expect(try world.ready(chat).count == 3, "\(name)")
        #expect(try world.ready(Self.mail).count == 1, "\(name)")
        #expect(state.deployments.keys.sorted() == [Self.mail, chat])
        #expect(state.replicas.count == 4 && state.placements.count == 4, "\(name)")
        for proxy in ["p1", "p2"] { #expect(try world.routed(chat, by: proxy) == world.ready(chat)) }
        let nodes = try world.nodes(in: .requested, .booting, .ready, .draining, .terminating)
        #expect(nodes.allSatisfy { $0.phase == .ready })
        // Nothing is there that has no node, and no node without a machine.
        #expect(world.machines.map(\.instance.node).sorted() == nodes.map(\.id).sorted(), "\(name)")
        let holding = Set(state.placements.values.compactMap(\.node))
        let idle = nodes.filter { !holding.contains($0.id) }
        // The one that is idle is there for `min_workers`.
        #expect(idle.count <= 1 && idle.allSatisfy { $0.type == "small" }, "\(name)")
        #expect(nodes.contains { $0.type == "small" })
        #expect(state.drainRequests.isEmpty)
        #expect(world.serve?.store.stateMismatches == 0 && world.nodes?.store.stateMismatches == 0)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SeededDice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
