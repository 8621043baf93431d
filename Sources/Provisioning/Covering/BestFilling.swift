import Model
import Placement

extension NodeFilling {
    /// Items in the order in which a search takes them for a ware: those worth most for their size first.
    package struct Order {
        fileprivate var entries: [(item: Int, value: Int64, size: Int64)]
    }

    /// - Parameter items: those of them that fit on an empty node and are worth something are in it.
    package mutating func order(_ ware: CoverProblem.Ware, _ items: [Int], values: [Int64]) -> Order {
        empty(ware)
        setScale()
        var entries: [(item: Int, value: Int64, size: Int64)] = []
        entries.reserveCapacity(items.count)
        for item in items where values[item] > 0 && fits(item, limit: 1) > 0 {
            entries.append((item, values[item], size(of: item)))
        }
        entries.sort { a, b in
            let (x, y) = (a.value.multipliedFullWidth(by: b.size), b.value.multipliedFullWidth(by: a.size))
            return (x.high, x.low) != (y.high, y.low) ? (x.high, x.low) > (y.high, y.low) : a.item < b.item
        }
        return Order(entries: entries)
    }

    /// Looks for a filling that is worth more than `floor`: depth first, from the item that is worth most for its size, as
    /// many of it as fit first. A branch that could not be worth more is not followed.
    /// - Parameter forced: one of it is in the node in any case; nil: nothing is.
    /// - Parameter steps: items put in, at most; what is used is taken off.
    /// - Returns: its load and worth; nil: none was found.
    package mutating func best(
        _ ware: CoverProblem.Ware, _ order: Order, left: [Int], forced: (item: Int, value: Int64)? = nil,
        above floor: Int64, steps: inout Int
    ) -> (load: [Pattern.Load], worth: Int64)? {
        empty(ware)
        setScale()
        if let forced {
            guard fits(forced.item, limit: 1) > 0 else { return nil }
            take(forced.item, times: 1, value: forced.value)
        }
        return order.entries.withUnsafeBufferPointer { order in
            left.withUnsafeBufferPointer { left in
                var search = Search(order: order, left: left, worth: floor, steps: steps)
                search.descend(&self, from: 0)
                steps = search.steps
                return search.load.map { ($0, search.worth) }
            }
        }
    }

    /// Borrows what it looks at for as long as it looks: it is the innermost loop of buying.
    private struct Search {
        let order: UnsafeBufferPointer<(item: Int, value: Int64, size: Int64)>
        let left: UnsafeBufferPointer<Int>
        var worth: Int64
        var load: [Pattern.Load]?
        var steps: Int

        mutating func descend(_ node: inout NodeFilling, from first: Int) {
            var place = first
            // What more is put in is worth something: only a filling that takes nothing more can be the best.
            var isFull = true
            // All that is put in below is given back before the next is looked at.
            let room = node.roomLeft
            while place < order.count, steps > 0 {
                let (item, value, size) = order[place]
                // No item from here on is worth more for its size than this one.
                let most = room.multipliedFullWidth(by: value)
                let lacking = (max(0, worth - node.worth) + 1).multipliedFullWidth(by: size)
                guard (most.high, most.low) >= (lacking.high, lacking.low) else { break }
                place += 1
                let fitting = node.fits(item, limit: left[item] - node.load[item])
                for times in stride(from: fitting, to: 0, by: -1) {
                    guard steps > 0 else { return }
                    steps -= 1
                    isFull = false
                    let devices = node.take(item, times: times, value: value)
                    descend(&node, from: place)
                    node.giveBack(item, times: times, value: value, devices: devices)
                }
            }
            if isFull, node.worth > worth {
                worth = node.worth
                load = node.pattern
            }
        }
    }
}
