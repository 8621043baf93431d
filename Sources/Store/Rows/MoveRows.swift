import Model

/// Table `move_plan`: nodes to be given up or replaced, carried out step by step. Written by the node tier.
package struct MovePlanRow: StoreRow {
    /// How far the plan has come; its legal moves are in `move_plan_phase_edge`.
    package enum Phase: String, CaseIterable, Hashable, Sendable {
        /// Made; begins after a while, if it still holds.
        case proposed
        /// Its new nodes are on their way.
        case launching
        /// The replicas of the nodes that go are being moved.
        case moving
        /// Final, as is the next.
        case done, dropped

        package var successors: Set<Phase> {
            switch self {
            case .proposed: [.launching, .moving, .dropped]
            case .launching: [.moving, .dropped]
            case .moving: [.done, .dropped]
            case .done, .dropped: []
            }
        }

        package var isOver: Bool { successors.isEmpty }
    }

    /// `m` and its number.
    package var id: String
    /// They grow: a later plan has a higher one.
    package var number: Int64 { Int64(id.dropFirst()) ?? 0 }
    package var cause: DisruptionCause
    package var phase: Phase
    package var phaseAt: Moment
    /// Proposed: when it begins. Else it is given up then, if no step is done before.
    package var due: Moment
    package var begunAt: Moment
    /// That it moves.
    package var replicas: Int
    /// Millionths of a dollar per hour of all nodes in use: before, after, and what none can go below.
    package var before: Int64
    package var after: Int64
    package var bound: Int64
    package var reason: String
    package var ended = ""

    package init(
        id: String, cause: DisruptionCause, due: Moment, begunAt: Moment, replicas: Int, before: Int64,
        after: Int64, bound: Int64, reason: String
    ) {
        self.id = id
        self.cause = cause
        phase = .proposed
        phaseAt = begunAt
        self.due = due
        self.begunAt = begunAt
        self.replicas = replicas
        self.before = before
        self.after = after
        self.bound = bound
        self.reason = reason
    }

    package var key: String { id }
    package static let sql = RowSQL(
        "move_plan", key: ["id"],
        columns: [
            "id", "cause", "phase", "phase_ms", "due_ms", "begun_ms", "replicas", "before_microusd",
            "after_microusd", "bound_microusd", "reason", "ended",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        id = try columns.text()
        cause = try columns.word()
        phase = try columns.word()
        phaseAt = try columns.moment()
        due = try columns.moment()
        begunAt = try columns.moment()
        replicas = try columns.int()
        before = try columns.integer()
        after = try columns.integer()
        bound = try columns.integer()
        reason = try columns.text()
        ended = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(id)
        columns.put(cause.rawValue)
        columns.put(phase.rawValue)
        columns.put(phaseAt)
        columns.put(due)
        columns.put(begunAt)
        columns.put(replicas)
        columns.put(before)
        columns.put(after)
        columns.put(bound)
        columns.put(reason)
        columns.put(ended)
    }
}

/// Table `move_step`: one node of a plan. Written by the node tier.
package struct MoveStepRow: StoreRow {
    /// What becomes of the node in the plan.
    package enum Part: String, CaseIterable, Hashable, Sendable {
        /// It is bought for the plan.
        case takes
        /// It goes.
        case gives
    }

    /// How far its node has come; its legal moves are in `move_step_phase_edge`.
    package enum Phase: String, CaseIterable, Hashable, Sendable {
        case planned
        /// Bought, and not ready.
        case ordered
        /// It takes what moves. Final for one that takes.
        case ready
        /// Its replicas are asked to move.
        case moving
        /// Nothing stands there any more.
        case drained
        /// It is given back. Final, as is the next.
        case ended, dropped

        package var successors: Set<Phase> {
            switch self {
            case .planned: [.ordered, .moving, .ended, .dropped]
            case .ordered: [.ready, .dropped]
            case .moving: [.drained, .ended, .dropped]
            case .drained: [.ended, .dropped]
            case .ready, .ended, .dropped: []
            }
        }

        package var isOver: Bool { successors.isEmpty }
    }

    package var plan: String
    package var position: Int
    package var part: Part
    package var node: NodeID?
    package var type: String
    /// Where it stands; of one that is bought where the plan wants it. Empty: in no zone.
    package var zone = ""
    /// `spot`, `on_demand` or the provider's own word; of one that is bought as the plan reckons with it.
    package var capacityType = ""
    /// It is bought in that zone or not at all, for the rules of what moves there.
    package var isBound = false
    /// Of one that is bought the most that is paid.
    package var microdollarsPerHour: Int64
    package var phase = Phase.planned
    package var phaseAt: Moment

    package init(
        plan: String, position: Int, part: Part, node: NodeID?, type: String, microdollarsPerHour: Int64,
        phaseAt: Moment
    ) {
        self.plan = plan
        self.position = position
        self.part = part
        self.node = node
        self.type = type
        self.microdollarsPerHour = microdollarsPerHour
        self.phaseAt = phaseAt
    }

    package var key: String { Self.key(plan, position) }

    package static func key(_ plan: String, _ position: Int) -> String { "\(plan)/\(position)" }

    package static let sql = RowSQL(
        "move_step", key: ["id"],
        columns: [
            "id", "plan", "position", "part", "node", "type", "zone", "capacity_type", "is_bound",
            "microusd_per_hour", "phase", "phase_ms",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.text()
        plan = try columns.text()
        position = try columns.int()
        part = try columns.word()
        node = try columns.keyOrNil()
        type = try columns.text()
        zone = try columns.text()
        capacityType = try columns.text()
        isBound = try columns.flag()
        microdollarsPerHour = try columns.integer()
        phase = try columns.word()
        phaseAt = try columns.moment()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(key)
        columns.put(plan)
        columns.put(position)
        columns.put(part.rawValue)
        columns.put(node?.rawValue)
        columns.put(type)
        columns.put(zone)
        columns.put(capacityType)
        columns.put(isBound)
        columns.put(microdollarsPerHour)
        columns.put(phase.rawValue)
        columns.put(phaseAt)
    }
}
