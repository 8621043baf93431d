import Model
import Placement
import Provisioning
import Store

/// Gangs that stand on the nodes of a fleet, as the planner of fleets sees them.
struct StandingGangs {
    struct Key: Hashable {
        var deployment: DeploymentID
        /// Of its first replica.
        var serial: Int64
    }

    struct Member {
        var gang: Key
        var settings: GangSettings?
        /// Index of its class.
        var demand: Int
    }

    /// In the order in which they were met.
    private(set) var parties: [Party] = []
    /// By node: members there, by class; and the gangs that they are of.
    private(set) var members: [[Party.Member]] = []
    private(set) var ofNode: [[Int]] = []
    private var places: [Key: Int] = [:]

    /// - Parameter found: on the next node.
    mutating func add(_ found: [Member]) {
        var counts: [Int: Int] = [:]
        var gangs: [Int] = []
        for one in found {
            counts[one.demand, default: 0] += 1
            let place = places[one.gang] ?? parties.count
            if place == parties.count {
                places[one.gang] = place
                let strategy: Party.Strategy = one.settings?.strategy == .spread ? .spread : .pack
                parties.append(
                    Party(
                        members: [Party.Member(demand: one.demand, count: one.settings?.size ?? 1)],
                        strategy: strategy))
            }
            if gangs.last != place { gangs.append(place) }
        }
        members.append(counts.keys.sorted().map { Party.Member(demand: $0, count: counts[$0] ?? 0) })
        ofNode.append(gangs)
    }
}

extension NodeStep {
    /// Gangs of which somebody is not ready, with such a one: they are on the move already, or have just come.
    func unsettledGangs() -> [StandingGangs.Key: ReplicaID] {
        var found: [StandingGangs.Key: ReplicaID] = [:]
        for row in state.replicas.values {
            guard let gang = row.gang, state.placements[row.id]?.phase != .ready || row.phase != .wanted
            else {
                continue
            }
            let key = StandingGangs.Key(deployment: row.deployment, serial: gang)
            found[key] = min(found[key] ?? row.id, row.id)
        }
        return found
    }
}
