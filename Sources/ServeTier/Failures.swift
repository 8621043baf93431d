import Model
import Store

/// How a failing deployment is held back.
enum FailureRule {
    /// First wait before a replacement; doubled with each failure in a row.
    static let backOffFirst = Millis(1_000)
    static let backOffMax = Millis(300_000)
    /// A replica that was ready for this long has started well: its end is no start failure.
    static let stableAfter = Millis(10_000)
    /// A deployment none of whose replicas was ever ready is called failed after this many failures (Ray: three
    /// for each replica wanted; here one count for all, since they run the same command).
    static let deployFailedAfter = 3

    /// An update is stopped after so many failures of the new version in a row (Ray 2.60: its limit, or three for each
    /// replica; there without a growing pause between them). The old version goes on; what it lacks is still tried.
    /// The row remembers it: more replicas wanted later are no reason to try on.
    static func isTooMuch(_ row: DeploymentRow) -> Bool {
        row.failures >= min(row.settings.rollout.failuresMax, deployFailedAfter * max(row.target, 1))
    }

    /// Nothing of it was ever ready: what the file says of tries counts here too, when it is fewer.
    static func hasFailedToDeploy(_ row: DeploymentRow) -> Bool {
        row.failures >= min(row.settings.rollout.failuresMax, deployFailedAfter)
    }

    /// What an unwell replica may still finish.
    static let unwellGrace = Millis(5_000)

    /// So many of a deployment are restarted at once for being unwell: a tenth, one at least.
    static func restartsMax(of target: Int) -> Int { max(1, target / 10) }

    static func backOff(failures: Int) -> Millis {
        let doublings = min(max(failures - 1, 0), 20)
        return min(Millis(backOffFirst.rawValue << Int64(doublings)), backOffMax)
    }
}

extension ServeStep {
    /// Ends replicas whose placement failed or was lost, counts failures, and lets the count go once a replica has
    /// stayed ready.
    mutating func endFailedReplicas() {
        eachLooked { step, id in
            for replica in step.wanted(of: id) {
                guard let placement = step.state.placements[replica.id] else { continue }
                switch placement.phase {
                case .failed: step.end(replica, failed: placement)
                case .lost: step.end(replica, lost: placement)
                case .stopped:
                    step.update(replica.id) {
                        $0.phase = .stopping
                        $0.stopReason = "stopped on its node without an order"
                    }
                case .pending, .assigned, .starting, .ready, .stopping: break
                }
            }
            step.restartUnwell(id)
            step.endBrokenGangs(id)
            step.settle(id)
        }
    }

    private mutating func end(_ replica: ReplicaRow, failed placement: PlacementRow) {
        let words = placement.exitText.isEmpty ? "ended" : placement.exitText
        update(replica.id) {
            $0.phase = .stopping
            $0.stopReason = "failed: \(words)"
        }
        let ended = placement.endedAt ?? now
        let wasStable = placement.readyAt.map { ended - $0 >= FailureRule.stableAfter } ?? false
        count(failureOf: replica, wasStable: wasStable)
        update(replica.deployment) { row in
            row.lastFailure =
                "\(replica.id) \(words)" + (placement.lastLines.isEmpty ? "" : "\n\(placement.lastLines)")
        }
        let failures = state.deployments[replica.deployment]?.failures ?? 0
        decisions.append(
            Decision(
                .replace, replica.id.rawValue, before: "wanted", after: "stopping",
                rule: wasStable ? "crash" : "start_failure",
                reason: "\(replica.id) \(words); "
                    + (wasStable ? "it is replaced at once" : "it is replaced after a wait"),
                inputs: [.init("failures_in_a_row", Int64(failures))]))
    }

    private mutating func count(failureOf replica: ReplicaRow, wasStable: Bool) {
        let now = now
        update(replica.deployment) { row in
            // Replicas ordered together are one try: a round that fails as a whole doubles the wait once.
            // What another version did says nothing of this one.
            let isOfThisTry = row.retryAt.map { $0 <= replica.createdAt } ?? true
            if !wasStable, isOfThisTry, replica.version == row.version {
                row.failures += 1
                if FailureRule.isTooMuch(row) { row.isGivenUp = true }
                row.retryAt = now + FailureRule.backOff(failures: row.failures)
            }
        }
    }

