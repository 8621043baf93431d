import Model
import Supervision
import Wire

/// Counts since the agent's start.
struct AgentTally: Sendable {
    var starts: Int64 = 0
    var failures: Int64 = 0
    var portsTaken: Int64 = 0
    var syncs: Int64 = 0
    var syncsFailed: Int64 = 0
    var refused: Int64 = 0
}

extension AgentCore {
    func countSync() { tally.syncs += 1 }
    func countFailedSync() { tally.syncsFailed += 1 }

    /// The agent's page for Prometheus.
    func exposition() -> Exposition {
        var page = Exposition()
        for phase in [ReplicaReport.Phase.starting, .ready, .stopping, .stopped, .failed] {
            let count = mind.accounts.count { ReplicaReport($0).phase == phase }
            page.add(
                "tandem_agent_replicas", .gauge, "Replicas on this node, by phase.",
                labels: [("phase", phase.rawValue)], value: Int64(count))
        }
        let counters = [
            ("starts", "Replica processes started.", tally.starts),
            ("failures", "Replicas that ended without an order, or never became ready.", tally.failures),
            ("ports_taken", "Starts that met a port already in use.", tally.portsTaken),
            ("syncs", "Calls to the node tier.", tally.syncs),
            ("syncs_failed", "Calls to the node tier without a usable answer.", tally.syncsFailed),
            ("orders_refused", "Orders older than those in force.", tally.refused),
        ]
        for (name, help, value) in counters {
            page.add("tandem_agent_\(name)_total", .counter, help, value: value)
        }
        return page
    }
}
