import Model

/// How the node for a replica is chosen among those that have room. `tandem` is what this project does by itself.
package enum PlacementPolicy: String, CaseIterable, Hashable, Sendable {
    case tandem = "default"
    /// Any of them, by seed: what the others are measured against.
    case random
    /// Where the least CPU and GPU is left, in parts of the largest node's; of devices the tightest.
    case bestFit = "best-fit"
    /// Where the fragmentation measure grows least.
    case fgd
    /// The node that is used most already; the least used one.
    case pack, spread
}

/// Demands that ask for the same.
package struct OnlineShape: Hashable, Sendable {
    /// Without GPU.
    package var amounts: Amounts
    package var gpu: DeviceAsk
    package var selector: LabelSelector

    package init(amounts: Amounts, gpu: DeviceAsk = .none, selector: LabelSelector = LabelSelector()) {
        self.amounts = amounts
        self.gpu = gpu
        self.selector = selector
    }
}

/// A node as a place for replicas that come one at a time.
package struct OnlineNode: Hashable, Sendable {
    /// Without GPU, as are `free`.
    package var total: Amounts
    package var free: Amounts
    package var devices: Devices
    package var labels: [String: String]

    package init(total: Amounts, free: Amounts, devices: Devices, labels: [String: String] = [:]) {
        self.total = total
        self.free = free
        self.devices = devices
        self.labels = labels
    }
}

/// Where one replica went.
package struct OnlineChoice: Hashable, Sendable {
    package var node: Int
    package var slots: [DeviceSlot]
}

