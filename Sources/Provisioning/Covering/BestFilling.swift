import Model
import Placement

extension NodeFilling {
    /// Looks for a filling that is worth more than `floor`: depth first, from the item that is worth most for its size, as
    /// many of it as fit first. A branch that could not be worth more is not followed.
    /// - Parameter items: none of them worth zero or less.
    /// - Parameter forced: one of it is in the node in any case; nil: nothing is.
    /// - Parameter steps: items put in, at most; what is used is taken off.
    /// - Returns: its load and worth; nil: none was found.
    package mutating func best(
        _ ware: CoverProblem.Ware, _ items: [Int], values: [Int64], left: [Int], forced: Int? = nil,
        above floor: Int64, steps: inout Int
    ) -> (load: [Pattern.Load], worth: Int64)? {
        empty(ware)
        if let forced {
            guard fits(forced, limit: 1) > 0 else { return nil }
            take(forced, times: 1, value: values[forced])
        }
        let usable = items.filter { left[$0] > load[$0] && fits($0, limit: 1) > 0 }
        setScale()
        let sized = usable.map { (item: $0, value: values[$0], size: size(of: $0)) }
        let order = sized.sorted { a, b in
            let (x, y) = (a.value.multipliedFullWidth(by: b.size), b.value.multipliedFullWidth(by: a.size))
            return (x.high, x.low) != (y.high, y.low) ? (x.high, x.low) > (y.high, y.low) : a.item < b.item
        }
        var search = Search(order: order, left: left, worth: floor, steps: steps)
        search.descend(&self, from: 0)
        steps = search.steps
        return search.load.map { ($0, search.worth) }
    }

    private struct Search {
        let order: [(item: Int, value: Int64, size: Int64)]
        let left: [Int]
        var worth: Int64
        var load: [Pattern.Load]?
        var steps: Int

        mutating func descend(_ node: inout NodeFilling, from first: Int) {
            if node.worth > worth {
                worth = node.worth
                load = node.pattern
            }
            var place = first
            while place < order.count, steps > 0 {
                let (item, value, size) = order[place]
                // No item from here on is worth more for its size than this one.
                let room = node.roomLeft.multipliedFullWidth(by: value)
                guard room.high >= size || size.dividingFullWidth(room).quotient > worth - node.worth else {
                    return
                }
                place += 1
                let fitting = node.fits(item, limit: left[item] - node.load[item])
                for times in stride(from: fitting, to: 0, by: -1) {
                    guard steps > 0 else { return }
                    steps -= 1
                    let devices = node.take(item, times: times, value: value)
                    descend(&node, from: place)
                    node.giveBack(item, times: times, value: value, devices: devices)
                }
            }
        }
    }
}
