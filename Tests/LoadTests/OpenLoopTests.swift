import Load
import NIOCore
import Testing

@Suite("Open loop", .timeLimit(.minutes(1)))
struct OpenLoopTests {
    @Test func asManyAreSentAsThePlanSays() async throws {
        let server = try await Server.start { _ in .status(200) }
        let stages = [
            RateStage(perSecond: 200, seconds: 0.3), RateStage(perSecond: 0, seconds: 0.05),
            RateStage(perSecond: 400, seconds: 0.1),
        ]
        let report = try await LoadRun(plan: LoadPlan(url: server.url, shape: .open(stages, .even))).run {
            _ in
        }
        #expect(server.counts.requests == 100)
        #expect(report.requests == 100)
        #expect(report.stages.map(\.requests) == [60, 0, 40])
        #expect(report.failed == 0)
        try await server.stop()
    }

    /// One exchange at a time, each 20 ms, and ten arrivals at once: the last one waits for nine. A generator
    /// that counts from the sending would report 20 ms for each.
    @Test func waitingForAPlaceCountsAsLatency() async throws {
        let server = try await Server.start { _ in .late(.milliseconds(20)) }
        var plan = LoadPlan(
            url: server.url, shape: .open([RateStage(perSecond: 10_000, seconds: 0.001)], .even))
        plan.inFlightMax = 1
        let report = try await LoadRun(plan: plan).run { _ in }
        #expect(report.requests == 10)
        #expect(server.counts.ongoingMost == 1)
        #expect(report.p50Us.map { $0 >= 80_000 } == true)
        #expect(report.maxUs.map { $0 >= 190_000 } == true)
        try await server.stop()
    }

    @Test func whatCannotBeSentInTimeFails() async throws {
        let server = try await Server.start { _ in .late(.milliseconds(80)) }
        var plan = LoadPlan(
            url: server.url, shape: .open([RateStage(perSecond: 10_000, seconds: 0.001)], .even))
        plan.inFlightMax = 1
        plan.timeout = .milliseconds(200)
        let report = try await LoadRun(plan: plan).run { _ in }
        #expect(report.requests == 10)
        #expect(report.failures.contains { $0.reason == "not_sent" })
        #expect(server.counts.requests < 10)
        try await server.stop()
    }

    @Test func stoppingLeavesNobodyWaiting() async throws {
        let server = try await Server.start { _ in .held }
        var plan = LoadPlan(url: server.url, shape: .open([RateStage(perSecond: 1000, seconds: 60)], .even))
        plan.inFlightMax = 4
        let run = LoadRun(plan: plan)
        async let report = run.run { _ in }
        await server.heard(4)
        run.stop()
        server.release()
        let ended = try await report
        #expect(ended.requests == server.counts.requests)
        #expect(server.counts.ongoingMost == 4)
        try await server.stop()
    }

    @Test(arguments: [
        (rate: 1.0, seconds: 3.0, count: 3), (100, 3, 300), (3, 0.5, 2), (0, 9, 0), (0.5, 4, 2),
    ])
    func evenArrivalsAreCounted(rate: Double, seconds: Double, count: Int) {
        let arrivals = Array(
            Arrivals([RateStage(perSecond: rate, seconds: seconds)], spacing: .even, seed: 1))
        #expect(arrivals.count == count)
        let gaps = zip(arrivals, arrivals.dropFirst()).map { $1.atMicros - $0.atMicros }
        #expect(gaps.allSatisfy { abs(Double($0) - 1_000_000 / rate) <= 1 })
    }

    @Test func drawnArrivalsFollowTheSeed() {
        let stages = [RateStage(perSecond: 1000, seconds: 10), RateStage(perSecond: 10, seconds: 10)]
        let once = Array(Arrivals(stages, spacing: .poisson, seed: 7))
        #expect(once == Array(Arrivals(stages, spacing: .poisson, seed: 7)))
        #expect(once != Array(Arrivals(stages, spacing: .poisson, seed: 8)))
        #expect(zip(once, once.dropFirst()).allSatisfy { $0.atMicros <= $1.atMicros })
        // 10,000 expected, standard deviation 100: five of them either way.
        #expect((9_500...10_500).contains(once.count { $0.stage == 0 }))
        #expect(once.filter { $0.stage == 1 }.allSatisfy { (10_000_000..<20_000_000).contains($0.atMicros) })
    }
}