    /// Ends replicas that fail their health check, a few at a time: a check that is wrong about all of them, or a load
    /// under which none answers in time, must not take a deployment down.
    private mutating func restartUnwell(_ id: DeploymentID) {
        let unwell = wanted(of: id).compactMap { replica -> (replica: ReplicaRow, since: Moment)? in
            guard let placement = state.placements[replica.id], placement.phase == .ready,
                let since = placement.unwellAt
            else { return nil }
            return (replica, since)
        }.sorted { $0.since != $1.since ? $0.since < $1.since : $0.replica.id < $1.replica.id }
        guard let row = state.deployments[id], !unwell.isEmpty else { return }
        for one in unwell.prefix(max(0, FailureRule.restartsMax(of: row.target) - restarting(row))) {
            restart(one.replica, unwellSince: one.since)
        }
    }

    /// Those on their way out for being unwell, and what was ordered since, or waits to be, and does not serve yet. What
    /// finds no room is not on its way: that of an unwell one may be all there is.
    private func restarting(_ row: DeploymentRow) -> Int {
        guard let latest = row.restartedAt else { return 0 }
        let wanted = wanted(of: row.id)
        let coming = wanted.count { replica in
            guard let placement = state.placements[replica.id] else { return replica.createdAt >= latest }
            return placement.phase != .ready && !placement.isStuck && replica.createdAt >= latest
        }
        let leaving = replicas(of: row.id).count { replica in
            guard replica.phase != .wanted, let placement = state.placements[replica.id] else { return false }
            return placement.unwellAt != nil && !placement.phase.isFinal
        }
        // Those that are not asked for, since there is no room, are not on their way either.
        let missing = state.feasible[row.id] == nil ? max(0, row.target - wanted.count) : 0
        return max(leaving, coming + missing)
    }

    private mutating func restart(_ replica: ReplicaRow, unwellSince since: Moment) {
        guard let placement = state.placements[replica.id] else { return }
        #if MUTANTS
            if Mutant.keepsUnwell.isOn { return }
        #endif
        let words = "fails its health check: \(placement.unwellText)"
        let wasStable = placement.readyAt.map { since - $0 >= FailureRule.stableAfter } ?? false
        let now = now
        count(failureOf: replica, wasStable: wasStable)
        update(replica.deployment) { row in
            row.lastFailure = "\(replica.id) \(words)"
            row.restartedAt = now
        }
        decisions.append(
            Decision(
                .replace, replica.id.rawValue, before: "wanted", after: "draining", rule: "unwell",
                reason: "\(replica.id) \(words); at most"
                    + " \(FailureRule.restartsMax(of: state.deployments[replica.deployment]?.target ?? 0))"
                    + " of the deployment are replaced for that at once",
                inputs: [.init("unwell_ms", (now - since).rawValue)]))
        release(replica.id, because: words, within: FailureRule.unwellGrace)
    }

    private mutating func end(_ replica: ReplicaRow, lost placement: PlacementRow) {
        let node = placement.node?.rawValue ?? "?"
        update(replica.id) {
            $0.phase = .stopping
            $0.stopReason = "its node \(node) was lost"
        }
        decisions.append(
            Decision(
                .replace, replica.id.rawValue, before: "wanted", after: "stopping", rule: "node_lost",
                reason: "node \(node) is gone; the replica is replaced elsewhere"))
    }

    /// A replica that was ordered after the latest failure and stayed ready clears the count, and so do all that
    /// are wanted; until then the step comes back when it would. One that ran well before proves nothing: beside
    /// it others would fail again and again without a wait.
    private mutating func settle(_ id: DeploymentID) {
        guard let row = state.deployments[id], row.failures > 0 else { return }
        var (soonest, last, ready): (Moment?, Moment, Int) = (nil, Moment(0), 0)
        for replica in wanted(of: id) where replica.version == row.version {
            guard let placement = state.placements[replica.id], placement.phase == .ready,
                let stable = placement.readyAt.map({ $0 + FailureRule.stableAfter })
            else { continue }
            (last, ready) = (max(last, stable), ready + 1)
            guard row.retryAt.map({ $0 <= replica.createdAt }) ?? true else { continue }
            soonest = soonest.map { min($0, stable) } ?? stable
        }
        // Nothing is left to be tried, e.g. because fewer are wanted now.
        if ready > 0, ready >= row.target { soonest = soonest.map { min($0, last) } ?? last }
        guard let soonest else { return }
        if soonest <= now {
            update(id) {
                $0.failures = 0
                $0.isGivenUp = false
                $0.retryAt = nil
            }
        } else {
            wake(at: soonest)
        }
    }
}
