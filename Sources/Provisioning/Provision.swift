import Model
import Placement

/// Which nodes to buy for what found no room, and which to give back.
///
/// Bought are the cheapest nodes that hold all unplaced demand, and what a type lacks of its minimum; never
/// more than a type's or the cluster's `max_workers`, and never above the price that all may cost. The plan is made for the
/// whole demand and then cut to this step's upscaling limit, so that the limit slows a choice down and does not change it.
/// Nodes that are on their way are not bought again: placement has counted on them.
///
/// Given back are nodes that were idle for their timeout, the longest idle first, never below a type's
/// minimum and not while unplaced demand would fit them; and idle nodes above a limit that was lowered, at
/// once.
package func provision(_ input: ProvisioningInput) -> ProvisioningPlan {
    var step = ProvisioningStep(input)
    step.buy()
    step.refuse()
    step.giveBack()
    return step.plan
}

struct ProvisioningStep {
    let input: ProvisioningInput
    /// Sorted by name.
    let wares: [Ware]
    var plan = ProvisioningPlan()
    /// Of the unplaced demand that may buy.
    var shapes: [Shape] = []
    /// For each shape: replicas that a node of this plan is for or that went to a room, and those whose node waits for the
    /// next step.
    var served: [Int] = []
    var delayed: [Int] = []
    /// The same of gangs, by name, since a gang has its own order.
    var servedMembers: Set<ReplicaID> = []
    var delayedMembers: Set<ReplicaID> = []
    /// For each shape of gangs what is missing of one that finds no place.
    var missing: [Int] = []
    /// What the planner says of each type for one more of a shape: after everything is planned.
    var obstacles: [[String: FleetPlan.Obstacle]] = []
    /// One for each kind of demand, in no order: only asked whether any fits.
    var unplacedShapes: [Unplaced] = []

    init(_ input: ProvisioningInput) {
        self.input = input
        let states = Dictionary(
            input.types.map { ($0.type.name, $0) }, uniquingKeysWith: { first, _ in first })
        wares = input.settings.nodeTypes.sorted { $0.name < $1.name }.map { type in
            var state = states[type.name] ?? TypeState(type: type, live: 0, ready: 0, launching: 0)
            state.type = type
            return Ware(state, input: input)
        }
    }

    /// Plans what the whole demand takes, and orders the nodes that this step's upscaling limit allows, those that replicas
    /// wait for first.
    mutating func buy() {
        for ware in wares where ware.lacking > 0 { wake(at: ware.retryAt) }
        // A shop costs a look at every room and offer.
        guard input.unplaced.contains(where: \.demand.buys) || wares.contains(where: { $0.lacking > 0 })
        else { return }
        let shop = Shop(input, wares)
        shapes = shop.ground.shapes
        served = shapes.map { _ in 0 }
        delayed = served
        if !shapes.isEmpty { for ware in wares { wake(at: ware.retryAt) } }
        let fleet = planFleet(shop.world)
        plan.cost = fleet.cost
        plan.bound = fleet.bound
        obstacles = shapes.indices.map { shop.obstacles($0, fleet) }
        missing = shapes.indices.map { shapes[$0].gang == nil ? 0 : shop.missing($0, fleet) }
        settleGangs(shop, fleet)
        let bought = shop.purchases(fleet)
        settle(bought.rooms, shop)
        launch(bought.nodes, shop)
    }

    /// Replicas that go to nodes there are.
    private mutating func settle(_ seats: [Seat], _ shop: Shop) {
        for seat in seats {
            let room = shop.ground.rooms[seat.node]
            let shape = shapes[seat.demand]
            for replica in shape.replicas[served[seat.demand]...].prefix(seat.count) {
                // What counts on a room that is coming is placed when it is open.
                guard room.state == .open else { continue }
                plan.assigned.append(Assignment(replica: replica, node: room.node, slots: seat.slots))
                plan.relaxations.append(
                    Decision(
                        .place, replica.rawValue, before: "pending", after: room.node.rawValue,
                        rule: "soft_rule_given_up",
                        reason:
                            "\(room.node) (\(room.type)) has room, and no node that could be had keeps all "
                            + "soft rules."))
            }
            served[seat.demand] += seat.count
        }
    }

