import Foundation
import Model
import Store
import Testing

@Suite struct RetentionTests {
    private func count(_ store: Store, _ table: String) throws -> Int64 {
        guard case .integer(let count)? = try store.query("SELECT count(*) FROM \(table)").rows.first?.first
        else { return -1 }
        return count
    }

    private func decisions(_ count: Int) -> [Decision] {
        (0..<count).map { Decision(.scale, "s\($0)", rule: "r", reason: "r") }
    }

    @Test func decisionsGoByAge() throws {
        let pair = try Pair()
        let week = Retention().decisionAgeMax
        try pair.serve.commit { try $0.record(decisions(3), at: Moment(0)) }
        try pair.serve.commit { try $0.record(decisions(2), at: Moment(1)) }
        pair.time.advance(week.rawValue)
        #expect(try pair.serve.trim() == 0)
        pair.time.advance(1)
        #expect(try pair.serve.trim() == 3)
        #expect(try count(pair.serve, "serve_decision") == 2)
    }

    @Test func decisionsAndChangesGoByRowsInBatches() throws {
        let pair = try Pair()
        var retention = Retention()
        retention.decisionRowsMax = 10
        retention.changeRowsMax = 4
        retention.batchMax = 15
        try pair.nodes.commit { write in
            try write.record(decisions(30), at: Moment(0))
            for number in 1...12 { try write.put(node(number)) }
        }
        #expect(try pair.nodes.trim(retention) == 15 + 8)
        #expect(try pair.nodes.trim(retention) == 5)
        #expect(try pair.nodes.trim(retention) == 0)
        #expect(try count(pair.nodes, "node_decision") == 10)
        #expect(try count(pair.nodes, "change") == 4)
        #expect(try pair.nodes.state().nodes.count == 12)
    }

    @Test func goneNodesStayForADayAndWhileTheirMachineIsSeen() throws {
        let pair = try Pair()
        try pair.nodes.commit { write in
            for number in 1...2 { try write.put(node(number, .gone)) }
            try write.put(node(3))
            try write.put(
                InstanceSeenRow(
                    instance: "i-2", token: "t", node: NodeID("n2"), type: "small", state: "running",
                    seenAt: Moment(0), firstSeenAt: Moment(0)))
        }
        pair.time.advance(Retention().goneNodeAgeMax.rawValue + 31)
        try pair.nodes.trim()
        #expect(try pair.nodes.state().nodes.keys.sorted() == [NodeID("n2"), NodeID("n3")])
    }

    /// A provider keeps tokens good for a day: whoever was made by one in its last hour is still known.
    @Test func aTombstoneOutlivesItsToken() throws {
        let pair = try Pair()
        try pair.nodes.commit { try $0.put(node(1, .gone)) }
        pair.time.advance(25 * 3_600_000)
        try pair.nodes.trim()
        #expect(try pair.nodes.state().nodes[NodeID("n1")]?.token == "token-1")
        #expect(Retention().goneNodeAgeMax >= Millis(2 * 24 * 3_600_000))
    }

    @Test func loadIsKeptOnceSortedAndForTheLookBack() throws {
        let memory = try SharedMemory()
        let time = HandClock()
        let store = try Store.open(.shared(memory), role: .serve, clock: time.clock)
        time.advance(3_000)
        #expect(try store.commit { try $0.append([bucket(1, end: 1000), bucket(3, end: 3000)]) } == 2)
        #expect(try store.commit { try $0.append([bucket(1, end: 1000), bucket(2, end: 2000)]) } == 1)
        #expect(try store.commit { try $0.append([bucket(1, end: 2500, incarnation: "b")]) } == 1)
        try store.commit { try $0.append([bucket(1, end: 500, proxy: "p2")]) }
        #expect(store.loadBuckets(chat)["p1"]?.map(\.end.ms) == [1000, 2000, 2500, 3000])
        #expect(store.loadBuckets(chat)["p2"]?.count == 1)
        let kept = store.loadBuckets
        store.close()
        let next = try Store.open(.shared(memory), role: .serve, clock: time.clock)
        #expect(next.loadBuckets == kept)
        let span = Retention().loadMargin + Retention().lookBackDefault
        time.advance(span.rawValue - 1_000)  // now: span + 2,000
        #expect(try next.trim() == 2)
        #expect(next.loadBuckets(chat)["p1"]?.map(\.end.ms) == [2000, 2500, 3000])
        #expect(next.loadBuckets(chat)["p2"] == nil)
    }

    @Test func allThatIsTooOldGoesAndWhatIsNoMoreIsForgotten() throws {
        let pair = try Pair()
        var retention = Retention()
        retention.batchMax = 10
        let rows = (1...64).map { bucket(Int64($0), end: Int64($0)) }
        try pair.serve.commit { try $0.append(rows) }
        #expect(
            pair.serve.storedSequences(of: "p1", incarnation: rows[0].incarnation) == [chat: 64]
                && pair.serve.storedSequences(of: "p1", incarnation: "other") == [:])
        pair.time.advance(3_600_000)
        try pair.serve.commit { try $0.append([bucket(65, end: 3_600_000)]) }
        #expect(try pair.serve.trim(retention) == 10, "one batch")
        try pair.serve.trimAll(retention)
        #expect(try count(pair.serve, "load_bucket") == 1)
        try pair.serve.commit { try $0.forgetLoad(of: chat) }
        #expect(try count(pair.serve, "load_bucket") == 0 && pair.serve.loadBuckets(chat).isEmpty)
    }

    @Test func aFailedCommitAddsNoLoad() throws {
        let pair = try Pair()
        struct Stop: Error {}
        #expect(throws: StoreError.self) {
            try pair.serve.commit { write in
                try write.append([bucket(1, end: 1000)])
                throw Stop()
            }
        }
        #expect(pair.serve.loadBuckets.isEmpty)
        #expect(try count(pair.serve, "load_bucket") == 0)
    }

    @Test func theLogIsMovedAndCut() throws {
        let place = try Place()
        let store = try place.open(.serve)
        #expect(try store.checkpoint() == nil)
        let long = String(repeating: "x", count: 1 << 20)
        func fill(_ mebibytes: Int) throws {
            for _ in 0..<mebibytes {
                try store.commit {
                    try $0.record([Decision(.scale, "s", rule: "r", reason: long)], at: Moment(0))
                }
            }
        }
        try fill(5)
        let small = try #require(try store.checkpoint())
        #expect(small.movedPages == small.logPages && !small.truncated)
        try fill(20)
        let large = try #require(try store.checkpoint())
        #expect(large.truncated && store.logBytes == 0)
        #expect(try store.query("PRAGMA integrity_check").rows == [[.text("ok")]])
        #expect(try count(store, "serve_decision") == 25)
    }
}
