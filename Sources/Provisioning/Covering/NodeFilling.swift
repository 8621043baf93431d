import Model
import Placement

/// One node while it is filled: the inner loop of buying, so it works on plain numbers.
///
/// A share of a device goes to the tightest one, whole devices to the first empty ones.
package struct NodeFilling {
    /// The columns that any item asks for.
    private let columns: [Int]
    /// What an item takes of these, one after the other, with thousandths of GPU last where any asks for GPU.
    private let needs: [Int64]
    private let hasGPU: Bool
    private let gpus: [DeviceAsk]
    private let takesGPU: [Bool]
    private let group: [Int]
    private let groupRoom: [Int]
    private let width: Int

    private var free: [Int64] = []
    private var devices: [Int64] = []
    private var groupLeft: [Int] = []
    /// Parts that a whole free resource has by `setScale`, for one of its amounts.
    private var scale: [Int64] = []
    package private(set) var load: [Int]
    package private(set) var worth: Int64 = 0

    package init(_ problem: CoverProblem) {
        let all = problem.wares.first?.capacity.values.indices ?? 0..<0
        let columns = all.filter { column in problem.items.contains { $0.amounts.values[column] > 0 } }
        let hasGPU = problem.items.contains { $0.gpu != .none }
        self.columns = columns
        self.hasGPU = hasGPU
        width = columns.count + (hasGPU ? 1 : 0)
        needs = problem.items.flatMap { item in
            columns.map { max(0, item.amounts.values[$0]) } + (hasGPU ? [item.gpu.milli] : [])
        }
        gpus = problem.items.map(\.gpu)
        takesGPU = problem.items.map { $0.gpu != .none }
        group = problem.items.map { $0.group ?? -1 }
        groupRoom = problem.groups
        load = Array(repeating: 0, count: problem.items.count)
    }

    package mutating func empty(_ ware: CoverProblem.Ware) {
        // In place: it is asked for each filling.
        if free.count != width { free = Array(repeating: 0, count: width) }
        for place in columns.indices { free[place] = max(0, ware.capacity.values[columns[place]]) }
        if hasGPU { free[width - 1] = Int64(ware.gpus) * Devices.whole }
        if devices.count != ware.gpus { devices = Array(repeating: 0, count: ware.gpus) }
        for device in devices.indices { devices[device] = Devices.whole }
        if groupLeft.count != groupRoom.count { groupLeft = groupRoom }
        for group in groupRoom.indices { groupLeft[group] = groupRoom[group] }
        for item in load.indices { load[item] = 0 }
        worth = 0
    }

    var isEmpty: Bool { load.allSatisfy { $0 == 0 } }

    package var pattern: [Pattern.Load] {
        load.indices.compactMap { load[$0] > 0 ? Pattern.Load(item: $0, count: load[$0]) : nil }
    }

    /// How many more of the item fit, `limit` at most.
    @inline(__always)
    package func fits(_ item: Int, limit: Int) -> Int {
        var times = Int64(limit)
        let base = item * width
        times = needs.withUnsafeBufferPointer { needs in
            free.withUnsafeBufferPointer { free in
                var most = times
                for column in 0..<width {
                    let need = needs[base + column]
                    if need > 0 {
                        if need > free[column] { return 0 }
                        if most > 1 { most = min(most, free[column] / need) }
                    }
                }
                return most
            }
        }
        if group[item] >= 0 { times = min(times, Int64(groupLeft[group[item]])) }
        guard times > 0 else { return 0 }
        guard takesGPU[item] else { return Int(times) }
        switch gpus[item] {
        case .none: return Int(times)
        case .share(let milli):
            var places: Int64 = 0
            for device in devices { places += device / Int64(milli) }
            return Int(min(times, places))
        case .whole(let count):
            var empties = 0
            for device in devices where device == Devices.whole { empties += 1 }
            return min(Int(times), empties / count)
        }
    }

    /// The caller has asked `fits`.
    /// - Returns: the devices as they were before, for `giveBack`; empty: they have not changed.
    @discardableResult
    package mutating func take(_ item: Int, times: Int, value: Int64) -> [Int64] {
        let before = takesGPU[item] ? devices : []
        addToFree(item, -Int64(times))
        if group[item] >= 0 { groupLeft[group[item]] -= times }
        load[item] += times
        worth += value * Int64(times)
        guard takesGPU[item] else { return before }
        switch gpus[item] {
        case .none: break
        case .share(let milli): for _ in 0..<times { takeShare(Int64(milli)) }
        case .whole(let count):
            var left = count * times
            for device in devices.indices where left > 0 && devices[device] == Devices.whole {
                devices[device] = 0
                left -= 1
            }
        }
        return before
    }

    package mutating func giveBack(_ item: Int, times: Int, value: Int64, devices before: [Int64]) {
        addToFree(item, Int64(times))
        if group[item] >= 0 { groupLeft[group[item]] += times }
        load[item] -= times
        worth -= value * Int64(times)
        if !before.isEmpty { devices = before }
    }

    @inline(__always)
    private mutating func addToFree(_ item: Int, _ times: Int64) {
        let base = item * width
        needs.withUnsafeBufferPointer { needs in
            free.withUnsafeMutableBufferPointer { free in
                for column in 0..<width { free[column] += needs[base + column] * times }
            }
        }
    }

    // MARK: - Sizes

    /// From now on sizes are parts of what is free at this moment.
    mutating func setScale() {
        if scale.count != width { scale = Array(repeating: 0, count: width) }
        for column in 0..<width { scale[column] = free[column] > 0 ? Self.unit / free[column] : 0 }
    }

    /// What one of the item takes, all resources together; at least 1.
    func size(of item: Int) -> Int64 {
        var size: Int64 = 1
        let base = item * width
        for column in 0..<width { size += (needs[base + column] * scale[column]) >> Self.shift }
        return size
    }

    /// No items whose sizes are more than this together fit.
    var roomLeft: Int64 {
        free.withUnsafeBufferPointer { free in
            scale.withUnsafeBufferPointer { scale in
                var room: Int64 = Int64(width)
                for column in 0..<width { room += ((free[column] * scale[column]) >> Self.shift) + 1 }
                return room
            }
        }
    }

    private mutating func takeShare(_ milli: Int64) {
        var best = -1
        for device in devices.indices where devices[device] >= milli {
            if best < 0 || devices[device] < devices[best] { best = device }
        }
        devices[best] -= milli
    }

    // MARK: - Filling by worth

    /// Puts in what is worth most for the room that is scarce by now, until nothing fits. What is left of a resource sets its
    /// price anew after each choice, so that none runs out while the others stand idle.
    ///
    /// Source: the alignment of demand and free room of Tetris (Grandl et al., SIGCOMM 2014), with worth in place of size.
    package mutating func fill(_ items: [Int], values: [Int64], left: [Int]) {
        var weights = [Int64](repeating: 0, count: width)
        var open = items
        while !open.isEmpty {
            for column in 0..<width { weights[column] = free[column] > 0 ? Self.unit / free[column] : 0 }
            var best = -1
            var bestScore: Int64 = -1
            var kept = 0
            for place in open.indices {
                let item = open[place]
                guard left[item] > load[item], fits(item, limit: 1) > 0 else { continue }
                open[kept] = item
                kept += 1
                var size: Int64 = 1
                let base = item * width
                for column in 0..<width { size += (needs[base + column] * weights[column]) >> Self.shift }
                let score = (values[item] << Self.valueShift) / size
                if score > bestScore {
                    bestScore = score
                    best = item
                }
            }
            open.removeLast(open.count - kept)
            guard best >= 0 else { return }
            let most = fits(best, limit: left[best] - load[best])
            take(best, times: max(1, most / Self.chunks), value: values[best])
        }
    }

    /// Of what still fits of one item this part is put in before the others are looked at again.
    private static let chunks = 8
    /// Free room is this in sizes; values below 2^43 millionths do not overflow when shifted.
    private static let unit: Int64 = 1 << 40
    private static let shift: Int64 = 20
    private static let valueShift: Int64 = 20
}
