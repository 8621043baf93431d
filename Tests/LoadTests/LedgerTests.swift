import Load
import Testing

@Suite("Ledger")
struct LedgerTests {
    private func good(_ watched: String? = nil) -> ExchangeOutcome {
        .answered(status: 200, watched: watched, body: "")
    }

    @Test(arguments: [(199, true), (200, false), (299, false), (300, true), (503, true)])
    func onlyTwoHundredsAreGood(status: Int, fails: Bool) {
        var ledger = LoadLedger()
        ledger.beginStage(users: 1, perSecond: nil, at: 0)
        ledger.exchangeEnded(
            .answered(status: status, watched: nil, body: "why"), stage: 0, latency: 5, at: 5)
        let report = ledger.report(at: 1_000_000)
        #expect(report.failed == (fails ? 1 : 0))
        #expect(report.failures.map(\.example) == (fails ? ["why"] : []))
        #expect((report.p50Us == nil) == fails)
    }

    @Test func reasonsAreBounded() {
        var ledger = LoadLedger()
        ledger.beginStage(users: 1, perSecond: nil, at: 0)
        for number in 1...100 {
            ledger.exchangeEnded(.broken(reason: "r\(number)", example: ""), stage: 0, latency: 1, at: 1)
        }
        let report = ledger.report(at: 10)
        #expect(report.failed == 100)
        #expect(report.failures.count == FailureCount.reasonsMax)
        #expect(report.failures.last?.reason == "other")
        #expect(report.failures.map(\.count).reduce(0, +) == 100)
    }

    @Test func anExchangeBelongsToTheStageInWhichItBegan() {
        var ledger = LoadLedger()
        ledger.beginStage(users: 1, perSecond: nil, at: 0)
        ledger.exchangeBegan(stage: 0, at: 10)
        ledger.beginStage(users: 2, perSecond: nil, at: 2_000_000)
        ledger.exchangeEnded(good(), stage: 0, latency: 2_000_500, at: 2_000_510)
        let stages = ledger.report(at: 3_000_000).stages
        #expect(stages.map(\.requests) == [1, 0])
        #expect(stages.map(\.seconds) == [2, 1])
        #expect(stages.map(\.qps) == [0.5, 0])
        #expect(stages.map(\.firstRequestMs) == [0, nil])
    }

    @Test func stagesBeyondTheBoundGoOnInTheLast() {
        var ledger = LoadLedger()
        for users in 0..<LoadPlan.stagesMax + 5 {
            ledger.beginStage(users: users, perSecond: nil, at: Int64(users))
        }
        #expect(ledger.report(at: 1000).stages.count == LoadPlan.stagesMax)
        #expect(ledger.currentStage == LoadPlan.stagesMax - 1)
    }

    @Test func aTickHasOnlyWhatIsNew() {
        var ledger = LoadLedger()
        ledger.beginStage(users: 1, perSecond: nil, at: 0)
        ledger.exchangeEnded(good("a"), stage: 0, latency: 1000, at: 400_000)
        ledger.exchangeEnded(good("a"), stage: 0, latency: 3000, at: 500_000)
        let first = ledger.tick(users: 1, inFlight: 0, at: 1_000_000)
        ledger.exchangeEnded(good("b"), stage: 0, latency: 1, at: 1_100_000)
        let second = ledger.tick(users: 1, inFlight: 0, at: 1_500_000)
        #expect(first.requests == 2)
        #expect(first.requestsPerSecond == 2)
        #expect(first.p50Us == 1000)
        #expect(first.p99Us.map { (2990...3010).contains($0) } == true)
        #expect(first.seen == ledger.report(at: 0).seen.filter { $0.value == "a" })
        #expect(second.requests == 1)
        #expect(second.requestsPerSecond == 2)
        #expect(second.seen.map(\.value) == ["b"])
        #expect(second.seen.map(\.elapsedMs) == [1100])
    }

    @Test func aReplicaThatOnlyFailsIsNotSeen() {
        var ledger = LoadLedger()
        ledger.beginStage(users: 1, perSecond: nil, at: 0)
        ledger.exchangeEnded(.answered(status: 500, watched: "a", body: ""), stage: 0, latency: 1, at: 1)
        #expect(ledger.report(at: 1).seen.isEmpty)
    }
}

@Suite("Plan")
struct PlanTests {
    @Test(arguments: ["", "127.0.0.1:8000", "ftp://host/", "http://", "http:///path"])
    func anAddressThatCannotBeIsRefused(url: String) {
        #expect(throws: LoadPlanProblem.self) { try LoadPlan(url: url, shape: .steered).check() }
    }

    @Test(arguments: [
        LoadShape.closed([]), .closed([UserStage(users: -1, seconds: 1)]),
        .closed([UserStage(users: LoadPlan.usersMax + 1, seconds: 1)]),
        .closed([UserStage(users: 1, seconds: .nan)]), .open([RateStage(perSecond: -1, seconds: 1)], .even),
        .open([RateStage(perSecond: .infinity, seconds: 1)], .even),
        .closed(Array(repeating: UserStage(users: 1, seconds: 1), count: LoadPlan.stagesMax + 1)),
    ])
    func aShapeThatCannotBeIsRefused(shape: LoadShape) {
        #expect(throws: LoadPlanProblem.self) {
            try LoadPlan(url: "http://127.0.0.1:1/", shape: shape).check()
        }
    }

    @Test func theUsualPlansAreAccepted() throws {
        let stages = [1, 4, 10, 20, 40, 10, 0].map { UserStage(users: $0, seconds: 10) }
        try LoadPlan(url: "http://127.0.0.1:8000/", shape: .closed(stages)).check()
        try LoadPlan(url: "https://[::1]:8443/x?y=1", shape: .steered).check()
    }
}
