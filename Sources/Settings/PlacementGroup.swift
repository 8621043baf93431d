import Model

/// `placement_group_bundles` and `placement_group_strategy`. A replica is one process on one node, so the node gives it
/// what all bundles hold together.
struct PlacementGroup {
    let section: Section

    /// Bundles beyond this are taken for a mistake.
    static let bundlesMax = 1_000

    /// - Parameter actor: what the replica itself asks for; it has to fit the first bundle, as in Ray.
    /// - Returns: nil: there are no bundles.
    func read(holding actor: Resources) -> Resources? {
        checkStrategy()
        guard let field = section["placement_group_bundles"] else {
            if let strategy = section["placement_group_strategy"] {
                strategy.refuse("has no bundles to place", "placement_group_bundles beside it, or neither")
            }
            return nil
        }
        let right = "a list of bundles, each with resources: [{CPU: 1, GPU: 1}]"
        guard let list = field.list(right) else { return nil }
        guard !list.isEmpty, list.count <= Self.bundlesMax else {
            field.refuse(list.isEmpty ? "holds no bundle" : "is too long", right)
            return nil
        }
        let bundles = list.compactMap { $0.resources(customOnly: false) }
        guard bundles.count == list.count, let first = bundles.first else { return nil }
        if section["ray_actor_options"] != nil, !first.covers(actor) {
            list[0].refuse(
                "is smaller than what ray_actor_options asks for",
                "a first bundle that holds the replica itself")
        }
        return bundles.reduce(Resources()) { $0 + $1 }
    }

    private func checkStrategy() {
        guard let field = section["placement_group_strategy"] else { return }
        switch field.word {
        case "PACK", "STRICT_PACK": break
        case "SPREAD", "STRICT_SPREAD":
            field.refuse(
                "would spread one replica over several nodes, and a replica is one process",
                "PACK or STRICT_PACK, and more replicas instead of larger ones")
        default: field.refuse("is no strategy", "PACK, STRICT_PACK, SPREAD or STRICT_SPREAD")
        }
    }
}
