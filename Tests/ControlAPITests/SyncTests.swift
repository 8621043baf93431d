import ControlAPI
import Logging
import Model
import NodeTier
import ServeTier
import Store
import Synchronization
import Testing
import TwoTiers
import Wire

/// Answers in the order in which they came.
final class Answers<Reply: Sendable>: Sendable {
    private let list = Mutex<[Result<Reply, any Error>]>([])
    func take(_ answer: Result<Reply, any Error>) { list.withLock { $0.append(answer) } }
    var count: Int { list.withLock { $0.count } }
    var last: Reply? { list.withLock { try? $0.last?.get() } }
    var problem: Problem? {
        list.withLock { if case .failure(let error)? = $0.last { error as? Problem } else { nil } }
    }
    var failures: Int { list.withLock { $0.count { if case .failure = $0 { true } else { false } } } }
}

@Suite struct SyncTests {
    private func request(_ buckets: [LoadBucket] = [], incarnation: String = "a") -> ProxySyncRequest {
        ProxySyncRequest(
            incarnation: incarnation, host: "127.0.0.1", port: 8000, applied: [],
            load: [DeploymentLoad(deployment: chat, ongoing: 0, queued: 0, buckets: buckets)], busy: [])
    }

    let chat = DeploymentID(application: "shop", deployment: "chat")

    private func desk(_ time: VirtualTime = VirtualTime()) throws -> ServeDesk {
        ServeDesk(tier: ServeTier(store: try Store.open(.memory, role: .serve, clock: time.clock)))
    }

    @Test func aNewerSyncSupersedesTheOneThatWaits() throws {
        let desk = try desk()
        let (old, new) = (Answers<ProxySyncAnswer>(), Answers<ProxySyncAnswer>())
        _ = desk.sync("p1", request(), reply: old.take)
        #expect(old.count == 0)
        _ = desk.sync("p1", request(), reply: new.take)
        #expect(old.count == 1 && new.count == 0)
        desk.end()
        #expect(old.count == 1 && new.failures == 1)
    }

    @Test func aTicketEndsItsOwnSyncAlone() throws {
        let desk = try desk()
        let (old, new) = (Answers<ProxySyncAnswer>(), Answers<ProxySyncAnswer>())
        let first = desk.sync("p1", request(), reply: old.take)
        let second = desk.sync("p1", request(), reply: new.take)
        desk.cancel(first, of: "p1")
        #expect(new.count == 0)
        desk.cancel(second, of: "p1")
        #expect(new.failures == 1)
    }

    @Test func loadIsAcknowledgedOnceItIsCommitted() throws {
        let desk = try desk()
        try desk.tier.apply([.of(.named("chat", .fixed(1)))])
        let answers = Answers<ProxySyncAnswer>()
        let bucket = LoadBucket(
            sequence: 7, endedAgo: .zero, span: .seconds(1), area: 5, ongoing: 0, queued: 0)
        _ = desk.sync("p1", request([bucket]), reply: answers.take)
        #expect(answers.count == 0)
        _ = try desk.step()
        #expect(answers.last?.acknowledged == [AcknowledgedLoad(deployment: chat, sequence: 7)])
    }

    @Test func aSyncIsAnsweredWithinItsTimeThoughNothingIsNew() throws {
        let time = VirtualTime()
        let desk = try desk(time)
        let answers = Answers<ProxySyncAnswer>()
        _ = desk.sync("p1", request(), reply: answers.take)
        let wake = try #require(try desk.step())
        #expect(wake <= desk.tier.store.now() + LongPoll.answerAfter)
        time.advance(by: LongPoll.answerAfter - Millis(1))
        _ = try desk.step()
        #expect(answers.count == 0)
        time.advance(by: Millis(1))
        _ = try desk.step()
        #expect(answers.last?.routes == [])
    }
}

@Suite struct TierThreadTests {
    @Test func whatIsHandedInIsRunAndAfterTheEndItIsRefused() async throws {
        let store = try Store.open(.memory, role: .serve)
        let thread = TierThread(
            desk: ServeDesk(tier: ServeTier(store: store)), store: store, bell: nil,
            log: Logger(label: "test"))
        async let end: Void = thread.run()
        let routes = try await thread.perform { desk in try desk.tier.routes().count }
        #expect(routes == 0)
        thread.stop()
        try await end
        await #expect(throws: CancellationError.self) { try await thread.perform { _ in 1 } }
        #expect(!thread.post { _ in })
    }

    /// Another process has taken the role: this one ends by itself.
    @Test func aFencedTierEnds() async throws {
        let memory = try SharedMemory()
        let store = try Store.open(.shared(memory), role: .serve)
        let thread = TierThread(
            desk: ServeDesk(tier: ServeTier(store: store)), store: store, bell: nil,
            log: Logger(label: "test"))
        store.close()
        let successor = try Store.open(.shared(memory), role: .serve)
        await #expect(throws: StoreError.self) { try await thread.run() }
        #expect(successor.epoch == 2)
    }
}
