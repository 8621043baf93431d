import Model

/// The kinds of replicas of a cluster, as far as they ask for GPU, each with how many ask so.
struct FragmentationMix {
    private let kinds: DemandMix
    private let admits: [Bool]

    init(_ mix: [(resources: Resources, count: Int)], _ columns: Columns) {
        let shapes = mix.map { one in
            OnlineShape(
                amounts: columns.amountsWithoutGPU(one.resources),
                gpu: DeviceAsk(atLeast: one.resources[Resources.gpu]))
        }
        kinds = DemandMix(shapes, weights: mix.map { Int64(max(0, $0.count)) })
        admits = shapes.map { _ in true }
    }

    func fragmentation(_ free: Amounts, _ devices: Devices) -> Int64 {
        kinds.fragmentation(free: free, devices: devices, admits: admits)
    }
}

extension Placing {
    /// What is used of a node's own CPU and GPU, in millionths of each, added up.
    func use(of node: Int) -> Int64 {
        let one = packing.nodes[node]
        let (total, free) = (one.total.values[ground.columns.cpu], one.free.values[ground.columns.cpu])
        let gpus = Int64(one.devices.free.count) * Devices.whole
        return (total - max(free, 0)) * 1_000_000 / max(total, 1)
            + (gpus - one.devices.left) * 1_000_000 / max(gpus, 1)
    }

    /// One replica after the other, each into the room that is best by then: what a choice costs changes with each.
    mutating func pourEach(_ shape: Int, into state: Room.State) {
        var isStuck = false
        while left[shape] > 0, !isStuck {
            isStuck = true
            var costs: [Int: Cost] = [:]
            for room in packing.nodes.indices where ground.rooms[room].state == state {
                costs[room] = cost(shape, room)
            }
            while left[shape] > 0, let best = costs.min(by: { $0.value < $1.value }) {
                let done = put(shape, best.key, slots: best.value.slots)
                if done { isStuck = false }
                costs[best.key] = done ? cost(shape, best.key) : nil
            }
            // Only a rule lets one in where it refused before others came elsewhere.
            if !packing.hasRules(shape) { return }
        }
    }

    /// What speaks against a room: less is better.
    private struct Cost: Comparable {
        var selector: Int
        var first: Int64
        var second: Int64
        var room: Int
        var slots: [DeviceSlot]?

        static func < (a: Cost, b: Cost) -> Bool {
            if a.selector != b.selector { return a.selector < b.selector }
            if a.first != b.first { return a.first < b.first }
            return a.second != b.second ? a.second < b.second : a.room < b.room
        }
    }

    /// Nil: it has no room for one more.
    private func cost(_ shape: Int, _ room: Int) -> Cost? {
        guard packing.room(shape, on: room, limit: 1) > 0,
            let selector = packing.selector(shape, passing: packing.nodes[room].labels)
        else { return nil }
        let cpu = packing.nodes[room].free.values[ground.columns.cpu]
        guard let mix else {
            return Cost(selector: selector, first: use(of: room), second: -cpu, room: room)
        }
        let (before, ask) = (packing.nodes[room], ground.shapes[shape].demand)
        var free = before.free
        free.take(ask.amounts)
        let start = mix.fragmentation(before.free, before.devices)
        var best: Cost?
        for slots in devices(ask.gpu, of: before.devices) {
            var devices = before.devices
            for slot in slots { _ = devices.take(Int(slot.milli), of: slot.index) }
            let growth = mix.fragmentation(free, devices) - start
            let cost = Cost(
                selector: selector, first: growth, second: devices.left + cpu, room: room, slots: slots)
            if best.map({ cost < $0 }) ?? true { best = cost }
        }
        return best
    }

    /// The devices that it could have there; of whole ones the first that are.
    private func devices(_ ask: DeviceAsk, of devices: Devices) -> [[DeviceSlot]] {
        guard case .share(let milli) = ask else {
            var rest = devices
            return [rest.take(ask) ?? []]
        }
        return devices.choices(of: milli).map { [DeviceSlot(index: $0, milli: Int64(milli))] }
    }

    private mutating func put(_ shape: Int, _ room: Int, slots: [DeviceSlot]?) -> Bool {
        guard packing.seat(shape, on: room, slots: slots) else { return false }
        left[shape] -= 1
        places[shape].append(Place(room: room, slots: packing.seats.last?.slots ?? []))
        return true
    }
}
