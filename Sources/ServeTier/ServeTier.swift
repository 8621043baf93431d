import Model
import Store

/// The serve tier: how many replicas each deployment has, which ones, and which are routed.
///
/// `hear` and `apply` only write down what is; `step` reads, decides, commits once, and says what to publish. All
/// three are synchronous; the shell calls them from one thread, hands in no clock but the store's, and does the
/// waiting.
package final class ServeTier {
    package let store: Store
    private var listening: Moment { ears.since }
    private var ears: Listening
    private var heard: [String: HeardProxy] = [:]
    /// Proxies whose latest words were not understood: when they spoke.
    private var refused: [String: Moment] = [:]
    private var unstored = Unstored()
    private var attention = Attention()
    private var looks = Looks()
    private var acknowledged: [String: [DeploymentID: Int64]] = [:]
    /// Commits by which load was acknowledged.
    private var acknowledging: Int64 = 0
    private var renewed: Moment
    private var heardWritten = Moment(Int64.min / 2)
    private var address = ""
    /// A proxy has obeyed somebody higher: this cluster generation is to be risen above.
    private var outranked: Int64?
    private var rest: Rest
    /// As of the latest step; nil: there was none.
    private var published: [DeploymentID: Route]?

    /// How often a step that was expected to find nothing to do was planned all the same and did. Anything but 0 is
    /// a wake that was not asked for: a fault to be reported. The plan was carried out.
    package private(set) var missedWakes = 0
    /// What the latest of them found to do.
    package private(set) var latestMissed = ""

    /// Proxies whose row may be forgotten: silent this long while another one speaks.
    static let proxyForgottenAfter = Millis(60_000)
    /// How often it is written down when each proxy was last heard; for people alone, since a restarted tier gives
    /// everyone the time to speak.
    package static let heardEvery = Millis(30_000)
    /// A replica without a deployment row (being deleted) drains for this long.
    static let graceDefault = Millis(20_000)

    /// - Parameter sampleEvery: of so many steps that could rest one is planned, to see that it finds nothing to do.
    package init(store: Store, sampleEvery: Int = Rest.sampleEvery) {
        self.store = store
        rest = Rest(sampleEvery: sampleEvery)
        ears = Listening(store.now())
        renewed = Moment(Int64.min / 2)
    }

    /// Where the applications API listens, for the `role` row.
    package func listens(at address: String) { self.address = address }

    // MARK: - Fold

    /// Takes in what a proxy said. Its buckets are acknowledged once a step has committed them.
    package func hear(_ report: ProxyReport) {
        if let generation = store.outranked(by: report.fence) {
            outranked = max(outranked ?? 0, generation)
            rest.end()
        }
        let before = heard[report.proxy]
        if Overtaking.has(report.sent, before?.sent) { return }
        var proxy = before ?? HeardProxy(report)
        // Told and committed before this process was there: it is not new load.
        if before == nil {
            acknowledged[report.proxy] = store.storedSequences(
                of: report.proxy, incarnation: report.incarnation)
        }
        if proxy.incarnation != report.incarnation {
            #if MUTANTS
                if !Mutant.keepsSequences.isOn { acknowledged[report.proxy] = [:] }
            #else
                acknowledged[report.proxy] = [:]
            #endif
        }
        for load in report.load { take(load, of: report) }
        unstored.cut()
        proxy.take(report)
        heard[report.proxy] = proxy
        attend(to: proxy, before: before)
        if refused.removeValue(forKey: report.proxy) != nil { attendToAll() }
        if !unstored.isEmpty || before.map({ !$0.says(thatOf: proxy) }) ?? true { rest.end() }
    }

    private func take(_ load: ProxyLoad, of report: ProxyReport) {
        let known = lastSequence(of: load.deployment, at: report.proxy, incarnation: report.incarnation)
        for bucket in load.buckets where bucket.sequence > known {
            attention.hear(loadOf: load.deployment)
            unstored.add(
                LoadBucketRow(
                    deployment: load.deployment, proxy: report.proxy, incarnation: report.incarnation,
                    sequence: bucket.sequence, end: bucket.end, span: bucket.span,
                    areaMicros: bucket.area, ongoing: bucket.ongoing, queued: bucket.queued,
                    completed: bucket.completed))
        }
    }

    /// Which deployments are to be looked at for what is new in a proxy's words.
    private func attend(to proxy: HeardProxy, before: HeardProxy?) {
        guard let before, before.incarnation == proxy.incarnation, before.address == proxy.address,
            before.arrived + HeardProxy.silenceIsNews > proxy.arrived
        else { return attendToAll() }
        if before.applied != proxy.applied || before.busy != proxy.busy { attention.hearOfRoutes() }
        for id in Set(before.load.keys).union(proxy.load.keys)
        where before.load[id]?.queued != proxy.load[id]?.queued {
            attention.hear(loadOf: id)
        }
    }

    private func attendToAll() {
        attention.all()
        rest.end()
    }

    /// A proxy spoke and was not understood: it is there and routes on, and what it said before stands.
    package func hear(refused proxy: String, at arrived: Moment) {
        if refused[proxy].map({ $0 + HeardProxy.silenceIsNews <= arrived }) ?? true { attendToAll() }
        refused[proxy] = arrived
    }

    private func lastSequence(of deployment: DeploymentID, at proxy: String, incarnation: String) -> Int64 {
        max(
            unstored.lastSequence(deployment, proxy: proxy, incarnation: incarnation) ?? 0,
            acknowledged[proxy]?[deployment] ?? 0)
    }

    // MARK: - Step

    /// Reads, plans, commits.
    /// - Returns: when to step again at the latest, if nothing happens before.
    /// - Throws: `StoreError.fenced` when another process has the role: end. Others: nothing was changed.
    package func step() throws(StoreError) -> Moment? {
        let now = store.now()
        ears.step(now)
        let state = try store.state()
        let renew = renewed + TierPace.renewEvery <= now
        let resting = rest.holds(store.plannedChanges, now)
        if resting, !rest.isSampled {
            if renew { try commitRenewal(state, now) }
            return min(rest.wake ?? renewed + TierPace.renewEvery, renewed + TierPace.renewEvery)
        }
        attention.follow(store.takeTouched(), in: state)
        // What was to be looked at is not forgotten with a commit that fails.
        var isDone = false
        defer { if !isDone { attention.all() } }
        if resting { attention.patrol() }
        var step = plan(state, now)
        let proxies = proxyRows(in: consume state, now: now, renew: renew)
        if resting, step.surprises {
            missedWakes += 1
            latestMissed = step.words
        }
        var known = store.plannedChanges
        if step.changes || !unstored.isEmpty || renew || !proxies.isEmpty || outranked != nil {
            // Or the Store would change a copy of all rows instead of the few that differ.
            step.letGo()
            try commit(step, proxies: proxies, renew: renew)
            known = store.knownChanges
        }
        isDone = true
        looks.done(step)
        attention.done(step)
        publish(step)
        let wake = Moment.earliest(step.wake, attention.wake)
        guard step.starts.isEmpty else { return now }
        if !step.changes { rest.begin(at: known, now, wake: wake) }
        return Moment.earliest(wake, renewed + TierPace.renewEvery)
    }

    private func plan(_ state: ClusterState, _ now: Moment) -> ServeStep {
        rest.end()
        refused = refused.filter { $0.value + Self.proxyForgottenAfter > now }
        var step = ServeStep(
            state: state, now: now, grace: Self.graceDefault, heard: heard, refused: refused,
            listening: listening, index: attention.index, store: store, unstored: unstored, looks: looks)
        step.wake(at: refused.values.min().map { $0 + Self.proxyForgottenAfter })
        if state.isReadopting {
            step.takeOver(unixMillis: store.unixMillis())
            attention.all()
            return step
        }
        step.forgetProxies(after: Self.proxyForgottenAfter)
        // Its last words go with its row: they would put the row back, and count as load for ever.
        for id in step.removedProxies {
            heard[id] = nil
            refused[id] = nil
            acknowledged[id] = nil
        }
        if !step.removedProxies.isEmpty { attention.all() }
        step.running = attention.running
        step.capsBefore = attention.caps
        (step.looked, step.weighed) = attention.take(now)
        step.weigh()
        step.endFailedReplicas()
        step.planDeployments()
        step.planRoutes()
        step.stopDrained()
        step.removeStopped()
        step.removeDeleted()
        step.planStatus()
        return step
    }

    /// All that is due while nothing has changed: this tier and its proxies are alive.
    private func commitRenewal(_ state: ClusterState, _ now: Moment) throws(StoreError) {
        let proxies = proxyRows(in: state, now: now, renew: true)
        let known = store.plannedChanges
        try store.commit { transaction in
            for proxy in proxies { try transaction.put(proxy) }
            try transaction.renew(address: address)
        }
        renewed = now
        rest.extend(from: known, to: store.knownChanges)
    }

    private func commit(_ step: ServeStep, proxies: [ProxyRow], renew: Bool) throws(StoreError) {
        if let fault = step.fault { Invariant.broken(fault) }
        // Of what is no more nothing is kept.
        let buckets = unstored.rows.filter { step.state.deployments[$0.deployment] != nil }
        let unixMillis = store.unixMillis()
        let higher = outranked
        #if MUTANTS
            if Mutant.acknowledgesUnstored.isOn { acknowledge(buckets) }
        #endif
        try store.commit { transaction in
            if let higher { try transaction.raiseClusterGeneration(above: higher) }
            try step.write(to: transaction, unixMillis: unixMillis)
            for proxy in proxies { try transaction.put(proxy) }
            try transaction.append(buckets)
            if renew { try transaction.renew(address: address) }
        }
        outranked = nil
        if renew { renewed = step.now }
        acknowledge(buckets)
    }

    /// These are stored.
    private func acknowledge(_ buckets: [LoadBucketRow]) {
        unstored = Unstored()
        if !buckets.isEmpty { acknowledging += 1 }
        for bucket in buckets where heard[bucket.proxy]?.incarnation == bucket.incarnation {
            let known = acknowledged[bucket.proxy]?[bucket.deployment] ?? 0
            acknowledged[bucket.proxy, default: [:]][bucket.deployment] = max(known, bucket.sequence)
        }
    }

    /// Rows of proxies whose standing changed; the time of the last sync alone is written with renewals only.
    private func proxyRows(in state: ClusterState, now: Moment, renew: Bool) -> [ProxyRow] {
        let force = renew && heardWritten + Self.heardEvery <= now
        if force { heardWritten = now }
        return heard.keys.sorted().compactMap { id in
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

    /// True while the state is made anew from what runs: no route is told, proxies keep those they have.
    package var isReadopting: Bool { (try? store.state().isReadopting) ?? false }

    /// Every route as committed; none while the state is made anew.
    package func routes() throws(StoreError) -> [DeploymentID: Route] { routes(in: try store.state()) }

    private func routes(in state: ClusterState) -> [DeploymentID: Route] {
        if state.isReadopting { return [:] }
        if let published { return published }
        let routes = Route.all(in: state)
        published = routes
        return routes
    }

    /// Routes are told as the step made them that gave them their generation; those it did not look at stay.
    private func publish(_ step: ServeStep) {
        guard published != nil else { return }
        for (id, route) in step.routes { published?[id] = route }
        for id in step.removedDeployments { published?[id] = nil }
    }

    /// Of what `news` says; nil: nothing can be read.
    package var publishedVersion: PublishedVersion? {
        guard let state = try? store.state() else { return nil }
        return PublishedVersion(
            change: state.changeSequence, clusterGeneration: store.clusterGeneration, other: acknowledging)
    }

    /// What a proxy is to be told.
    /// - Parameter applied: fences of the routes in force there.
    /// - Parameter reported: the last sequence of load that it holds unacknowledged, for each deployment.
    package func news(
        for proxy: String, applied: [DeploymentID: Fence], reported: [DeploymentID: Int64]
    ) throws(StoreError) -> RouteNews {
        let state = try store.state()
        let routes = routes(in: state)
        let known = acknowledged[proxy] ?? [:]
        var news = RouteNews()
        for (id, route) in routes where applied[id] != fence(route.generation) { news.routes.append(route) }
        news.routes.sort { $0.deployment < $1.deployment }
        for id in applied.keys.sorted() where routes[id] == nil && !state.isReadopting {
            news.removed.append((id, fence((applied[id]?.generation ?? 0) + 1)))
        }
        for id in reported.keys.sorted() {
            guard let last = reported[id], let stored = known[id], stored >= last else { continue }
            news.acknowledged.append((id, stored))
        }
        return news
    }

    /// Under which orders of this process travel.
    package func fence(_ generation: Int64) -> Fence {
        Fence(clusterGeneration: store.clusterGeneration, epoch: store.epoch, generation: generation)
    }
}

/// What the serve tier has to tell a proxy: complete routes, and nothing of those that it has in force.
package struct RouteNews: Sendable {
    /// Sorted by deployment.
    package var routes: [Route] = []
    /// Deployments that are no more, each with the fence of its end.
    package var removed: [(deployment: DeploymentID, fence: Fence)] = []
    /// Load up to here is in SQLite: the proxy may forget it.
    package var acknowledged: [(deployment: DeploymentID, sequence: Int64)] = []

    package var isEmpty: Bool { routes.isEmpty && removed.isEmpty && acknowledged.isEmpty }
}

/// The newest words of one proxy.
struct HeardProxy {
    var incarnation: String
    var address: String
    var arrived: Moment
    var sent: Millis?
    var applied: [DeploymentID: Int64]
    var load: [DeploymentID: ProxyLoad]
    var busy: [ReplicaID: Int]

    init(_ report: ProxyReport) {
        incarnation = report.incarnation
        address = report.address
        arrived = report.arrived
        sent = report.sent
        applied = report.applied
        load = [:]
        busy = report.busy
    }

    mutating func take(_ report: ProxyReport) {
        incarnation = report.incarnation
        address = report.address
        arrived = report.arrived
        sent = report.sent
        applied = report.applied
        busy = report.busy
        load = Dictionary(report.load.map { ($0.deployment, $0) }, uniquingKeysWith: { $1 })
    }

    /// A proxy that was silent for so long has something to say when it speaks again, whatever it is.
    static let silenceIsNews = Millis(5_000)

    /// True when the later one says nothing that this one did not say.
    func says(thatOf later: HeardProxy) -> Bool {
        // How many are being worked on comes with the next bucket; those that wait may wake a deployment from zero.
        #if MUTANTS
            var later = later
            if Mutant.busyIsNoNews.isOn { later.busy = busy }
        #endif
        func figures(_ proxy: HeardProxy) -> [DeploymentID: Int] { proxy.load.mapValues(\.queued) }
        return incarnation == later.incarnation && address == later.address && applied == later.applied
            && busy == later.busy && figures(self) == figures(later)
            && arrived + Self.silenceIsNews > later.arrived
    }
}
