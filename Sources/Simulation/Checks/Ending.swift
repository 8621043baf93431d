import Cloud
import Model
import Routing
import Store

extension Checks {
    /// All trouble is over from here on.
    func healed(_ world: World) {
        healedAt = world.now
        guard plan.healAt != nil else { return }
        world.after(Self.settleEvery) { $0.checks.settles($0) }
    }

    /// Between two looks whether the world has settled, in microseconds.
    static let settleEvery: Int64 = 30_000_000

    /// The world must have settled in time. Once it has it must stay so to the end, which comes the sooner.
    private func settles(_ world: World) {
        catchUp(world)
        let settled = settled(world)
        let breaches = settled.breaches()
        let deadline = (healedAt ?? 0) + plan.settleWithin.micros
        if breaches.isEmpty, settled.isQuiet {
            // What fits nowhere is waited for, and may yet be wanted no more.
            if settled.isFeasible { settledAt = world.now }
            if let quietFor = plan.quietFor { world.endsAt(world.now + quietFor.micros) }
        } else if world.now >= deadline {
            report(breaches, world)
        } else {
            world.after(Self.settleEvery) { $0.checks.settles($0) }
        }
    }

    /// What is left to do before the world can be called settled.
    func unsettled(_ world: World) -> [Breach] {
        catchUp(world)
        return settled(world).breaches()
    }

    func settled(_ world: World) -> Settled {
        var settled = Settled(
            state: watch?.state ?? ClusterState(),
            now: world.heads.lazy.compactMap(\.store).first?.now() ?? Moment(0))
        settled.file = plan.cluster
        if plan.cluster.provider != nil {
            settled.live = world.provider.machines.filter { $0.instance.cluster == cluster }
        }
        settled.processes = world.machines.filter(\.isAlive).flatMap(\.processes.keys).sorted()
        for proxy in world.proxies where proxy.isUp {
            settled.routes[proxy.party.description] = proxy.book.routes.map(\.deployment)
        }
        settled.hopeless = Set(
            settled.state.deployments.values.filter { row in
                let command = row.settings.replica.command.first ?? ""
                let conduct = world.conduct[command] ?? plan.usualConduct
                guard let readyAfter = conduct.readyAfter, conduct.failsAfter == nil else { return true }
                return readyAfter >= row.settings.replica.health.startDeadline
            }.map(\.id))
        // What a hold keeps back is done when it ends.
        settled.isQuiet =
            plan.isQuiet(from: Millis(world.now / 1000) - plan.quietBefore) && settled.state.holds.isEmpty
        settled.hasCapacity = plan.cloud.capacity.isEmpty && plan.cloud.stockOuts.isEmpty
        return settled
    }

    func atTheEnd(_ world: World) {
        catchUp(world)
        lookAtAll(world)
        lookAtCosts(world, isAtTheEnd: true)
        if let result = try? watch?.ask("PRAGMA integrity_check(1)"), result.rows.first?.first?.text != "ok" {
            world.violate("I-25", "integrity_check: \(result.rows.first?.first?.text ?? "no answer")")
        }
        let open = world.proxies.reduce(0) { $0 + world.truth.openCount(at: $1.number) }
        if traffic.ended + open != world.report.requests {
            world.violate(
                "I-17", "\(world.report.requests) requests came, \(traffic.ended) ended and \(open) are open")
        }
        if isFaultFree, world.report.crashes > 0 {
            world.violate("fault-free", "\(world.report.crashes) processes died though nothing went wrong")
        }
        if isFaultFree, let machine = world.machines.first(where: { $0.disk.incarnations > 1 }) {
            world.violate(
                "fault-free", "the agent of \(machine.node) was started \(machine.disk.incarnations) times")
        }
        if late.all >= 20, late.failed * 20 > late.all {
            world.violate(
                "L-06", "\(late.failed) of \(late.all) requests failed long after the end of trouble")
        }
        if settledAt != nil { report(settled(world).breaches(), world) }
    }
}
