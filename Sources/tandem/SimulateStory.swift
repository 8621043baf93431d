import Foundation
import Model
import Pictures
import Simulation

/// What happened in a simulation, for people: in words, as a table over time, and drawn.
struct SimulationStory {
    let question: SimulationQuestion
    let report: WorldReport
    let oracle: OracleReport

    /// Seconds between samples.
    private var span: Double { Double(question.world.sampleEvery?.rawValue ?? 1000) / 1000 }

    // MARK: - Words

    func text(_ summary: RunSummary) -> String {
        let clock = SimulationProgress.clock(report.simulated)
        var text = String(
            format: "simulated %@ in %.1f s: %@ under %@ requests, seed %llu\n\n", clock, summary.wallS,
            question.deployment.rawValue, Self.grouped(summary.requests), report.seed)
        text += StatusTable.table(
            ["", "TANDEM", "ORACLE", "RATIO"],
            [
                row(
                    "late or failed, %", summary.sloViolationPct, summary.oracle.sloViolationPct, decimals: 3,
                    ratio: false),
                row("replica hours", summary.replicaHours, summary.oracle.replicaHours, decimals: 3),
                row("node hours", summary.nodeHours, summary.oracle.nodeHours, decimals: 3),
                row("cost, $", summary.cost, summary.oracle.cost, decimals: 4),
                ["most replicas", peak(\.replicas), "\(oracle.replicas.max() ?? 0)", ""],
                ["most nodes", "\(report.machinesPeak)", "\(oracle.nodes.max() ?? 0)", ""],
            ])
        text += "\n"
        text += StatusTable.table(
            ["MS", "P50", "P99"],
            [
                ["latency", number(summary.latencyMs.p50), number(summary.latencyMs.p99)],
                ["of it waiting", number(summary.waitMs.p50), number(summary.waitMs.p99)],
                ["objective", "\(question.world.objective.rawValue)", ""],
            ])
        if summary.failed > 0 {
            let kinds = report.failures.sorted { $0.key < $1.key }.map {
                "\($0.key.rawValue) \(Self.grouped($0.value))"
            }
            text += "\n\(Self.grouped(summary.failed)) requests failed: \(kinds.joined(separator: ", "))\n"
        }
        text += "\n\(Self.grouped(summary.decisions)) decisions, \(Self.grouped(report.commits)) commits, "
        text += "\(Self.grouped(report.machinesMade)) machines made\n"
        for violation in summary.violations {
            text += String(
                format: "VIOLATION %@ at %.3f s: %@\n", violation.rule, violation.atS, violation.words)
        }
        return text
    }

    /// Of the samples, when there are any.
    private func peak(_ field: KeyPath<Sample, Int>) -> String {
        report.samples.map { $0[keyPath: field] }.max().map { "\($0)" } ?? "-"
    }

    private func row(
        _ name: String, _ ours: Double, _ bound: Double, decimals: Int, ratio: Bool = true
    ) -> [String] {
        let ratio = ratio && bound > 0 ? String(format: "%.2f", ours / bound) : ""
        return [name, String(format: "%.\(decimals)f", ours), String(format: "%.\(decimals)f", bound), ratio]
    }

    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    /// `12,345`.
    private static func grouped(_ value: Int) -> String {
        let digits = String(value)
        return String(
            digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
            })
    }

    // MARK: - Over time

    /// One row a sample; a latency is empty when nobody was answered since the one before.
    func csv() -> String {
        var text =
            "at_s,users,arrived,target,replicas,nodes,machines,ongoing,queued,p50_ms,p99_ms,"
            + "oracle_replicas,oracle_nodes\n"
        for sample in report.samples {
            let latency = [sample.p50, sample.p99].map {
                $0 > 0 ? String(format: "%.3f", Double($0) / 1000) : ""
            }
            let counts = [
                sample.users, sample.arrived, sample.target, sample.replicas, sample.nodes, sample.machines,
                sample.ongoing, sample.queued,
            ].map(String.init)
            let bound = [at(sample, oracle.replicas), at(sample, oracle.nodes)].map(String.init)
            let time = String(format: "%.3f", Double(sample.at.rawValue) / 1000)
            text += ([time] + counts + latency + bound).joined(separator: ",") + "\n"
        }
        return text
    }

    private func at(_ sample: Sample, _ seconds: [Int]) -> Int {
        let second = Int(sample.at.rawValue / 1000)
        return seconds.indices.contains(second) ? seconds[second] : 0
    }

    func svg() -> String {
        func line(_ name: String, step: Bool = true, _ value: (Sample) -> Double?) -> Series {
            let points = report.samples.compactMap { sample in
                value(sample).map { Point(Double(sample.at.rawValue) / 1000, $0) }
            }
            return Series(name: name, points: points, step: step)
        }
        func latency(_ micros: Int64) -> Double? { micros > 0 ? Double(micros) / 1000 : nil }
        let objective = Double(question.world.objective.rawValue)
        let load =
            question.isClosed
            ? Chart(title: "Users", series: [line("users") { Double($0.users) }])
            : Chart(
                title: "Requests a second",
                series: [line("requests/s", step: false) { Double($0.arrived) / span }])
        return Pictures.svg(
            title: "\(question.deployment), simulated",
            charts: [
                load,
                Chart(
                    title: "Replicas",
                    series: [
                        line("ready") { Double($0.replicas) }, line("target") { Double($0.target) },
                        line("oracle") { Double(at($0, oracle.replicas)) },
                    ]),
                Chart(
                    title: "Nodes",
                    series: [
                        line("ready") { Double($0.nodes) }, line("paid for") { Double($0.machines) },
                        line("oracle") { Double(at($0, oracle.nodes)) },
                    ]),
                Chart(
                    title: "Requests here",
                    series: [
                        line("in replicas") { Double($0.ongoing) }, line("queued") { Double($0.queued) },
                    ]),
                Chart(
                    title: "Latency", unit: "ms",
                    series: [
                        line("P50", step: false) { latency($0.p50) },
                        line("P99", step: false) { latency($0.p99) }, line("objective") { _ in objective },
                    ]),
            ])
    }
}

/// Says on standard error how far a long run is.
struct SimulationProgress {
    let horizon: Millis
    private let begin: ContinuousClock.Instant
    private var next: ContinuousClock.Instant
    private var heard = 0

    private static let every = Duration.seconds(1)
    /// Lines between two looks at the clock.
    private static let lines = 64

    init(horizon: Millis, begin: ContinuousClock.Instant) {
        (self.horizon, self.begin, next) = (horizon, begin, begin + Self.every)
    }

    /// A line of the world, which begins with its time.
    mutating func heard(_ line: String) {
        heard += 1
        guard heard % Self.lines == 0 else { return }
        let now = ContinuousClock().now
        guard now >= next else { return }
        next = now + Self.every
        let seconds = (now - begin) / .seconds(1)
        say(
            String(
                format: "simulated %@ of %@ in %.0f s", String(line.prefix { $0 != " " && $0 != "." }),
                Self.clock(horizon), seconds))
    }

    /// `1:02:03`.
    static func clock(_ span: Millis) -> String {
        let seconds = span.rawValue / 1000
        return String(format: "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}
