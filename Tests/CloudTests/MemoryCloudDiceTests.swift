import Cloud
import Model
import Testing

@Suite struct MemoryCloudDiceTests {
    private func plan(_ faults: [CloudFault], seed: UInt64 = 5, script: [CloudFault] = []) -> FaultPlan {
        FaultPlan(script: script, rates: faults.map { .init($0, perMille: 100) }, seed: seed)
    }

    /// Of a thousand lists, those that `fault` strikes in `plan`.
    private func struck(_ fault: CloudFault, _ plan: FaultPlan) -> Set<Int> {
        var plan = plan
        return Set((0..<1000).filter { _ in plan.next(for: .list) == fault })
    }

    @Test func aRateDoesNotShiftTheDiceOfOthers() {
        let alone = struck(.listOmits, plan([.listOmits]))
        #expect((60...140).contains(alone.count))
        // What comes earlier in the plan hides strikes, and moves none.
        let others: [CloudFault] = [.listStale, .hangs, .listEmpty, .throttled, .quota]
        let among = struck(.listOmits, plan(others + [.listOmits]))
        #expect(among.isSubset(of: alone) && among.count > alone.count / 2)
        #expect(struck(.listOmits, plan([.listOmits] + others)) == alone)
        #expect(struck(.listOmits, plan([.listOmits, .listOmits])).isSuperset(of: alone))
        #expect(struck(.listOmits, plan([.listOmits, .listOmits])) != alone)
        #expect(struck(.listOmits, plan([.listOmits], seed: 6)) != alone)
        #expect(struck(.listStale, plan([.listStale])) != alone, "each fault has dice of its own")
    }

    @Test func theScriptShiftsNothing() {
        let alone = struck(.listOmits, plan([.listOmits]))
        let scripted = struck(.listOmits, plan([.listOmits], script: [.listFails, .listFails, .quota]))
        #expect(alone.symmetricDifference(scripted).isSubset(of: [0, 1]))
    }

    /// Answers, latencies and events of a thousand calls among all faults.
    private func run(seed: UInt64) -> [String] {
        let cloud = Shop.cloud {
            $0.bootDelay = .seconds(5)
            $0.stopDelay = .seconds(2)
            $0.listLag = .seconds(1)
            $0.remembersTerminated = .seconds(20)
            $0.tokenValidFor = .seconds(60)
            $0.latency = Millis(10)...Millis(500)
            $0.capacity = ["small": 10, "large": 10]
            $0.faults = FaultPlan(rates: CloudFault.allCases.map { .init($0, perMille: 50) }, seed: seed)
        }
        var dice = SeededDice(seed: 99)
        var trace: [String] = []
        for step in 0..<1_000 {
            let number = Int(dice.next() % 40)
            let call: CloudFault.Call
            switch step % 4 {
            case 0:
                call = .create
                trace.append("\(cloud.createNow(Shop.request("t\(number)", [Shop.small, Shop.large])))")
            case 1:
                call = .list
                trace.append("\(cloud.listNow(cluster: "c"))")
            case 2:
                call = .terminate
                trace.append("\(cloud.terminateNow(instance: "i-\(number)"))")
            default:
                call = .offerings
                trace.append("\(cloud.offeringsNow())")
            }
            trace.append("\(cloud.latency(of: call))")
            cloud.advance(by: Millis(Int64(dice.next() % 2_000)))
            trace += cloud.takeEvents().map { "\($0)" } + ["\(String(describing: cloud.nextEvent))"]
        }
        return trace + cloud.machines.map { "\($0)" } + ["\(cloud.bill)"]
    }

    @Test func theSameSeedGivesTheSameAnswers() {
        let first = run(seed: 1)
        #expect(run(seed: 1) == first)
        #expect(run(seed: 2) != first)
    }

    /// The books agree with the truth of each machine, whatever the faults were.
    @Test(arguments: 1...20)
    func theBooksAgreeWithTheMachines(seed: UInt64) throws {
        let cloud = Shop.cloud {
            $0.bootDelay = .seconds(3)
            $0.stopDelay = .seconds(2)
            $0.remembersTerminated = .seconds(5)
            $0.faults = FaultPlan(rates: CloudFault.allCases.map { .init($0, perMille: 40) }, seed: seed)
        }
        var dice = SeededDice(seed: seed)
        var (agents, ended): (Set<String>, Set<String>) = ([], [])
        for step in 0..<400 {
            _ = cloud.createNow(Shop.request("t\(step)"))
            let id = "i-\(1 + dice.next() % UInt64(step + 1))"
            switch dice.next() % 4 {
            case 0: cloud.lose(instance: id)
            case 1: cloud.preempt(instance: id, in: Millis(Int64(dice.next() % 4_000)))
            default: _ = cloud.terminateNow(instance: id)
            }
            _ = cloud.listNow(cluster: "c")
            cloud.advance(by: Millis(Int64(dice.next() % 1_000)))
            for event in cloud.takeEvents() {
                switch event {
                case .booted(let machine):
                    #expect(agents.insert(machine.instance.token + machine.instance.id).inserted)
                case .ended(let machine):
                    let name = machine.instance.token + machine.instance.id
                    agents.remove(name)
                    #expect(ended.insert(name).inserted, "ended once")
                }
            }
            let machines = cloud.machines
            #expect(cloud.liveMachines == machines.filter { $0.terminatedAt == nil })
            #expect(cloud.machinesWithAgents == machines.filter(\.agentAlive))
            #expect(Set(machines.filter(\.agentAlive).map { $0.instance.token + $0.instance.id }) == agents)
        }
        let time = cloud.machines.reduce(Millis.zero) { $0 + (($1.terminatedAt ?? cloud.now) - $1.createdAt) }
        #expect(cloud.bill.lines.reduce(Millis.zero) { $0 + $1.time } == time)
        #expect(cloud.peakMachines >= cloud.liveMachines.count && cloud.machinesMade == cloud.machines.count)
    }
}
