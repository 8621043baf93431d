import Model
import Supervision
import Testing

struct LifeTests {
    @Test func startsProbesAndBecomesReady() {
        var bench = Bench()
        #expect(bench.obey([order(first)]).starts.map(\.port) == [100])
        #expect(bench.phase(first) == .starting)
        #expect(bench.note(first, .started(pid: 7)) == [])
        #expect(bench.wait(9) == [])
        let probe = bench.wait(1).probes.first
        #expect(probe?.port == 100 && probe?.timeout == Millis(500))
        #expect(bench.mind.step(now: bench.now) == [], "an action is given out once")
        bench.note(first, .well)
        #expect(bench.phase(first) == .ready)
        #expect(bench.mind.wake == bench.now + Millis(1_000), "then one check a period")
    }

    /// Pause until the next check, for a replica of this age whose period is 1,000 ms.
    @Test(arguments: [(10, 10), (40, 10), (100, 25), (1_000, 250), (3_900, 975)] as [(Int64, Int64)])
    func checksAStartingReplicaAtMostAQuarterLate(age: Int64, pause: Int64) {
        var bench = Bench()
        bench.obey([order(first)])
        bench.note(first, .started(pid: 7))
        _ = bench.wait(age)
        bench.note(first, .ill("refused"))
        let due = bench.mind.wake.map { $0 - bench.now }
        #expect(due == min(Millis(pause), Millis(4_000 - age)))
    }

    @Test func endsOneThatIsNotReadyInTime() {
        var bench = Bench()
        bench.obey([order(first)])
        bench.note(first, .started(pid: 7))
        #expect(bench.wait(3_999).probes.map(\.timeout) == [Millis(1)], "no check outlasts the deadline")
        bench.note(first, .ill("HTTP 503"))
        #expect(bench.wait(1) == [.terminate(first, pid: 7)])
        #expect(bench.phase(first) == .stopping)
        #expect(bench.wait(Supervisor.unwellGrace.rawValue) == [.kill(first, pid: 7)])
        bench.note(first, .exited(.signal(9), lastLines: ["bye"], portTaken: false))
        #expect(bench.phase(first) == .failed)
        #expect(bench.account(first)?.final?.end == .startDeadline("HTTP 503"))
        #expect(bench.account(first)?.final?.lastLines == ["bye"])
    }

    @Test func threeFailedChecksInARowAreToldAndOnePassedTakesItBack() {
        var bench = Bench()
        bench.makeReady(first)
        let answers: [(Event.Kind, String?)] = [
            (.ill("a"), nil), (.ill("b"), nil), (.well, nil), (.ill("c"), nil), (.ill("d"), nil),
            (.ill("e"), "e"),
            (.ill("f"), "f"), (.well, nil), (.ill("g"), nil),
        ]
        for (answer, told) in answers {
            #expect(bench.wait(1_000).probes.count == 1)
            #expect(bench.note(first, answer) == [], "it is not ended")
            #expect(bench.phase(first) == .ready && bench.account(first)?.unwell == told)
        }
    }

    @Test(arguments: [ReplicaEnd.code(0), .code(3), .signal(11), .unknown, .outOfMemory])
    func anExitWithoutAnOrderIsAFailureAndIsNotRepaired(end: ReplicaEnd) {
        var bench = Bench()
        bench.makeReady(first)
        #expect(bench.note(first, .exited(end, lastLines: ["x"], portTaken: false)) == [])
        #expect(bench.phase(first) == .failed)
        #expect(bench.obey([order(first)]) == [], "the agent restarts nothing by itself")
        #expect(bench.account(first)?.final?.end == end)
        #expect(bench.obey([]) == [.forget(first)])
        #expect(bench.account(first) == nil)
    }

    @Test func aCommandThatCannotStartHasFailed() {
        var bench = Bench()
        bench.obey([order(first)])
        bench.note(first, .notStarted("no such file"))
        #expect(bench.account(first)?.final?.end == .notStarted("no such file"))
        #expect(bench.phase(first) == .failed)
    }
}

struct StopTests {
    @Test func stopsWithGraceThenKillsAndKillsAgain() {
        var bench = Bench()
        bench.makeReady(first)
        #expect(bench.obey([order(first, stopGrace: 300)]) == [.terminate(first, pid: 7)])
        #expect(bench.phase(first) == .stopping)
        #expect(bench.wait(200) == [])
        #expect(bench.obey([order(first, stopGrace: 300)]) == [], "the same order again gives no more time")
        #expect(bench.wait(100) == [.kill(first, pid: 7)])
        #expect(bench.wait(Supervisor.killAgainAfter.rawValue - 1) == [])
        #expect(bench.wait(1) == [.kill(first, pid: 7)])
        bench.note(first, .exited(.signal(9), lastLines: ["x"], portTaken: false))
        #expect(bench.account(first)?.final == FinalReport(asOrdered: true, end: .signal(9)))
        #expect(bench.phase(first) == .stopped)
    }

