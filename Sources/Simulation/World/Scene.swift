import Cloud
import Model
import Store

/// What one sees of a world from outside: counts that a scenario's demands are about and that a transcript shows.
package struct Scene: Hashable, Sendable {
    /// One deployment.
    package struct Line: Hashable, Sendable {
        package var id: DeploymentID
        package var target: Int
        /// Wanted, on a node, and ready there.
        package var ready: Int
        /// Rows, in whatever phase.
        package var replicas: Int
    }

    /// Sorted by id.
    package var deployments: [Line] = []
    /// Nodes by phase; those that are gone do not count.
    package var nodes: [NodePhase: Int] = [:]
    /// Paid for, in the provider's books.
    package var machines = 0
    /// No two machines were ever made for one token.
    package var isOneMachinePerToken = true

    package init() {}
}

extension World {
    /// Grows whenever the scene may have changed.
    package var sceneStamp: Int { report.commits &+ truth.changes }

    /// As of the last event.
    package var scene: Scene {
        var scene = Scene()
        scene.machines = provider.machines.count
        scene.isOneMachinePerToken = provider.cloud.twinnedTokens.isEmpty
        guard let state = checks.watch?.state else { return scene }
        for row in state.nodes.values where row.phase != .gone { scene.nodes[row.phase, default: 0] += 1 }
        var lines: [DeploymentID: Scene.Line] = [:]
        for row in state.deployments.values {
            lines[row.id] = Scene.Line(id: row.id, target: row.target, ready: 0, replicas: 0)
        }
        for row in state.replicas.values {
            lines[row.deployment, default: Scene.Line(id: row.deployment, target: 0, ready: 0, replicas: 0)]
                .replicas += 1
            guard row.phase == .wanted, state.placements[row.id]?.phase == .ready else { continue }
            lines[row.deployment]?.ready += 1
        }
        scene.deployments = lines.values.sorted { $0.id < $1.id }
        return scene
    }

    /// Every change of a target that is still in the histories, in order: of which deployment, from how many to how many,
    /// and by which rule.
    var targetsMoved: [String] {
        let sql =
            "SELECT subject || ' ' || before || ' ' || after || ' ' || rule FROM serve_decision"
            + " WHERE kind = 'scale' ORDER BY id"
        guard let rows = try? checks.watch?.ask(sql).rows else { return [] }
        return rows.compactMap { if case .text(let text)? = $0.first { text } else { nil } }
    }

    /// Rows of decisions that were ever written; those that were trimmed since count.
    var decisionsMade: Int {
        let sql =
            "SELECT coalesce(sum(seq), 0) FROM sqlite_sequence WHERE name IN ('serve_decision', 'node_decision')"
        guard case .integer(let sum)?? = try? checks.watch?.ask(sql).rows.first?.first else { return 0 }
        return Int(sum)
    }

    /// What is left to do before everything has come to rest, as L-01 … say; empty: nothing.
    package func unsettled() -> [Breach] { checks.unsettled(self) }

    /// What was counted until now; totals that a run's end adds are not in it yet.
    package var counts: WorldReport {
        var counts = report
        counts.machinesMade = provider.made
        return counts
    }
}
