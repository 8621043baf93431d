import Foundation
import Model
import Store

/// The commands around drawn worlds, for whatever program they are part of.
package struct SwarmProgram: Sendable {
    /// Words with which the program that this is part of comes here.
    private let prefix: [String]

    /// - Parameter prefix: words with which the program that this is part of comes here: none, or `swarm`.
    package init(prefix: [String] = []) { self.prefix = prefix }

    package static let help = """
        Runs whole clusters in virtual time: worlds drawn by seeds, each with its own mix of faults, and small
        fixed ones.

        run     --count N [--first S] [--seconds MAX] [--stop] [--each]
                    drawn worlds; --stop: no further than the first violation; --each: a line for each
        replay  RUN [--watch] [--keep FILE]
                    one run; --watch: every event; --keep: its database at the end, to be read with sqlite3
        shrink  RUN
                    leaves out of a failing run whatever it can do without
        nth     [--plan NAME | --seed N] [--kind KIND] [--first A] [--count B] [--stop]
                    strikes each boundary of the small worlds in turn; KIND: crash, store, call, reply, answer
                    or twice
        saved   [FILE]
                    runs that have found something once; Tests/Swarm/saved-seeds.txt, a RUN a line
        hash    [--first S] [--count N]
                    the small worlds and N seeds, each with a hash of all that happened
            serve-step --state DIR [--deployments N] [--replicas N] [--seconds N] [--swing PERCENT]
                    how long a step of the serve tier takes under the load of so many, and what it keeps; JSON
            elasticity --state DIR [--shapes a,b] [--percent N]
                    how soon nodes are ordered and given back in the shapes of two peers; JSON
            node-step --state DIR [--nodes N] [--replicas N]
                    how long a step of the node tier takes in which nothing changes; JSON

        All but replay and shrink take --jobs N (threads); all but replay take --isolate (in processes of
        their own: one that traps is a finding); all but hash take --json. Exit 1: something was found.

        RUN: --seed N or --plan NAME, and what is changed in it:
          --torment KIND:N      the N-th boundary is struck
          --without a,b         these classes of faults do not strike
          --drop-deed 2,3       these deeds of the script are left out, as are
          --drop-app a,b        applications with their clients
          --drop-client 1,2     clients
          --proxies N           at most so many proxies, as for
          --max-workers N       machines
          --trouble 10m         all trouble ends then
          --horizon 20m         the run ends then

        Example: tandem swarm run --count 100 --jobs 2
                 tandem swarm shrink --seed 17
                 tandem swarm nth --plan rollout --kind crash
        """

    /// - Returns: what the process is to end with: 0, 1: something was found, 64: not understood.
    package func main(_ words: [String]) -> Int32 {
        guard let command = words.first, !words.contains("--help"), !words.contains("-h") else {
            Self.say(Self.help)
            return words.isEmpty ? 64 : 0
        }
        let rest = Array(words.dropFirst())
        do {
            switch command {
            case "run": return try run(rest)
            case "replay": return try replay(rest)
            case "shrink": return try shrink(rest)
            case "nth": return try torment(rest)
            case "saved": return try saved(rest)
            case "hash": return try hash(rest)
            case "serve-step": return try serveStep(rest)
            case "elasticity": return try elasticity(rest)
            case "node-step": return try nodeStep(rest)
            case "trials":
                ChildTrials.performHere()
                return 0
            default:
                throw SwarmProblem(
                    "there is no \"\(command)\"; there are run, replay, shrink, nth, saved, hash, serve-step, "
                        + "elasticity and node-step"
                )
            }
        } catch {
            Self.tell("\(error)")
            return 64
        }
    }

    // MARK: - Words

    private static let common = ["jobs"]
    private static let commonFlags = ["isolate", "json", "stop"]

    private func stage(_ words: Words) -> TrialStage {
        words.has("isolate") ? ChildTrials.stage(prefix + ["trials"]) : .here()
    }

    private func prepare(_ trials: [Trial], _ words: Words) throws(SwarmProblem) -> SwarmRun {
        var run = SwarmRun(trials)
        run.jobs = try words.number("jobs", atLeast: 1) ?? 1
        run.stopsAtFirst = words.has("stop")
        run.stage = stage(words)
        return run
    }

    static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    static func tell(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    // MARK: - Commands

    private static func seeds(_ words: Words) throws(SwarmProblem) -> [Trial] {
        let first: UInt64 = try words.number("first", atLeast: 0) ?? 1
        guard let count: UInt64 = try words.number("count", atLeast: 1) else {
            throw SwarmProblem("how many? --count N")
        }
        guard count <= 100_000_000, first <= .max - count else {
            throw SwarmProblem("--count \(count): too many")
        }
        return (first..<(first + count)).map { Trial(.seed($0)) }
    }

    private static func run(_ report: SwarmReport, _ words: Words) -> Int32 {
        say(words.has("json") ? report.json : report.text)
        return report.violations == 0 ? 0 : 1
    }

    private func run(_ rest: [String]) throws(SwarmProblem) -> Int32 {
        let words = try Words(
            rest, options: Self.common + ["first", "count", "seconds"], flags: Self.commonFlags + ["each"])
        var run = try prepare(try Self.seeds(words), words)
        run.secondsMax = try words.number("seconds", atLeast: 1)
        let isTold = words.has("each")
        let report = run.run { report, count in
            if isTold { Self.say(report.line) }
            if !report.findings.isEmpty { Self.tell(report.findingsText) }
            if count % 100 == 0 { Self.tell("\(count) runs") }
        }
        return Self.run(report, words)
    }

    private func replay(_ rest: [String]) throws(SwarmProblem) -> Int32 {
        let words = try Words(rest, options: Trial.options + ["keep"], flags: ["watch", "json"])
        let trial = try Trial(words)
        let file = words["keep"]
        if let file, FileManager.default.fileExists(atPath: file) {
            throw SwarmProblem("--keep \(file): there is such a file; name another one")
        }
        let watch: ((String) -> Void)? = words.has("watch") ? { Self.say($0) } : nil
        if watch == nil, !words.has("json") { Self.say(trial.plan.inWords.joined(separator: "\n")) }
        let report = TrialReport.of(trial) { plan in
            let world = try World(plan)
            let report = try world.run(watch: watch)
            if let file { try world.memory.write(to: file) }
            return report
        }
        Self.say(words.has("json") ? report.encoded() : report.line)
        if !words.has("json"), !report.findings.isEmpty { Self.say(report.findingsText) }
        return report.findings.isEmpty ? 0 : 1
    }

    private func shrink(_ rest: [String]) throws(SwarmProblem) -> Int32 {
        let words = try Words(rest, options: Trial.options, flags: ["isolate", "json"])
        let trial = try Trial(words)
        guard let shrunk = Shrinker.shrink(trial, on: stage(words), told: Self.tell) else {
            Self.say("\(SwarmReport.replay(trial.words)) finds nothing")
            return 0
        }
        if words.has("json") {
            Self.say(shrunk.report.encoded())
        } else {
            Self.say(shrunk.trial.plan.inWords.joined(separator: "\n"))
            Self.say("the last events:")
            for line in shrunk.report.lastEvents { Self.say("  " + line) }
            for finding in shrunk.report.findings { Self.say("\(finding.rule) \(finding.words)") }
            Self.say("after \(shrunk.runs) runs: \(SwarmReport.replay(shrunk.trial.words))")
        }
        return 1
    }

    private func torment(_ rest: [String]) throws(SwarmProblem) -> Int32 {
        let words = try Words(
            rest, options: Self.common + ["seed", "plan", "kind", "first", "count"], flags: Self.commonFlags)
        let source = try Trial.source(words)
        var kinds = TormentKind.allCases
        if let name = words["kind"] {
            kinds = kinds.filter { $0.rawValue == name }
            let known = TormentKind.allCases.map(\.rawValue).joined(separator: ", ")
            guard !kinds.isEmpty else { throw SwarmProblem("--kind \"\(name)\": there are \(known)") }
        }
        var torments = Torments(source.map { [$0] } ?? SmallWorlds.names.map { .plan($0) }, kinds)
        torments.first = try words.number("first", atLeast: 1) ?? 1
        torments.count = try words.number("count", atLeast: 1) ?? .max
        torments.jobs = try words.number("jobs", atLeast: 1) ?? 1
        torments.stopsAtFirst = words.has("stop")
        torments.stage = stage(words)
        let lines = torments.run { line in
            let name = Trial(line.source).words.last ?? ""
            Self.tell(
                "\(name) \(line.kind.rawValue): \(line.report.runs) of \(line.boundaries) struck, "
                    + "\(line.report.violations) violations"
                    + (line.report.decisionDelta.map { ", \($0) targets moved otherwise" } ?? ""))
        }
        return Self.run(SwarmReport.sum(lines.map(\.report)), words)
    }

    private func saved(_ rest: [String]) throws(SwarmProblem) -> Int32 {
        let words = try Words(rest, options: Self.common, flags: Self.commonFlags)
        let path = words.bare.first ?? "Tests/Swarm/saved-seeds.txt"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SwarmProblem("\(path) cannot be read: name the file with saved runs")
        }
        let run = try prepare(try Trial.saved(text, file: path), words)
        return Self.run(
            run.run { report, _ in if !report.findings.isEmpty { Self.tell(report.findingsText) } }, words)
    }

    private func serveStep(_ rest: [String]) throws -> Int32 {
        let options = ["state", "deployments", "replicas", "seconds", "swing"]
        Self.say(try ServeStepBench.main(try Words(rest, options: options)))
        return 0
    }

    private func nodeStep(_ rest: [String]) throws -> Int32 {
        Self.say(try NodeStepBench.main(try Words(rest, options: ["state", "nodes", "replicas"])))
        return 0
    }

    private func elasticity(_ rest: [String]) throws -> Int32 {
        Self.say(try ElasticityBench.main(try Words(rest, options: ["state", "shapes", "percent"])))
        return 0
    }

    private func hash(_ rest: [String]) throws(SwarmProblem) -> Int32 {
        let words = try Words(rest, options: Self.common + ["first", "count"], flags: ["isolate"])
        var trials = SmallWorlds.names.map { Trial(.plan($0)) }
        if words.has("count") { trials += try Self.seeds(words) }
        for report in try prepare(trials, words).collect() {
            Self.say("\(report.words.last ?? "") \(report.traceHash)")
        }
        return 0
    }
}

extension Trial {
    /// Runs that are kept: a line each, with what they found after a `#`.
    package static func saved(_ text: String, file: String) throws(SwarmProblem) -> [Trial] {
        var trials: [Trial] = []
        for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            guard !words.isEmpty else { continue }
            do { trials.append(try Trial(words: words)) } catch {
                throw SwarmProblem("\(file):\(place + 1): \(error)")
            }
        }
        return trials
    }
}

extension TrialReport {
    /// For people.
    var line: String {
        "\(words.joined(separator: " ")): \(events) events, \(commits) commits, \(requests) requests, "
            + "\(failed) failed, \(machinesPeak) machines, \(crashes) crashes, "
            + "\(faults.count) fault classes, hash \(traceHash)"
    }

    var findingsText: String {
        let found = findings.map { "VIOLATION \($0.rule) at \(Words.text(Millis($0.atMs))): \($0.words)" }
        return (lastEvents.map { "  " + $0 } + found + ["  " + SwarmReport.replay(words)]).joined(
            separator: "\n")
    }
}
