/// What is to happen, in the order of time; of two at one instant, that which was put in first.
struct EventQueue {
    private struct Entry {
        var at: Int64
        var sequence: Int64
        var slot: Int

        func isBefore(_ other: Entry) -> Bool {
            at != other.at ? at < other.at : sequence < other.sequence
        }
    }

    /// A binary heap. What is to be run lies apart: entries are plain numbers and cost nothing to move.
    private var heap: [Entry] = []
    private var deeds: [((World) -> Void)?] = []
    private var freeSlots: [Int] = []
    private var sequence: Int64 = 0

    /// When the next is due.
    var next: Int64? { heap.first?.at }

    mutating func add(at moment: Int64, _ run: @escaping (World) -> Void) {
        sequence += 1
        let entry = Entry(at: moment, sequence: sequence, slot: keep(run))
        heap.append(entry)
        var hole = heap.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = entry
    }

    mutating func pop() -> (at: Int64, run: (World) -> Void)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        guard let run = deeds[first.slot].take() else { return nil }
        freeSlots.append(first.slot)
        return (first.at, run)
    }

    mutating func clear() {
        heap = []
        deeds = []
        freeSlots = []
    }

    private mutating func keep(_ run: @escaping (World) -> Void) -> Int {
        guard let slot = freeSlots.popLast() else {
            deeds.append(run)
            return deeds.count - 1
        }
        deeds[slot] = run
        return slot
    }

    /// Puts `entry` into the place of the first, and then where it belongs.
    private mutating func sink(_ entry: Entry) {
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = entry
    }
}
