import Model
import Provisioning
import Store

/// Which rows of stored plans a step has changed, and of what is remembered of nodes.
struct TouchedMoves {
    var plans: Set<String> = []
    var steps: Set<String> = []
    var notes: Set<NodeID> = []
    /// For people: by themselves no reason to commit.
    var stays: Set<NodeID> = []
    var histories: Set<DeploymentID> = []

    var changes: Bool { !(plans.isEmpty && steps.isEmpty && notes.isEmpty && histories.isEmpty) }

    var words: [String] {
        plans.sorted() + steps.sorted() + notes.sorted().map { "note of \($0)" }
            + histories.sorted().map { "demand of \($0)" }
    }
}

extension NodeStep {
    mutating func put(_ row: MovePlanRow) {
        if set(row, row.id, in: \.movePlans) { moves.plans.insert(row.id) }
    }

    mutating func put(_ row: MoveStepRow) {
        if set(row, row.key, in: \.moveSteps) { moves.steps.insert(row.key) }
    }

    mutating func put(_ row: NodeNoteRow) {
        if set(row, row.node, in: \.nodeNotes) { moves.notes.insert(row.node) }
    }

    mutating func put(_ row: NodeStayRow) {
        if set(row, row.node, in: \.nodeStays) { moves.stays.insert(row.node) }
    }

    mutating func put(_ row: DemandHistoryRow) {
        if set(row, row.deployment, in: \.demandHistories) { moves.histories.insert(row.deployment) }
    }

    mutating func forget(note id: NodeID) {
        if set(nil, id, in: \.nodeNotes) { moves.notes.insert(id) }
        if set(nil, id, in: \.nodeStays) { moves.stays.insert(id) }
    }

    mutating func forget(history id: DeploymentID) {
        if set(nil, id, in: \.demandHistories) { moves.histories.insert(id) }
    }

    mutating func forget(plan id: String) {
        for step in steps(of: id) where set(nil, step.key, in: \.moveSteps) { moves.steps.insert(step.key) }
        if set(nil, id, in: \.movePlans) { moves.plans.insert(id) }
    }

    /// In the order of the plan.
    func steps(of plan: String) -> [MoveStepRow] {
        // Their positions have no gaps.
        var steps: [MoveStepRow] = []
        while let step = state.moveSteps[MoveStepRow.key(plan, steps.count)] { steps.append(step) }
        return steps
    }

    func writeMoves(to transaction: StoreTransaction) throws {
        for id in moves.plans.sorted() {
            if let row = state.movePlans[id] {
                try transaction.put(row)
            } else {
                try transaction.delete(MovePlanRow.self, id)
            }
        }
        for id in moves.steps.sorted() {
            if let row = state.moveSteps[id] {
                try transaction.put(row)
            } else {
                try transaction.delete(MoveStepRow.self, id)
            }
        }
        for id in moves.notes.sorted() {
            if let row = state.nodeNotes[id] {
                try transaction.put(row)
            } else {
                try transaction.delete(NodeNoteRow.self, id)
            }
        }
        for id in moves.stays.sorted() {
            if let row = state.nodeStays[id] {
                try transaction.put(row)
            } else {
                try transaction.delete(NodeStayRow.self, id)
            }
        }
        for id in moves.histories.sorted() {
            if let row = state.demandHistories[id] {
                try transaction.put(row)
            } else {
                try transaction.delete(DemandHistoryRow.self, id)
            }
        }
    }

    /// What is remembered of a node that is bought.
    func note(of node: NodeRow, _ type: NodeType) -> NodeNoteRow {
        NodeNoteRow(node: node.id, configHash: type.configHash, changedAt: now)
    }

    /// The step of a plan once its node has a name.
    func ordered(_ step: MoveStepRow, _ node: NodeID) -> MoveStepRow {
        var step = step
        step.node = node
        step.phase = .ordered
        step.phaseAt = now
        return step
    }
}
