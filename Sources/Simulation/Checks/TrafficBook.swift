import Model

/// What proxies were given and what became of their requests: I-09, I-11 and I-14 to I-18 as far as they are about
/// requests.
package struct TrafficBook: Sendable {
    private struct Given: Sendable {
        var fence: Fence
        var replicas: Set<ReplicaID>
    }

    private var given: [Int: [DeploymentID: Given]] = [:]
    /// Replicas that were committed as routed.
    private var routed: Set<ReplicaID> = []
    /// Highest fence obeyed, by machine.
    private var fences: [Int: Fence] = [:]
    /// At work, by request.
    private(set) var working: [Int: ReplicaID] = [:]
    package private(set) var ended = 0

    package init() {}

    package mutating func routes(_ replica: ReplicaID) { routed.insert(replica) }

    package func isRouted(_ replica: ReplicaID, at proxy: Int) -> Bool {
        given[proxy]?[replica.deployment]?.replicas.contains(replica) ?? false
    }

    /// A proxy puts a route in force.
    package mutating func applies(
        _ deployment: DeploymentID, _ fence: Fence, _ replicas: [ReplicaID], at proxy: Int
    ) -> [Breach] {
        var found: [Breach] = []
        if let old = given[proxy]?[deployment]?.fence, fence <= old {
            found.append(Breach("I-09", "proxy-\(proxy) obeys \(fence) for \(deployment) after \(old)"))
        }
        for replica in replicas where !routed.contains(replica) {
            found.append(
                Breach("I-14", "proxy-\(proxy) is given \(replica), which was never committed as routed"))
        }
        given[proxy, default: [:]][deployment] = Given(fence: fence, replicas: Set(replicas))
        return found
    }

    /// An agent puts orders in force.
    package mutating func obeys(_ machine: Int, _ fence: Fence) -> [Breach] {
        let old = fences[machine] ?? .none
        fences[machine] = max(old, fence)
        return fence < old ? [Breach("I-09", "agent-\(machine) obeys \(fence) after \(old)")] : []
    }

    /// A proxy sends a request.
    package func sends(_ request: Int, to replica: ReplicaID, from proxy: Int) -> [Breach] {
        if isRouted(replica, at: proxy) { return [] }
        return [
            Breach("I-14", "proxy-\(proxy) sends request \(request) to \(replica), which is not on its route")
        ]
    }

    /// A request arrives at a process.
    /// - Parameter executions: times that a replica began to work on it before.
    package mutating func reaches(
        _ request: Int, _ process: ReplicaID, as wanted: ReplicaID, executions: Int
    ) -> [Breach] {
        working[request] = process
        var found: [Breach] = []
        if process != wanted {
            found.append(Breach("I-14", "request \(request) for \(wanted) reaches \(process)"))
        }
        if executions > 0 {
            found.append(Breach("I-16", "request \(request) is begun \(executions + 1) times"))
        }
        return found
    }

    /// - Returns: and the replica that worked on it.
    package mutating func ends(_ request: Int, answers: Int) -> (breaches: [Breach], replica: ReplicaID?) {
        ended += 1
        let replica = working.removeValue(forKey: request)
        return (answers == 1 ? [] : [Breach("I-17", "request \(request) has \(answers) answers")], replica)
    }
}
