import Cloud
import Model
import Routing
import Store

extension Checks {
    /// A machine may be unaccounted for so long: after a create whose answer was lost and that no list shows yet.
    static let unknownMax: Int64 = 60_000_000
    /// The same where something goes wrong.
    static let unknownInTroubleMax: Int64 = 3_600_000_000
    /// Looks at everything between two checks of foreign keys and of the size of tables.
    private static let deepEvery = 10

    /// Everything anew, and compared with what was followed change by change.
    func lookAtAll(_ world: World) {
        guard let watch, let whole = try? watch.whole() else { return }
        if whole != watch.state {
            world.violate(
                "I-29",
                "the state that was followed differs from the rows: \(Self.differing(whole, watch.state))")
        }
        if RowBook(whole) != book { world.violate("I-29", "the sums that were kept differ from the rows") }
        for head in world.heads {
            guard let store = head.store else { continue }
            if store.stateMismatches > 0 { world.violate("I-25", "\(head.name) found its kept state wrong") }
            // Asked only when there is nothing new, so that the tier is told nothing by being asked.
            guard store.knownChanges == whole.changeSequence, let kept = try? store.state() else { continue }
            if kept != whole {
                world.violate(
                    "I-25", "\(head.name) keeps what the rows do not say: \(Self.differing(whole, kept))")
            }
        }
        let holder = whole.roles[.serve]?.epoch
        if let store = world.heads.lazy.filter({ $0.role == .serve }).compactMap(\.store).first(where: {
            $0.epoch == holder
        }) {
            lookAtLoad(keptBy: store, world, watch)
        }
        lookForUnknown(world, whole)
        lookAtCosts(world, isAtTheEnd: false)
        for proxy in world.proxies where proxy.isUp { lookAtPlaces(of: proxy, world) }
        if seenCommits / Self.wholeEvery % Self.deepEvery == 0 { lookAtTables(world, watch) }
    }

    private static func differing(_ a: ClusterState, _ b: ClusterState) -> String {
        var names: [String] = []
        if a.applications != b.applications { names.append("application") }
        if a.deployments != b.deployments { names.append("deployment") }
        if a.scalings != b.scalings { names.append("scaling") }
        if a.replicas != b.replicas { names.append("replica") }
        if a.proxies != b.proxies { names.append("proxy") }
        if a.nodes != b.nodes { names.append("node") }
        if a.placements != b.placements { names.append("placement") }
        if a.drainRequests != b.drainRequests { names.append("drain_request") }
        if a.feasible != b.feasible { names.append("feasible") }
        if a.instances != b.instances { names.append("instance_seen") }
        if a.availability != b.availability { names.append("availability") }
        if a.movePlans != b.movePlans { names.append("move_plan") }
        if a.moveSteps != b.moveSteps { names.append("move_step") }
        if a.nodeNotes != b.nodeNotes { names.append("node_note") }
        if a.nodeStays != b.nodeStays { names.append("node_stay") }
        if a.paces != b.paces { names.append("provider_pace") }
        if a.holds != b.holds { names.append("hold") }
        if a.troubles != b.troubles { names.append("node_trouble") }
        if a.roles != b.roles { names.append("role") }
        return names.isEmpty ? "another table" : names.joined(separator: ", ")
    }

    /// I-25: of every bucket that is kept there is a row, and it is kept once. (Rows may stay a while longer.)
    private func lookAtLoad(keptBy store: Store, _ world: World, _ watch: StateWatch) {
        for (deployment, proxies) in store.loadBuckets.sorted(by: { $0.key < $1.key }) {
            for (proxy, buckets) in proxies.sorted(by: { $0.key < $1.key }) {
                guard let first = buckets.first?.end else { continue }
                let found = try? watch.ask(
                    "SELECT count(*), sum(area_us) FROM load_bucket WHERE deployment = ? AND proxy = ? AND end_ms >= ?",
                    [.text(deployment.rawValue), .text(proxy), .integer(first.ms)])
                let kept = "\(buckets.count) \(buckets.reduce(0) { $0 + $1.areaMicros })"
                let rows = found?.rows.first.map { $0.map(\.text).joined(separator: " ") }
                guard let rows, rows != kept else { continue }
                world.violate(
                    "I-25",
                    "load of \(deployment) by \(proxy): \(kept) buckets and area are kept, \(rows) are stored"
                )
            }
        }
    }