/// Places replicas one at a time on the nodes there are. What a shape's choice costs on a node is remembered until the
/// node changes: a placement costs what it changed and a look at every node, not a plan.
package struct OnlinePlacing {
    let shapes: [OnlineShape]
    package private(set) var nodes: [OnlineNode]
    let policy: PlacementPolicy
    private var mix: DemandMix
    private var scarcity: Scarcity
    /// CPU that is asked for with a whole GPU, in the mean of what is expected; thousandths, at least 1.
    private var cpuOfGPU: Int64 = 1
    private var weights: [Int64]
    /// For each node and shape: do the labels fit?
    private let admits: [[Bool]]
    /// The largest node's CPU and devices.
    private let cpuMost: Int64
    private let gpuMost: Int64
    private let cpu: Int
    /// Of each node: raised when it changes.
    private var versions: [Int]
    private var known: [[Known]]
    private var draw: SeededDraw
    private var come = 0
    /// The sum of the weights, at least 1.
    private var expected: Int64 = 1
    private var nextMix = 1

    /// What a shape's best choice on a node costs: less is better; nil: it does not fit.
    private struct Known {
        var version = -1
        var cost: Cost?
        var device = -1
    }

    /// Weights of the default policy, against a thousandth of a GPU that is fragmented, as 1,000. Tried on the openb traces
    /// of `scripts/bench packing`: between half and twice of each the figures move by less than 0.15 points.
    private static let strandedWeight: Int64 = 1_000
    /// A millionth of the largest node that is left, by this.
    private static let leftDivisor: Int64 = 12
    private static let scarcityPercent: Int64 = 30

    private struct Cost: Comparable {
        var first: Int64
        var second: Int64 = 0

        static func < (a: Cost, b: Cost) -> Bool {
            a.first != b.first ? a.first < b.first : a.second < b.second
        }
    }

    /// - Parameter cpu: the column of CPU.
    /// - Parameter weights: how often each shape is expected to come; all zero: nothing is known.
    package init(
        shapes: [OnlineShape], nodes: [OnlineNode], policy: PlacementPolicy, cpu: Int, weights: [Int64],
        seed: UInt64
    ) {
        self.shapes = shapes
        self.nodes = nodes
        self.policy = policy
        self.cpu = cpu
        mix = DemandMix(shapes, weights: weights)
        self.weights = weights
        scarcity = Scarcity(shapes, nodes, weights: weights)
        admits = nodes.map { node in shapes.map { $0.selector.admits(node.labels) } }
        cpuMost = max(1, nodes.map { $0.total.values[cpu] }.max() ?? 1)
        gpuMost = max(1, nodes.map { Int64($0.devices.free.count) * Devices.whole }.max() ?? 1)
        versions = nodes.map { _ in 0 }
        known = shapes.map { _ in [Known](repeating: Known(), count: nodes.count) }
        draw = SeededDraw(seed: seed)
        settleMean()
    }

    /// One more of a shape has come, and so is more to be expected. What choices cost is known anew when what has come
    /// is half as much again, since it moves little between.
    package mutating func expect(_ shape: Int) {
        weights[shape] += 1
        come += 1
        guard come >= nextMix else { return }
        nextMix = come + come / 2 + 1
        mix = DemandMix(shapes, weights: weights)
        scarcity = Scarcity(shapes, nodes, weights: weights)
        settleMean()
        for node in versions.indices { versions[node] += 1 }
    }

    private mutating func settleMean() {
        let asking = shapes.indices.filter { shapes[$0].gpu != .none }
        let gpu = asking.reduce(Int64(0)) { $0 + weights[$1] * shapes[$1].gpu.milli }
        let cpus = asking.reduce(Int64(0)) { $0 + weights[$1] * shapes[$1].amounts.values[cpu] }
        cpuOfGPU = max(1, cpus / max(1, gpu / Devices.whole))
        expected = max(1, weights.reduce(0, +))
    }

    /// Places one more of a shape; nil: it fits nowhere.
    package mutating func place(_ shape: Int) -> OnlineChoice? {
        guard let node = policy == .random ? drawn(shape) : best(shape) else { return nil }
        let asked = shapes[shape]
        nodes[node].free.take(asked.amounts)
        versions[node] += 1
        scarcity.take(asked.gpu.milli, of: node)
        guard case .share(let milli) = asked.gpu else {
            return OnlineChoice(node: node, slots: nodes[node].devices.take(asked.gpu) ?? [])
        }
        var device = known[shape][node].device
        if policy == .random {
            device = drawn(nodes[node].devices.free.indices(where: { $0 >= Int64(milli) })) ?? 0
        }
        return OnlineChoice(node: node, slots: [nodes[node].devices.take(milli, of: device)])
    }

    private func fits(_ shape: Int, _ node: Int) -> Bool {
        admits[node][shape] && nodes[node].free.covers(shapes[shape].amounts)
            && nodes[node].devices.fits(shapes[shape].gpu)
    }

    // MARK: - Choosing

    private mutating func best(_ shape: Int) -> Int? {
        var best: (node: Int, cost: Cost)?
        for node in nodes.indices {
            if known[shape][node].version != versions[node] { look(shape, node) }
            guard var cost = known[shape][node].cost else { continue }
            if policy == .tandem {
                cost.first +=
                    scarcity.ofGroup[scarcity.group[node]] * shapes[shape].gpu.milli * Self.scarcityPercent
                    / 100
            }
            if best.map({ cost < $0.cost }) ?? true { best = (node, cost) }
        }
        return best?.node
    }

    private mutating func look(_ shape: Int, _ node: Int) {
        var found = Known(version: versions[node])
        if fits(shape, node) {
            if case .share(let milli) = shapes[shape].gpu {
                for device in nodes[node].devices.choices(of: milli) {
                    let cost = cost(shape, node, device: device)
                    if found.cost.map({ cost < $0 }) ?? true { (found.cost, found.device) = (cost, device) }
                }
            } else {
                found.cost = cost(shape, node, device: nil)
            }
        }
        known[shape][node] = found
    }

    private func cost(_ shape: Int, _ node: Int, device: Int?) -> Cost {
        let before = nodes[node]
        var after = before
        after.free.take(shapes[shape].amounts)
        if let device {
            _ = after.devices.take(Int(shapes[shape].gpu.milli), of: device)
        } else {
            _ = after.devices.take(shapes[shape].gpu)
        }
        let left = left(after)
        switch policy {
        case .random: return Cost(first: 0)
        // Devices are tried the tightest first, and equal costs leave the first.
        case .bestFit: return Cost(first: left)
        case .pack: return Cost(first: -used(before), second: left)
        case .spread: return Cost(first: used(before), second: -left)
        case .fgd: return Cost(first: growth(before, after, admits[node]), second: left)
        case .tandem:
            let growth = growth(before, after, admits[node]) * 1_000 / expected
            let stranded = stranded(after) - stranded(before)
            return Cost(
                first: growth + stranded * Self.strandedWeight + left / Self.leftDivisor, second: left)
        }
    }

    private func growth(_ before: OnlineNode, _ after: OnlineNode, _ admits: [Bool]) -> Int64 {
        mix.fragmentation(free: after.free, devices: after.devices, admits: admits)
            - mix.fragmentation(free: before.free, devices: before.devices, admits: admits)
    }

    /// Thousandths of GPU for which, in the mean of what is expected, no CPU is left. The fragmentation measure sees it
    /// only once a demand does not fit any more; by then the CPU is gone.
    private func stranded(_ node: OnlineNode) -> Int64 {
        max(0, node.devices.left - node.free.values[cpu] * Devices.whole / cpuOfGPU)
    }

    /// What is left of CPU and GPU, in millionths of the largest node's.
    private func left(_ node: OnlineNode) -> Int64 {
        node.free.values[cpu] * 1_000_000 / cpuMost + node.devices.left * 1_000_000 / gpuMost
    }

    /// What is used of the node's own CPU and GPU, in millionths.
    private func used(_ node: OnlineNode) -> Int64 {
        let total = Int64(node.devices.free.count) * Devices.whole
        return (node.total.values[cpu] - node.free.values[cpu]) * 1_000_000 / max(node.total.values[cpu], 1)
            + (total - node.devices.left) * 1_000_000 / max(total, 1)
    }

    // MARK: - Drawing

    private mutating func drawn(_ shape: Int) -> Int? { drawn(nodes.indices.filter { fits(shape, $0) }) }

    private mutating func drawn(_ places: [Int]) -> Int? {
        places.randomElement(using: &draw)
    }
}

extension Array where Element == Int64 {
    fileprivate func indices(where holds: (Int64) -> Bool) -> [Int] { indices.filter { holds(self[$0]) } }
}
