/// What is to happen, in the order of time; of two at one instant, that which was put in first.
struct EventQueue {
    private struct Entry {
        var at: Int64
        var sequence: Int64
        var run: (World) -> Void

        func isBefore(_ other: Entry) -> Bool { (at, sequence) < (other.at, other.sequence) }
    }

    /// A binary heap.
    private var heap: [Entry] = []
    private var sequence: Int64 = 0

    /// When the next is due.
    var next: Int64? { heap.first?.at }

    mutating func add(at moment: Int64, _ run: @escaping (World) -> Void) {
        sequence += 1
        heap.append(Entry(at: moment, sequence: sequence, run: run))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> (at: Int64, run: (World) -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.run)
    }

    mutating func clear() { heap = [] }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
