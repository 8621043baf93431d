import Cloud
import Model
import Placement
import Provisioning
import Store

/// The latest look for nodes that can be given up, as the process remembers it: a restarted one looks anew.
struct ConsolidationLook {
    var at: Moment?
    /// What it was made on; the same again would find the same.
    var ground: Ground?
    /// Then the same may be found otherwise.
    var wake: Moment?

    /// All that a look reads, apart from the time.
    struct Ground: Equatable {
        /// The newest change that concerns plans.
        var change: Int64
        var offerings: [Offering]
        var settings: ClusterSettings
        /// Room that is to be kept free, which is reckoned anew from time to time.
        var soft: [SoftDemand]
        /// Nodes that are not heard.
        var unheard: Int
    }

    /// Why each node stays, as it was found.
    var stays: [NodeStay] = []
}

extension NodeStep {
    /// Gives up what can be had for less or must be replaced, cancels what nobody waits for, and buys the room that is to be
    /// kept free. After replicas were placed.
    /// - Parameters:
    ///   - unixMillis: the time of day, for budgets with a schedule.
    ///   - holdsCapacity: the serve tier is silent, so nothing is given back.
    mutating func giveBack(_ look: inout ConsolidationLook, unixMillis: Int64, holdsCapacity: Bool) {
        noteNodes()
        noteDemand()
        coverHeadroom()
        coverStandingDemand()
        // One that another gave up in this step has a row of its own to go by.
        for id in livePlans.map(\.id) {
            if let plan = state.movePlans[id] { carryOut(plan, unixMillis, holdsCapacity: holdsCapacity) }
        }
        if !holdsCapacity {
            cancelLaunches()
            if livePlans.count < ConsolidationRule.plansMax { propose(&look, unixMillis) }
        }
        for stay in look.stays where state.nodes[stay.node].map({ $0.phase != .gone }) ?? false {
            put(
                NodeStayRow(
                    node: stay.node, code: stay.code.rawValue, until: stay.until, detail: stay.detail))
        }
        forgetPlans()
    }

    /// After a restart every agent has a while to be heard; until then nothing is known of what its node may take.
    var isUnheard: Bool {
        nodes(in: [.ready]).contains { node in
            reports[node.id] == nil && refused[node.id] == nil && !isSilent(node, for: settings.agentSilent)
        }
    }

    // MARK: - What is remembered of nodes

    private mutating func noteNodes() {
        let hashes = typeByName.mapValues(\.configHash)
        let living = nodes(in: [.requested, .booting, .ready, .draining, .terminating])
        for node in living {
            // One that is older than these notes was made as is configured now, for all that is known.
            var note =
                state.nodeNotes[node.id]
                ?? NodeNoteRow(node: node.id, configHash: hashes[node.type] ?? "", changedAt: node.createdAt)
            if reordered.contains(node.id) { note.changedAt = now }
            put(note)
        }
        let names = Set(living.map(\.id))
        let known = Set(state.nodeNotes.keys).union(state.nodeStays.keys)
        for id in known.subtracting(names).sorted() { forget(note: id) }
    }

    private mutating func forgetPlans() {
        let over = state.movePlans.values.filter(\.phase.isOver).sorted {
            $0.phaseAt != $1.phaseAt ? $0.phaseAt > $1.phaseAt : $0.id > $1.id
        }
        for plan in over.dropFirst(ConsolidationRule.plansKept) { forget(plan: plan.id) }
    }

    // MARK: - A new plan

    private mutating func propose(_ look: inout ConsolidationLook, _ unixMillis: Int64) {
        guard let next = dueMoments() else { return }
        if let at = look.at, now < at + ConsolidationRule.lookEvery {
            return wake(at: at + ConsolidationRule.lookEvery)
        }
        guard !isUnheard else { return wake(at: listening + settings.agentSilent) }
        let ground = ConsolidationLook.Ground(
            change: plannedChange, offerings: offerings, settings: settings, soft: softDemand(),
            unheard: unheard)
        if !changes, unfolded.isEmpty, look.ground == ground, look.wake.map({ now < $0 }) ?? true {
            return wake(at: look.wake)
        }
        look.at = now
        let fleet = standingFleet(keeping: ground.soft, countsComing: false)
        let plan = consolidate(consolidationInput(fleet, unixMillis))
        look.stays = plan.stays
        var wakeOfLook = Moment.earliest(plan.wake, next.first { $0 > now })
        if plan.waitsForBudget { wakeOfLook = Moment.earliest(wakeOfLook, nextMinute(unixMillis)) }
        for row in state.availability.values where row.until > now {
            wakeOfLook = Moment.earliest(wakeOfLook, row.until)
        }
        (look.ground, look.wake) = (ground, wakeOfLook)
        wake(at: wakeOfLook)
        for move in plan.moves { keep(move, fleet) }
    }

    /// Budgets hold from full minutes on.
    func nextMinute(_ unixMillis: Int64) -> Moment { now + Millis(60_000 - unixMillis % 60_000) }

