import Model
import Placement
import Provisioning
import Store

/// A stored plan is carried out one edge at a time: create, ready, move, drain, terminate. Each edge is committed before the
/// next begins, and is checked on what is there then; a process that dies in between leaves rows from which the next one
/// goes on.
extension NodeStep {
    /// A node of a plan is drained with this much time beyond the plan's own: it is the plan that gives up, and takes the
    /// node back, before any replica has to go.
    private static let drainMargin = Millis(3_600_000)

    mutating func carryOut(_ plan: MovePlanRow, _ unixMillis: Int64, holdsCapacity: Bool) {
        switch plan.phase {
        case .proposed: begin(plan, unixMillis, holdsCapacity: holdsCapacity)
        case .launching: launch(plan, unixMillis)
        case .moving: move(plan, unixMillis, holdsCapacity: holdsCapacity)
        case .done, .dropped: return
        }
        if let plan = state.movePlans[plan.id], !plan.phase.isOver {
            wake(at: plan.due > now ? plan.due : now + upscalingStep)
        }
    }

    // MARK: - Proposed

    private mutating func begin(_ plan: MovePlanRow, _ unixMillis: Int64, holdsCapacity: Bool) {
        if purchases.contains(where: \.isForReplicas) {
            return drop(plan, because: "replicas wait for a place")
        }
        guard plan.due <= now, !isUnheard else { return }
        if holdsCapacity { return drop(plan, because: "the serve tier is silent") }
        let takes = steps(of: plan.id).filter { $0.part == .takes }
        // A process that has just begun does not know the market yet.
        if !takes.isEmpty, offerings.isEmpty {
            if plan.due + ConsolidationRule.edgeMax <= now { drop(plan, because: "nothing is offered") }
            return
        }
        let most = takes.reduce(Int64(0)) { $0 + $1.microdollarsPerHour }
        if let why = objection(plan, unixMillis, most: most, saves: true) { return drop(plan, because: why) }
        if takes.isEmpty {
            enter(plan, .moving, within: ConsolidationRule.edgeMax)
        } else {
            enter(plan, .launching, within: max(settings.joinDeadline, ConsolidationRule.edgeMax))
            order(plan)
        }
    }

    private mutating func enter(_ plan: MovePlanRow, _ phase: MovePlanRow.Phase, within span: Millis) {
        var plan = plan
        plan.phase = phase
        plan.phaseAt = now
        plan.due = now + span
        put(plan)
        wake(at: now + Millis(1))
    }

    /// Nil: what is left of the plan still holds.
    private mutating func objection(_ plan: MovePlanRow, _ unixMillis: Int64, most: Int64, saves: Bool)
        -> String?
    {
        let gives = Set(
            steps(of: plan.id).filter { $0.part == .gives && $0.phase == .planned }.compactMap(\.node))
        let fleet = standingFleet(keeping: softDemand(), countsComing: false)
        var input = consolidationInput(fleet, unixMillis, for: plan)
        let places = fleet.rows.indices.filter { gives.contains(fleet.rows[$0].id) }
        guard places.count == gives.count else { return "one of its nodes is gone" }
        for place in places {
            let node = fleet.rows[place]
            if node.phase != .ready { return "\(node.id) is \(node.phase.rawValue)" }
            if plan.cause != .consolidation, input.nodes[place].cause == nil {
                return "\(node.id) need not go any more"
            }
            for id in liveReplicas(on: node.id)
            where isUndisturbed(id) {
                return "\(id) on \(node.id) must not be disturbed"
            }
        }
        if plan.cause == .consolidation, !settings.consolidation.isOn { return "consolidation is off" }
        input.isWaiting = isWaiting
        return Provisioning.objection(to: places, in: input, cause: plan.cause, most: most, saves: saves)
    }

    // MARK: - Launching

