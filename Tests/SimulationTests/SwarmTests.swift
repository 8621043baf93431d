import Foundation
import Model
import Simulation
import Testing

/// How many worlds are run, made again in words, and shrunk.
@Suite("Swarm")
struct SwarmTests {
    // MARK: - Words

    @Test(arguments: [
        "--seed 17", "--seed 18446744073709551615", "--plan rollout --torment crash:12",
        "--plan delete --torment twice",
        "--seed 3 --without disk_full,tier_crash --drop-deed 1,3 --drop-app app2 --drop-client 1 --proxies 1 "
            + "--max-workers 2 --trouble 10m --horizon 1500ms",
    ])
    func wordsMakeTheTrialAgain(text: String) throws {
        let trial = try Trial(words: text.split(separator: " ").map(String.init))
        #expect(trial.words.joined(separator: " ") == text)
    }

    @Test(arguments: [
        ("", "which run?"), ("--seed x", "--seed \"x\""), ("--seed -1", "--seed \"-1\""),
        ("--seed", "needs a value"),
        ("--seed 1 --seed 2", "given twice"), ("--seed 1 --plan delete", "not 2"),
        ("--plan moon", "no plan \"moon\""),
        ("--seed 1 --without fire", "--without \"fire\""), ("--seed 1 --drop-deed 0", "--drop-deed \"0\""),
        ("--seed 1 --drop-deed 1,,2", "--drop-deed \"\""), ("--seed 1 --trouble 10", "--trouble \"10\""),
        ("--seed 1 --trouble 0m", "--trouble \"0m\""), ("--seed 1 --horizon 9999999999999h", "--horizon"),
        ("--seed 1 --torment crash", "--torment \"crash\""), ("--seed 1 --torment twice:1", "--torment"),
        ("--seed 1 --torment fire:1", "--torment"), ("--seed 1 --with all", "--with is not known"),
    ])
    func wrongWordsAreNamed(text: String, problem: String) {
        let error = #expect(throws: SwarmProblem.self) {
            try Trial(words: text.split(separator: " ").map(String.init))
        }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test func savedRunsAreALineEach() throws {
        let text = "# what was found\n17 --trouble 5m # L-01, in May\n\nrollout --torment crash:3\n"
        let trials = try Trial.saved(text, file: "saved")
        #expect(
            trials.map(\.words) == [
                ["--seed", "17", "--trouble", "5m"], ["--plan", "rollout", "--torment", "crash:3"],
            ])
        let error = #expect(throws: SwarmProblem.self) {
            try Trial.saved("17\n18 --nonsense 1", file: "saved")
        }
        #expect(error?.description.hasPrefix("saved:2: --nonsense") == true)
    }

    // MARK: - Cuts

    @Test func aCutLeavesOutWhatItSays() {
        let whole = plan()
        var cut = PlanCut()
        cut.faults = [.tierCrash]
        cut.deeds = [1]
        cut.applications = ["two"]
        cut.maxWorkers = 3
        cut.proxies = 1
        let plan = cut.applied(to: whole)
        #expect(plan.faults.classes == [.diskFull])
        #expect(plan.script.map(\.at) == [.seconds(30), .seconds(600), .seconds(700)])
        #expect(plan.script.first?.kind == .apply([whole.applications[0]]))
        #expect(plan.applications.map(\.name) == ["one"])
        #expect(plan.clients.map(\.path) == ["/one"])
        #expect(plan.proxies == 1)
        #expect(plan.cluster.maxWorkers == 3)
        #expect(plan.cluster.nodeTypes.map(\.maxWorkers) == [3, 3])
        #expect(plan.cluster.nodeTypes.map(\.minWorkers) == [2, 1])
    }

    @Test func lessTroubleBringsTheRestForward() {
        let whole = plan()
        var cut = PlanCut()
        cut.trouble = .seconds(60)
        let plan = cut.applied(to: whole)
        #expect(plan.healAt == .seconds(60))
        #expect(plan.horizon == whole.horizon - .seconds(540))
        #expect(plan.script.map(\.at) == [.seconds(10), .seconds(30), .seconds(60), .seconds(160)])
        guard case .closed(let steps, _) = plan.clients[0].load else {
            Issue.record("the load is another")
            return
        }
        #expect(steps.map(\.at) == [.zero, .seconds(60), .seconds(70)])
        cut.trouble = .seconds(601)
        #expect(cut.applied(to: whole).horizon == whole.horizon)
    }

    private func plan() -> WorldPlan {
        var cluster = ClusterSettings()
        cluster.maxWorkers = 10
        for name in ["big", "small"] {
            var type = NodeType(name: name, resources: Resources([Resources.cpu: 1_000]), maxWorkers: 8)
            type.minWorkers = 2
            cluster.nodeTypes.append(type)
        }
        let applications = ["one", "two"].map { name in
            ApplicationSettings(
                name: name, routePrefix: "/" + name,
                deployments: [
                    DeploymentSettings(
                        id: DeploymentID(application: name, deployment: "model"),
                        replica: ReplicaSettings(command: ["serve"]))
                ])
        }
        var plan = WorldPlan(seed: 1, cluster: cluster, applications: applications, horizon: .seconds(2_000))
        plan.proxies = 3
        plan.healAt = .seconds(600)
        let steps: [ClientPlan.Step] = [(0, 1), (300, 5), (600, 1), (610, 0)].map {
            .init(at: .seconds($0), amount: $1)
        }
        plan.clients = ["/one", "/two"].map { ClientPlan(path: $0, load: .closed(steps, think: .zero)) }
        plan.faults = FaultMix([.tierCrash: 10, .diskFull: 10])
        plan.script = [
            Deed(at: .seconds(10), .reboot), Deed(at: .seconds(30), .apply(applications)),
            Deed(at: .seconds(600), .heal), Deed(at: .seconds(700), .backUp),
        ]
        return plan
    }

    // MARK: - Shrinking

    /// A rule that is broken wherever tiers crash and people act, from the first deed on.
    private static let artificial = TrialStage.here { plan in
        var report = WorldReport()
        guard plan.faults[.tierCrash] > 0, let deed = plan.script.first else { return report }
        report.violations = [Violation(rule: "X-1", at: deed.at, words: "artificial")]
        return report
    }

    /// A seed with crashes and people.
    private func seed() throws -> UInt64 {
        try #require(
            (1...1_000).first { seed in
                let plan = DrawnPlan.make(seed: seed)
                return plan.faults[.tierCrash] > 0 && plan.script.count > 2 && plan.applications.count > 1
            })
    }

    @Test func shrinkingKeepsWhatIsNeeded() throws {
        let trial = Trial(.seed(try seed()))
        var told: [String] = []
        let shrunk = try #require(Shrinker.shrink(trial, on: Self.artificial) { told.append($0) })
        let plan = shrunk.trial.plan
        #expect(Set(plan.faults.classes).subtracting([.operators]) == [.tierCrash])
        #expect(plan.script.count == 1)
        #expect(plan.applications.count == 1)
        #expect(plan.clients.isEmpty)
        #expect(plan.proxies == 1)
        #expect(plan.cluster.maxWorkers == 1)
        #expect(plan.healAt.map { $0 < DrawnPlan.troubleFor } == true)
        #expect(shrunk.report.findings.map(\.rule) == ["X-1"])
        #expect(!told.isEmpty)
        #expect(try Trial(words: shrunk.trial.words).plan.script == plan.script)
    }

    @Test func shrinkingIsBounded() throws {
        let shrunk = try #require(Shrinker.shrink(Trial(.seed(try seed())), on: Self.artificial, runsMax: 7))
        #expect(shrunk.runs == 7)
        #expect(shrunk.report.findings.map(\.rule) == ["X-1"])
    }

    @Test func whatBreaksNothingIsNotShrunk() {
        #expect(Shrinker.shrink(Trial(.seed(1)), on: .here { _ in WorldReport() }) == nil)
    }

    /// An extra look at a real world: there are never two machines.
    @Test func aRealWorldIsShrunk() throws {
        let stage = TrialStage.here { plan in
            var at: Int64?
            let world = try World(plan)
            var report = try world.run(look: { world in
                if at == nil, world.scene.machines > 1 { at = world.now / 1000 }
            })
            if let at { report.violations.append(Violation(rule: "X-2", at: Millis(at), words: "two")) }
            return report
        }
        let shrunk = try #require(Shrinker.shrink(Trial(.plan("scale-up")), on: stage))
        #expect(shrunk.report.findings.contains { $0.rule == "X-2" })
        let plan = shrunk.trial.plan
        #expect(plan.clients.count == 1, "without its users there is no second machine")
        #expect(plan.cluster.maxWorkers == 2)
        #expect(plan.horizon < .seconds(40))
    }

    // MARK: - Many runs

    private static let trials = ["cold-start", "rollout", "delete"].flatMap { name in
        [
            Trial(.plan(name)), Trial(.plan(name), torment: .everythingTwice),
            Trial(.plan(name), torment: .crash(at: 9)),
        ]
    }

    @Test func equalTrialsHaveEqualRuns() {
        let run = SwarmRun(Self.trials)
        let reports = run.collect()
        #expect(reports == run.collect())
        #expect(Set(reports.map(\.traceHash)).count == reports.count, "no two of these runs are the same")
    }

    @Test func jobsDoNotShowInTheReport() {
        var run = SwarmRun(Self.trials)
        var one = run.run()
        run.jobs = 2
        var two = run.run()
        (one.wallS, two.wallS) = (0, 0)
        #expect(one == two)
        #expect(one.runs == 9 && one.requests > 0 && one.decisions > 0 && one.crashes == 3)
    }

    /// Runs in which seeds from 30 on break a rule, at once.
    private static let late = TrialStage.here { plan in
        var report = WorldReport()
        if plan.seed >= 30 { report.violations = [Violation(rule: "X-3", at: .zero, words: "late")] }
        return report
    }

    @Test(arguments: [1, 4]) func theFirstViolationEndsTheRun(jobs: Int) {
        var run = SwarmRun((1...60).map { Trial(.seed($0)) })
        run.stage = Self.late
        run.jobs = jobs
        let all = run.run()
        #expect(all.runs == 60 && all.violations == 31)
        run.stopsAtFirst = true
        let report = run.run()
        #expect(report.runs == 30)
        #expect(report.found.map(\.replay) == ["tandem swarm replay --seed 30"])
    }

    /// A child that says nothing and ends: every trial in it is a finding of its own.
    @Test func aDeadChildIsAFinding() {
        var run = SwarmRun([Trial(.seed(1)), Trial(.seed(2))])
        run.stage = ChildTrials.stage([], program: "/bin/false")
        let reports = run.collect()
        #expect(reports.map(\.words) == [["--seed", "1"], ["--seed", "2"]])
        #expect(reports.flatMap(\.findings).map(\.rule) == ["trap", "trap"])
        #expect(reports.first?.findings.first?.words == "the process ends with 1")
    }

    @Test func aBoundaryThatIsNotThereIsSaid() {
        let report = SwarmRun([Trial(.plan("delete"), torment: .failCall(at: 1_000_000))]).run()
        #expect(report.found.map(\.rule) == ["boundary"])
    }
}
