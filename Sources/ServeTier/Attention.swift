import Model
import Store

/// Which deployments a step has to look at: those of which a row has changed or something was heard, and those whose
/// time has come. What a step costs grows with these, not with all there are.
struct Attention {
    private(set) var index = DeploymentIndex()
    private var isWhole = true
    private var due: Set<DeploymentID> = []
    private var wakes: [DeploymentID: Moment] = [:]
    private var proxies: Set<String> = []
    /// Replicas of these wait for the proxies to let go of them.
    private var waitingForProxies: Set<DeploymentID> = []
    /// Up to here the latest patrol went.
    private var patrolled: DeploymentID?

    /// So many are looked at by one patrol.
    static let patrolMax = 128

    /// Everything is to be looked at.
    mutating func all() { isWhole = true }

    mutating func hear(of deployment: DeploymentID) { due.insert(deployment) }

    /// A proxy has applied a route or let go of a replica.
    mutating func hearOfRoutes() { due.formUnion(waitingForProxies) }

    /// The earliest moment at which one of them wants to be looked at.
    var wake: Moment? { wakes.values.min() }

    /// Takes in which rows have changed.
    mutating func follow(_ touched: TouchedRows, in state: ClusterState) {
        if touched.isAll {
            index = DeploymentIndex(state)
            isWhole = true
        }
        for (table, keys) in touched.keys {
            switch table {
            case DeploymentRow.sql.table:
                for key in keys {
                    let id = DeploymentID(key)
                    index.follow(deployment: id, in: state)
                    due.insert(id)
                }
            case ReplicaRow.sql.table:
                for key in keys {
                    let id = ReplicaID(key)
                    index.follow(replica: id, in: state)
                    due.insert(id.deployment)
                }
            case PlacementRow.sql.table:
                for key in keys {
                    let id = ReplicaID(key)
                    index.follow(placement: id, in: state)
                    due.insert(id.deployment)
                }
            case ApplicationRow.sql.table:
                for key in keys { due.formUnion(index.ofApplication[key] ?? []) }
            // Written by this tier alone, of what it looked at itself.
            case ScalingRow.sql.table: break
            // Not read by its plans.
            case NodeRow.sql.table, NodeTypeRow.sql.table, InstanceSeenRow.sql.table,
                AvailabilityRow.sql.table:
                break
            case ProxyRow.sql.table:
                if keys.contains(where: { (state.proxies[$0] != nil) != proxies.contains($0) }) {
                    isWhole = true
                }
            default: isWhole = true
            }
        }
        if isWhole { proxies = Set(state.proxies.keys) }
    }

    /// The deployments to look at now, sorted, and no longer due. Should the step not be carried out: `all`.
    mutating func take(_ now: Moment) -> [DeploymentID] {
        defer {
            due = []
            isWhole = false
        }
        if isWhole { return index.deployments }
        for (id, wake) in wakes where wake <= now { due.insert(id) }
        return due.sorted()
    }

    /// The next ones in turn, whether or not anything is known of them: to see that nothing is forgotten.
    mutating func patrol() {
        let all = index.deployments
        let begin = patrolled.flatMap { last in all.firstIndex { last < $0 } } ?? 0
        let part = all[begin...].prefix(Self.patrolMax)
        due.formUnion(part)
        if part.count < Self.patrolMax { due.formUnion(all.prefix(Self.patrolMax - part.count)) }
        patrolled = part.last
    }

    /// These were looked at.
    mutating func looked(
        at deployments: [DeploymentID], wakes: [DeploymentID: Moment], waiting: Set<DeploymentID>
    ) {
        for id in deployments {
            self.wakes[id] = wakes[id]
            if waiting.contains(id) {
                waitingForProxies.insert(id)
            } else {
                waitingForProxies.remove(id)
            }
        }
    }
}
