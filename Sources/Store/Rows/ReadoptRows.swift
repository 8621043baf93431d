import Model

/// Table `readopt`: how far the making anew of this state from what runs has come. Written by the node tier.
package struct ReadoptRow: StoreRow {
    /// The steps, in their order.
    package enum Phase: String, CaseIterable, Sendable {
        /// The provider and the agents are asked what there is.
        case looking
        /// All of it is in `found_replica`; the serve tier takes it over.
        case found
        /// Both tiers work as ever.
        case done
    }

    package var phase = Phase.looking
    package var beganAt: Moment
    package var beganUnixMs: Int64
    /// First whole list of the provider; nil: not yet.
    package var listedAt: Moment?
    package var foundAt: Moment?
    package var doneAt: Moment?
    /// Nodes there are.
    package var machines = 0
    /// Those of them that have told what they run.
    package var heard = 0
    /// What they told of.
    package var replicas = 0
    /// Nodes that were not waited for any longer, for people.
    package var silent = ""

    package init(beganAt: Moment, beganUnixMs: Int64) {
        self.beganAt = beganAt
        self.beganUnixMs = beganUnixMs
    }

    /// The table's only key.
    package static let onlyKey = "1"
    package var key: String { Self.onlyKey }
    package static let sql = RowSQL(
        "readopt", key: ["id"],
        columns: [
            "id", "phase", "began_ms", "began_unix_ms", "listed_ms", "found_ms", "done_ms", "machines",
            "heard", "replicas", "silent",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.integer()
        phase = try columns.word()
        beganAt = try columns.moment()
        beganUnixMs = try columns.integer()
        listedAt = try columns.momentOrNil()
        foundAt = try columns.momentOrNil()
        doneAt = try columns.momentOrNil()
        machines = try columns.int()
        heard = try columns.int()
        replicas = try columns.int()
        silent = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(1)
        columns.put(phase.rawValue)
        columns.put(beganAt)
        columns.put(beganUnixMs)
        columns.put(listedAt)
        columns.put(foundAt)
        columns.put(doneAt)
        columns.put(machines)
        columns.put(heard)
        columns.put(replicas)
        columns.put(silent)
    }
}

/// Table `found_replica`: a process that an agent told of while the state was made anew. Written by the node tier,
/// and emptied when both tiers have taken it over.
package struct FoundReplicaRow: StoreRow {
    /// Its agent's word; those that have ended are not kept.
    package enum Phase: String, CaseIterable, Sendable { case starting, ready, stopping }

    /// The name under which it runs.
    package var replica: ReplicaID
    package var node: NodeID
    package var phase: Phase
    package var host: String
    package var port: Int?
    package var pid: Int32?
    /// What it was started with.
    package var settings: ReplicaSettings
    /// Indices of the GPUs it may use.
    package var gpus: [Int] = []

    package init(
        replica: ReplicaID, node: NodeID, phase: Phase, host: String, port: Int?, pid: Int32?,
        settings: ReplicaSettings
    ) {
        self.replica = replica
        self.node = node
        self.phase = phase
        self.host = host
        self.port = port
        self.pid = pid
        self.settings = settings
    }

    package var key: ReplicaID { replica }
    package static let sql = RowSQL(
        "found_replica", key: ["replica"],
        columns: ["replica", "node", "phase", "host", "port", "pid", "settings_json", "gpus_json"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        replica = try columns.key()
        node = try columns.key()
        phase = try columns.word()
        host = try columns.text()
        port = try columns.intOrNil()
        pid = try columns.intOrNil().map(Int32.init(truncatingIfNeeded:))
        settings = try columns.json()
        gpus = try columns.json()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(replica.rawValue)
        columns.put(node.rawValue)
        columns.put(phase.rawValue)
        columns.put(host)
        columns.put(port)
        columns.put(pid.map(Int.init))
        try columns.put(json: settings)
        try columns.put(json: gpus)
    }
}

/// Table `readopt_taken`: the serve tier has made replicas of what was found. Written by the serve tier.
package struct ReadoptTakenRow: StoreRow {
    package var takenAt: Moment
    /// How many it took over.
    package var replicas: Int

    package init(takenAt: Moment, replicas: Int) {
        self.takenAt = takenAt
        self.replicas = replicas
    }

    /// The table's only key.
    package static let onlyKey = "1"
    package var key: String { Self.onlyKey }
    package static let sql = RowSQL(
        "readopt_taken", key: ["id"], columns: ["id", "taken_ms", "replicas"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.integer()
        takenAt = try columns.moment()
        replicas = try columns.int()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(1)
        columns.put(takenAt)
        columns.put(replicas)
    }
}
