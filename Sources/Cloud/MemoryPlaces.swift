/// Places of machines, in the order of creation.
struct MemoryPlaces: Sendable {
    private(set) var sorted: [Int] = []
    /// Entries looked at or moved so far.
    private(set) var work = 0

    mutating func insert(_ place: Int) {
        let at = lowerBound(of: place)
        work += sorted.count - at + 1
        sorted.insert(place, at: at)
    }

    mutating func remove(_ place: Int) {
        let at = lowerBound(of: place)
        guard at < sorted.count, sorted[at] == place else { return }
        work += sorted.count - at
        sorted.remove(at: at)
    }

    private mutating func lowerBound(of place: Int) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            work += 1
            if sorted[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Places of machines, first in first out.
struct MemoryQueue: Sendable {
    private var places: [Int] = []
    private var head = 0

    var first: Int? { head < places.count ? places[head] : nil }

    mutating func append(_ place: Int) { places.append(place) }

    mutating func removeFirst() {
        head += 1
        // Now and then, so that each place is moved once on average.
        if head > 64, head * 2 > places.count {
            places.removeFirst(head)
            head = 0
        }
    }
}
