import Model

extension Placing {
    /// The outcome with every room's answer. Replicas of one shape share one list of answers.
    func plan() -> PlacementPlan {
        var plan = PlacementPlan()
        plan.rooms = roomsLeft()
        let gangs = ground.gangs
        for (number, shape) in ground.shapes.enumerated() {
            let awaited = awaited(number)
            let open = awaited.count { $0 == nil }
            let answers = open < shape.replicas.count ? refusals(of: number) : []
            for (index, (replica, place)) in zip(shape.replicas, places[number]).enumerated() {
                let room = ground.rooms[place.room]
                if let awaited = awaited[index] {
                    plan.coming.append(
                        Awaiting(
                            replica: replica, node: room.node, awaits: ground.rooms[awaited].node,
                            answers: answers))
                } else {
                    plan.assigned.append(Assignment(replica: replica, node: room.node, slots: place.slots))
                    plan.decisions.append(decision(replica, shape, room))
                }
            }
            for replica in shape.replicas.dropFirst(places[number].count) {
                let demand = Demand(
                    replica: replica, resources: shape.resources, buys: shape.buys, placing: shape.placing,
                    priority: shape.demand.priority, gang: gangs[replica])
                plan.unplaced.append(Unplaced(demand: demand, refusals: answers))
            }
        }
        return plan
    }

    /// Why each room takes no further replica of this shape, once everything is placed.
    private func refusals(of shape: Int) -> [Refusal] {
        let one = ground.shapes[shape].demand
        let missing = missing(of: shape)
        return packing.nodes.indices.map { index in
            let (room, node) = (ground.rooms[index], packing.nodes[index])
            let candidate = room.node.rawValue
            if packing.selector(shape, passing: node.labels) == nil {
                return Refusal(
                    candidate: candidate, code: .labelSelector,
                    gap: Int64(packing.failures(shape, node.labels)))
            }
            var lacking = ground.columns.resources(node.total.shortfall(of: one.amounts))
            lacking[Resources.gpu] = Devices(count: node.devices.free.count).shortfall(of: one.gpu)
            if !lacking.entries.isEmpty {
                return Refusal(candidate: candidate, code: .tooLarge, short: lacking)
            }
            guard room.state != .closed else { return Refusal(candidate: candidate, code: .notReady) }
            var short = ground.columns.resources(node.free.shortfall(of: one.amounts))
            short[Resources.gpu] = node.devices.shortfall(of: one.gpu)
            if short.entries.isEmpty, let objection = packing.objection(shape, on: index) {
                return Refusal(candidate: candidate, code: objection.code, gap: Int64(objection.gap))
            }
            if short.entries.isEmpty, let missing {
                return Refusal(candidate: candidate, code: .gang, short: missing)
            }
            return Refusal(candidate: candidate, code: .short, short: short)
        }
    }

    private func decision(_ replica: ReplicaID, _ shape: Shape, _ room: Room) -> Decision {
        Decision(
            .place, replica.rawValue, before: "pending", after: room.node.rawValue,
            rule: choice.rawValue.replacing("-", with: "_"),
            reason: "\(room.node) (\(room.type)) had \(room.free) free for \(shape.resources).",
            inputs: [
                .init("candidates", Int64(ground.rooms.count)),
                .init("replicas_on_node", Int64(room.replicas)),
            ])
    }

    /// The rooms as they are after the plan.
    private func roomsLeft() -> [Room] {
        var rooms = ground.rooms
        let withRules = !ground.classes.allSatisfy { $0.labels.isEmpty }
        for (number, shape) in ground.shapes.enumerated() {
            var counts: [Int: Int] = [:]
            for place in places[number] { counts[place.room, default: 0] += 1 }
            for room in counts.keys.sorted() {
                let count = counts[room] ?? 0
                rooms[room].free = rooms[room].free - shape.resources.times(count)
                rooms[room].replicas += count
                guard withRules, let deployment = shape.replicas.first?.deployment else { continue }
                rooms[room].residents.append(
                    Resident(deployment: deployment, placing: shape.placing, count: count))
            }
        }
        for index in rooms.indices where rooms[index].state != .closed {
            rooms[index].devices = packing.nodes[index].devices
        }
        return rooms
    }
}

extension Resources {
    /// So many of it together.
    package func times(_ count: Int) -> Resources {
        Resources(Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.amount * Int64(count)) }))
    }
}
