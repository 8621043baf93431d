import Model
import Placement

/// What nodes shall be bought for: replicas by what they ask for, and kinds of nodes with their prices.
package struct CoverProblem: Sendable {
    /// Replicas that ask for the same.
    package struct Item: Sendable {
        /// Without GPU.
        package var amounts: Amounts
        package var gpu: DeviceAsk
        package var count: Int
        /// For each ware: may it stand there?
        package var admits: [Bool]
        /// Index of the group of which a node takes only so many; nil: none.
        package var group: Int?

        package init(
            amounts: Amounts, gpu: DeviceAsk = .none, count: Int, admits: [Bool], group: Int? = nil
        ) {
            self.amounts = amounts
            self.gpu = gpu
            self.count = count
            self.admits = admits
            self.group = group
        }
    }

    /// A kind of node.
    package struct Ware: Sendable {
        package var capacity: Amounts
        package var gpus: Int
        /// Millionths of a dollar per hour.
        package var price: Int64
        /// So many can be had.
        package var room: Int

        package init(capacity: Amounts, gpus: Int, price: Int64, room: Int = .max) {
            self.capacity = capacity
            self.gpus = gpus
            self.price = price
            self.room = room
        }
    }

    package var items: [Item]
    package var wares: [Ware]
    /// For each group: so many of its items on one node.
    package var groups: [Int]
    /// Nodes in all.
    package var room: Int

    package init(items: [Item], wares: [Ware], groups: [Int] = [], room: Int = .max) {
        self.items = items
        self.wares = wares
        self.groups = groups
        self.room = room
    }
}

/// One way to fill a node, and how often.
package struct Pattern: Hashable, Sendable {
    package var ware: Int
    /// For each item how many one node holds; only those of which it holds any, in ascending order.
    package var load: [Load]
    package var times: Int

    /// So many of one item.
    package struct Load: Hashable, Sendable {
        package var item: Int
        package var count: Int

        package init(item: Int, count: Int) {
            self.item = item
            self.count = count
        }
    }
}
