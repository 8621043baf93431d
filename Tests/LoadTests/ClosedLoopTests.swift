import Load
import NIOCore
import Synchronization
import Testing

/// The ticks of a run, in order.
final class Ticks: Sendable {
    private let list = Mutex<[LoadTick]>([])
    var all: [LoadTick] { list.withLock { $0 } }
    func add(_ tick: LoadTick) { list.withLock { $0.append(tick) } }
}

@Suite("Closed loop", .timeLimit(.minutes(1)))
struct ClosedLoopTests {
    @Test func everyRequestIsCountedOnceEverywhere() async throws {
        let server = try await Server.start { .status(200, replica: $0 % 2 == 0 ? "even" : "odd") }
        let ticks = Ticks()
        let run = LoadRun(plan: LoadPlan(url: server.url, shape: .steered))
        async let ended = run.run { ticks.add($0) }
        run.setUsers(3)
        await server.heard(200)
        run.setUsers(1)
        await server.heard(server.counts.requests + 20)
        run.stop()
        let report = try await ended
        try await server.stop()

        #expect(report.requests == server.counts.requests)
        #expect(report.failed == 0)
        #expect(report.stages.map(\.users) == [3, 1])
        #expect(report.stages.map(\.requests).reduce(0, +) == report.requests)
        #expect(ticks.all.map(\.requests).reduce(0, +) == report.requests)
        #expect(report.answers.map(\.status) == [200])
        #expect(report.answers.map(\.count) == [report.requests])
        #expect(report.seen.map(\.value).sorted() == ["even", "odd"])
        #expect(ticks.all.flatMap(\.seen) == report.seen)
        #expect(report.p50Us.map { $0 > 0 } == true)
        // Kept alive: a connection a user, and no more.
        #expect((1...3).contains(server.counts.connections))
    }

    @Test func stagesFollowOneAnother() async throws {
        let server = try await Server.start { _ in .status(200) }
        let stages = [(2, 0.1), (0, 0.05), (1, 0.1)].map { UserStage(users: $0.0, seconds: $0.1) }
        let report = try await LoadRun(plan: LoadPlan(url: server.url, shape: .closed(stages))).run { _ in }
        #expect(report.stages.map(\.users) == [2, 0, 1])
        #expect(report.stages[1].requests == 0)
        #expect(report.requests == server.counts.requests)
        #expect(report.failed == 0)
        #expect(server.counts.ongoingMost <= 2)
        #expect(report.seconds >= 0.25)
        try await server.stop()
    }

    @Test func aDepartingUserEndsItsRequest() async throws {
        let server = try await Server.start { _ in .held }
        let run = LoadRun(plan: LoadPlan(url: server.url, shape: .steered))
        async let report = run.run { _ in }
        run.setUsers(3)
        await server.heard(3)
        run.setUsers(1)
        run.stop()
        #expect(server.counts.ongoing == 3)
        server.release()

        let ended = try await report
        #expect(ended.requests == 3)
        #expect(ended.failed == 0)
        #expect(ended.abandoned == 0)
        #expect(server.counts.requests == 3)
        try await server.stop()
    }

    /// Each request is held until released, so that every number is exact.
    @Test func usersComeAndGoAndAreNeverExceeded() async throws {
        let server = try await Server.start { _ in .held }
        let run = LoadRun(plan: LoadPlan(url: server.url, shape: .steered))
        async let report = run.run { _ in }
        run.setUsers(1)
        await server.heard(1)
        run.setUsers(4)  // three join the one that waits
        await server.heard(4)
        run.setUsers(2)  // of four that are answered, two send again
        server.release()
        await server.heard(6)
        run.setUsers(7)  // five join
        await server.heard(11)
        run.setUsers(0)
        run.setUsers(5)  // before the seven have left: five of them stay
        server.release()
        await server.heard(16)
        #expect(server.counts.ongoing == 5)
        run.stop()
        server.release()

        let ended = try await report
        #expect(ended.requests == 16)
        #expect(ended.failed == 0)
        #expect(server.counts.requests == 16)
        #expect(server.counts.ongoingMost == 7)
        #expect(ended.stages.map(\.users) == [1, 4, 2, 7, 0, 5])
        #expect(ended.stages.map(\.requests) == [1, 3, 2, 5, 0, 5])
        try await server.stop()
    }

    @Test func cancellingEndsTheRunAtOnceWithAReport() async throws {
        let server = try await Server.start { _ in .held }
        let run = LoadRun(plan: LoadPlan(url: server.url, shape: .steered))
        let task = Task { try await run.run { _ in } }
        run.setUsers(2)
        await server.heard(2)
        task.cancel()
        let report = try await task.value
        #expect(report.requests == 0)
        #expect(report.abandoned == 2)
        try await server.stop()
    }

    @Test func failuresAreCountedByReason() async throws {
        let server = try await Server.start { number in
            switch number {
            case 1: .status(503)
            case 2: .status(404)
            case 3: .closed
            case 4: .torn
            case 5: .status(302)
            case 6: .status(503)
            default: .status(204)
            }
        }
        let run = LoadRun(plan: LoadPlan(url: server.url, shape: .steered))
        async let report = run.run { _ in }
        run.setUsers(1)
        await server.heard(10)
        run.stop()

        let ended = try await report
        #expect(ended.failed == 6)
        #expect(ended.requests == server.counts.requests)
        let counts = Dictionary(uniqueKeysWithValues: ended.failures.map { ($0.reason, $0.count) })
        #expect(counts["status_503"] == 2)
        #expect(counts["status_404"] == 1)
        #expect(counts["status_302"] == 1)
        #expect(counts["connection_closed"] == 2)
        #expect(ended.failures.first?.example == "body")
        #expect(ended.answers.map(\.status) == [204, 302, 404, 503])
        try await server.stop()
    }

    @Test func anAnswerThatDoesNotComeIsATimeout() async throws {
        let server = try await Server.start { $0 == 1 ? .held : .status(200) }
        var plan = LoadPlan(url: server.url, shape: .steered)
        plan.timeout = .milliseconds(100)
        let run = LoadRun(plan: plan)
        async let report = run.run { _ in }
        run.setUsers(1)
        await server.heard(2)
        run.stop()
        #expect(try await report.failures.map(\.reason) == ["timeout"])
        try await server.stop()
    }

    @Test func aServerThatIsNotThereIsSaidToRefuse() async throws {
        let server = try await Server.start { _ in .status(200) }
        try await server.stop()
        let plan = LoadPlan(url: server.url, shape: .closed([UserStage(users: 1, seconds: 0.05)]))
        let report = try await LoadRun(plan: plan).run { _ in }
        #expect(report.failed == report.requests)
        #expect(report.failures.map(\.reason) == ["connection_refused"])
        // Each attempt is followed by a pause: a server that is down is not hammered.
        #expect((1...Int(report.seconds * 10) + 1).contains(report.requests))
        #expect(report.p50Us == nil)
    }
}
