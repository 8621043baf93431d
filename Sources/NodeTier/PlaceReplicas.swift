import Model
import Placement
import Provisioning
import Store

extension NodeStep {
    /// Places what waits, buys what does not fit, and gives back what nobody needs.
    /// - Parameter holdsCapacity: the serve tier is silent, so nothing is given back.
    mutating func place(holdsCapacity: Bool) {
        let demands = demands()
        // Rooms cost a look at every node and replica.
        let plan =
            demands.isEmpty
            ? PlacementPlan()
            : Placement.place(
                demands, in: rooms(), kinds: kinds(), by: settings.placement,
                mix: settings.placement == .fgd ? mix() : [])
        for assignment in plan.assigned { assign(assignment) }
        decisions += plan.decisions
        provision(plan, holdsCapacity: holdsCapacity)
    }

    private func demands() -> [Demand] {
        let waiting = waiting()
        // Once for each deployment: its row is much to copy.
        var priorities: [DeploymentID: Int] = [:]
        for id in Set(waiting.map(\.deployment)) { priorities[id] = state.deployments[id]?.settings.priority }
        return waiting.compactMap { id in
            guard let placement = state.placements[id] else { return nil }
            let replica = state.replicas[id]
            return Demand(
                replica: id, resources: placement.resources, buys: replica?.buys ?? false,
                placing: replica?.settings.placing, priority: priorities[placement.deployment] ?? 0,
                gang: replica?.gang)
        }
    }

    /// What all replicas of the cluster ask for.
    private func mix() -> [(resources: Resources, count: Int)] {
        var counts: [Resources: Int] = [:]
        for row in state.placements.values where row.phase == .pending || row.phase.holdsRoom {
            counts[row.resources, default: 0] += 1
        }
        return counts.map { ($0.key, $0.value, $0.key.description) }.sorted { $0.2 < $1.2 }
            .map { (resources: $0.0, count: $0.1) }
    }

    private mutating func assign(_ assignment: Assignment) {
        let (now, replica, node) = (now, assignment.replica, assignment.node)
        if state.nodes[node]?.phase == .draining { uncordon(node) }
        update(replica) { row in
            row.node = node
            row.gpus = assignment.slots.map(\.index)
            row.phase = .assigned
            row.assignedAt = now
            row.refusals = []
        }
        update(node) { $0.idleSince = nil }
        reorder(node)
    }

    /// Every node as placement sees it. A node that is being emptied only because it was idle is room as well: it is
    /// taken back when something fits there.
    private func rooms() -> [Room] {
        // Those that are moved away count no more, as in Kubernetes, whose spreads pass over what is terminating: their
        // successors are started first and are to take their part. One that keeps others out of its zone does so to the end.
        let zonesApart = state.replicas.values.contains { replica in
            replica.settings.placing?.rules.contains { $0.topology == .zone && $0.ask == .antiAffinity }
                ?? false
        }
        let withRules = state.replicas.values.contains { $0.settings.placing != nil }
        return nodes(in: [.requested, .booting, .ready, .draining]).map { node in
            let held = holding(liveReplicas(on: node.id), on: node)
            var room = Room(
                node: node.id, type: node.type, free: held.free, total: node.resources,
                state: roomState(node), replicas: held.count,
                devices: held.devices, labels: labels(of: node, typeByName[node.type]), zone: zone(of: node))
            if withRules, zonesApart || state.drainRequests[node.id] == nil {
                room.residents = residents(on: node.id)
            }
            return room
        }
    }

    /// What the replicas of a node leave of it.
    private func holding(
        _ replicas: [ReplicaID], on node: NodeRow
    ) -> (free: Resources, devices: Devices, count: Int) {
        var free = node.resources
        var devices = Devices(count: Int(node.resources[Resources.gpu] / Devices.whole))
        for id in replicas {
            guard let row = state.placements[id] else { continue }
            #if MUTANTS
                if Mutant.countsStoppingAsFree.isOn, row.phase == .stopping { continue }
            #endif
            free = free - row.resources
            let ask = DeviceAsk(atLeast: row.resources[Resources.gpu])
            if ask != .none { devices.hold(ask, on: row.gpus) }
        }
        return (free, devices, replicas.count)
    }

