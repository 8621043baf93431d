import Foundation
import Model
import Scenarios
import Settings
import Testing

/// Plays every scenario that comes with the project.
@Suite struct ScenarioTests {
    private static let rewrites = ProcessInfo.processInfo.environment["TANDEM_WRITE_TRANSCRIPTS"] == "1"

    @Test func thereAreScenarios() { #expect(Library.names.count > 40) }

    @Test(arguments: Library.names)
    func itHoldsAndGoesAsItWent(_ name: String) throws {
        let scenario = try Library.scenario(name)
        #expect(scenario.name == name, "the name in the file is that of the file")
        let report = try scenario.run()
        for verdict in report.verdicts where !verdict.holds {
            Issue.record("\(name) must \(verdict.must): \(verdict.words)")
        }
        let file = Library.transcriptFile(name)
        if Self.rewrites { try report.transcript.write(toFile: file, atomically: true, encoding: .utf8) }
        let kept = Library.text(file)
        if kept != report.transcript {
            Issue.record(
                "\(name): \(Self.difference(kept, report.transcript)); TANDEM_WRITE_TRANSCRIPTS=1 writes it anew"
            )
        }
        let hash = Transcript.hash(report.transcript)
        if !(Library.reasons()[name]?.contains(hash) ?? false) {
            Issue.record(
                "add to Config/scenarios/transcripts/CHANGES.md: \"- \(name) \(hash): \" and why it changed")
        }
    }

    private static func difference(_ kept: String, _ now: String) -> String {
        let (old, new) = (kept.split(separator: "\n"), now.split(separator: "\n"))
        let line =
            zip(old, new).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            ?? min(old.count, new.count)
        func shown(_ lines: [Substring]) -> String {
            lines.indices.contains(line) ? String(lines[line]) : "the end"
        }
        return "line \(line + 1) was \"\(shown(old))\" and is \"\(shown(new))\""
    }

    @Test func aRunIsTheSameTwice() throws {
        let scenario = try Library.scenario("everything-twice")
        #expect(try scenario.run().transcript == scenario.run().transcript)
    }

    /// Transcripts and reasons of scenarios that are no more.
    @Test func nothingIsLeftOver() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(Library.directory)transcripts")
        let known = Set(Library.names.map { "\($0).txt" } + ["CHANGES.md"])
        #expect(files.filter { !known.contains($0) } == [])
        #expect(Library.reasons().keys.filter { !Library.names.contains($0) }.sorted() == [])
    }

    /// Every failure mode has a row, and every scenario stands in the rows of its modes.
    @Test func theTableIsWhole() throws {
        let rows = Library.tableRows()
        let all = (1...70).map { ($0 < 10 ? "F0" : "F") + "\($0)" }
        #expect(all.filter { rows[$0]?.isEmpty ?? true } == [], "in README.md")
        for name in Library.names {
            for mode in try Library.scenario(name).modes {
                #expect(
                    rows[mode]?.contains("`\(name)`") ?? false, "README.md: the row of \(mode) names \(name)")
            }
        }
        let named = rows.values.flatMap { $0.matches(of: #/`([a-z0-9-]+)`/#).map { String($0.output.1) } }
        #expect(Set(named).subtracting(Library.names).sorted() == [], "in README.md, and no scenario")
    }

    /// A demand that is not met is said so, with what was seen.
    @Test(arguments: [
        ("failed requests: 1", "it was 0"),
        ("ready replicas of shop#model: 3 by 20s", "it never was"),
        ("ready replicas of shop#model never below 2", "it was 0 at 0:00:00.000"),
        ("machines at most: 0 always", "it was 1 at 0:00:00"),
        ("within 1s after 15s: ready replicas of shop#model is 1", "it never was"),
        ("slowest answer at most: 100ms", "it was "),
        ("settled by 2s", "L-01: 0 of 2 replicas of shop#model are ready"),
    ])
    func whatIsNotMetIsTold(_ must: String, _ words: String) throws {
        let text = """
            name: s
            mode: F01
            what: nothing happens
            clients: [{rps: {10s: 2}}]
            for: 20s
            must: ["\(must)", "machines made: 1", one machine per token]
            """
        let report = try Scenario.read(text: text, file: "s.yaml").run()
        #expect(!report.holds)
        #expect(report.verdicts.map(\.holds) == [false, true, true, true])
        #expect(report.verdicts.first?.words.contains(words) ?? false, "\(report.verdicts[0].words)")
        #expect(report.transcript.contains("BROKEN \(must)"))
    }
}
