import Model
import Placement

extension ProvisioningStep {
    /// Every type's answer for each replica that no launch of this plan is for.
    mutating func refuse() {
        for (number, shape) in shapes.enumerated() {
            let delayed = shape.replicas.filter(delayedMembers.contains)
            let isServed = servedMembers.union(delayed)
            let waiting =
                shape.gang == nil
                ? Array(shape.replicas.dropFirst(served[number]))
                : delayed + shape.replicas.filter { !isServed.contains($0) }
            let late = shape.gang == nil ? self.delayed[number] : delayed.count
            guard !waiting.isEmpty else { continue }
            let soon = wares.map { ware in
                refusal(ware, number) ?? Refusal(candidate: ware.name, code: .upscalingSpeed)
            }
            let never = wares.map { ware in
                refusal(ware, number) ?? final(ware, number)
            }
            plan.refusals += waiting.prefix(late).map { Refused(replica: $0, refusals: soon) }
            plan.refusals += waiting.dropFirst(late).map { Refused(replica: $0, refusals: never) }
        }
        let none = wares.map { Refusal(candidate: $0.name, code: .buysNothing) }
        plan.refusals += input.unplaced.filter { !$0.demand.buys }
            .map { Refused(replica: $0.demand.replica, refusals: none) }
        let keyed = plan.refusals.map { ($0.replica.serial, $0) }
        plan.refusals = keyed.sorted {
            $0.0 != $1.0 ? $0.0 < $1.0 : $0.1.replica.rawValue < $1.1.replica.rawValue
        }.map(\.1)
    }

    /// Why this type cannot be bought for such a replica now, whatever else is bought; nil when it can.
    func refusal(_ ware: Ware, _ shape: Int) -> Refusal? {
        let (one, type) = (shapes[shape].demand, ware.state.type)
        let asked = shapes[shape].resources
        var short = type.resources.shortfall(of: asked)
        short[Resources.gpu] = Devices(count: Int(type.resources[Resources.gpu] / Devices.whole)).shortfall(
            of: one.gpu)
        if !short.entries.isEmpty {
            return Refusal(candidate: ware.name, code: .tooLarge, short: short)
        }
        let labels = ware.offerings.isEmpty ? [ware.labels()] : ware.offerings.map { ware.labels($0) }
        let failures = labels.flatMap { set in one.selectors.map { $0.failures(set) } }.min() ?? 0
        if failures > 0 {
            return Refusal(candidate: ware.name, code: .labelSelector, gap: Int64(failures))
        }
        if ware.offerings.isEmpty { return Refusal(candidate: ware.name, code: .unavailable) }
        let taken = input.types.reduce(0) { $0 + $1.live }
        if ware.state.live >= type.maxWorkers || taken >= input.settings.maxWorkers {
            return Refusal(candidate: ware.name, code: .limit)
        }
        return nil
    }

    /// Why not one more, with all that the plan buys.
    private func final(_ ware: Ware, _ shape: Int) -> Refusal {
        let obstacle = obstacles.indices.contains(shape) ? obstacles[shape][ware.name] : nil
        switch obstacle?.code {
        case .labelSelector?, .spread?, .affinity?, .antiAffinity?, .maxPerNode?, .budget?:
            return Refusal(
                candidate: ware.name, code: obstacle?.code ?? .limit, gap: obstacle?.gap ?? 0)
        case .gang? where shapes[shape].gang != nil:
            return Refusal(
                candidate: ware.name, code: .gang,
                short: shapes[shape].resources.times(max(1, missing[shape])))
        default: return Refusal(candidate: ware.name, code: ware.stockBinds ? .unavailable : .limit)
        }
    }
}
