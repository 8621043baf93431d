import Model
import ServeTier
import Store
import Testing
import TwoTiers

let chat = DeploymentID(application: "shop", deployment: "chat")

@Suite struct ScalingTests {
    @Test func aDeployedReplicaIsPlacedStartedAndRouted() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(12))
        #expect(try world.ready(chat).count == 2)
        #expect(try world.routed(chat) == world.ready(chat))
        #expect(try world.deployment(chat)?.status == .healthy)
        #expect(world.machines.count == 1)
        #expect(world.violations == [])
    }

    /// At a steady load as many replicas as hold it at the target, whichever side the count came from.
    @Test(arguments: [(1, 1), (2, 1), (3, 2), (7, 4), (8, 4), (9, 5)])
    func theCountAtAPlateauIsLoadOverTarget(_ load: Int, _ expected: Int) async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .between(1, 10)))])
        try await world.run(.seconds(5))
        world.offer(load, to: chat)
        try await world.run(.seconds(40))
        #expect(try world.ready(chat).count == expected)
        world.offer(20, to: chat)
        try await world.run(.seconds(40))
        #expect(try world.ready(chat).count == 10)
        world.offer(load, to: chat)
        try await world.run(.seconds(60))
        #expect(try world.ready(chat).count == expected)
        #expect(try world.replicas(chat).count == expected)
        #expect(world.violations == [])
    }

    @Test func atZeroTheFirstRequestStartsAReplicaAndSilenceEndsIt() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .between(0, 4)))])
        try await world.run(.seconds(20))
        #expect(try world.replicas(chat).isEmpty)
        #expect(world.machines.isEmpty)
        let asked = world.now
        world.offer(1, to: chat)
        #expect(try await world.run(until: { world.routed(chat).count == 1 }, within: .seconds(3)))
        // Boot 500, hello 100, start 200, and what the messages take.
        #expect(world.now - asked < Millis(1_200))
        try await world.run(.seconds(10))
        world.offer(0, to: chat)
        try await world.run(.seconds(60))
        #expect(try world.replicas(chat).isEmpty)
        #expect(world.machines.isEmpty)
        #expect(world.violations == [])
    }

    @Test func aNewFixedCountIsTakenOverWithoutReplacingAnything() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(12))
        let before = try world.ready(chat)
        try world.apply([.of(.named("chat", .fixed(5)))])
        try await world.run(.seconds(12))
        #expect(try Array(world.ready(chat).prefix(3)) == before)
        #expect(try world.ready(chat).count == 5)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(12))
        #expect(try Set(world.ready(chat)).isSubset(of: before))
        #expect(try world.ready(chat).count == 2)
        #expect(world.violations == [])
    }

    @Test func aSilentNodeTierOrProxyShrinksNothing() async throws {
        for who in ["proxy", "nodes"] {
            let world = try TwoTiers(.cloud([.cpus("small", 4)]), proxies: 2)
            try world.apply([.of(.named("chat", .between(1, 10, down: .seconds(20))))])
            try await world.run(.seconds(5))
            world.offer(6, to: chat, at: "p1")
            world.offer(6, to: chat, at: "p2")
            try await world.run(.seconds(40))
            #expect(try world.ready(chat).count == 6)
            if who == "proxy" { world.proxies["p1"]?.silent = true } else { world.killNodes() }
            world.offer(0, to: chat, at: "p1")
            world.offer(0, to: chat, at: "p2")
            // Delay and window would be over after 26 s; the silence is noticed after 10 and 15.
            try await world.run(.seconds(50))
            #expect(try world.deployment(chat)?.target == 6, "\(who)")
            if who == "proxy" { world.proxies["p1"]?.silent = false } else { try world.openNodes() }
            try await world.run(.seconds(60))
            #expect(try world.deployment(chat)?.target == 1, "\(who)")
            #expect(world.violations == [])
        }
    }

    /// What one proxy has to say of the time in which the tier was away is not known: that was not silence.
    @Test func whoeverWasNotHeardAgainIsNotTakenForIdle() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]), proxies: 2)
        try world.apply([.of(.named("chat", .between(1, 10, down: .seconds(20))))])
        try await world.run(.seconds(5))
        world.offer(6, to: chat, at: "p1")
        world.offer(6, to: chat, at: "p2")
        try await world.run(.seconds(40))
        world.killServe()
        world.proxies["p2"]?.silent = true
        world.offer(0, to: chat, at: "p1")
        try await world.run(.seconds(60))
        try world.openServe()
        try await world.run(.seconds(50))
        #expect(try world.deployment(chat)?.target == 6)
        #expect(world.violations == [])
    }

    /// What waited when it was deleted waits for nobody of that name.
    @Test func aNameThatComesBackBeginsWithoutLoad() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        let shop = [ApplicationSettings.of(.named("chat", .between(0, 8)))]
        try world.apply(shop)
        world.offer(9, to: chat)
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count > 2)
        try world.apply([])
        world.offer(0, to: chat)
        #expect(try await world.run(until: { try world.deployment(chat) == nil }, within: .seconds(60)))
        try world.apply(shop)
        for _ in 0..<20 {
            try await world.run(.seconds(1))
            #expect(try world.replicas(chat).isEmpty)
        }
        #expect(world.violations == [])
    }

    /// A proxy that is gone for good is given up once another one speaks: its last words hold for no longer.
    @Test func aProxyGoneForGoodIsForgotten() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]), proxies: 2)
        try world.apply([.of(.named("chat", .between(1, 10)))])
        try await world.run(.seconds(5))
        world.offer(6, to: chat, at: "p1")
        world.offer(4, to: chat, at: "p2")
        try await world.run(.seconds(40))
        #expect(try world.ready(chat).count == 5)
        world.proxies["p1"] = nil
        try await world.run(.seconds(120))
        #expect(try world.state().proxies.keys.sorted() == ["p2"])
        #expect(try world.ready(chat).count == 2)
        let changes = try world.state().changeSequence
        try await world.run(.seconds(10))
        #expect(
            try world.state().changeSequence - changes < 60, "a forgotten proxy comes back again and again")
        #expect(world.violations == [])
    }

    @Test func whatRunsQuietlyCostsNoSteps() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .between(1, 4)), .named("fixed", .fixed(1)))])
        world.offer(1, to: chat)
        try await world.run(.seconds(60))
        let (steps, idle) = (world.steps, world.idleSteps)
        try await world.run(.seconds(60))
        // Reports every 2 s, buckets and ticks every second, lists every 5.
        #expect(world.steps.serve - steps.serve < 300)
        #expect(world.steps.nodes - steps.nodes < 300)
        #expect(world.idleSteps.serve - idle.serve < 120)
        #expect(world.idleSteps.nodes - idle.nodes < 120)
        #expect(world.violations == [])
    }

    @Test func theShownLoadFollowsTheLoad() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)]))
        try world.apply([.of(.named("chat", .between(1, 1, target: 100)))])
        try await world.run(.seconds(5))
        for load in [3, 7] {
            world.offer(load, to: chat)
            try await world.run(.seconds(20))
            #expect(try world.state().scalings[chat]?.load == Thousandths(Int64(load) * 1000))
        }
    }
}
