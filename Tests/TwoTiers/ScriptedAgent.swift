import Model
import NodeTier

/// How processes of one command behave; found by the first word of the command.
package struct Conduct: Sendable {
    /// From start to ready; nil: never.
    package var readyAfter: Millis? = Millis(200)
    /// From start to an end by itself, with code 1; nil: it goes on.
    package var failsAfter: Millis?
    /// From the order to the end.
    package var stopsAfter = Millis(50)

    package init(
        readyAfter: Millis? = Millis(200), failsAfter: Millis? = nil, stopsAfter: Millis = Millis(50)
    ) {
        self.readyAfter = readyAfter
        self.failsAfter = failsAfter
        self.stopsAfter = stopsAfter
    }
}

/// An agent on a machine: starts and stops what it is ordered, and says so.
package struct ScriptedAgent {
    struct Process {
        var settings: ReplicaSettings
        var conduct: Conduct
        var phase = AgentReplica.Phase.starting
        var port: Int
        var startedAt: Moment
        /// Ordered to stop: when it will have ended.
        var endsAt: Moment?
        var applied = 0
    }

    package let node: NodeID
    package let instance: String
    package var resources: Resources
    package internal(set) var incarnation: Int
    package internal(set) var fence = Fence.none
    /// It neither speaks nor hears.
    package var silent = false
    /// Fails the check of every replica of these that is ready.
    package var unwell: Set<ReplicaID> = []
    /// Takes over no adjustment.
    package var refusesAdjustments = false
    var processes: [ReplicaID: Process] = [:]
    /// Replicas that it was ordered and that are final, until the orders leave them out.
    var nextSync: Moment
    var inbox: (due: Moment, fence: Fence, orders: Orders)?
    private var nextPort: Int

    init(node: NodeID, instance: String, resources: Resources, ports: ClosedRange<Int>, now: Moment) {
        self.node = node
        self.instance = instance
        self.resources = resources
        incarnation = 1
        nextSync = now
        nextPort = ports.lowerBound
    }

    /// Processes that are there, in order of their replicas.
    package var running: [ReplicaID] {
        processes.filter { $0.value.phase != .stopped && $0.value.phase != .failed }.keys.sorted()
    }

    /// - Parameter telling: also what each process was started with.
    func report(at now: Moment, telling: Bool = false) -> AgentReport {
        AgentReport(
            node: node, incarnation: "\(instance)-\(incarnation)", resources: resources,
            host: "host-\(instance)",
            port: 1, fence: fence,
            replicas: processes.sorted { $0.key < $1.key }.map { id, process in
                let failed = process.phase == .failed
                var replica = AgentReplica(
                    id: id, phase: process.phase, port: process.port, pid: 7,
                    exitJSON: nil, exitText: failed ? "exited with code 1" : "",
                    lastLines: failed ? "cannot open the model" : "",
                    settings: telling ? process.settings : nil)
                replica.applied = process.applied
                if process.phase == .ready, unwell.contains(id) { replica.unwell = "HTTP 500" }
                return replica
            }, arrived: now)
    }

    /// Takes the complete orders.
    /// - Returns: replicas that are told to stop by them, or are no longer named.
    mutating func obey(
        _ orders: Orders, fence: Fence, now: Moment, conduct: (ReplicaSettings) -> Conduct
    ) -> [ReplicaID] {
        guard fence >= self.fence else { return [] }
        self.fence = fence
        var stopped: [ReplicaID] = []
        let named = Set(orders.replicas.map(\.id))
        for order in orders.replicas {
            if processes[order.id] == nil {
                // Ordered to stop before it was ever started: it counts as stopped.
                let phase = order.stopGrace == nil ? AgentReplica.Phase.starting : .stopped
                processes[order.id] = Process(
                    settings: order.settings, conduct: conduct(order.settings), phase: phase, port: nextPort,
                    startedAt: now)
                nextPort += 1
                processes[order.id]?.applied = order.adjustment
            } else if order.stopGrace != nil, stop(order.id, at: now) {
                stopped.append(order.id)
            } else if !refusesAdjustments {
                processes[order.id]?.settings = order.settings
                processes[order.id]?.applied = order.adjustment
            }
        }
        for id in processes.keys.sorted() where !named.contains(id) {
            if stop(id, at: now) { stopped.append(id) }
            if processes[id]?.phase != .stopping { processes[id] = nil }
        }
        return stopped
    }

    private mutating func stop(_ id: ReplicaID, at now: Moment) -> Bool {
        guard let process = processes[id], process.phase == .starting || process.phase == .ready else {
            return false
        }
        processes[id]?.phase = .stopping
        processes[id]?.endsAt = now + process.conduct.stopsAfter
        return true
    }

    /// Lets what is due by `now` happen.
    /// - Returns: whether anything did.
    mutating func advance(to now: Moment) -> Bool {
        var changed = false
        for id in processes.keys.sorted() {
            guard var process = processes[id] else { continue }
            switch process.phase {
            case .starting, .ready:
                if let after = process.conduct.failsAfter, process.startedAt + after <= now {
                    process.phase = .failed
                } else if process.phase == .starting, let after = process.conduct.readyAfter,
                    process.startedAt + after <= now
                {
                    process.phase = .ready
                } else {
                    continue
                }
            case .stopping:
                guard let end = process.endsAt, end <= now else { continue }
                process.phase = .stopped
            case .stopped, .failed: continue
            }
            processes[id] = process
            changed = true
        }
        return changed
    }

    /// When anything happens here next.
    var due: Moment {
        var times = [nextSync]
        if silent { times = [] }
        if let inbox, !silent { times.append(inbox.due) }
        for process in processes.values {
            switch process.phase {
            case .starting, .ready:
                if let after = process.conduct.failsAfter { times.append(process.startedAt + after) }
                if process.phase == .starting, let after = process.conduct.readyAfter {
                    times.append(process.startedAt + after)
                }
            case .stopping: times.append(process.endsAt ?? process.startedAt)
            case .stopped, .failed: break
            }
        }
        return times.min() ?? Moment(Int64.max)
    }
}

extension TwoTiers {
    /// The disk of a node is lost, and all that ran there with it.
    package func forgetReplicas(of instance: String) {
        agents[instance]?.processes = [:]
        restartAgent(instance)
    }
}
