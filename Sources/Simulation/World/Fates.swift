import Cloud
import Model
import Supervision

/// Throws, every few seconds, for what befalls machines, processes, links and clocks.
enum Fates {
    /// Microseconds between two throws.
    static let every: Int64 = 10_000_000
    private static let perHour: Int64 = 3_600_000_000 / every

    static func strike(_ world: World) {
        guard !world.isHealed else { return }
        strikeMachines(world)
        strikeProcesses(world)
        strikeTiers(world)
        strikeLinks(world)
        world.after(every) { strike($0) }
    }

    /// True with the class's rate, which is in thousandths per thing and hour.
    private static func strikes(_ fault: FaultClass, _ world: World) -> Bool {
        let rate = world.plan.faults[fault]
        guard rate > 0 else { return false }
        let strikes = Int64(world.fateDice.next() % UInt64(1_000 * perHour)) < Int64(rate)
        if strikes { world.count(fault) }
        return strikes
    }

    /// Seconds from the first to the last, short ones as likely as long ones.
    private static func span(_ range: ClosedRange<Int64>, _ world: World) -> Int64 {
        let octaves = Int64(64 - (range.upperBound / max(range.lowerBound, 1)).leadingZeroBitCount)
        let low = range.lowerBound << Int64.random(in: 0...max(octaves - 1, 0), using: &world.fateDice)
        return min(Int64.random(in: low...(2 * low), using: &world.fateDice), range.upperBound) * 1_000_000
    }

    private static func strikeMachines(_ world: World) {
        for machine in world.provider.machines where machine.instance.state == .running {
            let id = machine.instance.id
            if strikes(.machineLoss, world) {
                world.provider.lose(id, world)
            } else if machine.preemptedAt == nil, strikes(.preemption, world) {
                let notice = ([0, 30, 120] as [Int64]).randomElement(using: &world.fateDice) ?? 0
                world.provider.preempt(id, in: .seconds(notice), world)
            }
        }
    }

    private static func strikeProcesses(_ world: World) {
        for machine in world.machines where machine.isAlive {
            if strikes(.agentCrash, world) {
                machine.crashAgent(world, downFor: span(1...120, world))
            }
            for id in machine.processes.keys.sorted() {
                guard let process = machine.processes[id], process.isReady(at: world.now) else { continue }
                if strikes(.replicaCrash, world) {
                    process.exit(.code(1), world)
                } else if strikes(.replicaHang, world) {
                    process.isHung = true
                } else if strikes(.replicaSlow, world) {
                    process.slowness = Int64.random(in: 2...20, using: &world.fateDice)
                }
            }
        }
        for proxy in world.proxies where strikes(.proxyCrash, world) {
            proxy.crash(world, downFor: span(1...60, world))
        }
    }

    private static func strikeTiers(_ world: World) {
        for head in world.heads where head.number == 1 {
            if strikes(.tierPause, world) { head.pause(world, for: span(1...120, world)) }
            if strikes(.secondHead, world) { world.startSecond(head.party, lockHolds: true) }
            if strikes(.brokenLock, world) { world.startSecond(head.party, lockHolds: false) }
        }
        if strikes(.clockJump, world) {
            world.clock.jump(byMillis: Int64.random(in: -3_600_000...3_600_000, using: &world.fateDice))
        }
        if strikes(.diskFull, world) {
            world.say("the disk is full")
            world.disk.fullUntil = world.now + span(1...300, world)
        }
    }

    private static func strikeLinks(_ world: World) {
        var ends: [(Party, Party)] = [(.nodes, .provider)]
        ends += world.proxies.map { (.serve, $0.party) }
        ends += world.machines.filter(\.isAlive).map { (.nodes, $0.party) }
        for (one, other) in ends where strikes(.partition, world) {
            let until = world.now + span(1...600, world)
            let ways = Int.random(in: 0...3, using: &world.fateDice)
            world.say("\(one) and \(other) are parted")
            if ways != 1 { world.network.cut(one, other, until: until) }
            if ways != 2 { world.network.cut(other, one, until: until) }
        }
    }
}

extension FaultMix {
    /// What the provider's own dice are to do; a class's rate is shared by its faults.
    var cloudRates: [FaultPlan.Rate] {
        classes.flatMap { fault in
            fault.cloudFaults.map {
                FaultPlan.Rate($0, perMille: max(1, self[fault] / fault.cloudFaults.count))
            }
        }
    }
}
