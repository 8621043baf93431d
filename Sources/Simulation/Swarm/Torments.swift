import Model
import Synchronization

/// Systematic trouble: in a small world each boundary is struck in turn.
///
/// Until a boundary is struck a run is the same as one in which none is; so the boundaries that the whole run
/// has, and no others, can be struck.
package struct Torments: Sendable {
    package var sources: [Trial.Source]
    package var kinds: [TormentKind]
    /// Boundaries, counted from 1.
    package var first = 1
    package var count = Int.max
    package var jobs = 1
    package var stopsAtFirst = false
    package var stage = TrialStage.here()

    package init(_ sources: [Trial.Source], _ kinds: [TormentKind] = TormentKind.allCases) {
        self.sources = sources
        self.kinds = kinds
    }

    /// What came of one kind of torment in one world.
    package struct Line: Hashable, Sendable {
        package var source: Trial.Source
        package var kind: TormentKind
        /// Boundaries that there are; of `twice` 1: everything.
        package var boundaries: Int
        package var report: SwarmReport
    }

    /// Runs them all.
    /// - Parameter heard: told of each line as it is complete.
    package func run(_ heard: (Line) -> Void = { _ in }) -> [Line] {
        var lines: [Line] = []
        for source in sources {
            for kind in kinds {
                let line = run(source, kind)
                lines.append(line)
                heard(line)
                if stopsAtFirst, line.report.violations > 0 { return lines }
            }
        }
        return lines
    }

    private func run(_ source: Trial.Source, _ kind: TormentKind) -> Line {
        let boundaries = kind == .twice ? 1 : count(source, kind)
        let last = count > boundaries - first ? boundaries : first + count - 1
        let numbers = kind == .twice ? 1...1 : first...max(first, last)
        let trials = last < first ? [] : numbers.map { Trial(source, torment: kind.torment(at: $0)) }
        var run = SwarmRun(trials)
        run.jobs = jobs
        run.stopsAtFirst = stopsAtFirst
        run.stage = stage
        guard kind == .crash, let calm = calm(source, kind)?.targetsMoved else {
            return Line(source: source, kind: kind, boundaries: boundaries, report: run.run())
        }
        let delta = Mutex(0)
        var report = run.run { trial, _ in
            let differing = (trial.targetsMoved ?? []).difference(from: calm).count
            delta.withLock { $0 += differing }
        }
        report.decisionDelta = delta.withLock { $0 }
        return Line(source: source, kind: kind, boundaries: boundaries, report: report)
    }

    private func count(_ source: Trial.Source, _ kind: TormentKind) -> Int {
        calm(source, kind)?.boundaries ?? 0
    }

    /// The same world, in which no boundary is struck.
    private func calm(_ source: Trial.Source, _ kind: TormentKind) -> TrialReport? {
        var run = SwarmRun([Trial(source, torment: kind.torment(at: 0))])
        run.stage = stage
        return run.collect().first
    }
}

extension SwarmReport {
    /// The sum of others; medians are left out.
    package static func sum(_ reports: [SwarmReport]) -> SwarmReport {
        var sum = SwarmReport([])
        for report in reports {
            sum.runs += report.runs
            sum.faultFreeSeeds += report.faultFreeSeeds
            sum.simHours += report.simHours
            sum.events += report.events
            sum.requests += report.requests
            sum.failed += report.failed
            sum.crashes += report.crashes
            sum.commits += report.commits
            sum.decisions += report.decisions
            sum.faults.merge(report.faults) { $0 + $1 }
            if let delta = report.decisionDelta { sum.decisionDelta = (sum.decisionDelta ?? 0) + delta }
            sum.violations += report.violations
            sum.found += report.found
            sum.wallS += report.wallS
        }
        return sum
    }
}
