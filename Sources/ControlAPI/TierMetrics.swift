import Hummingbird
import Listener
import Model
import Store
import Wire

/// `/metrics` and `/-/healthz` of a tier: what its state says, and how it writes.
func addMetrics<Desk: TierDesk>(
    to router: Router<ListenerContext>, thread: TierThread<Desk>, store: Store,
    page: @escaping @Sendable (ClusterState) -> Exposition
) {
    router.get("/metrics") { _, _ in
        let page = try await thread.perform { _ in page(try store.state()) }
        return Answer.text(page.text, contentType: Exposition.contentType)
    }
    router.get("/-/healthz") { _, _ in
        // Answered by the tier's thread: a tier that hangs is not well.
        try await thread.perform { _ in Answer.text("success") }
    }
}

func servePage(_ state: ClusterState, epoch: Int64) -> Exposition {
    var page = Exposition()
    page.add("tandem_epoch", .counter, "Times this role was taken.", value: epoch)
    let rows = state.deployments.values.sorted { $0.id < $1.id }
    for row in rows {
        page.add(
            "tandem_deployment_target_replicas", .gauge, "Replicas wanted.",
            labels: [("deployment", row.id.rawValue)], value: Int64(row.target))
    }
    for row in rows {
        let ready = state.placements.values.count {
            $0.deployment == row.id && $0.phase == .ready && state.replicas[$0.replica]?.phase == .wanted
        }
        page.add(
            "tandem_deployment_ready_replicas", .gauge, "Replicas ready and wanted.",
            labels: [("deployment", row.id.rawValue)], value: Int64(ready))
    }
    for row in rows {
        page.add(
            "tandem_deployment_failures", .gauge, "Start failures in a row.",
            labels: [("deployment", row.id.rawValue)], value: Int64(row.failures))
    }
    return page
}

func nodesPage(_ state: ClusterState, epoch: Int64) -> Exposition {
    var page = Exposition()
    page.add("tandem_epoch", .counter, "Times this role was taken.", value: epoch)
    for phase in NodePhase.allCases where phase != .gone {
        page.add(
            "tandem_nodes", .gauge, "Nodes by phase.", labels: [("phase", phase.rawValue)],
            value: Int64(state.nodes.values.count { $0.phase == phase }))
    }
    for phase in PlacementPhase.allCases where !phase.isFinal {
        page.add(
            "tandem_placements", .gauge, "Replicas by where they are.", labels: [("phase", phase.rawValue)],
            value: Int64(state.placements.values.count { $0.phase == phase }))
    }
    return page
}
