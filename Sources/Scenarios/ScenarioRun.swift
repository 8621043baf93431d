import Model
import Simulation

/// What came of a scenario.
package struct ScenarioReport: Sendable {
    package var scenario: Scenario
    /// The file's demands in their order, then that every rule of all worlds held.
    package var verdicts: [Verdict]
    package var world: WorldReport
    /// The whole story, readable and the same in every run.
    package var transcript: String

    package var holds: Bool { verdicts.allSatisfy(\.holds) }
}

extension Scenario {
    /// Lets it happen.
    /// - Parameter watch: told every line of the world as it comes, those too that the transcript leaves out.
    /// - Throws: when the world cannot be made.
    package func run(watch: ((String) -> Void)? = nil) throws -> ScenarioReport {
        var transcript = Transcript(self)
        var witnesses = musts.map(Witness.init)
        var stamp = -1
        var shown: Scene?
        func look(_ world: World) {
            var scene: Scene?
            if world.sceneStamp != stamp {
                stamp = world.sceneStamp
                scene = world.scene
            }
            let counts = world.counts
            for index in witnesses.indices {
                witnesses[index].look(scene, counts, at: world.now)
                witnesses[index].lookAtRest(world)
            }
            if let scene, scene != shown {
                shown = scene
                transcript.changed(scene, at: world.now)
            }
        }
        let world = try World(plan)
        let report = try world.run(
            watch: { line in
                transcript.said(line)
                watch?(line)
            }, look: look)
        for index in witnesses.indices {
            witnesses[index].look(world.scene, report, at: report.simulated.micros)
            witnesses[index].lookAtRest(world)
        }
        var verdicts = witnesses.map { $0.verdict(report) }
        let broken = report.violations.map { "\($0.rule) at \(Span.words($0.at)): \($0.words)" }
        verdicts.append(
            Verdict(
                must: "every rule of all worlds holds", holds: broken.isEmpty,
                words: broken.isEmpty ? "none was broken" : broken.joined(separator: "; ")))
        return ScenarioReport(
            scenario: self, verdicts: verdicts, world: report,
            transcript: transcript.finish(report, verdicts))
    }
}