    private mutating func launch(_ purchases: [Purchase], _ shop: Shop) {
        var allowed = wares.map { max(0, upscalingLimit($0.state, input.settings) - $0.state.recent.count) }
        var launched = wares.map { _ in 0 }
        let isAwaited = { (purchase: Purchase) in !purchase.load.isEmpty }
        for purchase in purchases.filter(isAwaited) + purchases.filter({ !isAwaited($0) }) {
            let ware = purchase.ware
            if allowed[ware] > 0 {
                allowed[ware] -= 1
                order(purchase, live: wares[ware].state.live + launched[ware])
                launched[ware] += 1
            } else {
                for seat in purchase.load where shapes[seat.demand].gang == nil {
                    delayed[seat.demand] += seat.count
                }
                delayedMembers.formUnion(purchase.members)
                wake(at: wares[ware].state.recent.first ?? input.now + upscalingStep)
            }
        }
    }

    private mutating func order(_ purchase: Purchase, live: Int) {
        var replicas = purchase.members
        servedMembers.formUnion(replicas)
        for seat in purchase.load where shapes[seat.demand].gang == nil {
            replicas += shapes[seat.demand].replicas[served[seat.demand]...].prefix(seat.count)
            served[seat.demand] += seat.count
        }
        let ware = wares[purchase.ware]
        let reason = reason(purchase, ware, replicas)
        plan.launches.append(
            Launch(type: ware.name, offerings: purchase.offerings, reason: reason, replicas: replicas))
        let others = purchase.load.first.map { seat in
            wares.filter { $0.name != ware.name }.compactMap { refusal($0, seat.demand) }
        }
        plan.decisions.append(
            Decision(
                .launch, ware.name, before: "\(live)", after: "\(live + 1)",
                rule: purchase.toppedUp ? "min_workers" : "unplaced_demand", reason: reason,
                inputs: inputs(ware, purchase, replicas.count), refusals: others ?? []))
    }

    private func inputs(_ ware: Ware, _ purchase: Purchase, _ replicas: Int) -> [Decision.Input] {
        [
            .init("replicas", Int64(replicas)), .init("live", Int64(ware.state.live)),
            .init("ready", Int64(ware.state.ready)), .init("launching", Int64(ware.state.launching)),
            .init("min_workers", Int64(ware.state.type.minWorkers)),
            .init("max_workers", Int64(ware.state.type.maxWorkers)),
            .init("cluster_max_workers", Int64(input.settings.maxWorkers)),
            .init("microusd_per_hour", purchase.offerings.first?.microdollarsPerHour ?? 0),
            .init("plan_microusd_per_hour", plan.cost), .init("bound_microusd_per_hour", plan.bound),
        ]
    }

    private func reason(_ purchase: Purchase, _ ware: Ware, _ replicas: [ReplicaID]) -> String {
        if purchase.toppedUp {
            return "\(ware.name) has \(ware.state.ready + ware.state.launching) nodes, "
                + "min_workers is \(ware.state.type.minWorkers)."
        }
        let first = purchase.load.map(\.demand).min().map { shapes[$0].resources } ?? Resources()
        let who = replicas.count == 1 ? "1 replica" : "\(replicas.count) replicas"
        return "\(who) found no room, the largest \(first): \(ware.name) is cheapest."
    }

    mutating func wake(at moment: Moment?) {
        guard let moment, moment > input.now else { return }
        plan.wake = min(plan.wake ?? moment, moment)
    }
}

/// Nodes of a type that one step may launch: in proportion to those that are ready, and always one.
/// - Source: Ray's autoscaler v2, `max(1, ceil(upscaling_speed × max(running, 1)))` for each type and loop.
package func upscalingLimit(_ state: TypeState, _ settings: ClusterSettings) -> Int {
    let product = Int128(max(settings.upscalingSpeed.rawValue, 0)) * Int128(max(state.ready, 1))
    return max(1, Int(clamping: (product + 999) / 1000))
}