    /// What placement may do with a node.
    func roomState(_ node: NodeRow) -> Room.State {
        // After a restart of this tier an agent has a while to be heard: its room is there and no reason to buy.
        let unheard =
            reports[node.id] == nil && node.phase == .ready && !isSilent(node, for: settings.agentSilent)
            && refused[node.id] == nil
        // Also when its agent is refused: another machine would bring the same agent.
        let isComing = !isHeld(node) && (node.phase == .requested || node.phase == .booting || unheard)
        // Nodes of a type that has left the file are given back as they empty.
        if !node.provider.isEmpty, typeByName[node.type] == nil { return .closed }
        return isComing ? .coming : isOpen(node) ? .open : .closed
    }

    func labels(of node: NodeRow, _ type: NodeType?) -> [String: String] {
        nodeLabels(
            type ?? NodeType(name: node.type, resources: node.resources, maxWorkers: 0),
            zone: zone(of: node) ?? "",
            capacityType: node.capacityType.isEmpty
                ? only(\.capacityType, of: node) ?? "" : node.capacityType)
    }

    func zone(of node: NodeRow) -> String? { node.zone.isEmpty ? only(\.zone, of: node) : node.zone }

    /// Before the provider has answered: what its machine will be, if all ways to buy it say the same.
    private func only(_ key: KeyPath<Offering, String>, of node: NodeRow) -> String? {
        guard let first = node.offerings.first?[keyPath: key], !first.isEmpty else { return nil }
        return node.offerings.allSatisfy { $0[keyPath: key] == first } ? first : nil
    }

    private func residents(on node: NodeID) -> [Resident] {
        struct Key: Hashable {
            var deployment: DeploymentID
            var placing: PlacingSettings?
        }
        var order: [Key] = []
        var counts: [Key: Int] = [:]
        for id in liveReplicas(on: node) {
            let key = Key(deployment: id.deployment, placing: state.replicas[id]?.settings.placing)
            if counts[key] == nil { order.append(key) }
            counts[key, default: 0] += 1
        }
        return order.map {
            Resident(deployment: $0.deployment, placing: $0.placing, count: counts[$0] ?? 0)
        }
    }

    /// What could be bought, for spreads that count it as room.
    private func kinds() -> [Ground.Kind] {
        settings.nodeTypes.map { type in
            let own = offerings.filter { $0.nodeType == type.name && $0.available != 0 }
            return Ground.Kind(
                total: type.resources, labels: nodeLabels(type, zone: "", capacityType: ""),
                zones: own.isEmpty ? [] : Set(own.map(\.zone)).subtracting([""]).sorted())
        }
    }

    /// Replicas may be placed there now.
    func isOpen(_ node: NodeRow) -> Bool {
        #if MUTANTS
            if Mutant.placesOnSilent.isOn, node.phase == .ready, state.drainRequests[node.id] == nil {
                return true
            }
            if Mutant.placesOnDraining.isOn, state.drainRequests[node.id] != nil { return true }
        #endif
        return !isHeld(node) && (node.phase == .ready || node.phase == .draining)
            && state.drainRequests[node.id] == nil
            && !isSilent(node, for: settings.agentSilent) && reports[node.id] != nil
            && refused[node.id] == nil
    }

    /// The provider says of its machine a word that this version does not know: what runs there goes on, nothing is
    /// placed there, and it is not given back.
    func isHeld(_ node: NodeRow) -> Bool {
        #if MUTANTS
            if Mutant.usesUnknownState.isOn { return false }
        #endif
        guard let instance = node.instance, let seen = state.instances[instance] else { return false }
        return !InstanceWord.known.contains(seen.state)
    }

