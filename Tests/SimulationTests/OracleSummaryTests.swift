import Foundation
import Model
import Simulation
import Testing
import Wire

@Suite("Summary of a run")
struct OracleSummaryTests {
    private var world: WorldReport {
        var report = WorldReport()
        report.requests = 800
        report.failures = [.queueFull: 3, .deadline: 4]
        report.objectiveMissed = 10
        for value in [1000, 2000, 400_000] { report.latency.add(Int64(value)) }
        report.replicaMillis = 7_200_000
        report.nodeMillis = 1_800_000
        report.microdollars = 1_250_000
        report.decisions = 42
        report.violations = [Violation(rule: "I-01", at: Millis(1500), words: "two heads")]
        return report
    }

    private var oracle: OracleReport {
        var report = OracleReport()
        (report.requests, report.missed) = (800, 1)
        (report.replicaMillis, report.nodeMillis, report.microdollars) = (3_600_000, 900_000, 500_000)
        return report
    }

    @Test func theDocumentHasItsKeysAndUnits() throws {
        let data = try WireCoding.encode(RunSummary(world, oracle, wallMicros: 2_345_678))
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            document.keys.sorted() == [
                "cost", "decisions", "failed", "latency_ms", "node_hours", "oracle", "replica_hours",
                "requests",
                "slo_violation_pct", "violations", "wait_ms", "wall_s",
            ])
        #expect(document["requests"] as? Int == 800 && document["failed"] as? Int == 7)
        #expect(document["slo_violation_pct"] as? Double == 1.25)
        #expect(document["replica_hours"] as? Double == 2 && document["node_hours"] as? Double == 0.5)
        #expect(document["cost"] as? Double == 1.25 && document["decisions"] as? Int == 42)
        #expect(document["wall_s"] as? Double == 2.345)
        let wait = try #require(document["wait_ms"] as? [String: Double])
        #expect(wait == ["p50": 0, "p99": 0])
        let latency = try #require(document["latency_ms"] as? [String: Double])
        #expect(latency.keys.sorted() == ["p50", "p99"] && latency["p99"] == 400)
        let oracle = try #require(document["oracle"] as? [String: Double])
        #expect(
            oracle == ["slo_violation_pct": 0.125, "replica_hours": 1, "node_hours": 0.25, "cost": 0.5])
        let violations = try #require(document["violations"] as? [[String: Any]])
        #expect(violations.count == 1 && violations[0]["rule"] as? String == "I-01")
        #expect(violations[0]["at_s"] as? Double == 1.5 && violations[0]["words"] as? String == "two heads")
    }

    @Test func noRequestsAreNoViolation() {
        #expect(RunSummary(WorldReport(), OracleReport(), wallMicros: 0).sloViolationPct == 0)
    }
}
