import Model
import Scaling
import Store

extension ServeTier {
    /// Makes the applications be exactly these: those not named are deleted, as in Ray. One commit.
    ///
    /// Replicas are replaced only where what they are started with changed; a change of counts or limits is taken
    /// over in place.
    /// - Parameter targetCapacity: the part of all counts that is wanted, in thousandths of a percent; nil: all.
    package func apply(
        _ applications: [ApplicationSettings], targetCapacity: Thousandths? = nil
    ) throws(StoreError) {
        let state = try store.state()
        let applications = applications.map { $0.resolved(by: state.importPaths) }
        let capacity = Self.capacity(targetCapacity, for: applications, in: state)
        let unixMillis = store.unixMillis()
        let now = store.now()
        let write: (StoreTransaction) throws -> Void = { transaction in
            if let capacity {
                try transaction.put(CapacityRow(percent: capacity.percent, isRising: capacity.isRising))
            } else if state.capacity != nil {
                try transaction.delete(CapacityRow.self, CapacityRow.onlyKey)
            }
            for application in applications {
                try Self.put(application, capacity, in: state, transaction, unixMillis, now: now)
            }
            let named = Set(applications.map(\.name))
            for name in state.applications.keys.sorted() where !named.contains(name) {
                try Self.delete(name, in: state, transaction)
            }
        }
        #if MUTANTS
            if Mutant.saysAppliedAnyway.isOn { return _ = try? store.commit(write) }
        #endif
        try store.commit(write)
    }

    private static func capacity(
        _ percent: Thousandths?, for applications: [ApplicationSettings], in state: ClusterState
    ) -> Capacity? {
        let known = Set(state.applications.values.filter { !$0.deleting }.map(\.name))
        return Capacity.next(
            percent, after: state.capacity.map { Capacity($0) },
            sameApplications: known == Set(applications.map(\.name)))
    }

    /// Has one application's replicas stopped; its rows go when they have.
    /// - Returns: false when there is no such application.
    package func delete(application name: String) throws(StoreError) -> Bool {
        let state = try store.state()
        guard state.applications[name] != nil else { return false }
        try store.commit { transaction in try Self.delete(name, in: state, transaction) }
        return true
    }

    private static func put(
        _ application: ApplicationSettings, _ capacity: Capacity?, in state: ClusterState,
        _ transaction: StoreTransaction,
        _ unixMillis: Int64, now: Moment
    ) throws {
        var entry = ApplicationRow(
            name: application.name, routePrefix: application.routePrefix, ingress: application.ingress,
            status: .deploying, deployedUnixMs: unixMillis)
        entry.hasExternalScaler = application.hasExternalScaler
        entry.config = application.config
        try transaction.put(entry)
        for (position, settings) in application.deployments.enumerated() {
            let version = settings.replica.version
            var row =
                state.deployments[settings.id]
                ?? DeploymentRow(
                    id: settings.id, settings: settings, version: version,
                    target: firstTarget(settings, capacity))
            let known = state.deployments[settings.id]
            // Proxies refuse a route older than one they have had: a name that comes back goes on above it.
            #if MUTANTS
                if known == nil, !Mutant.routesFromZero.isOn { row.routeGeneration = now.ms }
            #else
                if known == nil { row.routeGeneration = now.ms }
            #endif
            row.position = position
            // As in Ray: any change of a deployment takes its count back to what is configured.
            if row.settings != settings || row.deleting || !application.hasExternalScaler {
                row.scaledTo = nil
            }
            if known?.settings != settings || known?.deleting == true { row.trigger = .configUpdateStarted }
            row.target = target(for: settings, known: known, capacity)
            if known?.version != version || known?.deleting == true {
                // A new command deserves a new chance; a new count is no cure for a failing one.
                row.failures = 0
                row.retryAt = nil
                row.lastFailure = ""
                row.status = .updating
            }
            // Whatever was to be waited for is looked at with the new settings.
            if known?.settings != settings, var scaling = state.scalings[settings.id], scaling.lookAt != nil {
                scaling.lookAt = nil
                try transaction.put(scaling)
            }
            row.settings = settings
            row.version = version
            row.deleting = false
            try transaction.put(row)
        }
        let named = Set(application.deployments.map(\.id))
        let dropped = state.deployments.values.filter {
            $0.application == application.name && !named.contains($0.id)
        }
        for row in dropped.sorted(by: { $0.id < $1.id }) { try markDeleted(row, transaction) }
    }

    private static func delete(
        _ name: String, in state: ClusterState, _ transaction: StoreTransaction
    ) throws {
        guard var application = state.applications[name], !application.deleting else { return }
        application.deleting = true
        application.status = .deleting
        try transaction.put(application)
        let rows = state.deployments.values.filter { $0.application == name }
        for row in rows.sorted(by: { $0.id < $1.id }) { try markDeleted(row, transaction) }
    }

    /// Sets the count of a deployment whose application leaves that to others, until it is configured otherwise.
    package func scale(_ id: DeploymentID, to count: Int) throws(StoreError) -> ScaleAnswer {
        let state = try store.state()
        guard let application = state.applications[id.application] else { return .notFound }
        guard application.hasExternalScaler else { return .notAllowed }
        guard var row = state.deployments[id] else { return .notFound }
        if row.deleting || application.deleting { return .deleting }
        row.scaledTo = count
        try store.commit { transaction in try transaction.put(row) }
        return .scaled
    }

    private static func markDeleted(_ row: DeploymentRow, _ transaction: StoreTransaction) throws {
        var row = row
        row.deleting = true
        row.trigger = .deleting
        row.target = 0
        try transaction.put(row)
    }

    private static func firstTarget(_ settings: DeploymentSettings, _ capacity: Capacity?) -> Int {
        switch settings.count {
        case .fixed(let count): capacity?.part(of: count) ?? count
        case .auto(let scaling): initialTarget(capacity?.part(of: scaling) ?? scaling)
        }
    }

    /// The present target is kept within the new bounds; `initial_replicas` speaks again only when the autoscaling
    /// settings changed (Ray 2.60).
    private static func target(
        for settings: DeploymentSettings, known: DeploymentRow?, _ capacity: Capacity?
    ) -> Int {
        guard let known, !known.deleting else { return firstTarget(settings, capacity) }
        // A new fixed count is taken over by the next step, which writes down that it did.
        guard case .auto(let scaling) = settings.count else { return known.target }
        if scaling.initialReplicas != nil, known.settings.count != settings.count {
            return firstTarget(settings, capacity)
        }
        let bounds = capacity?.part(of: scaling) ?? scaling
        return min(max(known.target, bounds.minReplicas), bounds.maxReplicas)
    }
}

/// What came of a call to scale.
package enum ScaleAnswer: Sendable {
    case scaled
    case notFound
    /// Its application does not leave counts to others.
    case notAllowed
    case deleting
}

extension Capacity {
    init(_ row: CapacityRow) { self.init(percent: row.percent, isRising: row.isRising) }
}

extension ClusterState {
    /// What the cluster file says that import paths stand for.
    var importPaths: [ImportPath] { setting?.settings.importPaths ?? [] }
}
