import Model
import Store

/// Why each node that is up is not given back: the answers of table `kept`, told after everything is decided.
extension NodeStep {
    /// With no more nodes than these, each is asked at each step whether its replicas fit elsewhere; with more only those
    /// that changed, so that a step costs what changed. The answer of the others may then be an old one.
    static let wholeLookMax = 200
    /// Rooms that are looked at in one step for whether a replica fits there that stands elsewhere; beyond it the answer
    /// is the plain one.
    static let roomLooksMax = 2_000

    /// What the answers have in common.
    struct KeepGround {
        /// Nothing is given back meanwhile.
        var serveIsSilent: Bool
        /// Replicas without a place.
        var waiting: [PlacementRow] = []
        /// Nodes that hold nothing and stay for room that is kept free or asked for.
        var held: Set<NodeID> = []
        /// Nodes of the plans that are carried out, with their plan's name.
        var planned: [NodeID: String] = [:]
        /// Nodes of a type that are not on their way out.
        var staying: [String: Int] = [:]
    }

    mutating func noteKept(serveIsSilent: Bool) {
        let up = nodes(in: [.requested, .booting, .ready, .draining])
        var rooms = RoomLooks(up, looksMax: Self.roomLooksMax)
        let hasEmpty = up.contains { $0.phase == .ready && onNode[$0.id]?.isEmpty ?? true }
        let ground = keepGround(up, serveIsSilent: serveIsSilent, hasEmpty: hasEmpty)
        let awaited = Self.awaited(ground.waiting)
        for node in up {
            let known = state.kept[node.id]
            if up.count > Self.wholeLookMax, let known, isUnchanged(node, known) { continue }
            let (reason, detail) = answer(
                node, awaitedBy: awaited[node.id.rawValue], ground, &rooms)
            let since = known?.reason == reason ? known?.since ?? now : now
            put(KeptRow(node: node.id, reason: reason, detail: detail, since: since))
        }
        let names = Set(up.map(\.id))
        for id in state.kept.keys.sorted() where !names.contains(id) { forget(kept: id) }
    }

    private func keepGround(_ up: [NodeRow], serveIsSilent: Bool, hasEmpty: Bool) -> KeepGround {
        var ground = KeepGround(serveIsSilent: serveIsSilent)
        for node in up where node.phase != .draining { ground.staying[node.type, default: 0] += 1 }
        for plan in livePlans {
            for node in steps(of: plan.id).compactMap(\.node) { ground.planned[node] = plan.id }
        }
        guard hasEmpty else { return ground }
        ground.waiting = waiting().compactMap { state.placements[$0] }
        if !settings.headroom.isEmpty || !state.standingDemand.isEmpty { ground.held = nodesKept() }
        return ground
    }

    /// It has replicas, as before, and neither it nor they have changed.
    private func isUnchanged(_ node: NodeRow, _ known: KeptRow) -> Bool {
        (known.reason == .replicas || known.reason == .fitsNowhere) && node.phase == .ready
            && !(onNode[node.id]?.isEmpty ?? true) && !touchedNodes.contains(node.id)
            && !roomed.contains(node.id)
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
        _ node: NodeRow, awaitedBy: ReplicaID?, _ ground: KeepGround, _ rooms: inout RoomLooks
    ) -> (KeepReason, String) {
        if node.provider.isEmpty { return (.ownMachine, "") }
        if node.phase == .requested || node.phase == .booting { return (.coming, "") }
        if let instance = node.instance, let seen = state.instances[instance],
            !InstanceWord.known.contains(seen.state)
        {
            return (.held, seen.state)
        }
        if node.phase == .draining { return (.draining, node.why) }
        if let plan = ground.planned[node.id] { return (.planned, plan) }
        let replicas = liveReplicas(on: node.id)
        if !replicas.isEmpty {
            if let stuck = rooms.firstStuck(of: replicas, on: node.id, in: self) {
                return (.fitsNowhere, stuck.rawValue)
            }
            return (.replicas, replicas.count == 1 ? replicas[0].rawValue : "\(replicas.count) replicas")
        }
        if let awaitedBy { return (.awaited, awaitedBy.rawValue) }
        return idle(node, ground)
    }

    /// Of a node that holds nothing and that nobody waits for.
    private func idle(_ node: NodeRow, _ ground: KeepGround) -> (KeepReason, String) {
        if let hold = holdsDestruction { return (.halted, hold.reason) }
        if ground.serveIsSilent { return (.serveSilent, "") }
        guard let type = typeByName[node.type] else { return (.due, "") }
        let least = min(type.minWorkers, type.maxWorkers)
        if ground.staying[node.type] ?? 0 <= least { return (.minWorkers, "\(least)") }
        if ground.held.contains(node.id) {
            return (keptStanding.contains(node.id) ? .standing : .headroom, "")
        }
        let timeout = type.idleTimeout ?? settings.idleTimeout
        if (node.idleSince ?? now) + timeout > now {
            return (.idleTimeout, "\(Resources.decimal(timeout.rawValue)) s")
        }
        if !hasObeyed(node) { return (.unobeyed, "") }
        let waits = { (row: PlacementRow) in
            type.resources.covers(row.resources)
                && !row.refusals.contains { $0.candidate == node.id.rawValue && $0.code.lasts }
        }
        if let one = ground.waiting.first(where: waits) {
            return (.wanted, one.replica.rawValue)
        }
        return (.due, "")
    }
}

/// Where else a replica would fit, asked for each shape and not for each replica.
struct RoomLooks {
    private let nodes: [NodeRow]
    /// Of those that were looked at.
    private var free: [NodeID: FreeRoom] = [:]
    /// By shape: up to two nodes with room for one of it; two tell of any node whether another has room.
    private var places: [Resources: [NodeID]] = [:]
    private var looksLeft: Int

    init(_ nodes: [NodeRow], looksMax: Int) {
        self.nodes = nodes.filter { $0.phase == .ready }
        looksLeft = looksMax
    }

    /// The first replica on a node that fits on no other; nil: there is none, or too much would have to be looked at.
    mutating func firstStuck(of replicas: [ReplicaID], on node: NodeID, in step: NodeStep) -> ReplicaID? {
        var asked: Set<Resources> = []
        for id in replicas {
            guard let shape = step.state.placements[id]?.resources, asked.insert(shape).inserted else {
                continue
            }
            guard let found = found(shape, in: step) else { return nil }
            if !found.contains(where: { $0 != node }) { return id }
        }
        return nil
    }

    private mutating func found(_ shape: Resources, in step: NodeStep) -> [NodeID]? {
        if let known = places[shape] { return known }
        var found: [NodeID] = []
        for node in nodes where step.state.drainRequests[node.id] == nil {
            guard looksLeft > 0 else { return nil }
            looksLeft -= 1
            if room(of: node, in: step).covers(shape) { found.append(node.id) }
            if found.count == 2 { break }
        }
        places[shape] = found
        return found
    }

    private mutating func room(of node: NodeRow, in step: NodeStep) -> FreeRoom {
        if let known = free[node.id] { return known }
        let room = FreeRoom(node, (step.onNode[node.id] ?? []).compactMap { step.state.placements[$0] })
        free[node.id] = room
        return room
    }
}
