import Model
import Placement
import Scaling
import Store

extension ServeStep {
    /// Targets, then which replicas start and which leave, deployment by deployment in the order of their ids.
    mutating func planDeployments() {
        eachLooked { step, id in
            guard let row = step.state.deployments[id] else { return }
            if row.deleting {
                for replica in step.wanted(of: id) { step.release(replica.id, because: "\(id) is deleted") }
            } else if !row.settings.replica.command.isEmpty {
                step.adjust(id)
                step.setTarget(id)
                step.roll(id)
            }
        }
    }

    // MARK: - In place

    /// Hands what can be changed without a restart to the replicas that run.
    private mutating func adjust(_ id: DeploymentID) {
        guard let row = state.deployments[id] else { return }
        let settings = row.settings.replica
        for replica in wanted(of: id) where replica.version == row.version && replica.settings != settings {
            update(replica.id) {
                $0.settings = settings
                $0.adjustment += 1
            }
        }
    }

    // MARK: - How many

    private mutating func setTarget(_ id: DeploymentID) {
        guard let row = state.deployments[id] else { return }
        running[id] = wanted(of: id).count { isReady($0.id) }
        switch row.settings.count {
        case .fixed(let count):
            let count = capacity?.part(of: count) ?? count
            let outcome = scaleFixed(id, count: count, scaledTo: row.scaledTo, target: row.target)
            if let decision = outcome.decision { decisions.append(decision) }
            update(id) { $0.target = outcome.target }
            // What another configuration has wished for is forgotten.
            if state.scalings[id] != nil { update(scaling: id) { $0 = ScalingRow(id) } }
        case .auto(let settings):
            let settings = capacity?.part(of: settings) ?? settings
            weigh(id) { $0.autoscale(id, row, settings) }
        }
    }

    /// Where nothing but the load has moved: a look at the rest follows only where a target does.
    mutating func weigh() {
        var moved: [DeploymentID] = []
        for id in weighed {
            guard let row = state.deployments[id], !row.deleting, !row.settings.replica.command.isEmpty,
                case .auto(let configured) = row.settings.count
            else { continue }
            let settings = capacity?.part(of: configured) ?? configured
            weigh(id) { $0.autoscale(id, row, settings) }
            if state.deployments[id]?.target != row.target { moved.append(id) }
        }
        if !moved.isEmpty { looked = Set(looked).union(moved).sorted() }
    }

    private var capacity: Capacity? { state.capacity.map { Capacity($0) } }

    private mutating func autoscale(_ id: DeploymentID, _ row: DeploymentRow, _ settings: AutoscalingSettings)
    {
        let series = loadSeries(of: id)
        let running = running[id] ?? 0
        let queued = queuedNow(of: id)
        let known = state.scalings[id] ?? ScalingRow(id)
        let newest = series.compactMap(\.points.last?.end).max()?.ms ?? 0
        let seen = "\(newest) \(running) \(queued) \(row.target)"
        if let look = known.lookAt, now < look, known.seen == seen { return wake(at: look) }
        let load = Scaling.load(series, now: now, lookBack: settings.lookBack, by: settings.aggregation)
        let memory = known.memory
        var outcome = Scaling.scale(
            ScalingInput(
                deployment: id, settings: settings, running: running, target: row.target, load: load,
                queuedNow: queued, memory: memory, now: now))
        if outcome.target < row.target, isBlind(settings) {
            // What is not heard is not zero: with a proxy or the node tier silent nothing shrinks.
            outcome = ScalingOutcome(target: row.target, memory: memory, wake: now + Millis(1_000))
            outcome.memory.timer = .off
        }
        if let decision = outcome.decision { decisions.append(decision) }
        let now = now
        // The window moves on by itself: look again while what is in it still differs from its end.
        let look = Moment.earliest(outcome.wake, load.map { _ in now + settings.metricsInterval })
        update(id) { $0.target = outcome.target }
        update(scaling: id) { row in
            row.memory = outcome.memory
            let isWaiting = outcome.memory.timer.direction != 0 && outcome.decision == nil
            row.lookAt = isWaiting ? look : nil
            row.seen = isWaiting ? seen : ""
            #if MUTANTS
                if Mutant.restartsTimer.isOn, row.memory.timer.direction != 0 {
                    row.memory.timer.since = now
                    row.memory.wishes = []
                }
            #endif
            // For people: as often as a renewal is committed anyway, and as there is news.
            let pace = max(TierPace.renewEvery, settings.metricsInterval)
            let shown = load.map { Thousandths($0.milli) }
            let isDue = row.loadAt.map { $0 + pace <= now } ?? true
            if outcome.decision != nil || (isDue && row.load != shown) {
                row.load = shown
                row.loadAt = now
            }
        }
        wake(at: look)
    }

