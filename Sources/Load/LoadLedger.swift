import Histogram

/// How one exchange ended.
package enum ExchangeOutcome: Sendable, Equatable {
    /// The whole answer was read. `watched` is its value of the watched header; `body` is kept of failures
    /// only.
    case answered(status: Int, watched: String?, body: String)
    /// No whole answer came. `reason` is one of few words, `example` the error's own.
    case broken(reason: String, example: String)
    /// The run was cancelled meanwhile.
    case abandoned
}

/// The count of everything that ended, by stage, by tick and in all. A value: instants are handed in, as
/// microseconds since the start of the run.
package struct LoadLedger: Sendable {
    private var stages: [Stage] = []
    private var whole = Tally()
    private var sinceTick = Tally()
    private var tickedAt: Int64 = 0
    private var abandoned = 0
    private var seen: [SeenValue] = []
    private var seenValues: Set<String> = []
    private var seenSinceTick: [SeenValue] = []

    package init() {}

    /// Index of the stage that runs now; nil before the first.
    package var currentStage: Int? { stages.indices.last }

    /// Begins a stage, which ends the one before. At `LoadPlan.stagesMax` the last stage goes on instead.
    package mutating func beginStage(users: Int?, perSecond: Double?, at now: Int64) {
        guard stages.count < LoadPlan.stagesMax else { return }
        if let last = stages.indices.last { stages[last].endedAt = now }
        stages.append(Stage(users: users, perSecond: perSecond, startedAt: now))
    }

    package mutating func exchangeBegan(stage: Int, at now: Int64) {
        if stages[stage].firstRequestAt == nil { stages[stage].firstRequestAt = now }
    }

    /// Counts one exchange that ended `now`, `latency` microseconds after it (should have) begun.
    package mutating func exchangeEnded(
        _ outcome: ExchangeOutcome, stage: Int, latency: Int64, at now: Int64
    ) {
        if outcome == .abandoned {
            abandoned += 1
            return
        }
        let micros = UInt64(Swift.max(0, latency))
        stages[stage].tally.count(outcome, micros: micros)
        whole.count(outcome, micros: micros)
        sinceTick.count(outcome, micros: micros)
        if case .answered(200..<300, let value?, _) = outcome { note(value, at: now) }
    }

    private mutating func note(_ value: String, at now: Int64) {
        guard seenValues.count < SeenValue.valuesMax, seenValues.insert(value).inserted else { return }
        let first = SeenValue(value: value, elapsedMs: now / 1000)
        seen.append(first)
        seenSinceTick.append(first)
    }

    /// What ended since the last call, which begins the next tick.
    package mutating func tick(users: Int, inFlight: Int, at now: Int64) -> LoadTick {
        let tally = sinceTick
        let span = now - tickedAt
        defer {
            sinceTick.reset()
            seenSinceTick = []
            tickedAt = now
        }
        return LoadTick(
            elapsedMs: now / 1000, users: users, inFlight: inFlight, requests: tally.requests,
            failed: tally.failed, requestsPerSecond: perSecond(tally.requests, micros: span),
            p50Us: tally.percentile(50), p99Us: tally.percentile(99), answers: tally.sortedAnswers,
            failures: tally.failures, seen: seenSinceTick)
    }

    /// Everything, as of `now`.
    package func report(at now: Int64) -> LoadReport {
        LoadReport(
            seconds: Double(now) / 1_000_000, requests: whole.requests, failed: whole.failed,
            abandoned: abandoned, qps: perSecond(whole.requests, micros: now), p50Us: whole.percentile(50),
            p99Us: whole.percentile(99), maxUs: whole.maxMicros, answers: whole.sortedAnswers,
            failures: whole.failures, stages: stages.map { $0.report(at: now) }, seen: seen)
    }
}

/// `count` in `micros`, as a rate with one decimal; 0 over no time.
private func perSecond(_ count: Int, micros: Int64) -> Double {
    micros > 0 ? (Double(count) * 10_000_000 / Double(micros)).rounded() / 10 : 0
}

private struct Stage: Sendable {
    var users: Int?
    var perSecond: Double?
    var startedAt: Int64
    var firstRequestAt: Int64?
    var endedAt: Int64?
    var tally = Tally()

    init(users: Int?, perSecond: Double?, startedAt: Int64) {
        self.users = users
        self.perSecond = perSecond
        self.startedAt = startedAt
    }

    func report(at now: Int64) -> StageReport {
        let span = (endedAt ?? now) - startedAt
        return StageReport(
            users: users, perSecond: perSecond, startedMs: startedAt / 1000,
            firstRequestMs: firstRequestAt.map { $0 / 1000 }, seconds: Double(span) / 1_000_000,
            requests: tally.requests, failed: tally.failed, qps: Load.perSecond(tally.requests, micros: span),
            p50Us: tally.percentile(50), p99Us: tally.percentile(99), maxUs: tally.maxMicros)
    }
}

/// Counts of ended exchanges and the latencies of the good ones.
private struct Tally: Sendable {
    private(set) var requests = 0
    private(set) var failed = 0
    private var answers: [Int: Int] = [:]
    /// In the order in which the reasons first came up.
    private(set) var failures: [FailureCount] = []
    private var latencies = Histogram<UInt32>(
        highestTrackableValue: Tally.microsMax, numberOfSignificantValueDigits: .three)

    /// An hour. Longer latencies are recorded as this one.
    static let microsMax: UInt64 = 3_600_000_000

    var sortedAnswers: [AnswerCount] {
        answers.sorted { $0.key < $1.key }.map { AnswerCount(status: $0.key, count: $0.value) }
    }
    var maxMicros: UInt64? { latencies.totalCount > 0 ? latencies.max : nil }

    func percentile(_ percentile: Double) -> UInt64? {
        latencies.totalCount > 0 ? latencies.valueAtPercentile(percentile) : nil
    }

    mutating func count(_ outcome: ExchangeOutcome, micros: UInt64) {
        requests += 1
        switch outcome {
        case .answered(let status, _, let body):
            answers[status, default: 0] += 1
            if (200..<300).contains(status) {
                latencies.record(min(micros, Self.microsMax))
            } else {
                fail("status_\(status)", example: body)
            }
        case .broken(let reason, let example): fail(reason, example: example)
        case .abandoned: break
        }
    }

    private mutating func fail(_ reason: String, example: String) {
        failed += 1
        let isFull = failures.count >= FailureCount.reasonsMax - 1
        let isKnown = failures.contains { $0.reason == reason }
        let entered = isFull && !isKnown ? Self.other : reason
        if let place = failures.firstIndex(where: { $0.reason == entered }) {
            failures[place].count += 1
        } else {
            failures.append(FailureCount(reason: entered, count: 1, example: example))
        }
    }

    /// Takes the last place in the list, for all the reasons that found it full.
    private static let other = "other"

    mutating func reset() {
        latencies.reset()
        (requests, failed, answers, failures) = (0, 0, [:], [])
    }
}
