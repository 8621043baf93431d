import Model
import Placement

extension ProvisioningStep {
    /// Every type's answer for each replica that no launch of this plan is for.
    mutating func refuse() {
        for (number, shape) in shapes.enumerated() {
            let waiting = shape.replicas.dropFirst(served[number])
            let late = wares.map { ware in
                refusal(ware, shape) ?? Refusal(candidate: ware.name, code: .upscalingSpeed)
            }
            let never = wares.map { ware in
                refusal(ware, shape)
                    ?? Refusal(candidate: ware.name, code: ware.stockBinds ? .unavailable : .limit)
            }
            plan.refusals += waiting.prefix(delayed[number]).map { Refused(replica: $0, refusals: late) }
            plan.refusals += waiting.dropFirst(delayed[number]).map { Refused(replica: $0, refusals: never) }
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
    func refusal(_ ware: Ware, _ shape: Shape) -> Refusal? {
        guard ware.capacity.covers(shape.amounts) else {
            let short = columns.resources(ware.capacity.shortfall(of: shape.amounts))
            return Refusal(candidate: ware.name, code: .tooLarge, short: short)
        }
        if ware.offerings.isEmpty { return Refusal(candidate: ware.name, code: .unavailable) }
        let taken = input.types.reduce(0) { $0 + $1.live }
        if ware.state.live >= ware.state.type.maxWorkers || taken >= input.settings.maxWorkers {
            return Refusal(candidate: ware.name, code: .limit)
        }
        return nil
    }
}
