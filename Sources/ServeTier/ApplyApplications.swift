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
        let plan = ApplyPlan(
            applications, targetCapacity: targetCapacity, in: try store.state(), now: store.now(),
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
