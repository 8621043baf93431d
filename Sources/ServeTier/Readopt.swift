import Model
import Store

/// How the serve tier takes over what was found running.
enum ReadoptRule {
    /// New replicas get numbers this much above all that were found: a machine that was not heard may run, and a
    /// proxy may remember, some that nobody told of.
    static let numberGap: Int64 = 1_000
    /// Numbers beyond it are not of our making.
    static let numberMax: Int64 = 1 << 52
}

extension ServeStep {
    /// Makes a row, under its own name, of every replica that was found. Once, when all have been found; until then,
    /// and until the node tier knows where they are, nothing is started, stopped or routed.
    mutating func takeOver(unixMillis: Int64) {
        guard state.readopt?.phase == .found, state.readoptTaken == nil else { return }
        var highest: Int64 = 0
        var count = 0
        for id in state.foundReplicas.keys.sorted() {
            guard let found = state.foundReplicas[id], (1...ReadoptRule.numberMax).contains(id.serial) else {
                continue
            }
            highest = max(highest, id.serial)
            count += 1
            take(found, unixMillis: unixMillis)
        }
        for id in state.deployments.keys.sorted() {
            regroup(id)
            setAdoptedTarget(id)
        }
        numbersTaken = highest + ReadoptRule.numberGap
        taken = ReadoptTakenRow(takenAt: now, replicas: count)
    }

    private mutating func take(_ found: FoundReplicaRow, unixMillis: Int64) {
        let version = found.settings.version
        let deployment = found.replica.deployment
        if state.deployments[deployment] == nil {
            // In no application any more: its replicas leave as those of any deployment that was deleted.
            var row = DeploymentRow(
                id: deployment, settings: DeploymentSettings(id: deployment, replica: found.settings),
                version: version, target: 0)
            row.deleting = true
            row.routeGeneration = now.ms
            add(row)
        }
        var row = ReplicaRow(
            id: found.replica, version: version, settings: found.settings, createdAt: now,
            createdUnixMs: unixMillis)
        switch found.phase {
        case .starting: break
        case .ready: row.routedAt = now
        case .stopping:
            row.phase = .stopping
            row.stopReason = "was being stopped when it was found"
            row.drainDeadline =
                now + (state.deployments[deployment]?.settings.gracefulShutdownTimeout ?? grace)
        }
        add(row)
    }

    /// An autoscaled deployment goes on with as many as were found; the load says the rest.
    private mutating func setAdoptedTarget(_ id: DeploymentID) {
        guard let row = state.deployments[id], !row.deleting, case .auto(let configured) = row.settings.count
        else { return }
        let settings = row.settings.inGangs(configured)
        let found = wanted(of: id).count
        let target = min(max(row.settings.inGangs(found), settings.minReplicas), settings.maxReplicas)
        guard found > 0, target != row.target else { return }
        decisions.append(
            Decision(
                .scale, id.rawValue, before: "\(row.target)", after: "\(target)", rule: "readopt",
                reason: "\(found) replicas were found running when the state was made anew",
                inputs: [
                    .init("found", Int64(found)), .init("min_replicas", Int64(settings.minReplicas)),
                    .init("max_replicas", Int64(settings.maxReplicas)),
                ]))
        update(id) { $0.target = target }
    }
}
