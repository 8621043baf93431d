import Cloud
import Model
import NodeTier
import Store

/// What must hold of the provider's machines and of the calls to it.
package enum SafetyOfCalls {
    /// Calls on their way at once, as the node tier promises.
    static let onTheWayMax = 32

    /// I-02 and I-05: a call leaves.
    /// - Parameters:
    ///   - state: as committed at this instant.
    ///   - owner: the cluster whose tag the named machine bears in the provider's books; nil: there is none.
    package static func breaches(
        _ call: ProviderCall, _ state: ClusterState, epoch: Int64, cluster: String, owner: String?
    ) -> [Breach] {
        switch call {
        case .offerings, .list: return []
        case .create(let request):
            guard let node = state.nodes[request.node] else {
                return [Breach("I-02", "\(request.node) is asked for without a row")]
            }
            if node.token == request.token, node.phase == .requested, node.epoch == epoch,
                node.offerings == request.offerings, request.cluster == cluster
            {
                return []
            }
            return [
                Breach(
                    "I-02",
                    "\(request.node) is asked for under \(request.token) of epoch \(epoch); its row is "
                        + "\(node.phase), \(node.token) of epoch \(node.epoch)")
            ]
        case .terminate(let id, let instance):
            if let owner, owner != cluster {
                return [Breach("I-05", "\(instance) is given back, which belongs to \(owner)")]
            }
            guard let node = state.nodes[id] else {
                return [Breach("I-05", "\(instance) of \(id) is given back without a row")]
            }
            if node.phase == .terminating, node.instance == instance, node.epoch == epoch { return [] }
            // A second machine under its token, or one of a node that is gone.
            let seen = state.instances[instance]
            if seen?.token == node.token, node.phase == .gone || node.instance != instance { return [] }
            return [
                Breach(
                    "I-05",
                    "\(instance) of \(id) is given back in epoch \(epoch); its row is \(node.phase), "
                        + "\(node.instance ?? "no machine") of epoch \(node.epoch)")
            ]
        }
    }

    /// I-01, I-02 and I-04: a machine was made.
    package static func breaches(
        live: [MemoryCloud.Machine], twins: [String], _ state: ClusterState, _ settings: ClusterSettings,
        cluster: String
    ) -> [Breach] {
        var found = twins.map { Breach("I-01", "token \($0) has more than one machine") }
        let mine = live.filter { $0.instance.cluster == cluster }
        if mine.count > settings.maxWorkers {
            found.append(Breach("I-04", "\(mine.count) machines, max_workers is \(settings.maxWorkers)"))
        }
        for type in settings.nodeTypes {
            let count = mine.count { $0.instance.offering.nodeType == type.name }
            if count > type.maxWorkers {
                found.append(
                    Breach("I-04", "\(count) machines of \(type.name), max_workers is \(type.maxWorkers)"))
            }
        }
        for machine in mine where state.nodes[machine.instance.node]?.token != machine.instance.token {
            found.append(
                Breach("I-02", "\(machine.instance.id) was made for \(machine.instance.node), which is not"))
        }
        return found
    }

    /// I-03: machines of ours that no row accounts for.
    package static func unknown(
        live: [MemoryCloud.Machine], _ state: ClusterState, cluster: String
    ) -> [MemoryCloud.Machine] {
        live.filter { machine in
            guard machine.instance.cluster == cluster else { return false }
            if let node = state.nodes[machine.instance.node], node.token == machine.instance.token,
                node.phase != .gone, node.instance.map({ $0 == machine.instance.id }) ?? true
            {
                return false
            }
            // Listed, it is a leak suspect at least.
            return state.instances[machine.instance.id]?.token != machine.instance.token
        }
    }
}
