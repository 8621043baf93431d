import Foundation
import Model

/// What came of one run of the swarm, small enough to keep a hundred thousand of.
package struct TrialReport: Hashable, Sendable, Codable {
    /// Something that was found.
    package struct Finding: Hashable, Sendable, Codable {
        /// As `Violation.rule`; also `trap` (the process died), `error` (the world could not be made) and
        /// `boundary` (one that was there before is not met any more).
        package var rule: String
        /// Virtual milliseconds.
        package var atMs: Int64
        package var words: String
    }

    /// Words that make the run again.
    package var words: [String]
    package var simulatedMs: Int64 = 0
    package var events = 0
    package var requests = 0
    package var failed = 0
    package var commits = 0
    package var decisions = 0
    /// As `WorldReport.targetsMoved`; of small worlds, which are compared by it.
    package var targetsMoved: [String]?
    package var crashes = 0
    package var machinesPeak = 0
    /// Boundaries of the kind that the plan's torment strikes.
    package var boundaries = 0
    /// Faults that struck, by class.
    package var faults: [String: Int] = [:]
    /// Nothing could go wrong by the dice.
    package var faultFree = false
    /// Hexadecimal.
    package var traceHash = ""
    package var findings: [Finding] = []
    /// The last events before a finding, oldest first; empty when there is none.
    package var lastEvents: [String] = []

    init(_ trial: Trial) { words = trial.words }

    init(_ trial: Trial, _ plan: WorldPlan, _ report: WorldReport) {
        words = trial.words
        simulatedMs = report.simulated.rawValue
        events = report.events
        requests = report.requests
        failed = report.failed
        commits = report.commits
        decisions = report.decisions
        if plan.torment != .none { targetsMoved = report.targetsMoved }
        crashes = report.crashes
        machinesPeak = report.machinesPeak
        boundaries = report.boundaries
        faults = Dictionary(uniqueKeysWithValues: report.faults.map { ($0.key.rawValue, $0.value) })
        faultFree = plan.faults.isEmpty
        traceHash = String(report.traceHash, radix: 16)
        findings = report.violations.map { Finding(rule: $0.rule, atMs: $0.at.rawValue, words: $0.words) }
        if let at = plan.torment.boundary, at > report.boundaries, findings.isEmpty {
            let words = "boundary \(at) is not met: there are \(report.boundaries)"
            findings = [Finding(rule: "boundary", atMs: simulatedMs, words: words)]
        }
        if !findings.isEmpty { lastEvents = report.lastEvents }
    }

    /// A run that did not come to its end.
    init(_ trial: Trial, rule: String, _ words: String, last: [String] = []) {
        self.init(trial)
        findings = [Finding(rule: rule, atMs: 0, words: words)]
        lastEvents = last
    }

    /// Runs the trial here and now.
    package static func of(_ trial: Trial, _ run: (WorldPlan) throws -> WorldReport) -> TrialReport {
        let plan = trial.plan
        do { return TrialReport(trial, plan, try run(plan)) } catch {
            return TrialReport(trial, rule: "error", "\(error)")
        }
    }

    /// One line.
    func encoded() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Nil: the line is something else.
    init?(line: some StringProtocol) {
        guard line.hasPrefix("{"), let report = try? JSONDecoder().decode(Self.self, from: Data(line.utf8))
        else {
            return nil
        }
        self = report
    }
}
