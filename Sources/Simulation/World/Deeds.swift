import Cloud
import Model
import ServeTier
import Store
import Supervision

extension World {
    /// Does what the script says.
    func perform(_ deed: Deed.Kind) {
        switch deed {
        case .apply(let applications): operatorApplies(applications)
        case .capacity(let percent):
            operatorApplies(asked, targetCapacity: Thousandths(Int64(percent) * 1000))
        case .delete(let application): operatorDeletes(application)
        case .crash(let party, let span): crash(party, downFor: span.map { $0.micros })
        case .restart(let party): restart(party)
        case .pause(let party, let span):
            heads.first { $0.party == party }?.pause(self, for: span.micros)
        case .partition(let from, let to, let span, let oneWay):
            say("\(from) and \(to) are parted for \(span.rawValue) ms")
            network.cut(from, to, until: now + span.micros)
            if !oneWay { network.cut(to, from, until: now + span.micros) }
        case .clockJump(let span):
            say("the date jumps by \(span.rawValue) ms")
            clock.jump(byMillis: span.rawValue)
        case .reboot: reboot()
        case .heal: heal()
        default: performOnThings(deed)
        }
    }

    private func performOnThings(_ deed: Deed.Kind) {
        switch deed {
        case .loseMachine(let number): machine(number).map { provider.lose($0.instance, self) }
        case .preempt(let number, let notice):
            machine(number).map { provider.preempt($0.instance, in: notice, self) }
        case .cloudFault(let fault, let times): provider.inject(fault, times: times)
        case .diskFull(let span):
            say("the disk is full")
            disk.fullUntil = max(disk.fullUntil, now + span.micros)
        case .diskBroken(let times): disk.brokenTimes += times
        case .secondHead(let party, let lockHolds): startSecond(party, lockHolds: lockHolds)
        case .backUp: backup = try? memory.copy()
        case .restore: restoreBackup()
        case .loseState: loseState()
        case .readopt(let applications): readopt(applications)
        case .conduct(let command, let conduct): self.conduct[command] = conduct
        case .crashReplica(let id, let number): process(id, number)?.exit(.code(1), self)
        case .hangReplica(let id, let number): process(id, number)?.isHung = true
        case .slowReplicas(let id, let times):
            slowness[id] = Int64(max(1, times))
            for process in processes(of: id) { process.slowness = slowness[id] ?? 1 }
        default: break
        }
    }

    private func machine(_ number: Int) -> MachineHost? { machines.first { $0.number == number } }

    /// Of a deployment, all that listen, in the order of their ids.
    func processes(of id: DeploymentID) -> [ReplicaProcess] {
        machines.flatMap { $0.processes.values }.filter { $0.id.deployment == id && $0.isAlive }
            .sorted { $0.id < $1.id }
    }

    private func process(_ id: DeploymentID, _ number: Int) -> ReplicaProcess? {
        let all = processes(of: id)
        return all.indices.contains(number - 1) ? all[number - 1] : nil
    }

    // MARK: - Processes

    func crash(_ party: Party, downFor span: Int64?) {
        switch party {
        case .serve, .nodes:
            heads.first { $0.party == party && $0.isUp }?.crash(self, "killed", downFor: span)
        case .proxy(let number): proxies.first { $0.number == number }?.crash(self, downFor: span)
        case .agent(0): for machine in machines { machine.crashAgent(self, downFor: span) }
        case .agent(let number): machine(number)?.crashAgent(self, downFor: span)
        case .provider: break
        }
    }

    private func restart(_ party: Party) {
        switch party {
        case .serve, .nodes: heads.first { $0.party == party && $0.number == 1 }?.release(self)
        case .proxy(let number): proxies.first { $0.number == number }?.start(self)
        case .agent(0): for machine in machines { machine.startAgent(self) }
        case .agent(let number): machine(number)?.startAgent(self)
        case .provider: break
        }
    }

    /// The machine of the tiers starts anew: they and the proxies on it die; its boot clock begins again.
    private func reboot() {
        say("the tiers' machine starts anew")
        for head in heads { head.crash(self, "reboot", downFor: 20_000_000) }
        for proxy in proxies { proxy.crash(self, downFor: 20_000_000) }
        clock.reboot()
    }

    /// Somebody starts the role a second time.
    func startSecond(_ party: Party, lockHolds: Bool) {
        say("a second \(party) is started")
        memory.ignoresLocks = !lockHolds
        let second: TierHead = party == .serve ? ServeHead(number: 2) : NodeHead(number: 2)
        heads.append(second)
        second.start(self)
        memory.ignoresLocks = false
    }

    // MARK: - People

    func operatorApplies(_ applications: [ApplicationSettings], targetCapacity: Thousandths? = nil) {
        asked = applications
        checks.applies(applications)
        operate("apply") { head, _ throws(StoreError) in
            try head.tier?.apply(applications, targetCapacity: targetCapacity)
        } done: { world in
            world.checks.applied(applications, world)
        }
    }

    func operatorDeletes(_ application: String) {
        asked.removeAll { $0.name == application }
        checks.deletes(application)
        operate("delete \(application)") { head, _ throws(StoreError) in
            _ = try head.tier?.delete(application: application)
        } done: { world in
            world.checks.deleted(application, world)
        }
    }

    /// Asks the serve tier, and again after a second while it does not answer.
    private func operate(
        _ what: String, _ act: @escaping (ServeHead, World) throws(StoreError) -> Void,
        done: @escaping (World) -> Void
    ) {
        func again(_ world: World) {
            world.after(1_000_000) { $0.operate(what, act, done: done) }
        }
        guard let head = serveHead else { return again(self) }
        let isHeard = head.hear(self) { world in
            do {
                world.inStep = head
                defer { world.inStep = nil }
                try act(head, world)
                if world.takeDoom(head) {
                    head.crash(world, "at a boundary")
                    return again(world)
                }
                world.say("operator: \(what)")
                done(world)
            } catch {
                if world.takeDoom(head) { head.crash(world, "at a boundary") }
                again(world)
            }
        }
        if !isHeard { again(self) }
    }

    // MARK: - The end of all trouble

    /// From now on nothing goes wrong by the dice, and what is down comes up.
    func heal() {
        guard !isHealed else { return }
        say("all trouble ends")
        isHealed = true
        network.mend()
        provider.heal()
        disk.fullUntil = 0
        disk.brokenTimes = 0
        for head in heads where head.number > 1 { head.crash(self, "ended by a person") }
        heads.removeAll { $0.number > 1 }
        for head in heads { head.release(self) }
        for proxy in proxies { proxy.start(self) }
        // A process that hangs goes on hanging: its agent has to find that out.
        for machine in machines { machine.startAgent(self) }
        for id in slowness.keys { slowness[id] = 1 }
        for process in machines.flatMap({ $0.processes.values }) { process.slowness = 1 }
        checks.healed(self)
    }
}
