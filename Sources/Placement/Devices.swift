import Model

/// What a replica asks of the GPUs of a node: below one device a share of a single one, from there whole devices.
///
/// Source: Ray Serve's `num_gpus`, which takes a fraction below 1 or a whole number.
package enum DeviceAsk: Hashable, Sendable {
    case none
    /// Thousandths of one device, 1 to 999.
    case share(Int)
    case whole(Int)

    /// - Parameter milli: thousandths of a GPU. Nil: neither a share of one device nor whole ones.
    package init?(milli: Int64) {
        switch milli {
        case 0: self = .none
        case 1..<Devices.whole: self = .share(Int(milli))
        case Devices.whole... where milli % Devices.whole == 0: self = .whole(Int(milli / Devices.whole))
        default: return nil
        }
    }

    /// What a demand for so many thousandths comes to: a part beyond whole devices takes one more.
    package init(atLeast milli: Int64) {
        self = DeviceAsk(milli: max(0, milli)) ?? .whole(Int((milli + Devices.whole - 1) / Devices.whole))
    }

    /// Thousandths of a GPU.
    package var milli: Int64 {
        switch self {
        case .none: 0
        case .share(let milli): Int64(milli)
        case .whole(let count): Int64(count) * Devices.whole
        }
    }
}

/// A part of one device.
package struct DeviceSlot: Hashable, Sendable {
    package var index: Int
    /// Thousandths of the device.
    package var milli: Int64

    package init(index: Int, milli: Int64) {
        self.index = index
        self.milli = milli
    }
}

/// The GPUs of one node: what each has left.
package struct Devices: Hashable, Sendable {
    package static let whole: Int64 = 1_000
    /// Thousandths of each device, by its index.
    package private(set) var free: [Int64]
    /// Of all of them.
    package private(set) var left: Int64

    package init(free: [Int64] = []) {
        self.free = free
        left = free.reduce(0, +)
    }

    /// - Parameter free: thousandths of a GPU that are left of `total` together: the first devices are whole, one may have a
    ///   rest of one.
    package init(free: Int64, of total: Int64) {
        let count = Int(max(0, total) / Self.whole)
        self.init(free: (0..<Int64(count)).map { min(Self.whole, max(0, free - $0 * Self.whole)) })
    }

    package init(count: Int) { self.init(free: Array(repeating: Self.whole, count: count)) }

    /// Devices of which nothing is taken.
    package var empty: Int { free.count { $0 == Self.whole } }

    package func fits(_ ask: DeviceAsk) -> Bool {
        switch ask {
        case .none: true
        case .share(let milli): free.contains { $0 >= Int64(milli) }
        case .whole(let count): empty >= count
        }
    }

    /// How many times it fits, at most `limit`.
    package func fits(_ ask: DeviceAsk, limit: Int) -> Int {
        switch ask {
        case .none: limit
        case .share(let milli): min(limit, free.reduce(0) { $0 + Int($1 / Int64(milli)) })
        case .whole(let count): min(limit, empty / count)
        }
    }

    /// Thousandths that are missing for it, on the device that lacks least or of all devices; 0: it fits.
    package func shortfall(of ask: DeviceAsk) -> Int64 {
        switch ask {
        case .none: 0
        case .share(let milli): max(0, Int64(milli) - (free.max() ?? 0))
        case .whole(let count): Int64(max(0, count - empty)) * Self.whole
        }
    }

    /// Where a share may go: one device for each different remainder, the tightest first. Equal devices are as good as
    /// each other.
    package func choices(of milli: Int) -> [Int] {
        var choices: [Int] = []
        for index in free.indices where free[index] >= Int64(milli) {
            if !choices.contains(where: { free[$0] == free[index] }) { choices.append(index) }
        }
        return choices.sorted { free[$0] != free[$1] ? free[$0] < free[$1] : $0 < $1 }
    }

    /// The tightest device for a share, the first empty ones for whole devices.
    /// - Returns: nil: it does not fit, and nothing is taken.
    package mutating func take(_ ask: DeviceAsk) -> [DeviceSlot]? {
        switch ask {
        case .none: return []
        case .share(let milli):
            guard let index = choices(of: milli).first else { return nil }
            return [take(milli, of: index)]
        case .whole(let count):
            let chosen = free.indices.filter { free[$0] == Self.whole }.prefix(count)
            guard chosen.count == count else { return nil }
            return chosen.map { take(Int(Self.whole), of: $0) }
        }
    }

    /// The caller has asked `choices`.
    package mutating func take(_ milli: Int, of index: Int) -> DeviceSlot {
        free[index] -= Int64(milli)
        left -= Int64(milli)
        return DeviceSlot(index: index, milli: Int64(milli))
    }

    /// What a replica has that stands there. One of which it is not known where it is has the tightest.
    package mutating func hold(_ ask: DeviceAsk, on indices: [Int]) {
        let known = indices.filter { free.indices.contains($0) }
        guard !known.isEmpty else {
            _ = take(ask)
            return
        }
        for index in known {
            if case .share(let milli) = ask {
                _ = take(milli, of: index)
            } else {
                _ = take(Int(free[index]), of: index)
            }
        }
    }

    package mutating func giveBack(_ slots: [DeviceSlot]) {
        for slot in slots where free.indices.contains(slot.index) {
            free[slot.index] += slot.milli
            left += slot.milli
        }
    }
}
