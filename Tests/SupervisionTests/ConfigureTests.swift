import Model
import Supervision
import Testing

/// What can be changed in a replica that runs.
struct ConfigureTests {
    private func configured(_ config: String, adjustment: Int = 0) -> StandingOrder {
        var order = order(first)
        order.settings.userConfig = config
        order.settings.reconfigurePath = "/reconfigure"
        order.adjustment = adjustment
        return order
    }

    /// Started as process 7, and its first check has passed.
    private func answering() -> (Bench, [Action]) {
        var bench = Bench()
        bench.obey([configured("1")])
        bench.note(first, .started(pid: 7))
        _ = bench.wait(10)
        let actions = bench.note(first, .well)
        return (bench, actions)
    }

    private func configurations(_ actions: [Action]) -> [String] {
        actions.compactMap { if case .configure(let one) = $0 { one.path + " " + one.body } else { nil } }
    }

    @Test func aConfigurationIsTakenBeforeReadiness() {
        var (bench, actions) = answering()
        #expect(configurations(actions) == ["/reconfigure 1"])
        #expect(bench.phase(first) == .starting && bench.account(first)?.applied == nil)
        #expect(bench.note(first, .configured) == [])
        #expect(bench.phase(first) == .ready && bench.account(first)?.applied == 0)
    }

    @Test func oneThatRefusesItIsNotReadyInTime() {
        var (bench, actions) = answering()
        for _ in 0..<100 where bench.phase(first) == .starting {
            bench.note(first, configurations(actions).isEmpty ? .well : .notConfigured("HTTP 500"))
            actions = bench.wait(bench.mind.wake.map { ($0 - bench.now).rawValue } ?? 0)
        }
        bench.note(first, .exited(.signal(9), lastLines: [], portTaken: false))
        #expect(bench.account(first)?.final?.end == .startDeadline("HTTP 500"))
    }

    @Test func aChangeReachesOneThatRuns() {
        var (bench, _) = answering()
        bench.note(first, .configured)
        let actions = bench.obey([configured("2", adjustment: 1)])
        #expect(configurations(actions) == ["/reconfigure 2"])
        #expect(bench.phase(first) == .ready && bench.account(first)?.applied == 0)
        bench.note(first, .configured)
        #expect(bench.account(first)?.applied == 1)
        #expect(bench.obey([configured("2", adjustment: 1)]) == [], "the same orders arrive again and again")
    }

    @Test func theLatestOfTwoChangesIsInForceAtTheEnd() {
        var (bench, _) = answering()
        bench.note(first, .configured)
        bench.obey([configured("2", adjustment: 1)])
        #expect(bench.obey([configured("3", adjustment: 2)]) == [], "one is on its way")
        #expect(configurations(bench.note(first, .configured)) == ["/reconfigure 3"])
        bench.note(first, .configured)
        #expect(bench.account(first)?.applied == 2)
    }

    @Test func oneThatRefusesAChangeThreeTimesIsUnwell() {
        var (bench, _) = answering()
        bench.note(first, .configured)
        var actions = bench.obey([configured("2", adjustment: 1)])
        var refusals = 0
        for _ in 0..<20 where refusals < 3 {
            #expect(bench.account(first)?.unwell == nil)
            let isAsked = !configurations(actions).isEmpty
            if isAsked { refusals += 1 }
            let next = bench.note(first, isAsked ? .notConfigured("HTTP 400") : .well)
            actions = next.isEmpty ? bench.wait(1_000) : next
        }
        #expect(bench.account(first)?.unwell == "HTTP 400" && bench.phase(first) == .ready)
        #expect(configurations(bench.obey([configured("4", adjustment: 2)])) == [], "it has to answer first")
        bench.note(first, .well)
        bench.note(first, .configured)
        #expect(bench.account(first)?.unwell == nil && bench.account(first)?.applied == 2)
    }

    @Test func anotherHealthCheckIsInForceAtOnce() {
        var bench = Bench()
        bench.makeReady(first)
        var order = order(first)
        order.settings.health.path = "/other"
        order.settings.command = ["other"]
        order.adjustment = 1
        #expect(bench.obey([order]).probes.map(\.path) == ["/other"])
        #expect(bench.account(first)?.applied == 1)
        #expect(
            bench.account(first)?.order.settings.command == ["serve", "{port}"],
            "what runs is what was started")
    }

    /// The next agent asks again for what it does not know to be in force.
    @Test(arguments: [(nil, ["/reconfigure 2"]), (0, ["/reconfigure 2"]), (1, [])] as [(Int?, [String])])
    func anAdoptedOneGetsWhatItLacks(applied: Int?, asked: [String]) {
        var bench = Bench(found: [
            FoundReplica(
                order: configured("2", adjustment: 1), attempt: 1, port: 100, applied: applied,
                condition: .running(pid: 7, ready: true, age: Millis(60_000)))
        ])
        #expect(bench.mind.step(now: bench.now).probes.count == 1)
        #expect(configurations(bench.note(first, .well)) == asked)
        #expect(bench.phase(first) == .ready)
    }

    /// What failed its checks does so until one passes, whoever looks.
    @Test func anAdoptedOneIsAsItWas() {
        var bench = Bench(found: [
            FoundReplica(
                order: order(first), attempt: 1, port: 100, unwell: "no answer",
                condition: .running(pid: 7, ready: true, age: Millis(60_000)))
        ])
        #expect(bench.account(first)?.unwell == "no answer")
        _ = bench.mind.step(now: bench.now)
        _ = bench.note(first, .well)
        #expect(bench.account(first)?.unwell == nil && bench.phase(first) == .ready)
    }
}
