import Model
import Store

/// Which deployments a step has to look at: those of which a row has changed or something was heard, and those whose
/// time has come. What a step costs grows with these, not with all there are. Where nothing but the load has moved only
/// that is weighed, without a look at each replica.
struct Attention {
    private(set) var index = DeploymentIndex()
    private var isWhole = true
    private var due: Set<DeploymentID> = []
    private var heard: Set<DeploymentID> = []
    private var wakes = Wakes()
    /// Replicas that serve, as of the latest look.
    private(set) var running: [DeploymentID: Int] = [:]
    /// As of the latest look: how many are asked for at most, where there is too little room.
    private(set) var caps: [DeploymentID: Int] = [:]
    private var proxies: Set<String> = []
    /// Replicas of these wait for the proxies to let go of them.
    private var waitingForProxies: Set<DeploymentID> = []
    /// Up to here the latest patrol went.
    private var patrolled: DeploymentID?

    /// So many are looked at by one patrol.
    static let patrolMax = 128

    /// Everything is to be looked at.
    mutating func all() { isWhole = true }

    /// When deployments want to be looked at again, and when only their load is to be weighed.
    struct Wakes {
        var look: [DeploymentID: Moment] = [:]
        var weigh: [DeploymentID: Moment] = [:]
    }

    mutating func hear(loadOf deployment: DeploymentID) { heard.insert(deployment) }

    /// A proxy has applied a route or let go of a replica.
    mutating func hearOfRoutes() { due.formUnion(waitingForProxies) }

    /// The earliest moment at which one of them wants to be looked at.
    var wake: Moment? { Moment.earliest(wakes.look.values.min(), wakes.weigh.values.min()) }

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
            case FeasibleRow.sql.table: due.formUnion(keys.map { DeploymentID($0) })
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

    /// The deployments to look at now, and those whose load alone is to be weighed; sorted, and no longer due. Should the
    /// step not be carried out: `all`.
    mutating func take(_ now: Moment) -> (look: [DeploymentID], weigh: [DeploymentID]) {
        defer {
            due = []
            heard = []
            isWhole = false
        }
        if isWhole { return (index.deployments, []) }
        for (id, wake) in wakes.look where wake <= now { due.insert(id) }
        for (id, wake) in wakes.weigh where wake <= now { heard.insert(id) }
        // Of what was never looked at, nothing is known to weigh the load by.
        due.formUnion(heard.filter { running[$0] == nil })
        return (due.sorted(), heard.subtracting(due).sorted())
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

    /// These were looked at, or weighed.
    mutating func done(_ step: ServeStep) {
        due.formUnion(step.nextLooked)
        for id in step.weighed { wakes.weigh[id] = step.wakes.weigh[id] }
        for id in step.looked {
            wakes.weigh[id] = step.wakes.weigh[id]
            wakes.look[id] = step.wakes.look[id]
            // Names come and go: what is known of one goes with it.
            running[id] = step.state.deployments[id] == nil ? nil : step.running[id]
            caps[id] = step.caps[id]
            if step.waitingForProxies.contains(id) {
                waitingForProxies.insert(id)
            } else {
                waitingForProxies.remove(id)
            }
        }
    }
}
