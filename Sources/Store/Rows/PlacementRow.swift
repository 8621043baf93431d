import Model

/// Table `placement`: the node tier's answer to a wanted replica: where it is and how it fares.
package struct PlacementRow: StoreRow {
    package var replica: ReplicaID
    package var deployment: DeploymentID
    /// Nil while pending.
    package var node: NodeID?
    package var phase: PlacementPhase
    /// What it holds of the node.
    package var resources: Resources
    package var gpus: [Int] = []
    package var host: String?
    package var port: Int?
    package var pid: Int32?
    /// First seen by the node tier.
    package var pendingAt: Moment
    package var assignedAt: Moment?
    package var startingAt: Moment?
    package var readyAt: Moment?
    package var stoppingAt: Moment?
    package var endedAt: Moment?
    /// Of the replica, as its agent was ordered, and as its agent says it is in force.
    package var adjustment = 0
    package var applied = 0
    /// Since when it fails its health check; nil: it is well.
    package var unwellAt: Moment?
    /// The check's last answer.
    package var unwellText = ""
    /// How it ended: `ReplicaExit` of Wire, as JSON.
    package var exitJSON: String?
    /// The same for people.
    package var exitText = ""
    /// End of its output, when it failed.
    package var lastLines = ""
    /// While pending: every candidate and why it said no.
    package var refusals: [Refusal] = []

    package init(
        replica: ReplicaID, node: NodeID? = nil, phase: PlacementPhase = .pending, resources: Resources,
        pendingAt: Moment
    ) {
        self.replica = replica
        deployment = replica.deployment
        self.node = node
        self.phase = phase
        self.resources = resources
        self.pendingAt = pendingAt
    }

    package var key: ReplicaID { replica }
    package static let sql = RowSQL(
        "placement", key: ["replica"],
        columns: [
            "replica", "deployment", "node", "phase", "resources_json", "gpus_json", "host", "port", "pid",
            "pending_ms", "assigned_ms", "starting_ms", "ready_ms", "stopping_ms", "ended_ms", "adjustment",
            "applied", "unwell_ms", "unwell_text", "exit_json",
            "exit_text", "last_lines", "refusals_json",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        replica = try columns.key()
        deployment = try columns.key()
        node = try columns.keyOrNil()
        phase = try columns.word()
        resources = try columns.json()
        gpus = try columns.json()
        host = try columns.textOrNil()
        port = try columns.intOrNil()
        pid = try columns.intOrNil().map(Int32.init(truncatingIfNeeded:))
        pendingAt = try columns.moment()
        assignedAt = try columns.momentOrNil()
        startingAt = try columns.momentOrNil()
        readyAt = try columns.momentOrNil()
        stoppingAt = try columns.momentOrNil()
        endedAt = try columns.momentOrNil()
        adjustment = try columns.int()
        applied = try columns.int()
        unwellAt = try columns.momentOrNil()
        unwellText = try columns.text()
        exitJSON = try columns.textOrNil()
        exitText = try columns.text()
        lastLines = try columns.text()
        refusals = try columns.jsonList()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(replica.rawValue)
        columns.put(deployment.rawValue)
        columns.put(node?.rawValue)
        columns.put(phase.rawValue)
        try columns.put(json: resources)
        try columns.put(json: gpus)
        columns.put(host)
        columns.put(port)
        columns.put(pid.map(Int.init))
        columns.put(pendingAt)
        columns.put(assignedAt)
        columns.put(startingAt)
        columns.put(readyAt)
        columns.put(stoppingAt)
        columns.put(endedAt)
        columns.put(adjustment)
        columns.put(applied)
        columns.put(unwellAt)
        columns.put(unwellText)
        columns.put(exitJSON)
        columns.put(exitText)
        columns.put(lastLines)
        try columns.put(jsonList: refusals)
    }
}
