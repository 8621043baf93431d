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
}