    /// When nodes come into question by their age alone, or because they are no longer as configured; sorted. Nil: none ever
    /// does.
    private func dueMoments() -> [Moment]? {
        var due: [Moment] = []
        for node in nodes(in: [.ready]) where !node.provider.isEmpty {
            if settings.consolidation.isOn { due.append(node.createdAt + settings.consolidation.ageMin) }
            if let after = typeByName[node.type]?.expireAfter { due.append(node.createdAt + after) }
            if cause(node) != nil { due.append(now) }
        }
        return due.isEmpty ? nil : due.sorted()
    }

    private mutating func keep(_ move: Move, _ fleet: StandingFleet) {
        let number = (state.movePlans.values.map(\.number).max() ?? 0) + 1
        let id = "m\(number)"
        let names = move.gives.map { fleet.rows[$0].id.rawValue }.joined(separator: ", ")
        let types = move.launches.map { fleet.offerings[$0].nodeType }.sorted().joined(separator: ", ")
        let cost =
            "all nodes in use cost \(Money.text(move.after)) USD an hour after it, \(Money.text(move.before)) before; "
            + "none can cost less than \(move.bound)"
        put(
            MovePlanRow(
                id: id, cause: move.cause, due: now + ConsolidationRule.thinkFor, begunAt: now,
                replicas: move.replicas, before: move.before, after: move.after, bound: move.bound,
                reason: "\(names) can go" + (types.isEmpty ? "" : " for a new \(types)") + ": \(cost)"))
        // In another zone what moves might not be allowed to stand.
        let isBound = move.gives.contains { give in
            liveReplicas(on: fleet.rows[give].id).contains(where: looksAtZones)
        }
        for (position, offer) in move.launches.enumerated() {
            let offering = fleet.offerings[offer]
            var step = MoveStepRow(
                plan: id, position: position, part: .takes, node: nil, type: offering.nodeType,
                microdollarsPerHour: offering.microdollarsPerHour, phaseAt: now)
            (step.zone, step.capacityType) = (offering.zone, offering.capacityType)
            step.isBound = isBound
            put(step)
        }
        for (place, give) in move.gives.enumerated() {
            let row = fleet.rows[give]
            var step = MoveStepRow(
                plan: id, position: move.launches.count + place, part: .gives, node: row.id, type: row.type,
                microdollarsPerHour: price(of: row), phaseAt: now)
            (step.zone, step.capacityType) = (row.zone, row.capacityType)
            put(step)
        }
        wake(at: now + ConsolidationRule.thinkFor)
    }

    // MARK: - What it is found from