    /// I-03.
    private func lookForUnknown(_ world: World, _ state: ClusterState) {
        let unknown = SafetyOfCalls.unknown(live: world.provider.machines, state, cluster: cluster)
        let keys = unknown.map { "\($0.instance.id) of \($0.instance.node) under \($0.instance.token)" }
        unknownSince = unknownSince.filter { keys.contains($0.key) }
        let most = isFaultFree ? Self.unknownMax : Self.unknownInTroubleMax
        for key in keys {
            let since = unknownSince[key] ?? world.now
            unknownSince[key] = since
            if world.now - since > most {
                world.violate(
                    "I-03",
                    "\(key) is paid for, and nobody has known of it for \((world.now - since) / 1_000_000) s")
            }
        }
    }

    /// I-15.
    private func lookAtPlaces(of proxy: ProxyHost, _ world: World) {
        var waiting: [ObjectIdentifier: Int] = [:]
        var taken = 0
        for request in world.truth.open(at: proxy.number) {
            switch request.phase {
            case .queued: if let gate = request.gate { waiting[ObjectIdentifier(gate), default: 0] += 1 }
            case .connecting, .working: taken += 1
            case .outside, .over:
                world.violate("I-15", "request \(request.number) is in \(proxy.party) and nowhere")
            }
        }
        var places = proxy.book.busy().reduce(0) { $0 + $1.ongoing }
        let bounds = Dictionary(
            proxy.book.routes.map { ($0.deployment, max(0, $0.maxQueued ?? Routing.Route.queuedMax)) },
            uniquingKeysWith: { $1 })
        for (gate, _) in proxy.book.gates {
            places += gate.slots.slots.reduce(0) { $0 + $1.ongoing }
            let queued = gate.ledger.read(at: MicroTime(world.now)).queued
            let known = waiting[ObjectIdentifier(gate)] ?? 0
            if queued != known {
                world.violate(
                    "I-15", "\(proxy.party) counts \(queued) waiting for \(gate.deployment), \(known) wait")
            }
            // A lower bound turns away who comes, not who waits; one turned away by a replica waits again at once.
            let most = max(bounds[gate.deployment] ?? 0, Routing.Route.queuedMax) + taken
            if queued > most {
                world.violate("I-15", "\(queued) wait for \(gate.deployment) at \(proxy.party)")
            }
        }
        if places != taken {
            world.violate(
                "I-15", "\(proxy.party) has \(places) places taken and \(taken) requests at replicas")
        }
    }

    /// I-24 and I-25.
    private func lookAtTables(_ world: World, _ watch: StateWatch) {
        let retention = Retention()
        let bounds: [(String, Int64)] = [
            ("change", retention.changeRowsMax), ("serve_decision", retention.decisionRowsMax),
            ("node_decision", retention.decisionRowsMax),
        ]
        for (table, most) in bounds {
            guard let result = try? watch.ask("SELECT count(*) FROM \(table)"),
                case .integer(let rows)? = result.rows.first?.first
            else { continue }
            // What comes between two trims, and one batch that was not enough.
            if rows > most * 2 { world.violate("I-24", "\(table) has \(rows) rows, its bound is \(most)") }
        }
        if let result = try? watch.ask("PRAGMA foreign_key_check"), let row = result.rows.first {
            world.violate("I-25", "foreign keys: \(row.map(\.text).joined(separator: " "))")
        }
    }
}
