import Model
import Scaling
import Store

extension Capacity {
    init(_ row: CapacityRow) { self.init(percent: row.percent, isRising: row.isRising) }
}

extension DeploymentSettings {
    /// How many replicas these settings ask for: in the part of all that is wanted, and in whole gangs.
    /// - Parameter capacity: nil: all is wanted.
    func count(at capacity: Capacity?) -> ReplicaCount {
        switch count {
        case .fixed(let count): .fixed(inGangs(capacity?.part(of: count) ?? count))
        case .auto(let scaling): .auto(inGangs(capacity?.part(of: scaling) ?? scaling))
        }
    }
}

extension ClusterState {
    /// How many replicas these settings ask for now.
    package func count(of settings: DeploymentSettings) -> ReplicaCount {
        settings.count(at: capacity.map { Capacity($0) })
    }
}
