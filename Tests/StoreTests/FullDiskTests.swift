import Foundation
import Model
import Store
import Testing

/// F34, F35: no room on disk, and a disk that fails.
@Suite struct FullDiskTests {
    private func decision(_ bytes: Int) -> Decision {
        Decision(.scale, "s", rule: "r", reason: String(repeating: "x", count: bytes))
    }

    /// A database that may not grow: commits are refused, history goes, commits succeed; every row that was
    /// acknowledged is there.
    @Test func historyMakesRoomAndNothingAcknowledgedIsLost() throws {
        let pair = try Pair()
        try pair.serve.commit { write in
            for _ in 0..<3_000 { try write.record([decision(500)], at: Moment(0)) }
        }
        guard case .integer(let pages)? = try pair.serve.query("PRAGMA page_count").rows.first?.first else {
            Issue.record("no page count")
            return
        }
        _ = try pair.serve.query("PRAGMA max_page_count = \(pages + 4)")
        var acknowledged: [ReplicaID] = []
        var refused: StoreError?
        for serial in 1...500 where refused == nil {
            let row = replica(Int64(serial))
            do {
                try pair.serve.commit { try $0.put(row) }
                acknowledged.append(row.id)
            } catch {
                refused = error
            }
        }
        #expect(refused == .diskFull && !acknowledged.isEmpty)
        #expect(throws: StoreError.diskFull) {
            try pair.serve.commit { try $0.put(replica(Int64(acknowledged.count + 1))) }
        }
        #expect(try pair.serve.state().replicas.keys.sorted() == acknowledged.sorted())
        #expect(try pair.serve.dropHistory() == 2_000)
        #expect(try pair.serve.dropHistory() == 0)
        for serial in 501...600 {
            try pair.serve.commit { try $0.put(replica(Int64(serial))) }
            acknowledged.append(replica(Int64(serial)).id)
        }
        try pair.nodes.commit { try $0.put(node(1)) }
        #expect(try pair.serve.state().replicas.keys.sorted() == acknowledged.sorted())
        #expect(try pair.serve.query("PRAGMA integrity_check").rows == [[.text("ok")]])
    }

    /// Whatever a plan looks back at stays.
    @Test func droppingHistoryKeepsTheLookBack() throws {
        let memory = try SharedMemory()
        let time = HandClock()
        let store = try Store.open(.shared(memory), role: .serve, clock: time.clock)
        time.advance(1_000_000)
        let edge = Retention.scarce.loadMargin + Retention().lookBackDefault
        let old = store.now().ms - edge.rawValue
        try store.commit {
            try $0.append([bucket(1, end: old - 1), bucket(2, end: old), bucket(3, end: old + 1)])
        }
        #expect(try store.dropHistory() == 1)
        #expect(store.loadBuckets(chat)["p1"]?.map(\.sequence) == [2, 3])
    }

    @Test func droppingHistoryCutsTheLog() throws {
        let place = try Place()
        let store = try place.open(.serve)
        for _ in 0..<3 {
            try store.commit { write in
                for _ in 0..<1_500 { try write.record([decision(1_000)], at: Moment(0)) }
            }
        }
        #expect(store.logBytes > Store.checkpointFromBytes)
        #expect(try store.dropHistory() == 3_500)
        #expect(store.logBytes == 0)
        try store.commit { try $0.put(replica(1)) }
        #expect(try store.state().replicas.count == 1)
    }

    @Test func theReserveIsThereAndIsGivenUpAndComesBack() throws {
        let place = try Place()
        let store = try place.open(.serve)
        let path = place.path + "/reserve"
        func blocks() -> Int64? {
            var facts = stat()
            return stat(path, &facts) == 0 ? Int64(facts.st_blocks) * 512 : nil
        }
        #expect((blocks() ?? 0) >= StateDirectory.reserveBytes)
        #expect(!store.keepReserve())
        #expect(store.giveUpReserve())
        #expect(blocks() == nil && !store.giveUpReserve())
        #expect(store.keepReserve())
        #expect((blocks() ?? 0) >= StateDirectory.reserveBytes)
        // Half of it, as a crash within the making leaves it.
        #expect(truncate(path, off_t(StateDirectory.reserveBytes / 2)) == 0)
        #expect(store.keepReserve() && (blocks() ?? 0) >= StateDirectory.reserveBytes)
        #expect(try !Pair().serve.keepReserve())
    }

    /// The disk refuses a write (here: the limit of a file's size): the error says "end", what was
    /// acknowledged is there at the next start, and what was not is not.
    @Test func aFailedWriteIsTheEndOfTheProcess() async throws {
        let place = try Place()
        try place.open(.serve).close()
        setenv("TANDEM_TEST_BROKEN", place.path, 1)
        await #expect(processExitsWith: .exitCode(7)) {
            let path = try #require(ProcessInfo.processInfo.environment["TANDEM_TEST_BROKEN"])
            let store = try Store.open(.directory(path), role: .serve)
            signal(SIGXFSZ, SIG_IGN)
            let bytes = rlim_t(store.logBytes + 60_000)
            var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
            guard setrlimit(__rlimit_resource_t(1), &limit) == 0 else { exit(1) }  // RLIMIT_FSIZE
            for serial in 1...1_000 {
                do {
                    try store.commit { try $0.put(replica(Int64(serial))) }
                } catch StoreError.broken(let what) {
                    exit(what.contains("tandem.sqlite") && serial > 1 ? 7 : 2)
                }
                try Data("\(serial)".utf8).write(to: URL(fileURLWithPath: path + "/acknowledged"))
            }
        }
        let text = try String(contentsOfFile: place.path + "/acknowledged", encoding: .utf8)
        let last = try #require(Int64(text))
        let store = try place.open(.serve)
        let found = try store.state().replicas.values.map(\.id.serial).sorted()
        #expect(found == Array(1...last))
        #expect(try store.query("PRAGMA integrity_check").rows == [[.text("ok")]])
        #expect(!StoreError.broken("x").asksForSafeMode)
    }
}
