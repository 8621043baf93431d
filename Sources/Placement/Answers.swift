import Model

extension Placing {
    /// The outcome with every room's answer. Replicas of one shape share one list of answers.
    func plan(_ columns: Columns) -> PlacementPlan {
        var plan = PlacementPlan()
        for (number, shape) in shapes.enumerated() {
            let open = places[number].count { cells[$0].room.state == .open }
            let answers = open < shape.replicas.count ? refusals(of: shape, columns) : []
            for (replica, cell) in zip(shape.replicas, places[number]) {
                if cells[cell].room.state == .open {
                    plan.assigned.append(Assignment(replica: replica, node: cells[cell].room.node))
                    plan.decisions.append(decision(replica, shape, cells[cell], columns))
                } else {
                    var answers = answers
                    answers[cell] = Refusal(candidate: cells[cell].room.node.rawValue, code: .coming)
                    plan.coming.append(
                        Awaiting(replica: replica, node: cells[cell].room.node, refusals: answers))
                }
            }
            for replica in shape.replicas.dropFirst(places[number].count) {
                let demand = Demand(replica: replica, resources: shape.resources, buys: shape.buys)
                plan.unplaced.append(Unplaced(demand: demand, refusals: answers))
            }
        }
        return plan
    }

    /// Why each room takes no further replica of this shape, once everything is placed.
    private func refusals(of shape: Shape, _ columns: Columns) -> [Refusal] {
        cells.map { cell in
            let node = cell.room.node.rawValue
            guard cell.total.covers(shape.amounts) else {
                let short = columns.resources(cell.total.shortfall(of: shape.amounts))
                return Refusal(candidate: node, code: .tooLarge, short: short)
            }
            guard cell.room.state != .closed else { return Refusal(candidate: node, code: .notReady) }
            let short = columns.resources(cell.free.shortfall(of: shape.amounts))
            return Refusal(candidate: node, code: .short, short: short)
        }
    }

    private func decision(_ replica: ReplicaID, _ shape: Shape, _ cell: Cell, _ columns: Columns) -> Decision
    {
        Decision(
            .place, replica.rawValue, before: "pending", after: cell.room.node.rawValue, rule: "best_fit",
            reason:
                "\(cell.room.node) (\(cell.room.type)) had \(cell.room.free) free for \(shape.resources).",
            inputs: [
                .init("candidates", Int64(cells.count)), .init("replicas_on_node", Int64(cell.room.replicas)),
            ])
    }
}
