import Model
import Store

/// The serve tier: how many replicas each deployment has, which ones, and which are routed.
///
/// `hear` and `apply` only write down what is; `step` reads, decides, commits once, and says what to publish. All
/// three are synchronous; the shell calls them from one thread, hands in no clock but the store's, and does the
/// waiting.
package final class ServeTier {
    package let store: Store
    private let listening: Moment
    private var heard: [String: HeardProxy] = [:]
    private var unstored: [LoadBucketRow] = []
    private var acknowledged: [String: [DeploymentID: Int64]] = [:]
    private var renewed: Moment
    private var address = ""
    /// A proxy has obeyed somebody higher: this cluster generation is to be risen above.
    private var outranked: Int64?

    /// Proxies whose row may be forgotten: silent this long while another one speaks.
    static let proxyForgottenAfter = Millis(60_000)
    /// Between two renewals, which tell the node tier that this one is alive.
    static let renewEvery = Millis(2_000)
    /// A replica without a deployment row (being deleted) drains for this long.
    static let graceDefault = Millis(20_000)
    /// Buckets kept in memory while commits fail; beyond it the oldest go.
    static let unstoredMax = 100_000

    package init(store: Store) {
        self.store = store
        listening = store.now()
        renewed = Moment(Int64.min / 2)
    }

    /// Where the applications API listens, for the `role` row.
    package func listens(at address: String) { self.address = address }

    // MARK: - Fold

    /// Takes in what a proxy said. Its buckets are acknowledged once a step has committed them.
    package func hear(_ report: ProxyReport) {
        if let generation = store.outranked(by: report.fence) { outranked = max(outranked ?? 0, generation) }
        var proxy = heard[report.proxy] ?? HeardProxy(report)
        if proxy.incarnation != report.incarnation { acknowledged[report.proxy] = [:] }
        for load in report.load {
            let known = lastSequence(of: load.deployment, at: report.proxy, incarnation: report.incarnation)
            for bucket in load.buckets where bucket.sequence > known {
                unstored.append(
                    LoadBucketRow(
                        deployment: load.deployment, proxy: report.proxy, incarnation: report.incarnation,
                        sequence: bucket.sequence, end: bucket.end, span: bucket.span,
                        areaMicros: bucket.area,
                        ongoing: bucket.ongoing, queued: bucket.queued))
            }
        }
        if unstored.count > Self.unstoredMax { unstored.removeFirst(unstored.count - Self.unstoredMax) }
        proxy.take(report)
        heard[report.proxy] = proxy
    }

    private func lastSequence(of deployment: DeploymentID, at proxy: String, incarnation: String) -> Int64 {
        let waiting = unstored.last {
            $0.deployment == deployment && $0.proxy == proxy && $0.incarnation == incarnation
        }
        return max(waiting?.sequence ?? 0, acknowledged[proxy]?[deployment] ?? 0)
    }

    /// The last sequence in SQLite for each deployment at a proxy.
    package func acknowledgements(for proxy: String) -> [DeploymentID: Int64] { acknowledged[proxy] ?? [:] }

    // MARK: - Step

    /// Reads, plans, commits.
    /// - Returns: when to step again at the latest, if nothing happens before.
    /// - Throws: `StoreError.fenced` when another process has the role: end. Others: nothing was changed.
    package func step() throws(StoreError) -> Moment? {
        let now = store.now()
        let state = try store.state()
        var step = ServeStep(
            state: state, now: now, grace: Self.graceDefault, heard: heard, listening: listening,
            buckets: store.loadBuckets, unstored: unstored)
        step.endFailedReplicas()
        step.forgetProxies(after: Self.proxyForgottenAfter)
        // Its last words go with its row: they would put the row back, and count as load for ever.
        for id in step.removedProxies {
            heard[id] = nil
            acknowledged[id] = nil
        }
        step.planDeployments()
        step.planRoutes()
        step.stopDrained()
        step.removeStopped()
        step.removeDeleted()
        step.planStatus()
        let renew = renewed + Self.renewEvery <= now
        let proxies = proxyRows(in: state, now: now, force: renew)
        if step.changes || !unstored.isEmpty || renew || !proxies.isEmpty || outranked != nil {
            try commit(step, proxies: proxies, renew: renew)
        }
        step.wake(at: renewed + Self.renewEvery)
        return step.starts.isEmpty ? step.wake : now
    }

    private func commit(_ step: ServeStep, proxies: [ProxyRow], renew: Bool) throws(StoreError) {
        let buckets = unstored
        let unixMillis = store.unixMillis()
        let higher = outranked
        try store.commit { transaction in
            if let higher { try transaction.raiseClusterGeneration(above: higher) }
            try step.write(to: transaction, unixMillis: unixMillis)
            for proxy in proxies { try transaction.put(proxy) }
            try transaction.append(buckets)
            if renew { try transaction.renew(address: address) }
        }
        outranked = nil
        if renew { renewed = step.now }
        unstored.removeAll(keepingCapacity: true)
        for bucket in buckets where heard[bucket.proxy]?.incarnation == bucket.incarnation {
            let known = acknowledged[bucket.proxy]?[bucket.deployment] ?? 0
            acknowledged[bucket.proxy, default: [:]][bucket.deployment] = max(known, bucket.sequence)
        }
    }

    /// Rows of proxies whose standing changed; the time of the last sync alone is written with renewals only.
    private func proxyRows(in state: ClusterState, now: Moment, force: Bool) -> [ProxyRow] {
        heard.keys.sorted().compactMap { id in
            guard let proxy = heard[id] else { return nil }
            let row = ProxyRow(
                id: id, incarnation: proxy.incarnation, address: proxy.address, heardAt: proxy.arrived,
                routes: proxy.applied, busy: proxy.busy)
            guard var known = state.proxies[id] else { return row }
            if !force { known.heardAt = row.heardAt }
            return known == row ? nil : row
        }
    }

    // MARK: - What is published

    /// Every route as committed.
    package func routes() throws(StoreError) -> [DeploymentID: Route] { Route.all(in: try store.state()) }
}

/// The newest words of one proxy.
struct HeardProxy {
    var incarnation: String
    var address: String
    var arrived: Moment
    var applied: [DeploymentID: Int64]
    var load: [DeploymentID: ProxyLoad]
    var busy: [ReplicaID: Int]

    init(_ report: ProxyReport) {
        incarnation = report.incarnation
        address = report.address
        arrived = report.arrived
        applied = report.applied
        load = [:]
        busy = report.busy
    }

    mutating func take(_ report: ProxyReport) {
        incarnation = report.incarnation
        address = report.address
        arrived = report.arrived
        applied = report.applied
        busy = report.busy
        load = Dictionary(report.load.map { ($0.deployment, $0) }, uniquingKeysWith: { $1 })
    }
}
