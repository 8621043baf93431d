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
            }
        }
        divideRoom()
        eachLooked { step, id in
            guard let row = step.state.deployments[id], !row.deleting, !row.settings.replica.command.isEmpty
            else { return }
            step.withdraw(row)
            step.roll(id)
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

    // MARK: - Which

    private mutating func roll(_ id: DeploymentID) {
        guard let row = state.deployments[id] else { return }
        let replicas = wanted(of: id)
        let leaving = leaving(of: id)
        let isUnwell = hasUnwell(row)
        var input = RolloutInput(
            deployment: id, target: asked(row),
            replicas: rolled(replicas, row), stopping: leaving.count,
            replaced: leaving.count {
                $0.version != row.version || state.placements[$0.id]?.unwellAt != nil
                    || $0.stopReason == GangRule.restarts
            },
            batch: row.settings.rollout.batch(of: row.target), surge: surge(row),
            unavailable: unavailable(row),
            failing: row.failures > 0 || isUnwell, givenUp: row.isGivenUp,
            retryAt: row.retryAt,
            now: now,
            grace: row.settings.gracefulShutdownTimeout)
        input.unwell = isUnwell
        // Without old ones nothing is to be proved, and no replica need be looked at for it.
        let versionChange = input.replicas.contains { !$0.current }
        if versionChange {
            let proven = provenAt(row, replicas)
            input.unproven = proven.map { $0 > now } ?? true
            wake(at: proven.flatMap { $0 > now ? $0 : nil })
        }
        input.gangSize = row.settings.gang?.size ?? 1
        let plan = Scaling.rollout(input)
        decisions += plan.decisions
        wake(at: plan.wake)
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
            tries.allSatisfy({ state.placements[$0.id]?.isStuck ?? false })
        {
            for replica in gang(of: first) { update(replica.id) { $0.buys = true } }
        }
        if row.failures == 0 {
            // Also those that this look has just released.
            let waits = versionChange || !self.leaving(of: id).isEmpty
            for replica in replicas where !replica.buys {
                letBuy(replica, waits: waits, replicas.count <= row.target)
            }
        }
    }

    private func rolled(_ replicas: [ReplicaRow], _ row: DeploymentRow) -> [RolloutReplica] {
        let old = replicas.filter { $0.version != row.version }
        let standing = Dictionary(grouping: old) { state.placements[$0.id]?.node }
        var rolled: [RolloutReplica] = []
        rolled.reserveCapacity(replicas.count)
        for replica in replicas {
            let placement = state.placements[replica.id]
            var one = RolloutReplica(
                id: replica.id, current: replica.version == row.version, ready: isReady(replica.id),
                unplaced: placement?.isStuck ?? false,
                leaving: placement?.node.flatMap { state.drainRequests[$0]?.deadline }, buys: replica.buys,
                node: placement?.node, resources: placement?.resources ?? replica.settings.resources,
                gang: replica.gang)
            for refusal in one.unplaced && !old.isEmpty ? placement?.refusals ?? [] : [] {
                let node = NodeID(refusal.candidate)
                guard let there = standing[node] else { continue }
                one.short[node] = lack(refusal, of: replica, beside: there)
            }
            rolled.append(one)
        }
        return rolled
    }

    /// What a new one lacks on a node of old ones, so that it could stand there when some of these leave; nil: they are not
    /// what keeps it away.
    private func lack(_ refusal: Refusal, of replica: ReplicaRow, beside old: [ReplicaRow]) -> Resources? {
        switch refusal.code {
        case .short, .gang: return refusal.short
        case .maxPerNode: break
        case .antiAffinity:
            let placing = replica.settings.placing
            let labels = ruleLabels(of: replica.deployment, placing)
            guard placing?.rules.contains(where: { $0.ask == .antiAffinity && $0.matches(labels) }) == true
            else { return nil }
        default: return nil
        }
        // So many of its neighbours are too many, and all of those are to be replaced by it.
        guard refusal.gap > 0, refusal.gap <= old.count else { return nil }
        return old.prefix(Int(refusal.gap)).reduce(Resources()) {
            $0 + (state.placements[$1.id]?.resources ?? $1.settings.resources)
        }
    }

    /// While an old one is on its way out, the room of that one is waited for; what is no surplus waits for a while only.
    private mutating func letBuy(_ replica: ReplicaRow, waits: Bool, _ isWanted: Bool) {
        guard let placement = state.placements[replica.id], placement.phase == .pending else { return }
        let due = placement.pendingAt + Self.roomAwaited
        if !waits || (isWanted && due <= now) {
            update(replica.id) { $0.buys = true }
        } else if isWanted {
            wake(at: due)
        }
    }

    /// For so long a replica waits for the room of one that is leaving before it may be a reason to buy.
    private static let roomAwaited = Millis(30_000)

    /// Where old ones leave first one may always be missing, else none would ever leave.
    private func unavailable(_ row: DeploymentRow) -> Int? {
        let unavailable = row.settings.rollout.unavailable(of: row.target)
        return surge(row) == .none ? unavailable.map { max(1, $0) } : unavailable
    }

    /// A rollout halts while a replica of its version fails its health check.
    private func hasUnwell(_ row: DeploymentRow) -> Bool {
        wanted(of: row.id).contains { replica in
            replica.version == row.version && state.placements[replica.id]?.unwellAt != nil
        }
    }

    /// When the first replica of the current version has been ready for long enough; nil: none is ready.
    func provenAt(_ row: DeploymentRow, _ replicas: [ReplicaRow]) -> Moment? {
        replicas.lazy.filter { $0.version == row.version }.compactMap { replica -> Moment? in
            guard let placement = state.placements[replica.id], placement.phase == .ready else { return nil }
            return placement.readyAt.map { $0 + row.settings.rollout.minReady }
        }.min()
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
        let price = { [state] (node: NodeID) in state.nodes[node]?.microdollarsPerHour ?? 0 }
        let chosen: [ReplicaID]
        if let gang = state.deployments[id]?.settings.gang {
            chosen = victims(
                gangs: count / gang.size, of: wholeGangs(candidates), replicasOnNode: &counts, price: price)
        } else {
            chosen = victims(count, of: candidates, replicasOnNode: &counts, price: price)
        }
        // What another one has no room for is no smaller wish.
        let reason = caps[id] == nil ? "scaled down" : "there is no room for it"
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
            release(replica, because: reason)
        }
    }
}

extension PlacementRow {
    /// The node tier looked, found no room, and none is on its way.
    var isStuck: Bool {
        phase == .pending && !refusals.isEmpty && !refusals.contains { $0.code == .coming }
    }
}
