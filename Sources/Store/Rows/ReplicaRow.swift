import Model

/// Table `replica`: what the serve tier wants. Where it runs and how it fares is its `PlacementRow`.
package struct ReplicaRow: StoreRow {
    package var id: ReplicaID
    package var deployment: DeploymentID
    /// Larger is newer.
    package var serial: Int64
    /// That of the deployment when it was ordered.
    package var version: String
    /// What it is started with, and adjusted to.
    package var settings: ReplicaSettings {
        get { shared.value }
        set { shared = Shared(newValue) }
    }
    private var shared: Shared<ReplicaSettings>
    /// Raised each time it is adjusted while it runs.
    package var adjustment = 0
    package var phase: ReplicaPhase
    /// False: takes room that is there, never a reason for a new node.
    package var buys: Bool
    package var createdAt: Moment
    package var createdUnixMs: Int64
    /// First time on a route.
    package var routedAt: Moment?
    /// When it left the routes.
    package var drainingAt: Moment?
    /// Stopped then at the latest.
    package var drainDeadline: Moment?
    /// Route generation without it; proxies must have applied it.
    package var drainGeneration: Int64?
    /// Why it was ended.
    package var stopReason = ""
    /// Serial of the first replica of its gang; nil: it is in none.
    package var gang: Int64?

    package init(
        id: ReplicaID, version: String, settings: ReplicaSettings, phase: ReplicaPhase = .wanted,
        buys: Bool = true, createdAt: Moment, createdUnixMs: Int64 = 0
    ) {
        self.id = id
        deployment = id.deployment
        serial = id.serial
        self.version = version
        shared = Shared(settings)
        self.phase = phase
        self.buys = buys
        self.createdAt = createdAt
        self.createdUnixMs = createdUnixMs
    }

    /// One more that is ordered with this one.
    package func another(_ id: ReplicaID) -> ReplicaRow {
        var row = self
        (row.id, row.deployment, row.serial) = (id, id.deployment, id.serial)
        return row
    }

    package var key: ReplicaID { id }
    package static let sql = RowSQL(
        "replica", key: ["id"],
        columns: [
            "id", "deployment", "serial", "version", "settings_json", "adjustment", "phase", "buys",
            "created_ms",
            "created_unix_ms", "routed_ms", "draining_ms", "drain_deadline_ms", "drain_generation",
            "stop_reason", "gang",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        id = try columns.key()
        deployment = try columns.key()
        serial = try columns.integer()
        version = try columns.text()
        shared = try columns.json()
        adjustment = try columns.int()
        phase = try columns.word()
        buys = try columns.flag()
        createdAt = try columns.moment()
        createdUnixMs = try columns.integer()
        routedAt = try columns.momentOrNil()
        drainingAt = try columns.momentOrNil()
        drainDeadline = try columns.momentOrNil()
        drainGeneration = try columns.integerOrNil()
        stopReason = try columns.text()
        gang = try columns.integerOrNil()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(id.rawValue)
        columns.put(deployment.rawValue)
        columns.put(serial)
        columns.put(version)
        try columns.put(json: settings)
        columns.put(adjustment)
        columns.put(phase.rawValue)
        columns.put(buys)
        columns.put(createdAt)
        columns.put(createdUnixMs)
        columns.put(routedAt)
        columns.put(drainingAt)
        columns.put(drainDeadline)
        columns.put(drainGeneration)
        columns.put(stopReason)
        columns.put(gang)
    }
}
