import Model

/// Table `node`: one machine, from the intent to buy it until it is gone. Written by the node tier.
package struct NodeRow: StoreRow {
    /// Chosen by us before the machine exists.
    package var id: NodeID
    package var type: String
    package var phase: NodePhase
    /// Idempotency token given to the provider.
    package var token: String
    /// Of the tier that decided the latest intent.
    package var epoch: Int64
    /// Empty for this machine itself.
    package var provider = ""
    /// Acceptable ways to buy it, frozen with the intent.
    package var offerings: [Offering] = []
    /// The provider's id; nil until it answered.
    package var instance: String?
    package var zone = ""
    package var capacityType = ""
    package var microdollarsPerHour: Int64 = 0
    /// What placement counts with.
    package var resources: Resources
    /// Where its replicas are reached.
    package var host = ""
    /// The agent's own port.
    package var agentPort: Int?
    /// Its replicas listen from here …
    package var portsFirst: Int
    /// … to here.
    package var portsLast: Int
    /// Of the agent process last heard.
    package var incarnation = ""
    /// Of its desired set.
    package var generation: Int64 = 0
    package var createdAt: Moment
    package var createdUnixMs: Int64 = 0
    /// Terminated when it has not said hello by then.
    package var joinDeadline: Moment
    package var joinedAt: Moment?
    /// Last sync, written at most once a second.
    package var heardAt: Moment?
    /// Nil: it has replicas.
    package var idleSince: Moment?
    package var drainDeadline: Moment?
    /// When it entered its phase.
    package var phaseAt: Moment
    /// Provider calls for the present intent.
    package var attempts = 0
    /// Not before this instant.
    package var nextTryAt: Moment?
    package var lastError = ""
    /// Whole lists in a row that did not show it; below zero: not shown yet, and so many may still come without it.
    package var absentLists = 0
    /// Why it was bought, drained or given back.
    package var why = ""

    package init(
        id: NodeID, type: String, phase: NodePhase = .requested, token: String, epoch: Int64,
        resources: Resources, portsFirst: Int, portsLast: Int, createdAt: Moment, joinDeadline: Moment
    ) {
        self.id = id
        self.type = type
        self.phase = phase
        self.token = token
        self.epoch = epoch
        self.resources = resources
        self.portsFirst = portsFirst
        self.portsLast = portsLast
        self.createdAt = createdAt
        self.joinDeadline = joinDeadline
        phaseAt = createdAt
    }

    package var key: NodeID { id }
    package static let sql = RowSQL(
        "node", key: ["id"],
        columns: [
            "id", "type", "phase", "token", "epoch", "provider", "offerings_json", "instance", "zone",
            "capacity_type", "microusd_per_hour", "resources_json", "host", "agent_port", "ports_first",
            "ports_last", "incarnation", "generation", "created_ms", "created_unix_ms", "join_deadline_ms",
            "joined_ms", "heard_ms", "idle_since_ms", "drain_deadline_ms", "phase_ms", "attempts",
            "next_try_ms", "last_error", "absent_lists", "why",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        id = try columns.key()
        type = try columns.text()
        phase = try columns.word()
        token = try columns.text()
        epoch = try columns.integer()
        provider = try columns.text()
        offerings = try columns.json()
        instance = try columns.textOrNil()
        zone = try columns.text()
        capacityType = try columns.text()
        microdollarsPerHour = try columns.integer()
        resources = try columns.json()
        host = try columns.text()
        agentPort = try columns.intOrNil()
        portsFirst = try columns.int()
        portsLast = try columns.int()
        incarnation = try columns.text()
        generation = try columns.integer()
        createdAt = try columns.moment()
        createdUnixMs = try columns.integer()
        joinDeadline = try columns.moment()
        joinedAt = try columns.momentOrNil()
        heardAt = try columns.momentOrNil()
        idleSince = try columns.momentOrNil()
        drainDeadline = try columns.momentOrNil()
        phaseAt = try columns.moment()
        attempts = try columns.int()
        nextTryAt = try columns.momentOrNil()
        lastError = try columns.text()
        absentLists = try columns.int()
        why = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(id.rawValue)
        columns.put(type)
        columns.put(phase.rawValue)
        columns.put(token)
        columns.put(epoch)
        columns.put(provider)
        try columns.put(json: offerings)
        columns.put(instance)
        columns.put(zone)
        columns.put(capacityType)
        columns.put(microdollarsPerHour)
        try columns.put(json: resources)
        columns.put(host)
        columns.put(agentPort)
        columns.put(portsFirst)
        columns.put(portsLast)
        columns.put(incarnation)
        columns.put(generation)
        columns.put(createdAt)
        columns.put(createdUnixMs)
        columns.put(joinDeadline)
        columns.put(joinedAt)
        columns.put(heardAt)
        columns.put(idleSince)
        columns.put(drainDeadline)
        columns.put(phaseAt)
        columns.put(attempts)
        columns.put(nextTryAt)
        columns.put(lastError)
        columns.put(absentLists)
        columns.put(why)
    }
}