    /// The longest silence after which figures are stale: two reports, ten seconds at least (Ray 2.60).
    private func isBlind(_ settings: AutoscalingSettings) -> Bool {
        #if MUTANTS
            if Mutant.shrinksBlind.isOn { return false }
        #endif
        let stale = max(Millis(settings.metricsInterval.rawValue * 2), Millis(10_000))
        let proxySilent = state.proxies.contains { id, proxy in
            max(heard[id]?.arrived ?? proxy.heardAt, listening) + stale <= now
        }
        // Who is refused speaks, but its load is not known.
        if !refused.isEmpty { return true }
        #if MUTANTS
            if Mutant.shrinksWithoutNodes.isOn { return proxySilent }
        #endif
        let nodes = state.roles[.nodes]?.heardAt
        return proxySilent || nodes.map { max($0, listening) + TierPace.silentAfter <= now } ?? false
    }

    private func queuedNow(of id: DeploymentID) -> Int {
        heard.reduce(0) { sum, entry in
            removedProxies.contains(entry.key) ? sum : sum + (entry.value.load[id]?.queued ?? 0)
        }
    }

    private func loadSeries(of id: DeploymentID) -> [LoadSeries] {
        let rows = buckets(of: id)
        // Without a row it was given up: its last value would hold for ever.
        let given = rows.keys.filter { state.proxies[$0] == nil && heard[$0] == nil }
        return Set(rows.keys).subtracting(given).union(heard.keys).subtracting(removedProxies).sorted()
            .compactMap { proxy in
                let points = (rows[proxy] ?? []).map {
                    LoadPoint(end: $0.end, span: $0.span, area: $0.areaMicros, last: $0.ongoing + $0.queued)
                }
                let live = heard[proxy]?.load[id]
                if points.isEmpty && live == nil { return nil }
                return LoadSeries(
                    proxy: proxy, points: points, live: live.map { $0.ongoing + $0.queued },
                    liveSince: live.flatMap { _ in heard[proxy]?.arrived })
            }
    }

    // MARK: - Which