    /// Buys what the plan wants, as fast as the upscaling limit allows.
    private mutating func order(_ plan: MovePlanRow) {
        let states = Dictionary(
            typeStates().map { ($0.type.name, $0) }, uniquingKeysWith: { first, _ in first })
        var bought: [String: Int] = [:]
        for purchase in purchases { bought[purchase.type, default: 0] += 1 }
        let open = askable().filter { $0.available != 0 }
        for step in steps(of: plan.id) where step.part == .takes && step.phase == .planned {
            guard let known = states[step.type] else { return drop(plan, because: "\(step.type) is no type") }
            let ways = open.filter {
                $0.nodeType == step.type && (!step.isBound || $0.zone == step.zone)
                    && (plan.cause != .consolidation || $0.microdollarsPerHour <= step.microdollarsPerHour)
            }.sorted {
                $0.microdollarsPerHour != $1.microdollarsPerHour
                    ? $0.microdollarsPerHour < $1.microdollarsPerHour : key(of: $0) < key(of: $1)
            }
            guard !ways.isEmpty else {
                return drop(plan, because: "\(step.type) is not to be had as was planned")
            }
            let already = bought[step.type] ?? 0
            guard upscalingLimit(known, settings) - known.recent.count - already > 0 else {
                wake(at: known.recent.first ?? now + upscalingStep)
                continue
            }
            bought[step.type] = already + 1
            let purchase = Purchase(
                type: step.type, offerings: ways, decision: launchDecision(plan, step, known, ways),
                move: step)
            guard buy(purchase) else { return drop(plan, because: "a limit of nodes or prices is reached") }
        }
    }

    private func launchDecision(
        _ plan: MovePlanRow, _ step: MoveStepRow, _ known: TypeState, _ ways: [Offering]
    ) -> Decision {
        Decision(
            .launch, step.type, before: "\(known.live)", after: "\(known.live + 1)",
            rule: plan.cause.rawValue,
            reason: "\(plan.id): \(plan.reason).",
            inputs: figures(plan) + [.init("microusd_per_hour", ways.first?.microdollarsPerHour ?? 0)])
    }

    private func figures(_ plan: MovePlanRow) -> [Decision.Input] {
        [
            .init("replicas", Int64(plan.replicas)), .init("before_microusd_per_hour", plan.before),
            .init("after_microusd_per_hour", plan.after), .init("bound_microusd_per_hour", plan.bound),
            .init("gap_microusd_per_hour", plan.after - plan.bound),
        ]
    }

    private mutating func launch(_ plan: MovePlanRow, _ unixMillis: Int64) {
        var isComplete = true
        for step in steps(of: plan.id) where step.part == .takes {
            switch (step.phase, step.node.flatMap { state.nodes[$0] }) {
            case (.planned, _): isComplete = false
            case (.ordered, let node?) where [.requested, .booting].contains(node.phase): isComplete = false
            case (.ordered, let node?) where node.phase == .ready:
                advance(step, .ready)
                if !isOpen(node) { isComplete = false }
            case (.ready, let node?) where node.phase == .ready:
                if !isOpen(node) { isComplete = false }
            case (_, let node):
                let words =
                    node.map { "\($0.id) is \($0.phase.rawValue): \($0.why)" } ?? "\(step.type) is gone"
                return drop(plan, because: "a new node did not come: \(words)")
            }
        }
        if plan.due <= now { return drop(plan, because: "its new nodes did not come in time") }
        guard isComplete, !isUnheard else { return offerings.isEmpty ? () : order(plan) }
        if let why = objection(plan, unixMillis, most: 0, saves: true) { return drop(plan, because: why) }
        enter(plan, .moving, within: ConsolidationRule.edgeMax)
    }

    private mutating func advance(_ step: MoveStepRow, _ phase: MoveStepRow.Phase) {
        var step = step
        step.phase = phase
        step.phaseAt = now
        put(step)
    }

    // MARK: - Moving

    private mutating func move(_ plan: MovePlanRow, _ unixMillis: Int64, holdsCapacity: Bool) {
        // Nodes that are about to go take what comes, before another is bought for it; those of the latest plan first.
        if isWaiting {
            purchases.removeAll(where: \.isForReplicas)
            if livePlans.last(where: { $0.phase == .moving })?.id == plan.id {
                drop(plan, because: "replicas wait for a place")
            }
            return wake(at: now + Millis(1))
        }
        var plan = plan
        for step in steps(of: plan.id) where step.part == .gives && !step.phase.isOver {
            guard let next = next(step) else { continue }
            advance(step, next)
            plan.due = now + ConsolidationRule.edgeMax
        }
        put(plan)
        let open = steps(of: plan.id).filter { $0.part == .gives && !$0.phase.isOver }
        if open.isEmpty { return finish(plan) }
        if plan.due <= now { return drop(plan, because: "nothing moved for too long") }
        if open.contains(where: { $0.phase == .planned }), !holdsCapacity, !isUnheard {
            startMoving(plan, unixMillis)
        }
    }

