import Model
import Placement

extension World {
    /// Places the requests one at a time in their order on the nodes there are, by the policy. No rules are looked at.
    func planOneByOne() -> WorldPlan {
        let columns = Columns(nodes.map(\.resources) + requests.map(\.ask.resources))
        let places = nodes.map { $0.place(columns) }
        var kinds: [OnlineShape] = []
        var known: [OnlineShape: Int] = [:]
        let shapeOf = requests.map { request in
            let shape = OnlineShape(
                amounts: columns.amounts(request.ask.resources), gpu: request.ask.gpu,
                selector: request.selectors.first ?? LabelSelector())
            if let place = known[shape] { return place }
            known[shape] = kinds.count
            kinds.append(shape)
            return kinds.count - 1
        }
        var weights = [Int64](repeating: 0, count: kinds.count)
        if expects == .requests {
            for (request, shape) in zip(requests, shapeOf) { weights[shape] += Int64(request.count) }
        }
        var placing = OnlinePlacing(
            shapes: kinds, nodes: places, policy: policy, cpu: columns.cpu, weights: weights, seed: seed)
        var plan = WorldPlan()
        // What found no place once finds none later: nothing is given back.
        var isFull = [Bool](repeating: false, count: kinds.count)
        for (number, request) in requests.enumerated() {
            let shape = shapeOf[number]
            for done in 0..<request.count {
                if expects == .past { placing.expect(shape) }
                guard !isFull[shape], let choice = placing.place(shape) else {
                    isFull[shape] = true
                    plan.unplaced.append(
                        WorldPlan.Unplaced(
                            request: number, count: request.count - done,
                            refusals: refusals(kinds[shape], placing.nodes, columns)))
                    break
                }
                plan.note(
                    WorldPlan.Assignment(request: number, node: choice.node, count: 1, slots: choice.slots))
            }
        }
        let total = nodes.reduce(Int64(0)) { $0 + Int64($1.gpus) * Devices.whole }
        if total > 0 {
            let left = placing.nodes.reduce(Int64(0)) { $0 + $1.devices.left }
            plan.gpuAllocated = (total - left) * 1_000_000 / total
        }
        return plan
    }

    private func refusals(_ shape: OnlineShape, _ places: [OnlineNode], _ columns: Columns) -> [Refusal] {
        zip(nodes, places).prefix(WorldPlan.refusalsMax).map { node, place in
            if !shape.selector.admits(node.labels) {
                return Refusal(
                    candidate: node.id, code: .labelSelector, gap: Int64(shape.selector.failures(node.labels))
                )
            }
            var short = columns.resources(place.free.shortfall(of: shape.amounts))
            var lacking = columns.resources(place.total.shortfall(of: shape.amounts))
            if !Devices(count: node.gpus).fits(shape.gpu) {
                lacking[Resources.gpu] = max(1, shape.gpu.milli - Int64(node.gpus) * Devices.whole)
            }
            if !lacking.entries.isEmpty {
                return Refusal(candidate: node.id, code: .tooLarge, short: lacking)
            }
            if !place.devices.fits(shape.gpu) {
                short[Resources.gpu] = place.devices.shortfall(of: shape.gpu)
            }
            return Refusal(candidate: node.id, code: .short, short: short)
        }
    }
}

extension WorldNode {
    fileprivate func place(_ columns: Columns) -> OnlineNode {
        var whole = resources
        whole[Resources.gpu] = 0
        let total = columns.amounts(whole)
        var free = total
        free.take(columns.amounts(used))
        return OnlineNode(
            total: total, free: free, devices: Devices(free: usedGPUs.map { Devices.whole - $0 }),
            labels: labels)
    }
}
