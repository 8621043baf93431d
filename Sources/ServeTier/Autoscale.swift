import Model
import Scaling
import Store

extension ServeStep {
    // MARK: - How many

    mutating func setTarget(_ id: DeploymentID) {
        guard let row = state.deployments[id] else { return }
        running[id] = wanted(of: id).count { isReady($0.id) }
        switch state.count(of: row.settings) {
        case .fixed(let count):
            let outcome = scaleFixed(
                id, count: count, scaledTo: row.scaledTo.map(row.settings.inGangs), target: row.target)
            if let decision = outcome.decision { decisions.append(decision) }
            update(id) { $0.target = outcome.target }
            // What another configuration has wished for is forgotten.
            if state.scalings[id] != nil { update(scaling: id) { $0 = ScalingRow(id) } }
        // One move a step: what was weighed at its beginning is decided.
        case .auto where movedByLoad.contains(id): break
        case .auto(let settings):
            weigh(id) { $0.autoscale(id, row, settings) }
        }
    }

    /// Where nothing but the load has moved: a look at the rest follows only where a target does.
    mutating func weigh() {
        for id in weighed {
            guard let row = state.deployments[id], !row.deleting, !row.settings.replica.command.isEmpty,
                case .auto(let settings) = state.count(of: row.settings)
            else { continue }
            weigh(id) { $0.autoscale(id, row, settings) }
            if state.deployments[id]?.target != row.target { movedByLoad.insert(id) }
        }
        if !movedByLoad.isEmpty { looked = Set(looked).union(movedByLoad).sorted() }
    }

    /// Takes every look at the load that is due, those that were missed first, up to one that moves the target.
    private mutating func autoscale(_ id: DeploymentID, _ row: DeploymentRow, _ settings: AutoscalingSettings)
    {
        let series = loadSeries(of: id)
        func isMoved() -> Bool { state.deployments[id]?.target != row.target }
        if cannotWait(id, row, settings) {
            look(at: now, series, id, settings)
        } else if hasHeardAll, let moment = newsAt(id) {
            look(at: moment, series.compactMap { $0.asOf(moment) }, id, settings)
        }
        if !hasHeardAll { return wake(at: listening + Self.hearingTakes) }
        for _ in 0..<Self.looksMax {
            let known = state.scalings[id] ?? ScalingRow(id)
            let next = nextLook(
                after: known.lookedAt ?? now, due: known.lookAt, reports: series,
                interval: settings.metricsInterval, now: now)
            switch next {
            case .later(let moment): return wake(at: moment)
            // The rest of them with the next step: it begins at once.
            case .at where isMoved(): return wake(at: now)
            case .at(let moment): look(at: moment, series.compactMap { $0.asOf(moment) }, id, settings)
            }
        }
        // Away for longer than it is worth to go through.
        if !isMoved() { look(at: now, series, id, settings) }
        wake(at: now + Millis(1))
    }

    /// Looks of one deployment in one step.
    private static let looksMax = 256
    /// So long this process waits until every proxy has told it what it has: a look without them would be blind.
    private static let hearingTakes = Millis(3_000)

    private var hasHeardAll: Bool {
        listening + Self.hearingTakes <= now
            || state.proxies.keys.allSatisfy { heard[$0].map { $0.arrived >= listening } ?? false }
    }

    /// The target is outside its bounds, or somebody waits and nothing is on its way.
    private func cannotWait(_ id: DeploymentID, _ row: DeploymentRow, _ settings: AutoscalingSettings) -> Bool
    {
        row.target < settings.minReplicas || row.target > max(settings.maxReplicas, settings.minReplicas)
            || running[id] ?? 0 == 0 && row.target == 0 && queuedNow(of: id) > 0
    }

    /// When its settings came, or its first replica began to serve: that is not to wait for the next report.
    private func newsAt(_ id: DeploymentID) -> Moment? {
        guard let known = state.scalings[id], let looked = known.lookedAt else { return now }
        guard known.served == 0, running[id] ?? 0 > 0 else { return nil }
        let first = wanted(of: id).filter { isReady($0.id) }.compactMap { state.placements[$0.id]?.readyAt }
            .min()
        return max(min(first ?? now, now), looked + Millis(1))
    }

