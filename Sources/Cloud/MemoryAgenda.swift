import Model

/// What will happen by itself, soonest first: a binary heap. An entry may have become void since it was put
/// in; the books tell.
struct MemoryAgenda: Sendable {
    struct Entry: Hashable, Sendable {
        var at: Moment
        /// Place among the machines, in the order of creation.
        var machine: Int
        var kind: Kind
    }

    enum Kind: Int, Hashable, Sendable {
        case agentStarts, machineEnds, agentEnds, stockOutEnds
    }

    private var heap: [Entry] = []
    /// Entries moved so far.
    private(set) var work = 0

    var first: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, precedes(place, (place - 1) / 2) {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == place { return }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        work += 1
    }

    /// At one instant by machine; at one machine an agent starts before it ends.
    private func precedes(_ a: Int, _ b: Int) -> Bool {
        let (a, b) = (heap[a], heap[b])
        return (a.at.ms, a.machine, a.kind.rawValue) < (b.at.ms, b.machine, b.kind.rawValue)
    }
}
