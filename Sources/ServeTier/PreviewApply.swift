import Model
import Store

/// What `ServeTier.apply` would do to one application or deployment.
package struct ApplyChange: Hashable, Sendable {
    /// In the order in which they are told.
    package enum Kind: String, CaseIterable, Sendable, Codable {
        /// Its replicas finish what they have and stop.
        case delete
        /// New processes, one batch after the other.
        case replace
        case create
        /// In place, without a new process.
        case adjust
        case keep
    }

    package var kind: Kind
    /// An application's name, or a deployment's id.
    package var subject: String
    /// Of what: replicas that run, and fields that differ.
    package var words: String
}

extension ServeTier {
    /// What applying these would change, told and not done. By kind, then by name.
    package func preview(
        _ applications: [ApplicationSettings], targetCapacity: Thousandths? = nil
    ) throws(StoreError) -> [ApplyChange] {
        let state = try store.state()
        let plan = ApplyPlan(
            applications, targetCapacity: targetCapacity, in: state, now: store.now(), unixMillis: 0)
        var running: [DeploymentID: Int] = [:]
        for row in state.replicas.values where row.phase == .wanted {
            running[row.deployment, default: 0] += 1
        }
        let changes =
            plan.applications.compactMap { Self.change($0, in: state) }
            + plan.deployments.compactMap {
                Self.change($0, wanted: plan.wanted($0), running: running[$0.id] ?? 0, in: state)
            }
        let order = ApplyChange.Kind.allCases
        return changes.sorted { a, b in
            let (left, right) = (order.firstIndex(of: a.kind) ?? 0, order.firstIndex(of: b.kind) ?? 0)
            return left != right ? left < right : a.subject < b.subject
        }
    }

    private static func change(_ row: ApplicationRow, in state: ClusterState) -> ApplyChange? {
        let known = state.applications[row.name].flatMap { $0.deleting ? nil : $0 }
        if row.deleting {
            return known.map { ApplyChange(kind: .delete, subject: $0.name, words: "") }
        }
        guard let known else { return ApplyChange(kind: .create, subject: row.name, words: "") }
        var fields: [String] = []
        if known.routePrefix != row.routePrefix {
            fields.append("route_prefix \(known.routePrefix ?? "null") to \(row.routePrefix ?? "null")")
        }
        if known.ingress != row.ingress {
            fields.append(
                "answered by \(row.ingress?.name ?? "nobody"), not \(known.ingress?.name ?? "nobody")")
        }
        if known.hasExternalScaler != row.hasExternalScaler { fields.append("external_scaler_enabled") }
        return ApplyChange(
            kind: fields.isEmpty ? .keep : .adjust, subject: row.name, words: fields.joined(separator: ", "))
    }

    /// - Parameter wanted: replicas that it would have.
    /// - Parameter running: replicas that it has.
    private static func change(
        _ row: DeploymentRow, wanted: Int, running: Int, in state: ClusterState
    ) -> ApplyChange? {
        let subject = row.id.rawValue
        guard let known = state.deployments[row.id], !known.deleting else {
            let words = words(row.settings.count)
            return row.deleting ? nil : ApplyChange(kind: .create, subject: subject, words: words)
        }
        let running = words(.fixed(running))
        if row.deleting { return ApplyChange(kind: .delete, subject: subject, words: running) }
        var fields = differing(known.settings, row.settings)
        // Told already, where the file says the counts themselves.
        if known.target != wanted, known.settings.count == row.settings.count || row.settings.count.isAuto {
            fields.insert("\(known.target) wanted to \(wanted)", at: 0)
        }
        guard row.version == known.version else {
            let process = differing(known.settings.replica.fixed, row.settings.replica.fixed)
            return ApplyChange(
                kind: .replace, subject: subject,
                words: "\(running): \((process + fields).joined(separator: ", "))")
        }
        return ApplyChange(
            kind: fields.isEmpty ? .keep : .adjust, subject: subject,
            words: fields.isEmpty ? running : fields.joined(separator: ", "))
    }

    private static func words(_ count: ReplicaCount) -> String {
        switch count {
        case .fixed(let count): count == 1 ? "1 replica" : "\(count) replicas"
        case .auto(let scaling): "\(scaling.minReplicas) to \(scaling.maxReplicas) replicas"
        }
    }

    private static func differing(_ old: ReplicaSettings, _ new: ReplicaSettings) -> [String] {
        var fields: [String] = []
        if old.command != new.command { fields.append("command") }
        if old.environment != new.environment { fields.append("environment") }
        if old.workingDirectory != new.workingDirectory { fields.append("working_dir") }
        if old.resources != new.resources { fields.append("resources") }
        if old.enforceMemory != new.enforceMemory { fields.append("enforce_memory") }
        if old.userConfig != new.userConfig { fields.append("user_config, and there is no reconfigure_path") }
        if old.reconfigurePath != new.reconfigurePath { fields.append("reconfigure_path") }
        if old.placing?.gang != new.placing?.gang { fields.append("gang_scheduling_config") }
        var (before, after) = (old.placing ?? PlacingSettings(), new.placing ?? PlacingSettings())
        (before.gang, after.gang) = (nil, nil)
        if before != after { fields.append("where replicas may stand") }
        return fields.isEmpty ? ["another version of Tandem started them"] : fields
    }

    private static func differing(_ old: DeploymentSettings, _ new: DeploymentSettings) -> [String] {
        var fields: [String] = []
        if old.count != new.count {
            let (before, after) = (words(old.count), words(new.count))
            fields.append(before == after ? "autoscaling_config" : "\(before) to \(after)")
        }
        if old.maxOngoing != new.maxOngoing {
            fields.append("max_ongoing_requests \(old.maxOngoing) to \(new.maxOngoing)")
        }
        if old.maxQueued != new.maxQueued {
            fields.append("max_queued_requests \(old.maxQueued ?? -1) to \(new.maxQueued ?? -1)")
        }
        if old.gracefulShutdownTimeout != new.gracefulShutdownTimeout {
            fields.append("graceful_shutdown_timeout_s")
        }
        if old.backpressure != new.backpressure { fields.append("backpressure_config") }
        if old.rollout != new.rollout { fields.append("rollout") }
        if old.priority != new.priority { fields.append("priority \(old.priority) to \(new.priority)") }
        if old.weight != new.weight { fields.append("weight \(old.weight) to \(new.weight)") }
        if old.isUndisturbed != new.isUndisturbed {
            fields.append("do_not_disrupt \(old.isUndisturbed) to \(new.isUndisturbed)")
        }
        if old.replica.health != new.replica.health { fields.append("health checks") }
        // Without a path it is among what a process is started with.
        if old.replica.userConfig != new.replica.userConfig, let path = new.replica.reconfigurePath {
            fields.append("user_config, by \(path)")
        }
        return fields
    }
}
