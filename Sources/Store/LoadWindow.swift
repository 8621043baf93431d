import Model

/// The load buckets in memory, so that a step reads only what is new.
struct LoadWindow: Equatable {
    private(set) var buckets: [DeploymentID: [String: [LoadBucketRow]]] = [:]

    init() {}

    init(_ rows: [LoadBucketRow]) { add(rows) }

    /// Keeps each list sorted by end. New ones nearly always belong last.
    mutating func add(_ rows: [LoadBucketRow]) {
        for row in rows {
            var list = buckets[row.deployment, default: [:]][row.proxy, default: []]
            buckets[row.deployment, default: [:]][row.proxy] = nil  // so that `list` is not copied
            var place = list.count
            while place > 0, Self.precedes(row, list[place - 1]) { place -= 1 }
            list.insert(row, at: place)
            buckets[row.deployment, default: [:]][row.proxy] = list
        }
    }

    mutating func drop(_ deployment: DeploymentID) { buckets[deployment] = nil }

    /// Costs what goes: lists of which nothing does are not touched, the others are cut in place.
    mutating func drop(endedBefore moment: Moment) {
        let stale = buckets.compactMap { deployment, proxies in
            proxies.values.contains { $0.first.map { $0.end < moment } ?? true } ? deployment : nil
        }
        for deployment in stale {
            guard var proxies = buckets.removeValue(forKey: deployment) else { continue }
            for proxy in Array(proxies.keys) {
                guard var list = proxies.removeValue(forKey: proxy) else { continue }
                list.removeFirst(list.firstIndex { $0.end >= moment } ?? list.count)
                if !list.isEmpty { proxies[proxy] = list }
            }
            if !proxies.isEmpty { buckets[deployment] = proxies }
        }
    }

    private static func precedes(_ a: LoadBucketRow, _ b: LoadBucketRow) -> Bool {
        (a.end, a.incarnation, a.sequence) < (b.end, b.incarnation, b.sequence)
    }
}
