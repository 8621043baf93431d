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
    package func preview(_ applications: [ApplicationSettings]) throws(StoreError) -> [ApplyChange] {
        let state = try store.state()
        let applications = applications.map { $0.resolved(by: state.importPaths) }
        var changes: [ApplyChange] = []
        let named = Dictionary(applications.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for row in state.applications.values where named[row.name] == nil && !row.deleting {
            changes.append(ApplyChange(kind: .delete, subject: row.name, words: ""))
        }
        for application in applications {
            let known = state.applications[application.name].flatMap { $0.deleting ? nil : $0 }
            if known == nil {
                changes.append(ApplyChange(kind: .create, subject: application.name, words: ""))
            } else if known?.routePrefix != application.routePrefix {
                let words =
                    "route_prefix \(known?.routePrefix ?? "null") to \(application.routePrefix ?? "null")"
                changes.append(ApplyChange(kind: .adjust, subject: application.name, words: words))
            }
            changes += application.deployments.map { Self.change($0, in: state) }
        }
        let kept = Set(applications.flatMap { $0.deployments.map(\.id) })
        for row in state.deployments.values where !kept.contains(row.id) && !row.deleting {
            let words = Self.replicas(state, row.id)
            changes.append(ApplyChange(kind: .delete, subject: row.id.rawValue, words: words))
        }
        let order = ApplyChange.Kind.allCases
        return changes.sorted { a, b in
            let (left, right) = (order.firstIndex(of: a.kind) ?? 0, order.firstIndex(of: b.kind) ?? 0)
            return left != right ? left < right : a.subject < b.subject
        }
    }

    private static func change(_ settings: DeploymentSettings, in state: ClusterState) -> ApplyChange {
        let subject = settings.id.rawValue
        guard let row = state.deployments[settings.id], !row.deleting else {
            return ApplyChange(kind: .create, subject: subject, words: words(settings.count))
        }
        let running = replicas(state, settings.id)
        if settings.replica.version != row.version {
            let fields = differing(row.settings.replica.fixed, settings.replica.fixed)
            return ApplyChange(
                kind: .replace, subject: subject, words: "\(running): \(fields.joined(separator: ", "))")
        }
        let fields = differing(row.settings, settings)
        return ApplyChange(
            kind: fields.isEmpty ? .keep : .adjust, subject: subject,
            words: fields.isEmpty ? running : fields.joined(separator: ", "))
    }

    private static func replicas(_ state: ClusterState, _ id: DeploymentID) -> String {
        let count = state.replicas.values.count { $0.deployment == id && $0.phase == .wanted }
        return count == 1 ? "1 replica" : "\(count) replicas"
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
        if old.rollout != new.rollout { fields.append("rollout") }
        if old.replica.health != new.replica.health { fields.append("health checks") }
        if old.replica.userConfig != new.replica.userConfig {
            fields.append("user_config, by \(new.replica.reconfigurePath ?? "restart")")
        }
        return fields
    }
}
