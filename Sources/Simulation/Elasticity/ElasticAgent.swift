import Model
import NodeTier

/// An agent of the elasticity bench: its processes start and stop in a fixed time, and it says so.
final class ElasticAgent {
    private struct Process {
        var phase = AgentReplica.Phase.starting
        var port: Int
        /// When its phase changes by itself; nil: it does not.
        var due: Moment?
    }

    /// From an order to a process that answers, and from an order to stop to its end.
    static let startTakes = Millis(200)
    static let stopTakes = Millis(50)
    /// Between two words of an agent of whom nothing is new.
    static let heartbeatEvery = Millis(5_000)

    let node: NodeID
    private let instance: String
    private let resources: Resources
    private(set) var fence = Fence.none
    private(set) var retired = false
    private var processes: [ReplicaID: Process] = [:]
    private var nextPort: Int
    private var speaksAt: Moment
    private var inbox: (due: Moment, fence: Fence, orders: Orders)?
    private var changesAt: Moment?

    init(node: NodeID, instance: String, resources: Resources, firstPort: Int, now: Moment) {
        self.node = node
        self.instance = instance
        self.resources = resources
        nextPort = firstPort
        speaksAt = now
    }

    /// Orders are on their way to it, or a process is about to change: the cluster waits for this machine and not for a
    /// moment of its own choosing.
    var isUnderWay: Bool { inbox != nil || changesAt != nil }

    /// When anything happens here next.
    var due: Moment { Moment.earliest(speaksAt, inbox?.due, changesAt) ?? speaksAt }

    func send(_ orders: Orders, fence: Fence, arriving due: Moment) {
        inbox = (inbox?.due ?? due, fence, orders)
    }

    /// Lets happen what is due.
    /// - Returns: what it says, if it says anything.
    func turn(_ now: Moment) -> AgentReport? {
        guard due <= now, !retired else { return nil }
        var isNews = advance(now)
        if let letter = inbox, letter.due <= now {
            inbox = nil
            if letter.orders.retire {
                retired = true
                return nil
            }
            obey(letter.orders, letter.fence, now)
            isNews = true
        }
        guard isNews || speaksAt <= now else { return nil }
        speaksAt = now + Self.heartbeatEvery
        return report(now)
    }

    private func advance(_ now: Moment) -> Bool {
        guard let changesAt, changesAt <= now else { return false }
        for (id, process) in processes {
            guard let due = process.due, due <= now else { continue }
            processes[id]?.phase = process.phase == .starting ? .ready : .stopped
            processes[id]?.due = nil
        }
        note()
        return true
    }

    private func note() { changesAt = processes.values.compactMap(\.due).min() }

    private func obey(_ orders: Orders, _ fence: Fence, _ now: Moment) {
        guard fence >= self.fence else { return }
        self.fence = fence
        for order in orders.replicas {
            if let known = processes[order.id] {
                let stops = order.stopGrace != nil && (known.phase == .starting || known.phase == .ready)
                if stops { stop(order.id, now) }
            } else {
                processes[order.id] = Process(port: nextPort, due: now + Self.startTakes)
                nextPort += 1
                if order.stopGrace != nil { processes[order.id]?.phase = .stopped }
            }
        }
        let named = Set(orders.replicas.map(\.id))
        for (id, process) in processes where !named.contains(id) {
            if process.phase == .stopped {
                processes[id] = nil
            } else if process.phase != .stopping {
                stop(id, now)
            }
        }
        note()
    }

    private func stop(_ id: ReplicaID, _ now: Moment) {
        processes[id]?.phase = .stopping
        processes[id]?.due = now + Self.stopTakes
    }

    private func report(_ now: Moment) -> AgentReport {
        AgentReport(
            node: node, incarnation: instance, resources: resources, host: "host-\(instance)", port: 1,
            fence: fence,
            replicas: processes.sorted { $0.key < $1.key }.map { id, process in
                var replica = AgentReplica(
                    id: id, phase: process.phase, port: process.port, pid: 7, exitJSON: nil, exitText: "",
                    lastLines: "")
                replica.applied = 0
                return replica
            }, arrived: now)
    }
}