    @Test func aShorterGraceCounts() {
        var bench = Bench()
        bench.makeReady(first)
        bench.obey([order(first, stopGrace: 9_000)])
        bench.obey([order(first, stopGrace: 50)])
        #expect(bench.wait(50) == [.kill(first, pid: 7)])
    }

    @Test func oneThatIsNotOrderedAnyMoreIsKilledAndForgotten() {
        var bench = Bench()
        bench.makeReady(first)
        #expect(bench.obey([]) == [.kill(first, pid: 7)])
        #expect(bench.phase(first) == .stopping)
        let last = bench.note(first, .exited(.signal(9), lastLines: [], portTaken: false))
        #expect(last == [.forget(first)])
    }

    @Test func aStopOvertakesTheStart() {
        var bench = Bench()
        bench.obey([order(first)])
        #expect(bench.obey([order(first, stopGrace: 100)]) == [], "not yet a process to be told")
        #expect(bench.note(first, .started(pid: 7)) == [.terminate(first, pid: 7)])
    }

    @Test func aStopOfOneNeverSeenIsAnsweredAtOnce() {
        var bench = Bench()
        #expect(bench.obey([order(first, stopGrace: 100)]) == [])
        #expect(bench.account(first)?.final == FinalReport(asOrdered: true, end: nil))
    }

    @Test func aStopIsNotTakenBack() {
        var bench = Bench()
        bench.makeReady(first)
        bench.obey([order(first, stopGrace: 100)])
        #expect(bench.obey([order(first)]) == [])
        #expect(bench.phase(first) == .stopping)
    }

    @Test func stopAllSparesNothingAndIsIdleAtTheEnd() {
        var bench = Bench()
        bench.makeReady(first)
        #expect(!bench.mind.isIdle)
        bench.mind.stopAll(grace: Millis(100), now: bench.now)
        #expect(bench.mind.step(now: bench.now) == [.terminate(first, pid: 7)])
        bench.note(first, .exited(.code(0), lastLines: [], portTaken: false))
        #expect(bench.mind.isIdle)
    }
}

struct FenceTests {
    @Test(arguments: [
        (Fence(clusterGeneration: 2, epoch: 5, generation: 9), true),
        (Fence(clusterGeneration: 2, epoch: 6, generation: 0), true),
        (Fence(clusterGeneration: 3, epoch: 0, generation: 0), true),
        (Fence(clusterGeneration: 2, epoch: 5, generation: 8), false),
        (Fence(clusterGeneration: 2, epoch: 4, generation: 99), false),
        (Fence(clusterGeneration: 1, epoch: 99, generation: 99), false),
    ])
    func refusesWhatIsLower(than offered: Fence, obeyed: Bool) {
        let now = Moment(0)
        let highest = Fence(clusterGeneration: 2, epoch: 5, generation: 9)
        var mind = Supervisor(ports: 1...9, fence: highest, now: now)
        let answer = mind.obey([order(first)], fence: offered, now: now)
        #expect(answer == (obeyed ? .obeyed : .refused(highest: highest)))
        #expect(mind.fence == max(highest, offered))
        #expect(mind.accounts.isEmpty == !obeyed)
    }

    @Test func noOrdersMeansThoseInForce() {
        var bench = Bench()
        bench.makeReady(first)
        #expect(bench.mind.obey(nil, fence: fence(50), now: bench.now) == .obeyed)
        #expect(bench.mind.step(now: bench.now) == [])
        #expect(bench.phase(first) == .ready)
        #expect(bench.mind.fence == fence(50))
    }
}

struct PortTests {
    @Test func portsGoRoundAndSkipThoseHeld() {
        var bench = Bench(ports: 100...102)
        #expect(bench.obey([order(first), order(second)]).starts.map(\.port) == [100, 101])
        bench.note(second, .notStarted("gone"))
        #expect(bench.obey([order(first), order(third)]).starts.map(\.port) == [102])
        bench.note(third, .notStarted("gone"))
        let fourth = ReplicaID(shop, serial: 4)
        #expect(bench.obey([order(first), order(fourth)]).starts.map(\.port) == [101], "100 is held")
    }

    /// A proxy that is cut off sends on to where it last knew a replica.
    @Test(
        arguments: [
            (nil, [], 100), (105, [], 105), (99, [], 100), (nil, [103, 101], 104), (105, [106], 107),
            (105, [104], 105), (109, [109, 100], 101), (105, [0, 7_000], 105), (nil, [109], 100),
        ] as [(Int?, [Int], Int)])
    func theNextAgentGoesRoundFromWhereTheLastOneWas(kept: Int?, found: [Int], first port: Int) {
        let found = found.enumerated().map { index, port in
            FoundReplica(
                order: order(ReplicaID(shop, serial: Int64(index + 10))), attempt: 1, port: port,
                condition: .gone(stopping: true))
        }
        let mind = Supervisor(ports: 100...109, nextPort: kept, found: found, now: Moment(0))
        #expect(mind.nextPort == port)
    }