    /// - Parameter plan: one that is carried out; nil: new ones are looked for.
    mutating func consolidationInput(
        _ fleet: StandingFleet, _ unixMillis: Int64, for plan: MovePlanRow? = nil
    ) -> ConsolidationInput {
        measureBoots()
        let places = Dictionary(
            settings.nodeTypes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        var there: [String: Int] = [:]
        for node in nodes(in: [.requested, .booting, .ready]) { there[node.type, default: 0] += 1 }
        let living = nodes(in: [.ready, .draining, .terminating]).filter { !$0.provider.isEmpty }
        let planned = nodesOfPlans
        let held = nodesKept()
        let pauses = pauses()
        let unsettled = unsettledGangs()
        let going = planned.subtracting(nodesTaken)
        var input = ConsolidationInput(
            settings: settings.consolidation, budgets: settings.budgets, fleet: fleet.world,
            nodes: fleet.rows.indices.map { index in
                let row = fleet.rows[index]
                let cause = cause(row)
                var node = StandingNode(
                    node: row.id, type: places[row.type],
                    price: price(of: row), replicas: fleet.replicas[index], createdAt: row.createdAt,
                    changedAt: state.nodeNotes[row.id]?.changedAt ?? row.createdAt,
                    stay: stay(
                        row, cause, planned: planned, held: held, there: there, pause: pauses[row.id],
                        unsettled: unsettled),
                    cause: cause)
                node.isOnDemand = row.isOnDemand
                node.isStaying = row.phase != .draining
                (node.members, node.gangs) = (fleet.gangs.members[index], fleet.gangs.ofNode[index])
                return node
            },
            bootTimes: settings.nodeTypes.map { bootTime(of: $0.name) },
            disturbed: living.count { $0.phase != .ready || !isOpen($0) || going.contains($0.id) },
            there: living.count, isWaiting: isWaiting, now: now, unixMinute: unixMillis / 60_000)
        input.gangs = fleet.gangs.parties
        input.staying = settings.nodeTypes.map { there[$0.name] ?? 0 }
        input.movesMax = ConsolidationRule.plansMax - livePlans.count
        noteOthers(of: plan, fleet, in: &input)
        return input
    }

    /// Replicas wait that could have a place one day, or nodes are being bought for some.
    var isWaiting: Bool {
        if purchases.contains(where: \.isForReplicas) { return true }
        return waiting().contains { id in
            // Those that are known to find no room do not keep nodes from being renewed.
            guard let placement = state.placements[id], state.feasible[placement.deployment] == nil else {
                return false
            }
            let types = placement.refusals.filter { state.nodes[NodeID($0.candidate)] == nil }
            return types.isEmpty || !types.allSatisfy { $0.code == .tooLarge || $0.code == .labelSelector }
        }
    }

    private func cause(_ node: NodeRow) -> DisruptionCause? {
        guard node.phase == .ready, let type = typeByName[node.type]
        else { return nil }
        if let after = type.expireAfter, node.createdAt + after <= now { return .expiry }
        guard let note = state.nodeNotes[node.id], !note.configHash.isEmpty else { return nil }
        return note.configHash != type.configHash ? .drift : nil
    }

    private func stay(
        _ node: NodeRow, _ cause: DisruptionCause?, planned: Set<NodeID>, held: Set<NodeID>,
        there: [String: Int], pause: Moment?, unsettled: [StandingGangs.Key: ReplicaID]
    ) -> NodeStay? {
        if planned.contains(node.id) { return NodeStay(node.id, .planned) }
        switch node.phase {
        case .requested, .booting: return NodeStay(node.id, .coming)
        case .ready: break
        case .draining, .terminating, .gone: return NodeStay(node.id, .planned, detail: node.why)
        }
        if !isOpen(node) || !hasObeyed(node) { return NodeStay(node.id, .notHeard) }
        // What runs there moves, and the size that was asked for would be bought anew.
        if cause == nil, keptStanding.contains(node.id) {
            return NodeStay(node.id, .headroom, detail: "request_resources")
        }
        if let pause, pause > now { return NodeStay(node.id, .givenUp, until: pause) }
        let replicas = liveReplicas(on: node.id)
        if replicas.isEmpty, cause == nil { return idleStay(node, held, there: there[node.type] ?? 0) }
        for id in replicas where isUndisturbed(id) {
            return NodeStay(node.id, .undisturbed, detail: id.rawValue)
        }
        if let busy = replicas.first(where: { state.placements[$0]?.phase != .ready }) {
            return NodeStay(node.id, .unsettled, detail: busy.rawValue)
        }
        // A gang moves whole: it is looked at whole.
        for id in unsettled.isEmpty ? [] : replicas {
            guard let gang = state.replicas[id]?.gang,
                let busy = unsettled[StandingGangs.Key(deployment: id.deployment, serial: gang)]
            else { continue }
            return NodeStay(node.id, .unsettled, detail: busy.rawValue)
        }
        return nil
    }

    /// It is not moved of our own accord: that was asked for.
    func isUndisturbed(_ id: ReplicaID) -> Bool {
        state.deployments[id.deployment]?.settings.isUndisturbed ?? false
    }

    private func looksAtZones(_ id: ReplicaID) -> Bool {
        state.replicas[id]?.settings.placing?.rules.contains { $0.topology == .zone && !$0.isSoft } ?? false
    }

    private func idleStay(_ node: NodeRow, _ held: Set<NodeID>, there: Int) -> NodeStay {
        let type = typeByName[node.type]
        if let type, there <= min(type.minWorkers, type.maxWorkers) {
            return NodeStay(node.id, .minWorkers, detail: "\(type.minWorkers)")
        }
        if held.contains(node.id) { return NodeStay(node.id, .headroom) }
        let timeout = type?.idleTimeout ?? settings.idleTimeout
        return NodeStay(node.id, .idle, until: (node.idleSince ?? now) + timeout)
    }

    /// Until when nodes are left alone that a plan named which was given up.
    private func pauses() -> [NodeID: Moment] {
        var pauses: [NodeID: Moment] = [:]
        for plan in state.movePlans.values where plan.phase == .dropped {
            for step in steps(of: plan.id) where step.part == .gives {
                guard let node = step.node else { continue }
                pauses[node] = Moment.latest(pauses[node], plan.phaseAt + ConsolidationRule.pause)
            }
        }
        return pauses
    }

    /// From a node's order to its agent's hello: of ten measured at least nine took no longer.
    func bootTime(of type: String) -> Millis {
        Self.bootTime((bootSpans ?? measuredBoots())[type] ?? [])
    }

    /// - Parameter spans: as measured; sorted.
    static func bootTime(_ spans: [Millis]) -> Millis {
        spans.isEmpty ? ConsolidationRule.bootTime : spans[(spans.count * 9 + 9) / 10 - 1]
    }
}

extension NodeStep {
    mutating func measureBoots() {
        if bootSpans == nil { bootSpans = measuredBoots() }
    }

    func measuredBoots() -> [String: [Millis]] {
        var spans: [String: [Millis]] = [:]
        for node in state.nodes.values {
            if let joined = node.joinedAt { spans[node.type, default: []].append(joined - node.createdAt) }
        }
        return spans.mapValues { $0.sorted() }
    }
}

extension NodeStep.Purchase {
    /// Replicas wait for it.
    var isForReplicas: Bool { move == nil && replicas > 0 }
}
