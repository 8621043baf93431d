import Foundation

/// The sum of many runs. The same runs give the same sum, whoever ran them and in whatever order, but for
/// `wallS`.
package struct SwarmReport: Hashable, Sendable, Codable {
    /// Something that was found, and how to see it again.
    package struct Found: Hashable, Sendable, Codable {
        package var rule: String
        package var words: String
        /// A command.
        package var replay: String
        package var lastEvents: [String]
    }

    package var runs = 0
    /// Runs of drawn plans in which nothing could go wrong by the dice.
    package var faultFreeSeeds = 0
    package var simHours = 0.0
    package var events = 0
    package var requests = 0
    package var failed = 0
    package var crashes = 0
    package var commits = 0
    package var decisions = 0
    /// Faults that struck, by class.
    package var faults: [String: Int] = [:]
    /// Changes of targets that differ from those of the same world in which no tier died; nil: nothing was compared.
    package var decisionDelta: Int?
    package var violations = 0
    package var found: [Found] = []
    /// Of a run.
    package var medianRequests = 0
    package var medianMachinesPeak = 0
    /// Classes of which at least one fault struck.
    package var medianFaultClasses = 0
    /// Seconds, of the whole.
    package var wallS = 0.0

    package init(_ trials: [TrialReport]) {
        runs = trials.count
        faultFreeSeeds = trials.count { $0.faultFree && $0.words.first == "--seed" }
        let millis = trials.reduce(0) { $0 + $1.simulatedMs }
        simHours = Double(millis / 3_600) / 1_000
        for trial in trials {
            events += trial.events
            requests += trial.requests
            failed += trial.failed
            crashes += trial.crashes
            commits += trial.commits
            decisions += trial.decisions
            faults.merge(trial.faults) { $0 + $1 }
            violations += trial.findings.count
            guard let first = trial.findings.first else { continue }
            found.append(
                Found(
                    rule: first.rule, words: first.words, replay: Self.replay(trial.words),
                    lastEvents: trial.lastEvents))
        }
        medianRequests = Self.median(trials.map(\.requests))
        medianMachinesPeak = Self.median(trials.map(\.machinesPeak))
        medianFaultClasses = Self.median(trials.map(\.faults.count))
    }

    /// The command that runs it again.
    package static func replay(_ words: [String]) -> String {
        (["tandem swarm replay"] + words).joined(separator: " ")
    }

    private static func median(_ values: [Int]) -> Int {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    /// One line of JSON.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// For people.
    package var text: String {
        func row(_ name: String, _ value: String) -> String {
            name.padding(toLength: 18, withPad: " ", startingAt: 0) + value + "\n"
        }
        var text = row("runs", "\(runs), \(faultFreeSeeds) of them seeds without faults")
        text += row("simulated", String(format: "%.1f h in %.1f s", simHours, wallS))
        text += row("events", "\(events)")
        text += row("requests", "\(requests), \(failed) failed; median of a run \(medianRequests)")
        text += row("commits", "\(commits)") + row("decisions", "\(decisions)")
        text += row("crashes of tiers", "\(crashes)")
        text += row("machines at most", "median of a run \(medianMachinesPeak)")
        text += row("fault classes", "median of a run \(medianFaultClasses)")
        if let decisionDelta { text += row("decision delta", "\(decisionDelta)") }
        for name in faults.keys.sorted() { text += row("", "\(name) \(faults[name] ?? 0)") }
        text += row("violations", "\(violations)")
        for entry in found { text += "  \(entry.rule) \(entry.words)\n    \(entry.replay)\n" }
        return text
    }
}
