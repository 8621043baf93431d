import Model
import Scaling
import Store

/// The rows that applications, put as they shall be, make of those that are there. Written by `apply`, and compared with
/// those by `preview`: what is told is what would be done.
struct ApplyPlan {
    private(set) var capacity: Capacity?
    private(set) var applications: [ApplicationRow] = []
    private(set) var deployments: [DeploymentRow] = []
    private var scalings: [ScalingRow] = []
    private var isWholeFile = false
    private var http: HTTPOptions?
    private let state: ClusterState

    /// - Parameters:
    ///   - targetCapacity: the part of all counts that is wanted, in thousandths of a percent; nil: all.
    ///   - http: where the file wants to be reached, for the status.
    init(
        _ applications: [ApplicationSettings], targetCapacity: Thousandths?, http: HTTPOptions? = nil,
        in state: ClusterState, now: Moment, unixMillis: Int64
    ) {
        self.state = state
        self.http = http
        isWholeFile = true
        let known = Set(state.applications.values.filter { !$0.deleting }.map(\.name))
        let named = Set(applications.map(\.name))
        capacity = Capacity.next(
            targetCapacity, after: state.capacity.map { Capacity($0) }, sameApplications: known == named)
        for application in applications {
            put(application.resolved(by: state.importPaths), now: now, unixMillis)
        }
        for name in state.applications.keys.sorted() where !named.contains(name) { delete(name) }
    }

    /// That one goes, all else stays.
    init(deleting name: String, in state: ClusterState) {
        self.state = state
        delete(name)
    }

    func write(to transaction: StoreTransaction) throws {
        if isWholeFile, let capacity {
            try transaction.put(CapacityRow(percent: capacity.percent, isRising: capacity.isRising))
        } else if isWholeFile, state.capacity != nil {
            try transaction.delete(CapacityRow.self, CapacityRow.onlyKey)
        }
        if isWholeFile, let http {
            try transaction.put(HTTPWishRow(http))
        } else if isWholeFile, state.httpWish != nil {
            try transaction.delete(HTTPWishRow.self, HTTPWishRow.onlyKey)
        }
        for row in applications { try transaction.put(row) }
        for row in deployments { try transaction.put(row) }
        for row in scalings { try transaction.put(row) }
    }

    /// How many replicas a deployment is to have as soon as the next step has seen its row.
    func wanted(_ row: DeploymentRow) -> Int {
        guard case .fixed(let count) = row.settings.count(at: capacity) else { return row.target }
        return row.scaledTo.map(row.settings.inGangs) ?? count
    }

    // MARK: - Rows

    private mutating func put(_ application: ApplicationSettings, now: Moment, _ unixMillis: Int64) {
        var entry = ApplicationRow(
            name: application.name, routePrefix: application.routePrefix, ingress: application.ingress,
            status: .deploying, deployedUnixMs: unixMillis)
        entry.hasExternalScaler = application.hasExternalScaler
        entry.config = application.config
        applications.append(entry)
        for (position, settings) in application.deployments.enumerated() {
            var row = row(settings, isScaledByCalls: application.hasExternalScaler, now: now)
            row.position = position
            deployments.append(row)
        }
        let named = Set(application.deployments.map(\.id))
        deleteDeployments { $0.application == application.name && !named.contains($0.id) }
    }

    private mutating func row(
        _ settings: DeploymentSettings, isScaledByCalls: Bool, now: Moment
    ) -> DeploymentRow {
        let version = settings.replica.version
        let known = state.deployments[settings.id]
        var row =
            known
            ?? DeploymentRow(
                id: settings.id, settings: settings, version: version, target: firstTarget(settings))
        // Proxies refuse a route older than one they have had: a name that comes back goes on above it.
        #if MUTANTS
            if known == nil, !Mutant.routesFromZero.isOn { row.routeGeneration = now.ms }
        #else
            if known == nil { row.routeGeneration = now.ms }
        #endif
        // As in Ray: any change of a deployment, or of the capacity, takes its count back to what is configured.
        if row.settings != settings || row.deleting || !isScaledByCalls
            || capacity != state.capacity.map({ Capacity($0) })
        {
            row.scaledTo = nil
        }
        if known?.settings != settings || known?.deleting == true { row.trigger = .configUpdateStarted }
        row.target = target(for: settings, known: known)
        if known?.version != version || known?.deleting == true {
            // A new command deserves a new chance; a new count is no cure for a failing one.
            row.failures = 0
            row.isGivenUp = false
            row.retryAt = nil
            row.lastFailure = ""
            row.status = .updating
        }
        // Whatever was to be waited for is looked at with the new settings.
        if let known, var scaling = state.scalings[settings.id] {
            // What was wished of one that was to go is none of the new one's.
            if known.deleting { scaling = ScalingRow(settings.id) }
            if known.settings != settings { scaling.lookedAt = nil }
            if scaling != state.scalings[settings.id] { scalings.append(scaling) }
        }
        row.settings = settings
        row.version = version
        row.deleting = false
        return row
    }

    private mutating func delete(_ name: String) {
        guard var application = state.applications[name], !application.deleting else { return }
        application.deleting = true
        application.status = .deleting
        applications.append(application)
        deleteDeployments { $0.application == name }
    }

    private mutating func deleteDeployments(where isMeant: (DeploymentRow) -> Bool) {
        for var row in state.deployments.values.filter(isMeant).sorted(by: { $0.id < $1.id }) {
            row.deleting = true
            row.trigger = .deleting
            row.target = 0
            deployments.append(row)
        }
    }

    // MARK: - Counts

    private func firstTarget(_ settings: DeploymentSettings) -> Int {
        switch settings.count(at: capacity) {
        case .fixed(let count): count
        case .auto(let scaling): initialTarget(scaling)
        }
    }

    /// The present target is kept within the new bounds; `initial_replicas` speaks again only when the autoscaling
    /// settings changed (Ray 2.60).
    private func target(for settings: DeploymentSettings, known: DeploymentRow?) -> Int {
        guard let known, !known.deleting else { return firstTarget(settings) }
        // A new fixed count is taken over by the next step, which writes down that it did.
        guard case .auto(let bounds) = settings.count(at: capacity) else { return known.target }
        if bounds.initialReplicas != nil, known.settings.count != settings.count {
            return firstTarget(settings)
        }
        return min(max(settings.inGangs(known.target), bounds.minReplicas), bounds.maxReplicas)
    }
}
