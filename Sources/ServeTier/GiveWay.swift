import Model
import Placement
import Store

/// How many replicas may be on their way out for others at a time: of each deployment what its disruption budget allows, and
/// of all of them together a part.
///
/// What is spent is counted from rows: replicas on their way out hold their room until they have stopped, so that a step,
/// also of a tier that was away, gives no more than what those before it have left.
struct GivingBudget {
    /// Of all replicas that have a place, in thousandths, rounded up: so many of all deployments leave for others at a time.
    /// The part that a rolling update replaces at a time (Ray Serve's default of `rolling_update_percentage`), so that no
    /// division of room, whoever it favours, takes more of a cluster at once than an update may take of each deployment.
    static let share = 200

    /// Of one deployment.
    struct Own {
        /// As its settings say: `max_unavailable`, else one batch.
        var most: Int
        /// On their way out already.
        var leaving: Int
        /// With a place, and not ready, whatever the reason; 0 where `max_unavailable` does not say that they count.
        var unready: Int
        /// Chosen to go in this step.
        var given = 0

        /// One that is not ready counts already, whether it goes or stays.
        func allows(ready: Bool) -> Bool {
            if !ready, unready > 0 { return leaving + given < max(1, most) }
            return leaving + unready + given < most
        }

        mutating func spend(ready: Bool) {
            if !ready, unready > 0 { unready -= 1 }
            given += 1
        }
    }

    /// Of all deployments.
    let most: Int
    let leaving: Int
    private(set) var given = 0
    private(set) var own: [DeploymentID: Own] = [:]

    init(most: Int, leaving: Int) {
        self.most = most
        self.leaving = leaving
    }

    /// - Parameter own: what the deployment may give, if it was not asked yet.
    mutating func allows(_ id: DeploymentID, ready: Bool, _ own: () -> Own) -> Bool {
        let mine = self.own[id] ?? own()
        self.own[id] = mine
        return leaving + given < most && mine.allows(ready: ready)
    }

    mutating func spend(_ id: DeploymentID, ready: Bool) {
        own[id]?.spend(ready: ready)
        given += 1
    }
}

/// What keeps a replica from giving way for now, as the one who waits for its room is told.
struct HeldBack: Equatable {
    var giver: DeploymentID
    /// So many of the giver may go at a time, and so many of all deployments.
    var own: Int
    var all: Int

    /// "; shop#low gives way to it, 2 of its replicas at a time and 3 of all".
    var words: String {
        own == 0
            ? "; \(giver) gives way to nobody: its max_unavailable is 0"
            : "; \(giver) gives way to it, \(own) of its replicas at a time and \(all) of all"
    }
}

extension ServeStep {
    /// Why a replica is on its way out, as far as the words begin.
    private static let givesWay = "gives way to "

    func givingBudget(_ book: RoomBook) -> GivingBudget {
        let leaving = state.replicas.values.count { replica in
            replica.phase != .wanted && replica.stopReason.hasPrefix(Self.givesWay)
                && state.placements[replica.id]?.phase.holdsRoom == true
        }
        return GivingBudget(
            most: max(1, (book.placed * GivingBudget.share + 999) / 1_000), leaving: leaving)
    }

    private func ownBudget(_ id: DeploymentID, _ book: RoomBook) -> GivingBudget.Own {
        guard let row = state.deployments[id] else {
            return GivingBudget.Own(most: 0, leaving: 0, unready: 0)
        }
        let leaving = book.leaving[id] ?? 0
        guard let most = row.settings.rollout.unavailable(of: row.target) else {
            return GivingBudget.Own(
                most: row.settings.rollout.batch(of: row.target), leaving: leaving, unready: 0)
        }
        let unready = wanted(of: id).count { replica in
            state.placements[replica.id]?.phase.holdsRoom == true && !isReady(replica.id)
        }
        return GivingBudget.Own(most: most, leaving: leaving, unready: unready)
    }

    // MARK: - Who gives way

