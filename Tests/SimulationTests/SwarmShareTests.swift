import Foundation
import Simulation
import Testing

/// A share of the swarm in every run of the tests: `scripts/bench simulation` runs the whole of it.
@Suite("A share of the swarm", .serialized)
struct SwarmShareTests {
    private static let first: UInt64 = 20_000
    private static let count: UInt64 = 16
    private static let jobs = 2

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func expectNothing(_ report: SwarmReport) {
        for found in report.found {
            let last = found.lastEvents.suffix(12).joined(separator: "\n")
            Issue.record("\(found.rule) \(found.words)\n\(last)\n\(found.replay)")
        }
    }

    @Test func drawnWorldsKeepEveryRule() {
        var run = SwarmRun((Self.first..<Self.first + Self.count).map { Trial(.seed($0)) })
        run.jobs = Self.jobs
        let report = run.run()
        #expect(report.runs == Int(Self.count) && report.requests > 10_000 && report.faults.count > 10)
        expectNothing(report)
    }

    @Test(arguments: ["rollout", "delete"]) func everyBoundaryMayBeStruck(plan: String) {
        var torments = Torments([.plan(plan)])
        torments.jobs = Self.jobs
        for line in torments.run() {
            #expect(line.boundaries > 0, "\(line.kind) strikes nothing")
            #expect(line.report.runs == line.boundaries)
            expectNothing(line.report)
        }
    }

    /// A serve tier that was away takes the looks that it has missed: no target moves otherwise for it.
    @Test(arguments: ["scale-up", "scale-down"]) func aCrashChangesNoDecision(plan: String) {
        var torments = Torments([.plan(plan)], [.crash])
        torments.jobs = Self.jobs
        (torments.first, torments.count) = (120, 80)
        for line in torments.run() {
            #expect(line.report.runs == 80 && line.report.decisionDelta == 0)
            expectNothing(line.report)
        }
    }

    @Test func whatOnceWasFoundStaysAway() throws {
        let file = Self.root.appending(path: "Tests/Swarm/saved-seeds.txt")
        let trials = try Trial.saved(String(contentsOf: file, encoding: .utf8), file: file.lastPathComponent)
        var run = SwarmRun(trials)
        run.jobs = Self.jobs
        expectNothing(run.run())
    }

    /// Another process has other seeds of hashing: an order of a set or dictionary that gets into a run shows
    /// here.
    @Test func anotherProcessDoesTheSame() throws {
        let program = Self.root.appending(path: ".build/release/swarm").path()
        try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
        var trials = SmallWorlds.names.map { Trial(.plan($0)) }
        trials += (Self.first..<Self.first + 3).map { Trial(.seed($0)) }
        var run = SwarmRun(trials)
        let here = run.collect()
        run.stage = ChildTrials.stage(["trials"], program: program)
        #expect(run.collect() == here)
    }
}
