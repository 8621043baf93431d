import Model
import Store

/// So many bundles of one size.
package struct Bundles: Hashable, Sendable {
    package var resources: Resources
    package var count: Int

    package init(resources: Resources, count: Int) {
        self.resources = resources
        self.count = count
    }
}

extension NodeTier {
    /// There shall be room for these from now on, whatever runs. As in Ray (`request_resources`) the newest call replaces
    /// the one before; an empty one ends it.
    package func request(_ bundles: [Bundles]) throws(StoreError) {
        let known = try store.state().standingDemands
        let asked = store.unixMillis()
        var counts: [Resources: Int] = [:]
        for bundle in bundles where bundle.count > 0 { counts[bundle.resources, default: 0] += bundle.count }
        var rows: [String: StandingDemandRow] = [:]
        for (resources, count) in counts {
            let row = try StandingDemandRow(resources: resources, count: count, askedUnixMs: asked)
            rows[row.key] = row
        }
        let wanted = rows
        try store.commit { transaction in
            for key in known.keys.sorted() where wanted[key] == nil {
                try transaction.delete(StandingDemandRow.self, key)
            }
            for key in wanted.keys.sorted() {
                if let row = wanted[key] { try transaction.put(row) }
            }
        }
        endRest()
    }

    /// Bundles of the standing demand that no node holds, and none that may be had would: a sentence each. They are kept,
    /// as in Ray, since the cluster file may change.
    package func hopelessDemand() throws(StoreError) -> [String] {
        let state = try store.state()
        let types = settings.nodeTypes.filter { $0.maxWorkers > 0 }.sorted { $0.name < $1.name }
        let there = state.nodes.values.filter { $0.phase != .gone }.map(\.resources)
        return state.standingDemand.compactMap { resources, count in
            guard !(types.map(\.resources) + there).contains(where: { $0.covers(resources) }) else {
                return nil
            }
            let short = types.map { type in "\(type.name) lacks \(type.resources.shortfall(of: resources))" }
            return "no node holds \(resources), asked for \(count) times: "
                + (short.isEmpty ? "there are no node types to buy" : short.joined(separator: ", "))
                + "; nothing is bought for it"
        }
    }
}
