import Model

/// Leaves out of a failing trial whatever it can do without: fault classes, then deeds of the script, then
/// applications, clients, proxies and machines, then time. What is left still breaks the same rule.
package struct Shrinker {
    /// What is left of a failing trial.
    package struct Shrunk: Hashable, Sendable {
        package var trial: Trial
        package var report: TrialReport
        /// Runs that it took.
        package var runs: Int
    }

    /// Runs that it may take.
    package static let runsMax = 250

    private let stage: TrialStage
    private let runsMax: Int
    private let told: (String) -> Void
    private var rule = ""
    private var best: Trial
    private var report: TrialReport
    private var runs = 0
    /// Tried without success, so that no run is made twice.
    private var failed: Set<Trial> = []

    /// - Parameter told: hears what was left out, as it is.
    /// - Returns: nil: the trial breaks no rule.
    package static func shrink(
        _ trial: Trial, on stage: TrialStage = .here(), runsMax: Int = Self.runsMax,
        told: @escaping (String) -> Void = { _ in }
    ) -> Shrunk? {
        var shrinker = Shrinker(trial, stage, runsMax, told)
        guard let rule = shrinker.report.findings.first?.rule else { return nil }
        shrinker.rule = rule
        shrinker.work()
        return Shrunk(trial: shrinker.best, report: shrinker.report, runs: shrinker.runs)
    }

    private init(_ trial: Trial, _ stage: TrialStage, _ runsMax: Int, _ told: @escaping (String) -> Void) {
        self.stage = stage
        self.runsMax = runsMax
        self.told = told
        best = trial
        report = Self.run(trial, stage)
        runs = 1
    }

    private static func run(_ trial: Trial, _ stage: TrialStage) -> TrialReport {
        var heard = TrialReport(trial)
        stage.perform([trial]) { report in
            heard = report
            return true
        }
        return heard
    }

    private mutating func work() {
        var before: Trial
        repeat {
            before = best
            dropFaults()
            dropDeeds()
            dropParties()
            shorten()
        } while best != before && runs < runsMax
        endSoon()
    }

    /// Keeps a change after which the same rule is broken.
    @discardableResult
    private mutating func keep(_ what: String, _ change: (inout PlanCut) -> Void) -> Bool {
        var trial = best
        change(&trial.cut)
        guard trial != best, runs < runsMax, !failed.contains(trial) else { return false }
        runs += 1
        let heard = Self.run(trial, stage)
        guard heard.findings.contains(where: { $0.rule == rule }) else {
            failed.insert(trial)
            return false
        }
        best = trial
        report = heard
        told(what)
        return true
    }

    // MARK: - What is left out

    private mutating func dropFaults() {
        let all = best.plan.faults.classes
        guard all.count > 1 else { return dropEach(all) }
        if keep("without all faults", { $0.faults.formUnion(all) }) { return }
        // Halves first: most classes have nothing to do with it.
        for half in [all.prefix(all.count / 2), all.suffix(all.count - all.count / 2)] {
            if keep("without \(half.count) fault classes", { $0.faults.formUnion(half) }) { break }
        }
        dropEach(best.plan.faults.classes)
    }

    private mutating func dropEach(_ classes: [FaultClass]) {
        for fault in classes { keep("without \(fault.rawValue)") { $0.faults.insert(fault) } }
    }

    private mutating func dropDeeds() {
        var whole = best
        whole.cut.deeds = []
        for number in stride(from: whole.plan.script.count, to: 0, by: -1)
        where !best.cut.deeds.contains(number) {
            keep("without deed \(number)") { $0.deeds.insert(number) }
        }
    }

    private mutating func dropParties() {
        for name in best.plan.applications.map(\.name).reversed() where best.plan.applications.count > 1 {
            keep("without application \(name)") { $0.applications.insert(name) }
        }
        var whole = best
        whole.cut.clients = []
        whole.cut.applications = []
        for number in stride(from: whole.plan.clients.count, to: 0, by: -1)
        where !best.cut.clients.contains(number) {
            keep("without client \(number)") { $0.clients.insert(number) }
        }
        if best.plan.proxies > 1 { keep("with one proxy") { $0.proxies = 1 } }
        for workers in [1, 2, 4, 8] where workers < best.plan.cluster.maxWorkers {
            if keep("with \(workers) machines at most", { $0.maxWorkers = workers }) { break }
        }
    }

    /// Seconds of trouble that are tried.
    private static let troubles: [Int64] = [60, 300, 600, 1_200, 1_800, 2_400]

    private mutating func shorten() {
        for seconds in Self.troubles {
            guard let heal = best.plan.healAt, Millis.seconds(seconds) < heal else { return }
            let span = Millis.seconds(seconds)
            if keep("with \(Words.text(span)) of trouble", { $0.trouble = span }) { return }
        }
    }

    /// What comes after the violation needs not be run.
    private mutating func endSoon() {
        guard let at = report.findings.first(where: { $0.rule == rule })?.atMs, at > 0 else { return }
        let end = Millis.seconds(at / 1000 + 1)
        guard end < best.plan.horizon else { return }
        keep("for \(Words.text(end))") { $0.horizon = end }
    }
}