    @Test func anEmptyRangeIsAReason() {
        var bench = Bench(ports: 100...100)
        #expect(bench.obey([order(first), order(second)]).starts.map(\.port) == [100])
        guard case .notStarted(let reason) = bench.account(second)?.final?.end else {
            Issue.record("started without a port")
            return
        }
        #expect(reason.contains("100-100"))
    }

    @Test func aTakenPortIsTriedElsewhereAFewTimes() {
        var bench = Bench()
        var starts = bench.obey([order(first)]).starts
        for attempt in 1..<Supervisor.portAttemptsMax {
            #expect(starts.map(\.port) == [99 + attempt])
            starts = bench.note(first, attempt: attempt, .portTaken).starts
        }
        #expect(bench.note(first, attempt: Supervisor.portAttemptsMax, .portTaken) == [])
        #expect(
            bench.account(first)?.final?.end
                == .notStarted("all ports tried were taken by others: 100, 101, 102, 103, 104"))
    }

    @Test func oneThatCouldNotBindIsTriedElsewhere() {
        var bench = Bench()
        bench.obey([order(first)])
        bench.note(first, .started(pid: 7))
        let again = bench.note(first, .exited(.code(1), lastLines: ["EADDRINUSE"], portTaken: true))
        #expect(again.starts.map(\.port) == [101])
        #expect(again.starts.map(\.attempt) == [2])
        bench.note(first, attempt: 1, .exited(.code(1), lastLines: [], portTaken: false))
        #expect(bench.phase(first) == .starting, "news of the first attempt is old")
        bench.note(first, attempt: 2, .started(pid: 8))
        bench.note(first, attempt: 2, .exited(.code(1), lastLines: ["other"], portTaken: false))
        #expect(
            bench.account(first)?.final == FinalReport(asOrdered: false, end: .code(1), lastLines: ["other"]))
    }

    @Test func aReadyOneIsNotTriedElsewhere() {
        var bench = Bench()
        bench.makeReady(first)
        #expect(bench.note(first, .exited(.code(1), lastLines: [], portTaken: true)) == [])
        #expect(bench.phase(first) == .failed)
    }
}

struct AdoptionTests {
    static let failed = FinalReport(asOrdered: false, end: .code(1), lastLines: ["oh"])

    @Test(
        arguments: [
            (.unstarted, .starting), (.running(pid: 7, ready: false, age: Millis(500)), .starting),
            (.running(pid: 7, ready: true, age: Millis(500)), .ready), (.gone(stopping: false), .failed),
            (.gone(stopping: true), .stopped), (.ended(failed), .failed),
        ] as [(FoundReplica.Condition, Account.Phase)])
    func whatIsFoundGoesOn(condition: FoundReplica.Condition, phase: Account.Phase) {
        let found = FoundReplica(order: order(first), attempt: 2, port: 104, condition: condition)
        var bench = Bench(found: [found])
        #expect(bench.phase(first) == phase)
        let actions = bench.mind.step(now: bench.now)
        switch condition {
        case .unstarted: #expect(actions.starts.map(\.attempt) == [2])
        case .running: #expect(actions.probes.map(\.port) == [104], "a look at once")
        case .gone, .ended: #expect(actions == [])
        }
    }

    @Test func theStartDeadlineGoesOn() {
        let running = FoundReplica.Condition.running(pid: 7, ready: false, age: Millis(3_900))
        var bench = Bench(found: [
            FoundReplica(order: order(first), attempt: 1, port: 104, condition: running)
        ])
        _ = bench.mind.step(now: bench.now)
        #expect(bench.wait(100) == [.terminate(first, pid: 7)])
    }

    @Test func newReplicasStayClearOfAdoptedPorts() {
        let running = FoundReplica.Condition.running(pid: 7, ready: true, age: Millis(1))
        var bench = Bench(found: [
            FoundReplica(order: order(first), attempt: 1, port: 109, condition: running)
        ])
        let starts = bench.obey([order(first), order(second)]).starts
        #expect(starts.map(\.port) == [100])
    }
}

struct SymptomTests {
    @Test(arguments: [
        ("OSError: [Errno 98] Address already in use", true), ("Error: listen EADDRINUSE: :::3000", true),
        ("bind(descriptor:ptr:bytes:): Address already in use (errno: 98)", true), ("os error 98", true),
        ("listening on 0.0.0.0:80", false), ("", false),
    ])
    func knowsATakenPort(line: String, taken: Bool) {
        #expect(Symptoms.portTaken(["before", line]) == taken)
    }

    @Test(arguments: [
        ("MemoryError", true), ("terminate called after throwing an instance of 'std::bad_alloc'", true),
        ("fatal error: runtime: out of memory", true), ("memory allocation of 64 bytes failed", true),
        ("segmentation fault", false),
    ])
    func knowsWantOfMemory(line: String, short: Bool) {
        #expect(Symptoms.outOfMemory([line]) == short)
    }
}
