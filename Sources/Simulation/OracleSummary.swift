import Model

/// What a run came to, in the units people read: the document that `tandem simulate --json` prints.
package struct RunSummary: Encodable, Hashable, Sendable {
    package var requests: Int
    package var failed: Int
    /// Of all requests: failed, or beyond the objective.
    package var sloViolationPct: Double
    /// Before a replica took the request.
    package var waitMs: Percentiles
    /// From arrival to answer.
    package var latencyMs: Percentiles
    package var replicaHours: Double
    package var nodeHours: Double
    /// Dollars.
    package var cost: Double
    package var oracle: Bound
    /// Rows that say why something was decided.
    package var decisions: Int
    package var violations: [Broken]
    /// Seconds that the run took.
    package var wallS: Double

    /// Of answered requests, at most an eighth too high.
    package struct Percentiles: Encodable, Hashable, Sendable {
        package var p50: Double
        package var p99: Double
    }

    /// What an oracle would have had.
    package struct Bound: Encodable, Hashable, Sendable {
        package var sloViolationPct: Double
        package var replicaHours: Double
        package var nodeHours: Double
        package var cost: Double
    }

    /// Something that must never be.
    package struct Broken: Encodable, Hashable, Sendable {
        package var rule: String
        package var atS: Double
        package var words: String
    }

    /// - Parameter wallMicros: how long the run took, of real time.
    package init(_ report: WorldReport, _ oracle: OracleReport, wallMicros: Int64) {
        requests = report.requests
        failed = report.failed
        sloViolationPct = Self.percent(report.objectiveMissed, of: report.requests)
        waitMs = Percentiles(report.wait)
        latencyMs = Percentiles(report.latency)
        replicaHours = Self.hours(report.replicaMillis)
        nodeHours = Self.hours(report.nodeMillis)
        cost = Self.decimal(report.microdollars, 1_000_000)
        self.oracle = Bound(
            sloViolationPct: Self.percent(oracle.missed, of: oracle.requests),
            replicaHours: Self.hours(oracle.replicaMillis), nodeHours: Self.hours(oracle.nodeMillis),
            cost: Self.decimal(oracle.microdollars, 1_000_000))
        decisions = report.decisions
        violations = report.violations.map {
            Broken(rule: $0.rule, atS: Self.decimal($0.at.rawValue, 1000), words: $0.words)
        }
        wallS = Self.decimal(wallMicros / 1000, 1000)
    }

    private static func decimal(_ value: Int64, _ parts: Int64) -> Double { Double(value) / Double(parts) }

    /// To a second, which is three and a half decimals.
    private static func hours(_ millis: Int64) -> Double {
        (Double(millis) / 360).rounded() / 10_000
    }

    /// To a thousandth.
    private static func percent(_ part: Int, of whole: Int) -> Double {
        whole > 0 ? (Double(part) / Double(whole) * 100_000).rounded() / 1000 : 0
    }
}

extension RunSummary.Percentiles {
    init(_ spread: Spread) {
        p50 = Double(spread.percentile(perMille: 500)) / 1000
        p99 = Double(spread.percentile(perMille: 990)) / 1000
    }
}