    private mutating func roll(_ id: DeploymentID) {
        guard let row = state.deployments[id] else { return }
        let replicas = wanted(of: id)
        let plan = Scaling.rollout(
            RolloutInput(
                deployment: id, target: row.target,
                replicas: replicas.map { replica in
                    let placement = state.placements[replica.id]
                    return RolloutReplica(
                        id: replica.id, current: replica.version == row.version, ready: isReady(replica.id),
                        unplaced: placement.map(isStuck) ?? false,
                        leaving: placement?.node.flatMap { state.drainRequests[$0]?.deadline },
                        buys: replica.buys)
                }, stopping: leaving(of: id).count,
                replaced: leaving(of: id).count {
                    $0.version != row.version || state.placements[$0.id]?.unwellAt != nil
                },
                batch: row.settings.rollout.batch(of: row.target), surge: surge(row),
                unavailable: row.settings.rollout.unavailable(of: row.target),
                failing: row.failures > 0 || hasUnwell(row), givenUp: FailureRule.isGivenUp(row),
                retryAt: row.retryAt,
                now: now,
                grace: row.settings.gracefulShutdownTimeout))
        decisions += plan.decisions
        wake(at: plan.wake)
        let versionChange = replicas.contains { $0.version != row.version }
        for replica in plan.drain {
            release(
                replica, because: versionChange ? "replaced by version \(row.version)" : "its node is drained"
            )
        }
        if plan.start > 0 { starts.append(Start(deployment: id, count: plan.start, buys: row.failures == 0)) }
        if plan.startSurplus > 0 {
            starts.append(Start(deployment: id, count: plan.startSurplus, buys: false))
        }
        if plan.surplusToStop > 0 { stopSurplus(plan.surplusToStop, of: id) }
        for replica in plan.mayBuy { update(replica) { $0.buys = true } }
        // Their node may have been given back during a long wait. One of them may then buy another: without a place
        // to try, a failing deployment could never recover.
        let tries = replicas.filter { $0.version == row.version && !isReady($0.id) }
        if row.failures > 0, let first = tries.first,
            tries.allSatisfy({ state.placements[$0.id].map(isStuck) ?? false })
        {
            update(first.id) { $0.buys = true }
        }
        // While an old one is on its way out, the room of that one is waited for.
        if row.failures == 0, !versionChange, leaving(of: id).isEmpty {
            for replica in replicas where !replica.buys && state.placements[replica.id]?.phase == .pending {
                update(replica.id) { $0.buys = true }
            }
        }
    }

    /// A rollout halts while a replica of its version fails its health check.
    private func hasUnwell(_ row: DeploymentRow) -> Bool {
        wanted(of: row.id).contains { replica in
            replica.version == row.version && state.placements[replica.id]?.unwellAt != nil
        }
    }

    /// Replicas on their way out that still hold their room.
    private func leaving(of id: DeploymentID) -> [ReplicaRow] {
        replicas(of: id).filter { $0.phase != .wanted && state.placements[$0.id]?.phase.holdsRoom == true }
    }

    private func surge(_ row: DeploymentRow) -> Surge {
        switch row.settings.rollout.surgePercent {
        case nil: .spare
        case 0?: .none
        case let percent?: .upTo((row.target * percent + 99) / 100)
        }
    }

    /// The node tier looked, found no room, and none is on its way.
    private func isStuck(_ placement: PlacementRow) -> Bool {
        placement.phase == .pending && !placement.refusals.isEmpty
            && !placement.refusals.contains { $0.code == .coming }
    }

    private mutating func stopSurplus(_ count: Int, of id: DeploymentID) {
        // Old versions and replicas on nodes being drained are the rollout's to end.
        let version = state.deployments[id]?.version
        let candidates = wanted(of: id).compactMap { replica -> VictimCandidate? in
            let node = state.placements[replica.id]?.node
            guard replica.version == version, node.map({ state.drainRequests[$0] == nil }) ?? true else {
                return nil
            }
            return VictimCandidate(
                replica: replica.id, ready: isReady(replica.id), node: node, draining: false)
        }
        var counts = replicasOnNode
        let chosen = victims(count, of: candidates, replicasOnNode: &counts) { node in
            state.nodes[node]?.microdollarsPerHour ?? 0
        }
        for replica in chosen {
            let node = state.placements[replica]?.node
            let empties = node.map { counts[$0] ?? 0 } == 0
            let place = node.map { "on \($0)" } ?? "without a node"
            decisions.append(
                Decision(
                    .stop, replica.rawValue, before: "wanted", after: "draining",
                    rule: empties ? "empties_node" : "emptiest_node_newest_first",
                    reason: "one replica too many; \(replica) \(place) "
                        + (empties
                            ? "is among those with which its node empties" : "leaves the fewest behind"),
                    inputs: node.flatMap { state.nodes[$0] }.map {
                        [.init("microusd_per_hour", $0.microdollarsPerHour)]
                    } ?? []))
            release(replica, because: "scaled down")
        }
    }
}
