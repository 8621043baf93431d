import Cloud
import Model
import Simulation

/// A run as a text for people, in which every difference of behaviour that somebody might care about shows: what was
/// said, what the script did, and replicas and nodes whenever their numbers change.
package struct Transcript {
    private let scenario: Scenario
    private var lines: [String] = []
    private var deeds: ArraySlice<(at: Millis, words: String)>
    /// Lines since the last deed or row that differ by numbers only: the first few stand, the rest are counted.
    private var kinds: [(shape: String, words: String, count: Int)] = []
    private var scene: (at: Int64, scene: Scene)?

    private static let repeatsMax = 3
    /// Characters of a line that is told to have come again.
    private static let shownMax = 40
    /// Of no interest: they come every few seconds in every run; the last is among the deeds where the file says it.
    private static let dull = ["provider: list of ", "provider: offerings", "all trouble ends"]

    init(_ scenario: Scenario) {
        self.scenario = scenario
        deeds = scenario.deeds[...]
    }

    /// `0:00:01.000 words`.
    mutating func said(_ line: String) {
        let cut = line.firstIndex(of: " ") ?? line.endIndex
        let words = String(line[cut...].dropFirst())
        if Self.dull.contains(where: words.hasPrefix) { return }
        let time = String(line[..<cut])
        flush(before: time)
        let shape = String(words.filter { !$0.isNumber })
        if let index = kinds.firstIndex(where: { $0.shape == shape }) {
            kinds[index].count += 1
            if kinds[index].count > Self.repeatsMax { return }
        } else {
            kinds.append((shape, words, 1))
        }
        lines.append("  \(time)  \(words)")
    }

    private mutating func endRepeats() {
        for kind in kinds where kind.count > Self.repeatsMax {
            let start =
                kind.words.count > Self.shownMax ? kind.words.prefix(Self.shownMax) + "…" : kind.words[...]
            lines.append("                \(kind.count - Self.repeatsMax) more like: \(start)")
        }
        kinds = []
    }

    /// What the script did before that, and how things stood.
    private mutating func flush(before time: String?) {
        while let deed = deeds.first, time.map({ Self.isLater($0, clock(deed.at.micros)) }) ?? true {
            showScene(before: clock(deed.at.micros))
            endRepeats()
            lines.append("  \(clock(deed.at.micros))  > \(deed.words)")
            deeds.removeFirst()
        }
        showScene(before: time)
    }

    /// At the same instant the deed comes first.
    private static func isLater(_ time: String, _ deed: String) -> Bool {
        deed.count < time.count || deed <= time
    }

    mutating func changed(_ scene: Scene, at now: Int64) {
        if let old = self.scene, old.at != now { flush(before: clock(now)) }
        self.scene = (now, scene)
    }

    /// One row for all that changed at an instant.
    private mutating func showScene(before time: String?) {
        guard let (at, scene) = scene, time.map({ $0 != clock(at) }) ?? true else { return }
        self.scene = nil
        let words = Self.words(scene)
        guard words != lastRow else { return }
        lastRow = words
        endRepeats()
        lines.append("  \(clock(at))    | \(words)")
    }
    private var lastRow = ""

    private static func words(_ scene: Scene) -> String {
        var parts = scene.deployments.map { line in
            "\(line.id) \(line.ready) of \(line.target)"
                + (line.replicas > line.target ? ", rows \(line.replicas)" : "")
        }
        let phases: [NodePhase] = [.ready, .booting, .requested, .draining, .terminating]
        let nodes = phases.compactMap { phase in scene.nodes[phase].map { "\($0) \(phase.rawValue)" } }
        parts.append("nodes \(nodes.isEmpty ? "none" : nodes.joined(separator: " "))")
        parts.append("machines \(scene.machines)")
        return parts.joined(separator: " | ")
    }

    // MARK: - The whole

    mutating func finish(_ report: WorldReport, _ verdicts: [Verdict]) -> String {
        flush(before: nil)
        endRepeats()
        var head = ["\(scenario.name) (\(scenario.modes.joined(separator: ", ")))", scenario.what]
        if !scenario.thread.isEmpty { head.append("as in \(scenario.thread)") }
        head.append("")
        let calls = CloudFault.Call.allCases.compactMap { call in
            report.calls[call].map { "\(call.rawValue) \($0)" }
        }
        let failures = report.failures.sorted { $0.key < $1.key }.map { "\($0.key.rawValue) \($0.value)" }
        var foot = [
            "",
            "requests \(report.requests), failed \(report.failed)"
                + (failures.isEmpty ? "" : " (\(failures.joined(separator: ", ")))"),
            "machines made \(report.machinesMade), provider calls: "
                + (calls.isEmpty ? "none" : calls.joined(separator: ", ")),
        ]
        if !report.faults.isEmpty {
            let struck = report.faults.sorted { $0.key < $1.key }.map { "\($0.key.rawValue) \($0.value)" }
            foot.append("struck: \(struck.joined(separator: ", "))")
        }
        foot.append("")
        for verdict in verdicts {
            foot.append("\(verdict.holds ? "holds " : "BROKEN") \(verdict.must): \(verdict.words)")
        }
        return (head + lines + foot).joined(separator: "\n") + "\n"
    }

    /// Of a transcript: what a line in the list of changes names it by.
    package static func hash(_ text: String) -> String {
        let hex = Fingerprint(of: text).text
        return String((String(repeating: "0", count: 16 - hex.count) + hex).prefix(10))
    }
}
