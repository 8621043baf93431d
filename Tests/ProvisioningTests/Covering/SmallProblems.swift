import Placement
import Provisioning

/// Problems so small that every plan can be tried.
struct SmallProblems {
    private var dice: Dice

    init(seed: UInt64) { dice = Dice(seed: seed) }

    mutating func draw() -> CoverProblem {
        let hasGPU = Int.random(in: 0..<3, using: &dice) == 0
        let wares = (0..<Int.random(in: 1...3, using: &dice)).map { _ in
            CoverProblem.Ware(
                capacity: Amounts(values: [
                    Int64.random(in: 2...10, using: &dice) * 1000,
                    Int64.random(in: 2...10, using: &dice) * 1000,
                ]), gpus: hasGPU ? Int.random(in: 0...2, using: &dice) : 0,
                price: Int64.random(in: 1...20, using: &dice) * 50_000_000)
        }
        let groups = (0..<Int.random(in: 0...1, using: &dice)).map { _ in Int.random(in: 1...2, using: &dice)
        }
        let items = (0..<Int.random(in: 1...3, using: &dice)).map { _ in
            let share = [250, 400, 500, 700].randomElement(using: &dice) ?? 500
            let asks: [DeviceAsk] = [.none, .share(share), .whole(1)]
            return CoverProblem.Item(
                amounts: Amounts(values: [
                    Int64.random(in: 1...8, using: &dice) * 500, Int64.random(in: 0...8, using: &dice) * 500,
                ]), gpu: hasGPU ? asks.randomElement(using: &dice) ?? .none : .none,
                count: Int.random(in: 1...4, using: &dice),
                admits: wares.map { _ in Int.random(in: 0..<6, using: &dice) > 0 },
                group: groups.isEmpty || Bool.random(using: &dice) ? nil : 0)
        }
        return CoverProblem(items: items, wares: wares, groups: groups)
    }
}

extension CoverProblem {
    /// Items that no ware holds are no part of it.
    var holdable: CoverProblem {
        var problem = self
        problem.items = items.filter { item in
            wares.indices.contains {
                item.admits[$0] && wares[$0].capacity.covers(item.amounts)
                    && Devices(count: wares[$0].gpus).fits(item.gpu)
            }
        }
        return problem
    }

    /// The least that covers everything costs, by trying all.
    var optimum: Int64 {
        var known: [[Int]: Int64] = [:]
        return least(items.map(\.count), &known)
    }

    private func least(_ left: [Int], _ known: inout [[Int]: Int64]) -> Int64 {
        guard left.contains(where: { $0 > 0 }) else { return 0 }
        if let found = known[left] { return found }
        var best = Int64.max
        for ware in wares.indices {
            for load in loads(ware, left) {
                let rest = least(zip(left, load).map { $0 - $1 }, &known)
                if rest < .max { best = min(best, rest + wares[ware].price) }
            }
        }
        known[left] = best
        return best
    }

    /// Every way to fill one node with some of what is left.
    private func loads(_ ware: Int, _ left: [Int]) -> [[Int]] {
        var found: [[Int]] = []
        var load = left.map { _ in 0 }
        func descend(_ item: Int) {
            guard item < left.count else {
                if load.contains(where: { $0 > 0 }), holds(load, ware) { found.append(load) }
                return
            }
            for count in 0...left[item] {
                load[item] = count
                descend(item + 1)
            }
            load[item] = 0
        }
        descend(0)
        return found
    }

    /// By amounts, groups, and shares on single devices: in every order in which they could be given out.
    func holds(_ load: [Int], _ ware: Int) -> Bool {
        let one = wares[ware]
        for (item, count) in load.enumerated() where count > 0 && !items[item].admits[ware] { return false }
        for column in one.capacity.values.indices {
            let sum = zip(items, load).reduce(Int64(0)) { $0 + $1.0.amounts.values[column] * Int64($1.1) }
            if sum > one.capacity.values[column] { return false }
        }
        for group in groups.indices
        where zip(items, load).reduce(0, { $0 + ($1.0.group == group ? $1.1 : 0) }) > groups[group] {
            return false
        }
        let asks = zip(items, load).flatMap { Array(repeating: Int($0.0.gpu.milli), count: $0.1) }.filter {
            $0 > 0
        }
        return fit(asks.sorted(by: >)[...], Array(repeating: 1000, count: one.gpus))
    }

    private func fit(_ asks: ArraySlice<Int>, _ devices: [Int]) -> Bool {
        guard let first = asks.first else { return true }
        for device in devices.indices where devices[device] >= min(first, 1000) {
            var other = devices
            other[device] -= min(first, 1000)
            if fit(asks.dropFirst(), other) { return true }
        }
        return false
    }
}
