import Model
import Scenarios
import Settings
import Testing

/// What is wrong with a file is told with its place, and all of it at once.
@Suite struct FaultyFileTests {
    /// A scenario that is well, but for what stands in place of a line.
    private static func text(_ key: String, _ lines: String) -> String {
        let usual = [
            ("name", "name: s"), ("mode", "mode: F01"), ("what", "what: nothing"), ("for", "for: 1m"),
            ("must", "must: [one machine per token]"),
        ]
        let others = usual.filter { $0.0 != key }.map(\.1)
        return ([lines] + others).joined(separator: "\n") + "\n"
    }

    private static func problems(_ text: String) -> [String] {
        do {
            _ = try Scenario.read(text: text, file: "s.yaml")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func theUsualOneIsWell() { #expect(Self.problems(Self.text("", "seed: 7")) == []) }

    /// Key, its lines, place, and a part of the words.
    @Test(
        arguments: [
            ("name", "", "2:1", "a key is missing: name"),
            ("mode", "mode: X1", "1:7", "is no failure mode"),
            ("mode", "mode: [F01, F]", "1:13", "is no failure mode"),
            ("what", "", "2:1", "a key is missing: what"),
            ("for", "for: soon", "1:6", "is no span of time"),
            ("for", "for: 30", "1:6", "a span such as 200ms"),
            ("for", "for: 1d", "1:6", "is no span of time"),
            ("", "scrpt: []", "1:1", "did you mean script?"),
            ("", "seed: x", "1:7", "must be a number"),
            ("", "proxies: 9", "1:10", "is out of range"),
            ("", "cluster: {max_workers: x}", "1:24", "cluster.max_workers must be a number"),
            ("", "cluster: {maxworkers: 1}", "1:11", "did you mean max_workers?"),
            ("", "applications: [{name: a}]", "1:16", "runs nothing"),
            ("", "cloud: {bot: 1s}", "1:9", "did you mean boot?"),
            ("", "clients: [{path: /}]", "1:11", "must have rps or users"),
            ("", "clients: [{rps: 1, users: 1}]", "1:11", "must have rps or users"),
            ("", "clients: [{rps: 1, think: 1s}]", "1:27", "is of no use beside rps"),
            ("", "clients: [{users: {10s: 1, 5s: 2}}]", "1:28", "goes back in time"),
            ("", "clients: [{users: {start: 1}}]", "1:20", "a key that is no time"),
            ("", "conduct: {model: {redy: 1s}}", "1:19", "did you mean ready?"),
            ("", "conduct: {model: {ready: 1s, service: {median: 1s}}}", "1:39", "sigma"),
            ("", "rates: {provider_replylost: 3}", "1:9", "did you mean provider_reply_lost?"),
            ("", "torment: {crash: 0}", "1:18", "is out of range"),
            ("", "torment: twice", "1:10", "is no torment"),
            ("", "script: [{at: 5s}]", "1:10", "does nothing"),
            ("", "script: [{crash: nodes}]", "1:10", "at"),
            ("", "script: [{at: 5s, crash: nodes, restart: nodes}]", "1:10", "does more than one thing"),
            ("", "script: [{at: 5s, crsh: nodes}]", "1:19", "did you mean crash?"),
            ("", "script: [{at: 5s, crash: node}]", "1:26", "did you mean nodes?"),
            ("", "script: [{at: 5s, crash: provider}]", "1:26", "cannot stand here"),
            ("", "script: [{at: 5s, crash: proxy-0}]", "1:26", "is no process"),
            ("", "script: [{at: 5s, crash: nodes, times: 2}]", "1:33", "unknown key"),
            ("", "script: [{at: 5s, pause: agents, for: 5s}]", "1:26", "serve or nodes"),
            ("", "script: [{at: 5s, pause: nodes}]", "1:10", "`for:` with a span"),
            ("", "script: [{at: 2m, crash: nodes}]", "1:15", "is after the end of the run"),
            ("", "script: [{at: 5s, partition: {between: [nodes], for: 5s}}]", "1:40", "must be two sides"),
            (
                "", "script: [{at: 5s, partition: {between: [nodes, nodes], for: 5s}}]", "1:48",
                "is the same side"
            ),
            ("", "script: [{at: 5s, provider: listEmptyy}]", "1:29", "did you mean listEmpty?"),
            ("", "script: [{at: 5s, stock_out: huge, for: 5s}]", "1:30", "one of: small"),
            ("", "script: [{at: 5s, preempt: {machine: 0, notice: 5s}}]", "1:38", "is out of range"),
            ("", "script: [{at: 5s, clock_jump: later}]", "1:31", "with - in front"),
            ("", "script: [{at: 5s, disk_full: -5s}]", "1:30", "is no span of time"),
            ("", "script: [{at: 5s, reboot: now}]", "1:27", "takes nothing"),
            ("", "script: [{at: 5s, crash_replica: {of: model, number: 1}}]", "1:39", "is no deployment"),
            ("", "script: [{at: 5s, slow_replicas: {of: shop#model}}]", "1:34", "times"),
            ("must", "", "2:1", "a key is missing: must"),
            ("must", "must: [[a]]", "1:8", "is no demand"),
            ("must", "must: [failed request: 0]", "1:8", "did you mean \"failed requests\"?"),
            ("must", "must: [\"failed requests: none\"]", "1:8", "holds \"none\""),
            ("must", "must: [\"failed requests: -1\"]", "1:8", "which it can never be"),
            ("must", "must: [failed requests]", "1:8", "has no number"),
            ("must", "must: [\"nodes at must: 1\"]", "1:8", "cannot be read"),
            ("must", "must: [\"nodes: 1 whenever\"]", "1:8", "does not say when"),
            ("must", "must: [\"nodes: 1 by 2m\"]", "1:8", "after the end of the run"),
            ("must", "must: [\"nodes: 1 by noon\"]", "1:8", "which is no time"),
            ("must", "must: [\"nodes: 1 between 30s and 20s\"]", "1:8", "ends before it begins"),
            ("must", "must: [\"within 20s after 50s: nodes is 1\"]", "1:8", "after the end of the run"),
            ("must", "must: [\"within 2s after 5s: nodes is 1 by 9s\"]", "1:8", "says twice when"),
            ("must", "must: [\"target of shop#modl: 1\"]", "1:8", "did you mean shop#model?"),
            ("must", "must: [\"slowest answer at most: 5\"]", "1:8", "which is no span"),
            ("must", "must: [settled]", "1:8", "`settled by 10m`"),
            ("must", "must: [settled by 2m]", "1:8", "after the end of the run"),
        ] as [(String, String, String, String)])
    func isTold(_ key: String, _ lines: String, _ place: String, _ words: String) {
        let problems = Self.problems(Self.text(key, lines))
        #expect(problems.contains { $0.hasPrefix("s.yaml:\(place): ") && $0.contains(words) }, "\(problems)")
    }

    @Test func theWorldCannotSettleBeforeItsTroubleEnds() {
        let text = Self.text("must", "script: [{at: 30s, crash: nodes, for: 20s}]\nmust: [settled by 40s]")
        #expect(Self.problems(text).contains { $0.contains("cannot settle before its trouble ends") })
        let rates = Self.text("must", "rates: {disk_busy: 5}\nmust: [settled by 40s]")
        #expect(Self.problems(rates).contains { $0.hasPrefix("s.yaml:1:1: rates go on") })
        #expect(Self.problems(rates + "heal: 20s\n") == [])
    }

    @Test(arguments: ["", "# nothing", "- a", "a: [", "name: s\nname: s"])
    func whatIsNoScenarioIsRefused(_ text: String) { #expect(!Self.problems(text).isEmpty) }

    @Test func everythingIsToldAtOnce() {
        let text = "name: s\nmode: F01\nwhat: x\nfor: x\nseed: x\nmust: [x 1]\n"
        #expect(Self.problems(text).count == 3)
    }
}