    private mutating func look(
        at moment: Moment, _ series: [LoadSeries], _ id: DeploymentID, _ settings: AutoscalingSettings
    ) {
        guard let row = state.deployments[id] else { return }
        let running = running[id] ?? 0
        let load = Scaling.load(series, now: moment, lookBack: settings.lookBack, by: settings.aggregation)
        let memory = (state.scalings[id] ?? ScalingRow(id)).memory
        var asked = ScalingInput(
            deployment: id, settings: settings, running: running, target: row.target, load: load,
            queuedNow: queuedNow(of: id), memory: memory, now: moment, flow: Scaling.flow(series),
            maxOngoing: row.settings.maxOngoing)
        asked.gangSize = row.settings.gang?.size ?? 1
        var outcome = Scaling.scale(asked)
        if outcome.target < row.target, isBlind(settings) {
            // What is not heard is not zero: with a proxy or the node tier silent nothing shrinks.
            outcome = ScalingOutcome(target: row.target, memory: memory, wake: now + Millis(1_000))
            outcome.memory.timer = .off
        }
        if let decision = outcome.decision { decisions.append(decision) }
        update(id) { $0.target = outcome.target }
        note(outcome, load, at: moment, of: id, settings)
    }

    private mutating func note(
        _ outcome: ScalingOutcome, _ load: Load?, at moment: Moment, of id: DeploymentID,
        _ settings: AutoscalingSettings
    ) {
        let served = running[id] ?? 0
        // Should no report come the window moves on by itself, and what was told last holds.
        let silence = Millis(settings.metricsInterval.rawValue * 2)
        update(scaling: id) { row in
            row.memory = outcome.memory
            row.lookedAt = moment
            row.lookAt = Moment.earliest(outcome.wake, load.map { _ in moment + silence })
            row.served = served
            #if MUTANTS
                if Mutant.restartsTimer.isOn, row.memory.timer.direction != 0 {
                    row.memory.timer.since = moment
                    row.memory.wishes = []
                }
            #endif
            // For people: as often as a renewal is committed anyway, and as there is news.
            let pace = max(Looks.writtenEvery(id), settings.metricsInterval)
            let shown = load.map { Thousandths($0.milli) }
            let isDue = row.loadAt.map { $0 + pace <= moment } ?? true
            if outcome.decision != nil || (isDue && row.load != shown) {
                row.load = shown
                row.loadAt = moment
            }
        }
    }

    /// The longest silence after which figures are stale: two reports, ten seconds at least (Ray 2.60).
    private func isBlind(_ settings: AutoscalingSettings) -> Bool {
        #if MUTANTS
            if Mutant.shrinksBlind.isOn { return false }
        #endif
        let stale = max(Millis(settings.metricsInterval.rawValue * 2), Millis(10_000))
        let proxySilent = state.proxies.contains { id, proxy in
            let said = heard[id]?.arrived ?? proxy.heardAt
            // Who has not spoken to this process yet has not told of the time before it either.
            return said < listening || said + stale <= now
        }
        // Who is refused speaks, but its load is not known.
        if !refused.isEmpty { return true }
        #if MUTANTS
            if Mutant.shrinksWithoutNodes.isOn { return proxySilent }
        #endif
        let nodes = state.roles[.nodes]?.heardAt
        return proxySilent || nodes.map { max($0, listening) + TierPace.silentAfter <= now } ?? false
    }

    private func queuedNow(of id: DeploymentID) -> Int {
        heard.reduce(0) { sum, entry in
            removedProxies.contains(entry.key) ? sum : sum + (entry.value.load[id]?.queued ?? 0)
        }
    }

    /// What each proxy told of a deployment: as stored, then what arrived since. Thirty points a deployment and a
    /// thousand deployments a second: no row is copied on the way.
    private func loadSeries(of id: DeploymentID) -> [LoadSeries] {
        let stored = store.loadBuckets(id)
        let fresh = unstored.of(id)
        // Without a row a proxy was given up: its last value would hold for ever.
        var proxies = Set(heard.keys)
        for proxy in stored.keys where state.proxies[proxy] != nil { proxies.insert(proxy) }
        for row in fresh where state.proxies[row.proxy] != nil { proxies.insert(row.proxy) }
        proxies.subtract(removedProxies)
        var series: [LoadSeries] = []
        for proxy in proxies.sorted() {
            let points = Self.points(stored[proxy] ?? [], fresh, of: proxy)
            let live = heard[proxy]?.load[id]
            if points.isEmpty && live == nil { continue }
            series.append(
                LoadSeries(
                    proxy: proxy, points: points, live: live.map { $0.ongoing + $0.queued },
                    liveSince: live.flatMap { _ in heard[proxy]?.arrived }))
        }
        return series
    }

    private static func points(
        _ stored: [LoadBucketRow], _ fresh: [LoadBucketRow], of proxy: String
    ) -> [LoadPoint] {
        var points: [LoadPoint] = []
        points.reserveCapacity(stored.count + fresh.count)
        for rows in [stored, fresh.filter { $0.proxy == proxy }] {
            rows.withUnsafeBufferPointer { rows in
                for index in rows.indices {
                    points.append(
                        LoadPoint(
                            end: rows[index].end, span: rows[index].span, area: rows[index].areaMicros,
                            last: rows[index].ongoing + rows[index].queued, completed: rows[index].completed))
                }
            }
        }
        return points
    }
}
