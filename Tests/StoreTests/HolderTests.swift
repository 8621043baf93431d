import Foundation
import Model
import Store
import Testing

@Suite struct HolderTests {
    @Test func aRoleHasOneHolder() throws {
        let place = try Place()
        let first = try place.open(.serve)
        let pid = ProcessInfo.processInfo.processIdentifier
        #expect(throws: StoreError.roleTaken(role: .serve, pid: pid)) { try place.open(.serve) }
        let other = try place.open(.nodes)
        #expect(first.epoch == 1 && other.epoch == 1)
        #expect(first.clusterUUID == other.clusterUUID)
        first.close()
        #expect(try place.open(.serve).epoch == 2)
    }

    @Test func aDroppedStoreGivesItsRoleBack() throws {
        let memory = try SharedMemory()
        var store: Store? = try Store.open(.shared(memory), role: .serve)
        #expect(throws: StoreError.self) { try Store.open(.shared(memory), role: .serve) }
        try store?.commit { try $0.put(replica(1)) }
        store = nil
        let next = try Store.open(.shared(memory), role: .serve)
        #expect(next.epoch == 2)
        #expect(try next.state().replicas.count == 1)
    }

    /// Somebody removed the lock file of a living tier: the epoch is the second wall.
    @Test func theOldHolderWritesNothingMore() throws {
        let place = try Place()
        let old = try place.open(.serve)
        try FileManager.default.removeItem(atPath: place.path + "/serve.lock")
        let new = try place.open(.serve)
        #expect(throws: StoreError.fenced(role: .serve, mine: 1, now: 2)) {
            try old.commit { try $0.put(replica(1)) }
        }
        #expect(throws: StoreError.fenced(role: .serve, mine: 1, now: 2)) { try old.trim() }
        #expect(try new.state().replicas.isEmpty)
        try new.commit { try $0.put(replica(2)) }
        // Nor may it act on what it reads.
        #expect(throws: StoreError.fenced(role: .serve, mine: 1, now: 2)) { try old.state() }
        #expect(try new.state().replicas.count == 1)
    }

    @Test func aCrashLosesNothingCommitted() throws {
        let place = try Place()
        let serve = try place.open(.serve)
        for serial in 1...20 { try serve.commit { try $0.put(replica(Int64(serial))) } }
        let image = try place.crashImage()
        let next = try image.open(.serve)
        #expect(next.epoch == 2)
        #expect(next.clusterUUID == serve.clusterUUID)
        #expect(try next.state().replicas == serve.state().replicas)
        #expect(try next.query("PRAGMA integrity_check").rows == [[.text("ok")]])
    }

    @Test func theClockGoesOnAfterAReboot() throws {
        let place = try Place()
        let time = HandClock()
        let first = try place.open(.serve, time.clock)
        #expect(first.now() == Moment(0))
        time.advance(7_000)
        try first.commit { try $0.renew(address: "127.0.0.1:1") }
        time.advance(500)
        #expect(first.now() == Moment(7_500))
        first.close()
        time.reboot()
        let second = try place.open(.serve, time.clock)
        #expect(second.now() == Moment(7_000))
        time.advance(10)
        let nodes = try place.open(.nodes, time.clock)
        #expect(nodes.now() == second.now())
        #expect(second.now() == Moment(7_010))
        let decision = Decision(.scale, "a", rule: "r", reason: "r")
        try second.commit { try $0.record([decision], at: Moment(9_000)) }
        second.close()
        nodes.close()
        time.reboot()
        #expect(try place.open(.serve, time.clock).now() == Moment(9_000))
    }

    @Test func renewalsCount() throws {
        let pair = try Pair()
        pair.time.advance(40)
        try pair.nodes.commit { try $0.renew(address: "127.0.0.1:6380") }
        let role = try #require(try pair.serve.state().roles[.nodes])
        #expect(role.renewals == 1 && role.address == "127.0.0.1:6380" && role.heardAt == Moment(40))
    }

    @Test func theClusterGenerationOnlyRises() throws {
        let pair = try Pair()
        let first = pair.serve.clusterGeneration
        try pair.serve.commit { try $0.raiseClusterGeneration(above: first - 1) }
        #expect(pair.serve.clusterGeneration == first)
        try pair.serve.commit { try $0.raiseClusterGeneration(above: first + 5) }
        #expect(pair.serve.clusterGeneration == first + 6)
        #expect(throws: StoreError.self) {
            try pair.serve.commit { try $0.raiseClusterGeneration(above: .max) }
        }
        #expect(pair.serve.clusterGeneration == first + 6)
    }

    /// A process stopped while it holds the write lock would block the cluster for ever.
    @Test func aStoppedHolderOfTheWriteLockIsEnded() async throws {
        let place = try Place()
        let serve = try place.open(.serve)
        setenv("TANDEM_TEST_STATE", place.path, 1)
        try #require(mkfifo(Self.fifo(place.path), 0o600) == 0)
        // On a thread of its own: an exit test keeps a thread of the pool until its process has ended, and on a machine
        // of two cores there may be no other one that could end it.
        async let committed: Void = onThread {
            try waitForStop(of: place)
            try serve.commit { try $0.put(replica(1)) }
        }
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = try #require(ProcessInfo.processInfo.environment["TANDEM_TEST_STATE"])
            let nodes = try Store.open(.directory(path), role: .nodes)
            try nodes.commit { write in
                try write.put(node(1))
                let told = try #require(FileHandle(forWritingAtPath: Self.fifo(path)))
                try told.write(contentsOf: Data("\(getpid())".utf8))
                try told.close()
                raise(SIGSTOP)
            }
        }
        try await committed
        let state = try serve.state()
        #expect(state.replicas.count == 1 && state.nodes.isEmpty)
    }

    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    /// By which the other process tells who it is, when it has the lock.
    private static func fifo(_ path: String) -> String { path + "/holder" }

    private func waitForStop(of place: Place) throws {
        let told = try #require(FileHandle(forReadingAtPath: Self.fifo(place.path))).readToEnd() ?? Data()
        let pid = try #require(id_t(String(decoding: told, as: UTF8.self)))
        var info = siginfo_t()
        // It is left to be waited for by the exit test.
        #expect(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT) == 0)
    }
}
