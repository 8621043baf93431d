import Model

/// Which old replicas leave before a new one is there, because only their room will do.
extension RolloutStep {
    /// Old ones that serve nothing, as many as there are new ones without room; and of those that serve only such as
    /// make room: with what they hold, a new one fits on their node. (An old one that left for a new one that is too
    /// large would be missing for nothing.)
    /// - Parameter budget: so many that serve may leave.
    func roomMakers(budget: Int) -> [RolloutReplica] {
        let stuck = current.filter { !$0.ready && $0.unplaced }
        var leavers = Array(old.filter { !$0.ready }.prefix(stuck.count))
        var budget = budget
        var used: Set<NodeID> = []
        for one in stuck.dropFirst(leavers.count) {
            let free = old.filter { old in old.ready && !leavers.contains { $0.id == old.id } }
            var best: (node: NodeID, leavers: [RolloutReplica])?
            for node in one.short.keys.sorted() {
                // What is left of the room that another one will take is not counted on.
                let lack = used.contains(node) ? one.resources : one.short[node] ?? one.resources
                let least = Self.leavers(free.filter { $0.node == node }, for: lack)
                guard let least, least.count <= budget, least.count < best?.leavers.count ?? .max else {
                    continue
                }
                best = (node, least)
            }
            guard let best else { continue }
            used.insert(best.node)
            leavers += best.leavers
            budget -= best.leavers.count
        }
        return leavers
    }

    /// The oldest of these that hold so much together; nil: all of them do not.
    private static func leavers(_ replicas: [RolloutReplica], for lack: Resources) -> [RolloutReplica]? {
        var held = Resources()
        var leavers: [RolloutReplica] = []
        for one in replicas {
            if held.covers(lack) { break }
            held = held + one.resources
            leavers.append(one)
        }
        return held.covers(lack) ? leavers : nil
    }

    /// More would leave too few ready.
    var roomBudget: Int { max(0, ready - (target - min(input.batch, input.unreadyMax))) }

    /// The surplus replica waits for room that only an old one can leave: none is on its way out already.
    var mayMakeRoom: Bool { !input.failing && input.stopping == 0 }
}
