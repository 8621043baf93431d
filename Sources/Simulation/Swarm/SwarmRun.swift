import Foundation
import Synchronization

/// Where trials are run.
package struct TrialStage: Sendable {
    /// Trials that are given to it at a time.
    package var batch: Int
    /// Runs them in their order and tells of each; false: the rest need not be run.
    package var perform: @Sendable ([Trial], (TrialReport) -> Bool) -> Void

    /// In the caller's thread. A trap ends this process.
    /// - Parameter run: nil: the world, as it is.
    package static func here(
        _ run: @escaping @Sendable (WorldPlan) throws -> WorldReport = { try World($0).run() }
    ) -> TrialStage {
        TrialStage(batch: 1) { trials, told in
            for trial in trials where !told(TrialReport.of(trial, run)) { return }
        }
    }
}

/// Many runs in several threads: a world each, and worlds share nothing.
package struct SwarmRun: Sendable {
    package var trials: [Trial]
    package var jobs = 1
    /// The first with a violation, in the order of `trials`, is the last that counts.
    package var stopsAtFirst = false
    /// Seconds after which no run is begun any more.
    package var secondsMax: Int?
    package var stage = TrialStage.here()

    package init(_ trials: [Trial]) { self.trials = trials }

    /// Deep chains of closures end in a thread's stack.
    private static let stackBytes = 64 << 20

    /// Runs them all.
    /// - Parameter heard: told of each run as it ends, one at a time, with how many have ended.
    package func run(_ heard: @escaping @Sendable (TrialReport, Int) -> Void = { _, _ in }) -> SwarmReport {
        let clock = ContinuousClock()
        let begin = clock.now
        let reports = collect(until: secondsMax.map { begin + .seconds($0) }, heard)
        var report = SwarmReport(reports)
        report.wallS = Double(Int64((clock.now - begin) / .milliseconds(1))) / 1000
        return report
    }

    /// What came of each, in the order of `trials`.
    package func collect(
        until deadline: ContinuousClock.Instant? = nil,
        _ heard: @escaping @Sendable (TrialReport, Int) -> Void = { _, _ in }
    ) -> [TrialReport] {
        let desk = Desk(trials, stopsAtFirst: stopsAtFirst, deadline: deadline, heard)
        let all = DispatchGroup()
        for _ in 0..<max(1, jobs) {
            all.enter()
            let thread = Thread { [stage] in
                while let (first, batch) = desk.next(stage.batch) {
                    var place = first
                    stage.perform(batch) { report in
                        desk.take(report, at: place)
                        place += 1
                        return desk.isWanted(place)
                    }
                }
                all.leave()
            }
            thread.stackSize = Self.stackBytes
            thread.start()
        }
        all.wait()
        return desk.reports
    }
}

/// Hands out trials and takes what came of them.
private final class Desk: Sendable {
    private struct State {
        var next = 0
        /// Trials from here on do not count.
        var end: Int
        var reports: [Int: TrialReport] = [:]
    }

    private let trials: [Trial]
    private let stopsAtFirst: Bool
    private let deadline: ContinuousClock.Instant?
    private let heard: @Sendable (TrialReport, Int) -> Void
    private let state: Mutex<State>

    init(
        _ trials: [Trial], stopsAtFirst: Bool, deadline: ContinuousClock.Instant?,
        _ heard: @escaping @Sendable (TrialReport, Int) -> Void
    ) {
        self.trials = trials
        self.stopsAtFirst = stopsAtFirst
        self.deadline = deadline
        self.heard = heard
        state = Mutex(State(end: trials.count))
    }

    private var isLate: Bool { deadline.map { ContinuousClock().now >= $0 } ?? false }

    func next(_ count: Int) -> (Int, [Trial])? {
        guard !isLate else { return nil }
        return state.withLock { state in
            guard state.next < state.end else { return nil }
            let first = state.next
            state.next = min(first + count, state.end)
            return (first, Array(trials[first..<state.next]))
        }
    }

    func isWanted(_ place: Int) -> Bool { !isLate && state.withLock { place < $0.end } }

    func take(_ report: TrialReport, at place: Int) {
        state.withLock { state in
            guard place < state.end else { return }
            state.reports[place] = report
            if stopsAtFirst, !report.findings.isEmpty { state.end = place + 1 }
            heard(report, state.reports.count)
        }
    }

    var reports: [TrialReport] {
        state.withLock { state in
            state.reports.keys.sorted().filter { $0 < state.end }.compactMap { state.reports[$0] }
        }
    }
}
