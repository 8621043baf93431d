import Cloud
import Model
import Testing

@Suite struct MemoryCloudFaultTests {
    @Test(arguments: CloudFault.allCases)
    func eachFaultStrikesOneKindOfCallOrAll(_ fault: CloudFault) {
        let struck = CloudFault.Call.allCases.filter(fault.strikes)
        #expect(struck.count == 1 || struck.count == 4)
    }

    @Test func aSlowBootTakesTwoToFiftyTimesAsLong() throws {
        let cloud = Shop.cloud {
            $0.bootDelay = .seconds(1)
            $0.faults = FaultPlan(rates: [.init(.slowBoot, perMille: 1000)], seed: 3)
        }
        for number in 0..<1000 { _ = try cloud.made("t\(number)") }
        let factors = cloud.machines.compactMap { $0.bootsAt.map { $0.ms / 1000 } }
        #expect(Set(factors) == Set(2...50))
        #expect(cloud.machines.allSatisfy { $0.agentStarts == $0.bootsAt && $0.bootsAt!.ms % 1000 == 0 })
    }

    @Test func aHangingCallIsCarriedOutOrNot() throws {
        let cloud = Shop.cloud {
            $0.hangSpan = .seconds(20)
            $0.latency = Millis(5)...Millis(10)
            $0.faults = FaultPlan(rates: [.init(.hangs, perMille: 1000)], seed: 1)
        }
        for number in 0..<1000 {
            let answer = cloud.createNow(Shop.request("t\(number)"))
            #expect(answer == .failure(.outcomeUnknown("no answer within 20 s")))
            #expect(cloud.latency(of: .create) == .seconds(20))
        }
        #expect((400...600).contains(cloud.machinesMade))
        cloud.heal()
        // The tokens of those that were made still stand.
        for number in 0..<1000 { _ = try cloud.made("t\(number)") }
        #expect(cloud.machinesMade == 1000 && cloud.twinnedTokens.isEmpty)
        #expect((Millis(5)...Millis(10)).contains(cloud.latency(of: .create)))
    }

    @Test func anAnswerTakesAsLongAsTheDiceSay() throws {
        let cloud = Shop.cloud { $0.latency = Millis(20)...Millis(29) }
        var spans: [Millis] = []
        for _ in 0..<500 {
            _ = try cloud.listed()
            spans.append(cloud.latency(of: .list))
            #expect(cloud.latency(of: .list) == spans.last, "asked twice, the same")
        }
        #expect(Set(spans) == Set((20...29).map { Millis($0) }))
        #expect(Shop.cloud().latency(of: .terminate) == .zero)
    }

    @Test(arguments: [CloudFault.launchSucceedsButReplyIsLost, .launchIsLost, .hangs])
    func anAnswerThatIsLostTakesTheWholeDeadline(_ fault: CloudFault) {
        let cloud = Shop.cloud([fault])
        #expect(cloud.createNow(Shop.request("a")) == .failure(.outcomeUnknown("no answer within 30 s")))
        #expect(cloud.latency(of: .create) == .seconds(30))
        #expect(cloud.latency(of: .list) == .zero)
    }

    // MARK: - After terminate

    @Test func anAgentJoinsAfterItsMachineWasTerminated() throws {
        let cloud = Shop.cloud([.joinsAfterTerminate]) {
            $0.bootDelay = .seconds(60)
            $0.stopDelay = .seconds(1)
            $0.lingerSpan = .seconds(40)
        }
        let made = try cloud.made("a")
        cloud.advance(by: .seconds(10))
        try cloud.terminateNow(instance: made.id).get()
        cloud.advance(by: .seconds(1))
        let ended = try #require(cloud.machines.first)
        let starts = try #require(ended.agentStarts)
        let ends = try #require(ended.agentEnds)
        #expect(ended.terminatedAt == Moment(11_000))
        #expect(starts > Moment(10_000) && starts <= Moment(70_000))
        #expect(ends > starts && ends > Moment(11_000) && ends <= max(starts, Moment(11_000)) + .seconds(40))
        cloud.advance(to: max(starts, cloud.now))
        #expect(cloud.machinesWithAgents.map(\.instance.id) == [made.id])
        #expect(cloud.liveMachines.isEmpty)
        #expect(try cloud.listed().map(\.state) == [.terminated])
        #expect(cloud.nextEvent == ends)
        cloud.advance(to: ends)
        #expect(cloud.machinesWithAgents.isEmpty && cloud.nextEvent == nil)
        #expect(cloud.takeEvents().map(word) == ["booted i-1", "ended i-1"])
        #expect(cloud.bill.lines.map(\.time) == [.seconds(11)])
    }

