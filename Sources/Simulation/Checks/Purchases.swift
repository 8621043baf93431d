import Model
import Store

/// What may be bought: I-04 and I-07, counted anew from the rows and without the planners.
package enum Purchases {
    /// - Parameters:
    ///   - changes: of one commit.
    ///   - state: after it.
    ///   - isSound: nothing goes wrong in this world: then nothing is bought either for what fits where it is.
    package static func breaches(
        _ changes: StateChanges, _ state: ClusterState, _ book: RowBook, isSound: Bool
    ) -> [Breach] {
        let bought = changes.nodes.compactMap { change in
            change.before == nil && change.after?.provider.isEmpty == false ? change.after : nil
        }
        guard !bought.isEmpty, let settings = state.setting?.settings else { return [] }
        // What replaces a node, and room that is kept free, nobody waits for.
        let planned = Set(state.moveSteps.values.filter { $0.part == .takes }.compactMap(\.node))
        let new = bought.filter { !planned.contains($0.id) }
        guard !new.isEmpty, settings.headroom.isEmpty else { return limits(state, settings) }
        let waiting = Waiting(state)
        return limits(state, settings) + demand(new, state, waiting, settings)
            + (isSound ? surplus(new, state, waiting, book) : [])
    }

    /// Replicas that wait for a node.
    private struct Waiting {
        var all = 0
        var buying: [PlacementRow] = []
        /// The most of each resource that one of them asks.
        var largest = Resources()

        init(_ state: ClusterState) {
            for placement in state.placements.values where placement.phase == .pending {
                all += 1
                for entry in placement.resources.entries {
                    largest[entry.name] = max(largest[entry.name], entry.amount)
                }
                if state.replicas[placement.replica]?.buys == true { buying.append(placement) }
            }
            buying.sort { $0.replica < $1.replica }
        }

        /// Replicas that find room on an empty node, at least: whichever come, so many fit.
        func places(on node: Resources) -> Int {
            let counts = largest.entries.filter { $0.amount > 0 }.map { Int(node[$0.name] / $0.amount) }
            return counts.min() ?? all
        }
    }

    private static func limits(_ state: ClusterState, _ settings: ClusterSettings) -> [Breach] {
        let there = state.nodes.values.filter { $0.phase != .gone && !$0.provider.isEmpty }
        var found: [Breach] = []
        if there.count > settings.maxWorkers {
            found.append(Breach("I-04", "\(there.count) nodes, max_workers is \(settings.maxWorkers)"))
        }
        for type in settings.nodeTypes {
            let count = there.count { $0.type == type.name }
            if count > type.maxWorkers {
                found.append(
                    Breach("I-04", "\(count) nodes of \(type.name), max_workers is \(type.maxWorkers)"))
            }
        }
        return found
    }

    private static func demand(
        _ new: [NodeRow], _ state: ClusterState, _ waiting: Waiting, _ settings: ClusterSettings
    ) -> [Breach] {
        let names = Set(new.map(\.id))
        let others = state.nodes.values.filter { !names.contains($0.id) }
        let coming = others.filter { $0.phase == .requested || $0.phase == .booting }
        // A machine of which the provider says a word unknown to us is not counted on.
        let counted = coming.filter { node in
            node.instance.flatMap { state.instances[$0] }
                .map { ["pending", "running", "stopping", "terminated"].contains($0.state) } ?? true
        }
        let places = counted.reduce(0) { $0 + waiting.places(on: $1.resources) }
        let unmet = min(waiting.buying.count, max(0, waiting.all - places))
        let minimum = settings.nodeTypes.reduce(0) { sum, type in
            let there = others.count {
                $0.type == type.name && [.requested, .booting, .ready].contains($0.phase)
            }
            return sum + max(0, type.minWorkers - there)
        }
        guard new.count > unmet + minimum else { return [] }
        return [
            Breach(
                "I-07",
                "\(new.count) nodes are bought (\(new.map(\.id.rawValue).sorted().joined(separator: " "))) for "
                    + "\(waiting.buying.count) of \(waiting.all) waiting replicas; \(coming.count) on their way "
                    + "have \(places) places, and \(minimum) are missing to the minimum")
        ]
    }

    /// A replica for which a node is bought fits nowhere.
    private static func surplus(
        _ new: [NodeRow], _ state: ClusterState, _ waiting: Waiting, _ book: RowBook
    ) -> [Breach] {
        for node in state.nodes.values.sorted(by: { $0.id < $1.id })
        where node.phase == .ready && state.drainRequests[node.id] == nil {
            let free = node.resources - (book.held[node.id] ?? Resources())
            if let replica = waiting.buying.first(where: { free.covers($0.resources) }) {
                return [
                    Breach(
                        "I-07",
                        "\(new[0].id) is bought though \(replica.replica) fits on \(node.id): \(free) is free"
                    )
                ]
            }
        }
        return []
    }
}
