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

    mutating func drop(endedBefore moment: Moment) {
        for (deployment, proxies) in buckets {
            let left = proxies.mapValues { list in Array(list.drop { $0.end < moment }) }
                .filter { !$0.value.isEmpty }
            buckets[deployment] = left.isEmpty ? nil : left
        }
    }

    private static func precedes(_ a: LoadBucketRow, _ b: LoadBucketRow) -> Bool {
        (a.end, a.incarnation, a.sequence) < (b.end, b.incarnation, b.sequence)
    }
}
