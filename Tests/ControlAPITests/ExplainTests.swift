import Cloud
import ControlAPI
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers
import Wire

/// What `tandem explain` and `tandem cost` say of clusters in virtual time.
@Suite struct ExplainTests {
    private static let chat = DeploymentID(application: "shop", deployment: "chat")

    private func ask(_ world: TwoTiers) -> Ask {
        { sql, arguments throws(StoreError) in try world.ask(sql, arguments) }
    }

    private func explain(_ kind: Explanation.Kind, _ name: String, _ world: TwoTiers) throws -> Explanation {
        try Explanation.of(kind, name, ask(world))
    }

    private func crowded() async throws -> TwoTiers {
        let world = try TwoTiers(
            .cloud([.cpus("small", 2, max: 1), .cpus("tiny", 1, max: 1)], maxWorkers: 2))
        try world.apply([.of(.named("chat", .fixed(4)), .named("huge", .fixed(1), milliCPU: 9_000))])
        try await world.run(.seconds(30))
        return world
    }

    @Test func aReplicaThatWaitsNamesWhatEachCandidateLacks() async throws {
        let world = try await crowded()
        let state = try world.state()
        let waiting = try #require(
            state.placements.values.first { $0.phase == .pending && $0.deployment == Self.chat })
        let answer = try explain(.replica, waiting.replica.rawValue, world)
        #expect(answer.sentences[0].hasPrefix("\(waiting.replica) was ordered "))
        #expect(answer.sentences[1].hasSuffix("it asks for CPU 1."))
        #expect(answer.sentences.last == "What would help: raise max_workers.")
        #expect(Set(answer.reasons.map(\.candidate)).isSuperset(of: ["n1", "n2", "small", "tiny"]))
        for reason in answer.reasons where reason.code == "short" {
            #expect(reason.short == Resources(["CPU": 1_000]))
            #expect(reason.sentence == "\(reason.candidate) has too little room: CPU 1 is missing.")
        }
        let huge = try #require(state.placements.keys.first { $0.deployment.rawValue == "shop#huge" })
        let large = try explain(.replica, huge.rawValue, world)
        #expect(large.reasons.contains { $0.candidate == "small" && $0.short == Resources(["CPU": 7_000]) })
        #expect(
            large.sentences.last
                == "What would help: add a node type on which it fits, or let it ask for less.")
    }

    @Test func aReplicaThatRunsAndOneThatIsNoMore() async throws {
        let world = try await crowded()
        let ready = try #require(try world.ready(Self.chat).first)
        let answer = try explain(.replica, ready.rawValue, world)
        #expect(answer.sentences.count == 2 && answer.sentences[1].hasPrefix("It has been ready for "))
        #expect(answer.history.contains { $0.kind == "place" })
        _ = try world.delete("shop")
        try await world.run(.seconds(20))
        let gone = try explain(.replica, ready.rawValue, world)
        #expect(gone.sentences == ["\(ready) is no more; what was decided about it is below."])
    }

    @Test func aNodeSaysWhyItWasBoughtWhyItStaysAndWhatItCosts() async throws {
        let world = try await crowded()
        let node = try #require(try world.nodes(in: .ready).first { $0.type == "small" })
        let answer = try explain(.node, node.id.rawValue, world)
        #expect(
            answer.sentences[0].hasPrefix(
                "\(node.id) is a node of type small (on_demand, z1); it has been ready "))
        #expect(answer.sentences.contains { $0.hasPrefix("It was bought because: ") })
        #expect(answer.sentences.contains { $0.hasPrefix("It is not given back, since ") })
        let cost = try #require(answer.sentences.last)
        #expect(cost.hasPrefix("It costs 0.02 USD an hour and has cost "))
        #expect(cost.contains("shop#chat 0.0") && cost.contains("starting 0.0"))
        #expect(answer.history.contains { $0.kind == "launch" && $0.after == "small" })
        // When it is gone its name still answers.
        _ = try world.delete("shop")
        try await world.run(.seconds(90))
        let gone = try explain(.node, node.id.rawValue, world)
        #expect(gone.sentences[0].contains("it has been gone for "))
        #expect(gone.sentences.contains { $0.hasPrefix("It was given up: Idle for ") })
    }

    @Test func aDeploymentSaysWhatItWouldTake() async throws {
        let world = try await crowded()
        let answer = try explain(.deployment, "shop#chat", world)
        #expect(
            answer.sentences[0]
                == "shop#chat wants 4 replicas (always 4): 3 are ready, 0 are starting, 1 wait for a node, 0 are ending."
        )
        #expect(
            answer.sentences.contains(
                "Those that wait ask for CPU 1 together; what would help: raise max_workers."))
        #expect(answer.sentences.contains { $0.hasPrefix("It costs 0.03 USD an hour and has cost ") })
        world.offer(0, to: Self.chat)
        try world.apply([.of(.named("chat", .between(0, 3)))])
        world.offer(2, to: Self.chat)
        try await world.run(.seconds(30))
        let busy = try explain(.deployment, "shop#chat", world)
        #expect(busy.sentences[0].contains("(from 0 to 3)"))
        #expect(busy.sentences[1].hasPrefix("The target went from "))
        #expect(busy.sentences[2].hasPrefix("It read: "))
    }

    @Test func aTypeSaysWhetherItCanBeHad() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) { $0.capacity = ["small": 1] }
        try world.apply([.of(.named("chat", .fixed(5)))])
        try await world.run(.seconds(15))
        let answer = try explain(.type, "small", world)
        #expect(
            answer.sentences[0] == "small has CPU 2; from 0 to 8 nodes of it are kept, an idle one for 30 s.")
        #expect(answer.sentences.contains("Its nodes: 1 ready."))
        #expect(
            answer.sentences.contains { $0.contains("/small/z1/on_demand is not asked for in the next ") })
        #expect(answer.reasons.map(\.code) == ["unavailable"])
        #expect(answer.history.contains { $0.kind == "launch" && $0.after == "n1" })
    }

    @Test func aWrongNameNamesNearOnes() async throws {
        let world = try await crowded()
        func problem(_ kind: Explanation.Kind, _ name: String) -> String {
            do {
                let answer = try explain(kind, name, world)
                return "\(answer)"
            } catch {
                return (error as? Problem)?.message ?? "\(error)"
            }
        }
        #expect(
            problem(.deployment, "shop#chta").hasPrefix(
                "there is no deployment \"shop#chta\"; near ones: shop#chat;"))
        #expect(problem(.deployment, "CHAT").contains("near ones: shop#chat;"))
        #expect(problem(.node, "n11").contains("near ones: n1"))
        #expect(problem(.type, "huge").contains("there are: small, tiny;"))
        #expect(problem(.replica, "n1") == "\"n1\" is a node: tandem explain node 'n1'")
        #expect(problem(.node, "'; DROP TABLE node; --").hasPrefix("there is no node"))
    }

    @Test func theCostsAddUpWhateverTheyAreGroupedBy() async throws {
        let world = try await crowded()
        try await world.run(.seconds(600))
        let bill = world.cloud.bill.microdollars
        for grouping in CostStatement.Grouping.allCases {
            let statement = try CostStatement.read(by: grouping, ask(world))
            // The database's clock is that of the latest renewal, some seconds old.
            #expect(statement.microusd <= bill && statement.microusd > bill - 100, "\(grouping)")
            #expect(statement.microusdPerHour == 30_000 && statement.estimates == 0)
            #expect(statement.lines.reduce(0) { $0 + $1.timeUs } == statement.timeUs)
        }
        let nodes = try CostStatement.read(by: .node, ask(world))
        #expect(nodes.lines.map(\.name) == ["n1", "n2"] || nodes.lines.map(\.name) == ["n2", "n1"])
        let owners = try CostStatement.read(by: .deployment, ask(world)).lines.map(\.name)
        #expect(Set(owners).isSuperset(of: ["shop#chat", "(starting)"]))
    }

    @Test(arguments: [
        (0, "0.00"), (40_000, "0.04"), (1_234_567, "1.234567"), (-10_000, "-0.01"), (25_000_000, "25.00"),
    ])
    func moneyIsWritten(_ microdollars: Int64, _ text: String) { #expect(Money.text(microdollars) == text) }

    @Test(arguments: [
        (850, "850 ms"), (12_430, "12.4 s"), (200_000, "3 min 20 s"), (18_600_000, "5 h 10 min"),
        (183_600_000, "2 days 3 h"),
    ])
    func spansAreWritten(_ ms: Int64, _ text: String) { #expect(SpanWords.text(ms) == text) }
}