    mutating func giveWay(to id: DeploymentID, _ sharing: inout Sharing) {
        guard let claim = sharing.book.claims[id], let parts = sharing.division?.parts[id] else { return }
        for node in parts.keys.sorted() {
            let missing = (parts[node] ?? 0) - (claim.standing[node] ?? 0)
            guard missing > 0 else { continue }
            if sharing.book.isLeft.contains(node) { sharing.hand(node, to: id) }
            for _ in 0..<missing {
                guard let leavers = leavers(on: node, for: claim, &sharing) else { break }
                sharing.reserve(claim.resources, on: node)
                for leaver in leavers { giveWay(leaver, to: claim, on: node, &sharing) }
            }
        }
    }

    /// Those that would have to go so that one more of `claim` has room on a node; nil: that cannot be, or not yet.
    private mutating func leavers(
        on node: NodeID, for claim: Claim, _ sharing: inout Sharing
    ) -> [ReplicaID]? {
        guard let since = state.feasible[claim.deployment]?.since else { return nil }
        var free = sharing.free(on: node)
        if free.covers(claim.resources) { return [] }
        var chosen: [ReplicaID] = []
        var budget = sharing.budget
        var held: HeldBack?
        for other in sharing.holders(on: node, after: claim) {
            let id = other.deployment
            var excess = sharing.excess(other, on: node)
            for replica in newest(of: id, on: node, before: since) where excess > 0 {
                let ready = isReady(replica)
                guard budget.allows(id, ready: ready, { ownBudget(id, sharing.book) }) else {
                    held = held ?? HeldBack(giver: id, own: budget.own[id]?.most ?? 0, all: budget.most)
                    break
                }
                budget.spend(id, ready: ready)
                chosen.append(replica)
                excess -= 1
                free = free + other.resources
                if free.covers(claim.resources) {
                    sharing.budget = budget
                    return chosen
                }
            }
        }
        heldBack[claim.deployment] = heldBack[claim.deployment] ?? held
        return nil
    }

    /// Those that were placed there before a moment, the newest first, and before them those that are not ready.
    private func newest(of id: DeploymentID, on node: NodeID, before since: Moment) -> [ReplicaID] {
        let here = wanted(of: id).filter { replica in
            guard let placement = state.placements[replica.id], placement.node == node,
                placement.phase.holdsRoom
            else { return false }
            return placement.assignedAt.map { $0 < since } ?? false
        }.reversed().map(\.id)
        return here.filter { !isReady($0) } + here.filter { isReady($0) }
    }

    private mutating func giveWay(
        _ replica: ReplicaID, to claim: Claim, on node: NodeID, _ sharing: inout Sharing
    ) {
        sharing.hand(node, to: claim.deployment)
        let id = replica.deployment
        sharing.give(replica.deployment, on: node)
        // Its routes and its count belong to a look at all of it.
        guard looked.contains(id), let giver = state.deployments[id] else { return lookNext(at: id) }
        let part = sharing.division?.count(of: id) ?? 0
        let wish = sharing.division?.count(of: claim.deployment) ?? 0
        let why =
            claim.priority > giver.settings.priority
            ? "priority \(claim.priority) goes before \(giver.settings.priority)"
            : "by weight \(claim.deployment) has a part of \(wish), \(id) of \(part)"
        let (own, all) = (sharing.budget.own[id], sharing.budget)
        decisions.append(
            Decision(
                .stop, replica.rawValue, before: "wanted", after: "draining", rule: "gives_way",
                reason:
                    "\(replica) on \(node) gives way to \(claim.deployment), for which no node can be had:"
                    + " \(why). At most \(own?.most ?? 0) of \(id) go at a time, and \(all.most) of all.",
                inputs: [
                    .init("priority", Int64(giver.settings.priority)),
                    .init("weight", Int64(giver.settings.weight)), .init("part", Int64(part)),
                    .init("kept", Int64(kept(giver))), .init("other_priority", Int64(claim.priority)),
                    .init("other_weight", Int64(claim.weight)), .init("other_part", Int64(wish)),
                    .init("budget", Int64(own?.most ?? 0)), .init("leaving", Int64(own?.leaving ?? 0)),
                    .init("unready", Int64(own?.unready ?? 0)), .init("all_budget", Int64(all.most)),
                    .init("all_leaving", Int64(all.leaving)),
                ]))
        release(replica, because: Self.givesWay + claim.deployment.rawValue)
    }
}