    private mutating func provision(_ plan: PlacementPlan, holdsCapacity: Bool) {
        awaited = Set(plan.coming.map(\.node))
        lookForKept()
        let kept = nodesKept()
        let idle = nodes(in: [.ready]).filter { node in
            liveReplicas(on: node.id).isEmpty && !node.provider.isEmpty && !awaited.contains(node.id)
                && !isHeld(node) && !kept.contains(node.id)
        }
        var input = ProvisioningInput(
            settings: settings, unplaced: plan.unplaced, types: typeStates(), offerings: askable(),
            unavailableUntil: unavailable(),
            idle: holdsCapacity
                ? []
                : idle.map { node in
                    IdleNode(
                        node: node.id, type: node.type, idleSince: node.idleSince ?? now,
                        generationApplied: hasObeyed(node))
                },
            now: now)
        input.rooms = plan.rooms
        input.spending = spending()
        let outcome = Provisioning.provision(input)
        awaited.formUnion(outcome.awaited)
        for assignment in outcome.assigned { assign(assignment) }
        decisions += outcome.relaxations
        // The first of them are the launches', in order: each gets the name of its node when that is drawn.
        decisions += outcome.decisions.dropFirst(outcome.launches.count)
        wake(at: outcome.wake)
        for (launch, decision) in zip(outcome.launches, outcome.decisions) {
            var purchase = Purchase(type: launch.type, offerings: launch.offerings, decision: decision)
            purchase.replicas = launch.replicas.count
            buy(purchase)
        }
        for removal in outcome.terminate {
            update(removal.node) { row in
                row.phase = .draining
                row.why = removal.reason
            }
            reorder(removal.node)
        }
        noteRefusals(plan, outcome)
    }

    func typeStates() -> [TypeState] {
        let nodes = nodes(in: [.requested, .booting, .ready, .draining, .terminating]).filter { node in
            #if MUTANTS
                if Mutant.forgetsTerminating.isOn, node.phase == .terminating { return false }
            #endif
            return !node.provider.isEmpty
        }
        // Machines on their way back without a node are still there, and count against the limits.
        let strays = state.instances.values.filter { $0.isStray(in: state) }
        var types = settings.nodeTypes
        // A type that left the file still counts against the cluster's limit, and its nodes are surplus.
        for name in Set(nodes.map(\.type)).subtracting(types.map(\.name)).sorted() {
            let resources = nodes.first { $0.type == name }?.resources ?? Resources()
            types.append(NodeType(name: name, resources: resources, maxWorkers: 0))
        }
        let ofType = Dictionary(grouping: nodes, by: \.type)
        return types.map { type in
            let mine = ofType[type.name] ?? []
            var known = TypeState(
                type: type, live: mine.count + strays.count { $0.type == type.name },
                ready: mine.count { $0.phase == .ready },
                launching: mine.count { $0.phase == .requested || $0.phase == .booting },
                recent: mine.map { $0.createdAt + upscalingStep }.filter { $0 > now }.sorted())
            known.onDemand = mine.count { node in
                [.requested, .booting, .ready].contains(node.phase) && node.isOnDemand
            }
            return known
        }
    }

    /// Millionths of a dollar per hour of all nodes.
    func spending() -> Int64 {
        nodes(in: [.requested, .booting, .ready, .draining, .terminating]).reduce(0) { $0 + price(of: $1) }
    }

    /// What is not bought yet by the dearest of its ways.
    func price(of node: NodeRow) -> Int64 {
        node.instance == nil
            ? node.offerings.map(\.microdollarsPerHour).max() ?? 0 : node.microdollarsPerHour
    }

    /// Its agent has obeyed the latest orders.
    func hasObeyed(_ node: NodeRow) -> Bool {
        guard let report = reports[node.id] else { return false }
        return report.fence.generation >= node.generation
    }

    private mutating func uncordon(_ node: NodeID) {
        decisions.append(
            Decision(
                .uncordon, node.rawValue, before: "draining", after: "ready", rule: "wanted_again",
                reason: "a replica fits on \(node), which was about to be given back"))
        update(node) { row in
            row.phase = .ready
            row.why = ""
        }
    }
}

extension NodeRow {
    /// The provider does not take it away: known once it is there, before that if every way to buy it says so.
    var isOnDemand: Bool {
        instance == nil
            ? offerings.allSatisfy { $0.capacityType != SpotSettings.word }
            : capacityType != SpotSettings.word
    }
}
