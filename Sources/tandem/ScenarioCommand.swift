import ArgumentParser
import Foundation
import Scenarios
import Settings
import Simulation
import Wire

struct ScenarioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenario",
        abstract: "Play named stories of trouble in virtual time, and see what must hold.",
        discussion: """
            A scenario says what befalls a cluster and what must hold all the same; each is one small file.
            Without names all of the directory are played. The exit code is 1 when a demand was not met.

            Example: tandem scenario --list
                     tandem scenario launch-reply-lost --watch
                     tandem scenario my-story.yaml --json
            """)

    @Argument(help: ArgumentHelp("Names of scenarios, or files.", valueName: "name|file")) var names:
        [String] = []
    @Option(help: ArgumentHelp("Where the named ones are.", valueName: "dir")) var directory =
        "Config/scenarios"
    @Flag(help: "Only show what there is.") var list = false
    @Flag(help: "Print every line of the world as it happens.") var watch = false
    @Flag(help: "Print the transcript of each.") var transcript = false
    @Flag(help: "Print JSON: an array with an object for each.") var json = false

    func validate() throws {
        guard !(json && (watch || transcript)) else {
            throw ValidationError("--json prints verdicts alone: give it without --watch and --transcript")
        }
    }

    func run() async throws {
        let scenarios = try files().map { file throws(SettingsProblems) in
            try Scenario.read(text: try Settings.read(path: file), file: file)
        }
        if list { return try show(scenarios) }
        var verdicts: [ScenarioVerdict] = []
        for scenario in scenarios {
            if watch { print("\(scenario.name): \(scenario.what)") }
            let report = try scenario.run(watch: watch ? { print(Printable.text($0)) } : nil)
            if transcript { print(report.transcript) }
            let verdict = ScenarioVerdict(report)
            verdicts.append(verdict)
            if !json { print(verdict.text, terminator: "") }
        }
        if json { try printJSON(verdicts) }
        let broken = verdicts.count { !$0.holds }
        if !json, verdicts.count > 1 { print("\(verdicts.count - broken) of \(verdicts.count) hold") }
        if broken > 0 { throw ExitCode(1) }
    }

    // MARK: - Files

    private func files() throws -> [String] {
        guard names.isEmpty else { return names.map { isFile($0) ? $0 : "\(directory)/\($0).yaml" } }
        let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let files = found.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(directory)/\($0)" }
        guard !files.isEmpty else {
            throw ValidationError("no scenarios in \"\(directory)\": --directory names where they are")
        }
        return files
    }

    private func isFile(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.contains("/") }

    private func show(_ scenarios: [Scenario]) throws {
        if json { return try printJSON(scenarios.map(ScenarioListing.init)) }
        print(
            StatusTable.table(
                ["SCENARIO", "MODES", "WHAT"],
                scenarios.map { [$0.name, $0.modes.joined(separator: ","), $0.what] }), terminator: "")
    }
}

/// A scenario in a list.
struct ScenarioListing: Encodable {
    var name: String
    var modes: [String]
    var what: String
    var thread: String

    init(_ scenario: Scenario) {
        name = scenario.name
        modes = scenario.modes
        what = scenario.what
        thread = scenario.thread
    }
}

/// What came of a scenario, for people and programs.
struct ScenarioVerdict: Encodable {
    struct Demand: Encodable {
        var must: String
        var holds: Bool
        var seen: String
    }

    var name: String
    var holds: Bool
    var demands: [Demand]
    var requests: Int
    var failed: Int
    var machinesMade: Int
    /// Of the transcript: another one means that something went otherwise.
    var transcript: String

    init(_ report: ScenarioReport) {
        name = report.scenario.name
        holds = report.holds
        demands = report.verdicts.map { Demand(must: $0.must, holds: $0.holds, seen: $0.words) }
        requests = report.world.requests
        failed = report.world.failed
        machinesMade = report.world.machinesMade
        transcript = Transcript.hash(report.transcript)
    }

    /// One line, and one for each demand that was not met.
    var text: String {
        let head = "\(holds ? "holds " : "BROKEN") \(name)"
        let misses = demands.filter { !$0.holds }.map { "       must \($0.must): \($0.seen)" }
        return ([head] + misses).map { Printable.text($0) + "\n" }.joined()
    }
}