    @Test func anAgentThatRunsOutlivesItsMachine() throws {
        let cloud = Shop.cloud([.joinsAfterTerminate])
        let made = try cloud.made("a")
        try cloud.terminateNow(instance: made.id).get()
        #expect(cloud.takeEvents().map(word) == ["booted i-1"])
        #expect(cloud.machines.map(\.terminatedAt) == [Moment(0)])
        #expect(cloud.machinesWithAgents.count == 1)
        cloud.lose(instance: made.id)
        #expect(cloud.takeEvents().map(word) == ["ended i-1"])
        cloud.advance(by: .seconds(1000))
        #expect(cloud.takeEvents().isEmpty && cloud.nextEvent == nil)
    }

    @Test func aMachineTerminatedBeforeItBootsStartsNoAgent() throws {
        let cloud = Shop.cloud { $0.bootDelay = .seconds(60) }
        let made = try cloud.made("a")
        cloud.advance(by: .seconds(10))
        try cloud.terminateNow(instance: made.id).get()
        cloud.advance(by: .seconds(100))
        #expect(cloud.takeEvents().map(word) == ["ended i-1"])
        #expect(cloud.machines.map(\.agentStarts) == [nil])
    }

    // MARK: - Names

    @Test func anIDIsUsedAgainOnceItIsInNoList() throws {
        let cloud = Shop.cloud {
            $0.remembersTerminated = .seconds(10)
            $0.staleSpan = .seconds(20)
            $0.lieSpan = .seconds(30)
            $0.faults = FaultPlan(rates: [.init(.reusesID, perMille: 1000)])
        }
        try cloud.terminateNow(instance: try cloud.made("a").id).get()
        cloud.advance(by: Millis(59_999))
        #expect(try cloud.made("b").id == "i-2")
        cloud.advance(by: Millis(1))
        let again = try cloud.made("c")
        #expect(again.id == "i-1" && again.token == "c")
        #expect(try cloud.made("d").id == "i-4", "an id is given out once")
        #expect(try cloud.listed().map(\.token) == ["b", "c", "d"])
        // The id means the machine that has it now.
        try cloud.terminateNow(instance: "i-1").get()
        #expect(cloud.machines.map { $0.terminatedAt?.ms } == [0, nil, 60_000, nil])
        cloud.advance(by: .seconds(60))
        #expect(try cloud.made("e").id == "i-1")
    }

    @Test(arguments: [(0, 1), (9_999, 1), (10_000, 2), (25_000, 2)])
    func aTokenMakesAnotherMachineWhenItsTimeIsOver(after: Int64, machines: Int) throws {
        let cloud = Shop.cloud { $0.tokenValidFor = .seconds(10) }
        let first = try cloud.made("a")
        _ = try cloud.made("b")
        cloud.advance(by: Millis(after))
        let second = try cloud.made("a")
        #expect((first.id == second.id) == (machines == 1))
        #expect(try cloud.made("a").id == second.id)
        #expect(cloud.count(ofToken: "a") == machines && cloud.count(ofToken: "b") == 1)
        #expect(cloud.count(ofToken: "c") == 0)
        #expect(cloud.lives(of: "a").map(\.createdAt.ms) == (machines == 1 ? [0] : [0, after]))
        #expect(cloud.twinnedTokens == (machines == 2 ? ["a"] : []))
    }

    private func word(_ event: MemoryCloud.Event) -> String {
        switch event {
        case .booted(let machine): "booted \(machine.instance.id)"
        case .ended(let machine): "ended \(machine.instance.id)"
        }
    }
}
