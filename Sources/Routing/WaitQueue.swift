/// First come, first served, with tickets by which one who waits can leave. Not shared: its owner locks.
package struct WaitQueue<Waiter: Sendable>: Sendable {
    /// Grows from front to back.
    private var entries: [(ticket: Int64, waiter: Waiter?)] = []
    /// Entries before this one have gone.
    private var front = 0
    /// Tickets are never used again: one who was served may ask to leave late.
    private var nextTicket: Int64 = 0
    private var nextFrontTicket: Int64 = -1
    /// Who waits; those who left are not counted.
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Joins at the back.
    package mutating func append(_ waiter: Waiter) -> Int64 {
        let ticket = nextTicket
        nextTicket += 1
        entries.append((ticket, waiter))
        count += 1
        return ticket
    }

    /// Joins at the front: one who had been served and was sent back.
    package mutating func prepend(_ waiter: Waiter) -> Int64 {
        compact()
        let ticket = nextFrontTicket
        nextFrontTicket -= 1
        entries.insert((ticket, waiter), at: 0)
        count += 1
        return ticket
    }

    /// Takes who came first.
    package mutating func popFirst() -> Waiter? {
        while front < entries.count {
            let waiter = entries[front].waiter
            entries[front].waiter = nil
            front += 1
            if let waiter {
                count -= 1
                if front > entries.count / 2 { compact() }
                return waiter
            }
        }
        return nil
    }

    /// Leaves. False: was served or had left before.
    package mutating func remove(_ ticket: Int64) -> Bool {
        var low = front
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].ticket < ticket { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].ticket == ticket, entries[low].waiter != nil else {
            return false
        }
        entries[low].waiter = nil
        count -= 1
        if entries.count > 2 * count + Self.leftMax { compact() }
        return true
    }

    /// Entries of those who left may stand this far beyond the number of those who wait.
    private static var leftMax: Int { 64 }

    private mutating func compact() {
        entries.removeAll { $0.waiter == nil }
        front = 0
    }
}
