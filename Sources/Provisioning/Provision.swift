import Model
import Placement

/// Which nodes to buy for what found no room, and which to give back.
///
/// Bought are the cheapest nodes that hold all unplaced demand, and what a type lacks of its minimum; never
/// more than a type's or the cluster's `max_workers`. The plan is made for the whole demand and then cut to
/// this step's upscaling limit, so that the limit slows a choice down and does not change it. Nodes that are
/// on their way are not bought again: placement has counted on them.
///
/// Given back are nodes that were idle for their timeout, the longest idle first, never below a type's
/// minimum and not while unplaced demand would fit them; and idle nodes above a limit that was lowered, at
/// once.
package func provision(_ input: ProvisioningInput) -> ProvisioningPlan {
    var step = ProvisioningStep(input)
    step.topUp()
    step.cover()
    step.launch()
    step.refuse()
    step.giveBack()
    return step.plan
}

struct ProvisioningStep {
    let input: ProvisioningInput
    let columns: Columns
    /// Sorted by name.
    var wares: [Ware]
    /// Of the unplaced demand that may buy.
    let shapes: [Shape]
    /// For each shape how many replicas have no node in this plan yet.
    var left: [Int]
    /// Nodes that may still be added under the cluster's limit.
    var room: Int
    /// What the whole demand takes, before the upscaling limit.
    var batches: [Batch] = []
    var plan = ProvisioningPlan()
    /// For each shape: replicas that a node of this plan is for, and those whose node waits for the next
    /// step.
    var served: [Int]
    var delayed: [Int]
    /// One for each kind of demand, in no order: only asked whether any fits.
    var unplacedShapes: [Unplaced] = []

    init(_ input: ProvisioningInput) {
        self.input = input
        let types = input.settings.nodeTypes.sorted { $0.name < $1.name }
        let columns = Columns(types.map(\.resources) + input.unplaced.map(\.demand.resources))
        let states = Dictionary(
            input.types.map { ($0.type.name, $0) }, uniquingKeysWith: { first, _ in first })
        wares = types.map { type in
            var state = states[type.name] ?? TypeState(type: type, live: 0, ready: 0, launching: 0)
            state.type = type
            return Ware(state, input: input, columns: columns)
        }
        self.columns = columns
        shapes = Placement.shapes(of: input.unplaced.map(\.demand).filter(\.buys), columns: columns)
        left = shapes.map(\.replicas.count)
        room = max(0, input.settings.maxWorkers - input.types.reduce(0) { $0 + $1.live })
        served = shapes.map { _ in 0 }
        delayed = shapes.map { _ in 0 }
    }

    /// Adds what types lack of their minimum. These nodes are bought anyway, so they take demand first.
    mutating func topUp() {
        let fleet = Fleet(shapes: shapes, wares: wares, room: room)
        for ware in wares.indices {
            let state = wares[ware].state
            let lacking = state.type.minWorkers - state.ready - state.launching
            if lacking > 0 { wake(at: wares[ware].retryAt) }
            guard !wares[ware].offerings.isEmpty else { continue }
            for _ in 0..<max(0, min(lacking, wares[ware].room, room)) {
                let load = fleet.fill(wares[ware].capacity, left)
                add(Batch(ware: ware, nodes: 1, load: load, toppedUp: true))
            }
        }
    }

    /// Adds what holds the rest.
    mutating func cover() {
        for batch in Fleet(shapes: shapes, wares: wares, room: room).plan(for: left) { add(batch) }
        if !shapes.isEmpty { for ware in wares { wake(at: ware.retryAt) } }
    }

    private mutating func add(_ batch: Batch) {
        batches.append(batch)
        wares[batch.ware].room -= batch.nodes
        room -= batch.nodes
        for shape in shapes.indices { left[shape] -= batch.nodes * batch.load[shape] }
    }

    /// Orders the nodes that this step's upscaling limit allows, those that replicas wait for first.
    mutating func launch() {
        var allowed = wares.map { max(0, upscalingLimit($0.state, input.settings) - $0.state.recent.count) }
        let isAwaited = { (batch: Batch) in batch.load.contains { $0 > 0 } }
        for batch in batches.filter(isAwaited) + batches.filter({ !isAwaited($0) }) {
            for _ in 0..<batch.nodes {
                if allowed[batch.ware] > 0 {
                    allowed[batch.ware] -= 1
                    order(batch)
                } else {
                    for shape in shapes.indices { delayed[shape] += batch.load[shape] }
                    wake(at: wares[batch.ware].state.recent.first ?? input.now + upscalingStep)
                }
            }
        }
    }

    private mutating func order(_ batch: Batch) {
        var replicas: [ReplicaID] = []
        for shape in shapes.indices where batch.load[shape] > 0 {
            replicas += shapes[shape].replicas[served[shape]...].prefix(batch.load[shape])
            served[shape] += batch.load[shape]
        }
        let ware = wares[batch.ware]
        let reason = reason(batch, ware, replicas)
        plan.launches.append(
            Launch(type: ware.name, offerings: ware.offerings, reason: reason, replicas: replicas))
        let before = ware.state.live + plan.launches.count { $0.type == ware.name } - 1
        let others = batch.load.firstIndex { $0 > 0 }.map { shape in
            wares.filter { $0.name != ware.name }.compactMap { refusal($0, shapes[shape]) }
        }
        plan.decisions.append(
            Decision(
                .launch, ware.name, before: "\(before)", after: "\(before + 1)",
                rule: batch.toppedUp ? "min_workers" : "unplaced_demand", reason: reason,
                inputs: [
                    .init("replicas", Int64(replicas.count)), .init("live", Int64(ware.state.live)),
                    .init("ready", Int64(ware.state.ready)), .init("launching", Int64(ware.state.launching)),
                    .init("min_workers", Int64(ware.state.type.minWorkers)),
                    .init("max_workers", Int64(ware.state.type.maxWorkers)),
                    .init("cluster_max_workers", Int64(input.settings.maxWorkers)),
                    .init("microusd_per_hour", ware.offerings.first?.microdollarsPerHour ?? 0),
                ], refusals: others ?? []))
    }

    private func reason(_ batch: Batch, _ ware: Ware, _ replicas: [ReplicaID]) -> String {
        if batch.toppedUp {
            return "\(ware.name) has \(ware.state.ready + ware.state.launching) nodes, "
                + "min_workers is \(ware.state.type.minWorkers)."
        }
        let first = zip(shapes, batch.load).first { $0.1 > 0 }.map(\.0.resources) ?? Resources()
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