    /// What has become of a node that goes; nil: nothing new.
    private func next(_ step: MoveStepRow) -> MoveStepRow.Phase? {
        guard let node = step.node.flatMap({ state.nodes[$0] }) else { return .ended }
        switch (step.phase, node.phase) {
        case (_, .terminating), (_, .gone): return .ended
        case (.moving, .draining): return liveReplicas(on: node.id).isEmpty ? .drained : nil
        case (.moving, .ready), (.drained, .ready): return .dropped
        case (.planned, .draining): return .ended
        default: return nil
        }
    }

    /// Asks the serve tier to move what stands on the next nodes, as many as may be disturbed.
    private mutating func startMoving(_ plan: MovePlanRow, _ unixMillis: Int64) {
        let open = steps(of: plan.id).filter { $0.part == .gives && $0.phase == .planned }
        let all = nodes(in: [.ready, .draining, .terminating]).filter { !$0.provider.isEmpty }
        let allowed = Allowance(
            settings.budgets, for: plan.cause, there: all.count,
            disturbed: all.count { $0.phase != .ready || !isOpen($0) }, unixMinute: unixMillis / 60_000)
        guard allowed.nodes > 0 else {
            if allowed.isTimed { wake(at: nextMinute(unixMillis)) }
            return
        }
        let isFirst = open.count == steps(of: plan.id).count { $0.part == .gives }
        if let why = objection(plan, unixMillis, most: 0, saves: isFirst) { return drop(plan, because: why) }
        for step in open.prefix(allowed.nodes) {
            guard let id = step.node, let row = state.nodes[id] else { continue }
            let deadline = now + ConsolidationRule.edgeMax + Self.drainMargin
            let reason = "\(plan.id), \(plan.cause.rawValue): \(plan.reason)"
            decisions.append(
                Decision(
                    .cordon, id.rawValue, before: row.phase.rawValue, after: "draining",
                    rule: plan.cause.rawValue, reason: reason, inputs: figures(plan)))
            reorder(id)
            update(id) { row in
                row.phase = .draining
                row.drainDeadline = deadline
                row.why = reason
            }
            askDrain(id, deadline: deadline, reason: reason)
            advance(step, .moving)
        }
    }

    // MARK: - The end

    private mutating func finish(_ plan: MovePlanRow) {
        var plan = plan
        plan.phase = .done
        plan.phaseAt = now
        put(plan)
    }

    /// Nodes that were about to go stay; new ones serve, or go when they are idle.
    private mutating func drop(_ plan: MovePlanRow, because reason: String) {
        for step in steps(of: plan.id) where !step.phase.isOver {
            if step.part == .gives, let id = step.node, step.phase != .planned { takeBack(id, plan, reason) }
            advance(step, .dropped)
        }
        var plan = plan
        plan.phase = .dropped
        plan.phaseAt = now
        plan.ended = reason
        put(plan)
        wake(at: now + ConsolidationRule.pause)
    }

    private mutating func takeBack(_ id: NodeID, _ plan: MovePlanRow, _ reason: String) {
        // What is emptied for another reason by now stays so.
        guard let node = state.nodes[id], node.phase == .draining, node.why.hasPrefix("\(plan.id),") else {
            return
        }
        let isEmpty = liveReplicas(on: id).isEmpty
        let now = now
        decisions.append(
            Decision(
                .uncordon, id.rawValue, before: "draining", after: "ready", rule: "plan_dropped",
                reason: "\(plan.id) is given up: \(reason)"))
        endDrain(id)
        update(id) { row in
            row.phase = .ready
            row.drainDeadline = nil
            row.why = ""
            if isEmpty { row.idleSince = row.idleSince ?? now }
        }
        reorder(id)
    }
}
