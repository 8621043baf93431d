import Model
import Store

/// Why each node that is up is not given back: the answers of table `kept`, told after everything is decided.
extension NodeStep {
    /// Nodes that are looked at in one step for whether a replica fits there that stands elsewhere; beyond it the answer
    /// is the plain one.
    static let roomLooksMax = 20_000

    /// - Parameter serveIsSilent: nothing is given back meanwhile.
    mutating func noteKept(serveIsSilent: Bool) {
        let up = nodes(in: [.requested, .booting, .ready, .draining])
        var rooms = RoomLooks(self, up, looksMax: Self.roomLooksMax)
        let waiting = state.placements.values.filter { $0.phase == .pending }.sorted {
            $0.replica < $1.replica
        }
        let awaited = Self.awaited(waiting)
        var staying: [String: Int] = [:]
        for node in up where node.phase != .draining { staying[node.type, default: 0] += 1 }
        for node in up {
            let (reason, detail) = answer(
                node, awaitedBy: awaited[node.id.rawValue], serveIsSilent: serveIsSilent,
                ofType: staying[node.type] ?? 0, waiting, &rooms)
            let known = state.kept[node.id]
            let since = known?.reason == reason ? known?.since ?? now : now
            put(KeptRow(node: node.id, reason: reason, detail: detail, since: since))
        }
        let names = Set(up.map(\.id))
        for id in state.kept.keys.sorted() where !names.contains(id) { forget(kept: id) }
    }

    /// The first replica that waits for each node.
    private static func awaited(_ waiting: [PlacementRow]) -> [String: ReplicaID] {
        var awaited: [String: ReplicaID] = [:]
        for placement in waiting {
            for refusal in placement.refusals
            where refusal.code == .coming && awaited[refusal.candidate] == nil {
                awaited[refusal.candidate] = placement.replica
            }
        }
        return awaited
    }

    private func answer(
        _ node: NodeRow, awaitedBy: ReplicaID?, serveIsSilent: Bool, ofType count: Int,
        _ waiting: [PlacementRow], _ rooms: inout RoomLooks
    ) -> (KeepReason, String) {
        if node.provider.isEmpty { return (.ownMachine, "") }
        if node.phase == .requested || node.phase == .booting { return (.coming, "") }
        if let instance = node.instance, let seen = state.instances[instance],
            !InstanceWord.known.contains(seen.state)
        {
            return (.held, seen.state)
        }
        if node.phase == .draining { return (.draining, node.why) }
        let replicas = liveReplicas(on: node.id)
        if !replicas.isEmpty {
            if let stuck = rooms.firstStuck(of: replicas, on: node.id, in: state) {
                return (.fitsNowhere, stuck.rawValue)
            }
            return (.replicas, replicas.count == 1 ? replicas[0].rawValue : "\(replicas.count) replicas")
        }
        if let awaitedBy { return (.awaited, awaitedBy.rawValue) }
        if serveIsSilent { return (.serveSilent, "") }
        guard let type = settings.nodeTypes.first(where: { $0.name == node.type }) else { return (.due, "") }
        let least = min(type.minWorkers, type.maxWorkers)
        if count <= least { return (.minWorkers, "\(least)") }
        let timeout = type.idleTimeout ?? settings.idleTimeout
        if (node.idleSince ?? now) + timeout > now {
            return (.idleTimeout, "\(Resources.decimal(timeout.rawValue)) s")
        }
        if !hasObeyed(node) { return (.unobeyed, "") }
        if let one = waiting.first(where: { type.resources.covers($0.resources) }) {
            return (.wanted, one.replica.rawValue)
        }
        return (.due, "")
    }
}

/// Where else a replica would fit, asked for each shape and not for each replica.
struct RoomLooks {
    private var free: [(node: NodeID, free: FreeRoom)] = []
    /// By shape: up to two nodes with room for one of it; two tell of any node whether another has room.
    private var places: [Resources: [NodeID]] = [:]
    private var looksLeft: Int

    init(_ step: NodeStep, _ nodes: [NodeRow], looksMax: Int) {
        looksLeft = looksMax
        for node in nodes where node.phase == .ready && step.state.drainRequests[node.id] == nil {
            let placements = (step.onNode[node.id] ?? []).compactMap { step.state.placements[$0] }
            free.append((node.id, FreeRoom(node, placements)))
        }
    }

    /// The first replica on a node that fits on no other; nil: there is none, or too much would have to be looked at.
    mutating func firstStuck(of replicas: [ReplicaID], on node: NodeID, in state: ClusterState) -> ReplicaID?
    {
        var asked: Set<Resources> = []
        for id in replicas {
            guard let shape = state.placements[id]?.resources, asked.insert(shape).inserted else { continue }
            guard let found = found(shape) else { return nil }
            if !found.contains(where: { $0 != node }) { return id }
        }
        return nil
    }

    private mutating func found(_ shape: Resources) -> [NodeID]? {
        if let known = places[shape] { return known }
        var found: [NodeID] = []
        for room in free {
            guard looksLeft > 0 else { return nil }
            looksLeft -= 1
            if room.free.covers(shape) { found.append(room.node) }
            if found.count == 2 { break }
        }
        places[shape] = found
        return found
    }
}
