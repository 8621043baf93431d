import Cloud
import ControlAPI
import Foundation
import Model
import NodeTier
import ServeTier
import Store
import Testing
import TwoTiers
import Wire

/// Bodies as builds of other versions write them, and what the tiers make of them.
@Suite struct VersionTests {
    /// As version 1 wrote it: no field that was added since.
    private func agentBody(version: Int, generation: Int64 = -1) -> Data {
        Data(
            """
            {"facts":{"host":"127.0.0.1","pid":7,"port":9,"resources":{"CPU":4000,"memory":1000}},
            "fence":{"cluster_generation":\(generation < 0 ? 0 : 1),"epoch":\(generation < 0 ? 0 : 1),
            "generation":\(max(generation, 0))},
            "incarnation":"a","replicas":[
            {"id":"shop#chat#1","last_lines":[],"phase":"ready","pid":70,"port":20000,"started_ago":5},
            {"exit":{"code":{"_0":1}},"id":"shop#chat#9","last_lines":["no"],"phase":"failed"}],
            "wire_version":\(version)}
            """.utf8)
    }

    private func proxyBody(version: Int) -> Data {
        Data(
            """
            {"applied":[{"deployment":"shop#gone","fence":{"cluster_generation":1,"epoch":1,"generation":3}}],
            "busy":[{"ongoing":1,"replica":"shop#chat#3"}],"host":"127.0.0.1","incarnation":"a",
            "load":[{"buckets":[{"area":5,"ended_ago":0,"ongoing":1,"queued":0,"sequence":7,"span":1000}],
            "deployment":"shop#chat","ongoing":1,"queued":0}],"port":8000,"wire_version":\(version)}
            """.utf8)
    }

    private func nodeDesk(_ time: VirtualTime = VirtualTime()) throws -> NodeDesk {
        let store = try Store.open(.memory, role: .nodes, clock: time.clock)
        let tier = try NodeTier(store: store, settings: nil, tokenFile: "/token")
        let desk = NodeDesk(tier: tier, calls: AsyncStream.makeStream().continuation)
        _ = try desk.step()
        return desk
    }

    private func serveDesk(_ time: VirtualTime = VirtualTime()) throws -> ServeDesk {
        ServeDesk(tier: ServeTier(store: try Store.open(.memory, role: .serve, clock: time.clock)))
    }

    private func version(of answer: some Encodable) throws -> Int? {
        let object = try JSONSerialization.jsonObject(with: WireCoding.encode(answer)) as? [String: Any]
        return object?["wire_version"] as? Int
    }

    private let local = NodeID("local")

    @Test(arguments: [1, 2]) func anAgentOfTheVersionBeforeIsServed(_ version: Int) throws {
        let desk = try nodeDesk()
        let answers = Answers<NodeSyncAnswer>()
        let body = try WireCoding.decode(Received<NodeSyncRequest>.self, from: agentBody(version: version))
        _ = desk.sync(local, body, reply: answers.take)
        _ = try desk.step()
        let answer = try #require(answers.last)
        #expect(try self.version(of: answer) == version)
        #expect(answer.orders != nil)
        let row = try #require(try desk.tier.store.state().nodes[local])
        #expect(row.phase == .ready && row.resources["CPU"] == 4000)
    }

    @Test(arguments: [1, 2]) func aProxyOfTheVersionBeforeIsServed(_ version: Int) throws {
        let desk = try serveDesk()
        try desk.tier.apply([.of(.named("chat", .fixed(1)))])
        let answers = Answers<ProxySyncAnswer>()
        let body = try WireCoding.decode(Received<ProxySyncRequest>.self, from: proxyBody(version: version))
        _ = desk.sync("p1", body, reply: answers.take)
        _ = try desk.step()
        let answer = try #require(answers.last)
        #expect(try self.version(of: answer) == version)
        #expect(answer.acknowledged.map(\.sequence) == [7])
        #expect(try desk.tier.store.state().proxies["p1"] != nil)
    }

    /// Also when the rest of the body cannot be read: that is what a far version is like.
    @Test(arguments: [0, 3], [false, true])
    func anyOtherIsToldBothVersionsAndWhoIsToBeUpdated(_ version: Int, _ isReadable: Bool) throws {
        let strange = Data(#"{"wire_version":\#(version),"facts":[]}"#.utf8)
        let (nodes, serve) = (try nodeDesk(), try serveDesk())
        let (agent, proxy) = (Answers<NodeSyncAnswer>(), Answers<ProxySyncAnswer>())
        let agentBody = isReadable ? agentBody(version: version) : strange
        _ = nodes.sync(
            local, try WireCoding.decode(Received<NodeSyncRequest>.self, from: agentBody), reply: agent.take)
        let proxyBody = isReadable ? proxyBody(version: version) : strange
        _ = serve.sync(
            "p1", try WireCoding.decode(Received<ProxySyncRequest>.self, from: proxyBody), reply: proxy.take)
        for (problem, peer, tier) in [
            (agent.problem, "the agent of local", "the node tier"),
            (proxy.problem, "proxy p1", "the serve tier"),
        ] {
            let problem = try #require(problem)
            #expect(problem.code == "version")
            #expect(
                problem.message.hasPrefix("\(peer) speaks wire version \(version), \(tier) versions 1 to 2"))
            #expect(problem.message.hasSuffix("update \(version == 0 ? peer : tier)"))
        }
        #expect(throws: DecodingError.self) {
            try WireCoding.decode(Received<NodeSyncRequest>.self, from: Data("{}".utf8))
        }
    }

    @Test func aRefusedAgentOfAStrangerIsNotRemembered() throws {
        let desk = try nodeDesk()
        let answers = Answers<NodeSyncAnswer>()
        let body = try WireCoding.decode(Received<NodeSyncRequest>.self, from: agentBody(version: 3))
        _ = desk.sync(NodeID("other"), body, reply: answers.take)
        _ = try desk.step()
        #expect(answers.problem?.code == "version")
        #expect(try desk.tier.store.state().nodes.keys.sorted() == [local])
    }

    /// An agent that is refused for longer than a silent one may be, and then is updated.
    @Test func aNodeWhoseAgentIsRefusedShowsItAndIsNotLost() throws {
        let time = VirtualTime()
        let desk = try nodeDesk(time)
        func hear(_ version: Int) throws {
            let body = try WireCoding.decode(
                Received<NodeSyncRequest>.self, from: agentBody(version: version))
            _ = desk.sync(local, body, reply: { _ in })
            _ = try desk.step()
        }
        func row() throws -> NodeRow { try #require(try desk.tier.store.state().nodes[local]) }
        try hear(2)
        let why = try row().why
        for _ in 0..<40 {
            time.advance(by: .seconds(2))
            try hear(3)
        }
        #expect(try row().phase == .ready)
        #expect(try row().why.hasPrefix("its agent is refused: the agent of local speaks wire version 3"))
        // Written every 30 s (`heardEvery`), with a renewal, of which there is one in 5 s (`renewEvery`).
        #expect(try row().heardAt.map { desk.tier.store.now() - $0 <= .seconds(36) } == true)
        try hear(1)
        #expect(try row().why == why && !why.isEmpty)
    }
}
