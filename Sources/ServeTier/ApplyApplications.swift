import Model
import Store

extension ServeTier {
    /// Makes the applications be exactly these: those not named are deleted, as in Ray. One commit.
    ///
    /// Replicas are replaced only where what they are started with changed; a change of counts or limits is taken
    /// over in place.
    /// - Parameters:
    ///   - targetCapacity: the part of all counts that is wanted, in thousandths of a percent; nil: all.
    ///   - http: where the file wants to be reached. Nothing is moved: see `difference`.
    package func apply(
        _ applications: [ApplicationSettings], targetCapacity: Thousandths? = nil, http: HTTPOptions? = nil
    ) throws(StoreError) {
        let plan = ApplyPlan(
            applications, targetCapacity: targetCapacity, http: http, in: try store.state(), now: store.now(),
            unixMillis: store.unixMillis())
        let write: (StoreTransaction) throws -> Void = { try plan.write(to: $0) }
        #if MUTANTS
            if Mutant.saysAppliedAnyway.isOn { return _ = try? store.commit(write) }
        #endif
        try store.commit(write)
    }

    /// Has one application's replicas stopped; its rows go when they have.
    /// - Returns: false when there is no such application.
    package func delete(application name: String) throws(StoreError) -> Bool {
        let state = try store.state()
        guard state.applications[name] != nil else { return false }
        let plan = ApplyPlan(deleting: name, in: state)
        try store.commit { transaction in try plan.write(to: transaction) }
        return true
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

    /// That a file with these `http_options` is reached elsewhere than it wants; nil: it is not.
    package func difference(from http: HTTPOptions?) throws(StoreError) -> String? {
        http?.difference(from: try store.state().proxies.values.map(\.address))
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

extension ClusterState {
    /// What the cluster file says that import paths stand for.
    var importPaths: [ImportPath] { setting?.settings.importPaths ?? [] }
}
