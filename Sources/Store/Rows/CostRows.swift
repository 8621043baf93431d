import Model

/// What a machine's time was for.
package enum CostCause: String, CaseIterable, Sendable, Codable {
    /// A deployment's share: the largest part of any one resource that its replicas hold there (dominant share, Ghodsi
    /// and others, NSDI 2011).
    case deployment
    /// Nobody's, and somebody could use it.
    case idle
    /// Kept free on purpose: `min_workers`, headroom.
    case headroom
    /// Left on a node in use, and too little for any replica that there could be.
    case fragmentation
    /// Its agent had not said hello.
    case starting
    /// It was being given back.
    case ending
    /// It belonged to no living node: the late machine of a launch that was given up, a provider's second for one token.
    case stray
}

/// Whose a machine's time is, in thousandths of the machine; all shares of one machine make 1000.
package struct CostShare: Hashable, Sendable, Codable {
    package var cause: CostCause
    /// Of cause `deployment`; else empty.
    package var deployment: String
    package var milli: Int64

    package init(_ cause: CostCause, deployment: String = "", milli: Int64 = 1_000) {
        self.cause = cause
        self.deployment = deployment
        self.milli = milli
    }
}

/// A span of a machine's time that is booked.
package struct CostSpan: Hashable, Sendable, Codable {
    package var since: Moment
    package var until: Moment
    package var shares: [CostShare]

    package init(since: Moment, until: Moment, shares: [CostShare]) {
        self.since = since
        self.until = until
        self.shares = shares
    }
}

/// Table `cost_account`: one machine as it is paid for. Written by the node tier.
package struct CostAccountRow: StoreRow {
    package var id: String
    package var instance: String
    package var node: NodeID
    package var type: String
    package var zone: String
    package var capacityType: String
    package var microdollarsPerHour: Int64
    /// On the provider's clock; nil: it does not say.
    package var createdUnixMs: Int64?
    package var beganAt: Moment
    /// All before is booked.
    package var since: Moment
    package var shares: [CostShare]
    /// The latest booked spans, oldest first; each begins where the one before it ends, the last ends at `since`.
    package var recent: [CostSpan] = []
    /// Nil: it is still paid for.
    package var endedAt: Moment?
    package var isEstimate = false

    package init(
        id: String, instance: String, node: NodeID, type: String, zone: String, capacityType: String,
        microdollarsPerHour: Int64, createdUnixMs: Int64?, beganAt: Moment, shares: [CostShare]
    ) {
        self.id = id
        self.instance = instance
        self.node = node
        self.type = type
        self.zone = zone
        self.capacityType = capacityType
        self.microdollarsPerHour = microdollarsPerHour
        self.createdUnixMs = createdUnixMs
        self.beganAt = beganAt
        since = beganAt
        self.shares = shares
    }

    package var key: String { id }
    package static let sql = RowSQL(
        "cost_account", key: ["id"],
        columns: [
            "id", "instance", "node", "type", "zone", "capacity_type", "microusd_per_hour", "created_unix_ms",
            "began_ms", "since_ms", "shares_json", "recent_json", "ended_ms", "is_estimate",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        id = try columns.text()
        instance = try columns.text()
        node = try columns.key()
        type = try columns.text()
        zone = try columns.text()
        capacityType = try columns.text()
        microdollarsPerHour = try columns.integer()
        createdUnixMs = try columns.integerOrNil()
        beganAt = try columns.moment()
        since = try columns.moment()
        shares = try columns.json()
        recent = try columns.json()
        endedAt = try columns.momentOrNil()
        isEstimate = try columns.flag()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(id)
        columns.put(instance)
        columns.put(node.rawValue)
        columns.put(type)
        columns.put(zone)
        columns.put(capacityType)
        columns.put(microdollarsPerHour)
        columns.put(createdUnixMs)
        columns.put(beganAt)
        columns.put(since)
        try columns.put(json: shares)
        try columns.put(json: recent)
        columns.put(endedAt)
        columns.put(isEstimate)
    }
}

/// Time to be added to `cost_total` and `cost_hour`; below zero where it is taken back.
package struct CostBooking: Hashable, Sendable {
    /// An hour on the cluster clock.
    package static let hour = Millis(3_600_000)

    package var account: String
    package var microdollarsPerHour: Int64
    /// Begin of the hour.
    package var hour: Moment
    package var cause: CostCause
    package var deployment: String
    /// Thousandths of the machine, times milliseconds.
    package var micros: Int64

    package init(
        account: String, microdollarsPerHour: Int64, hour: Moment, cause: CostCause, deployment: String,
        micros: Int64
    ) {
        self.account = account
        self.microdollarsPerHour = microdollarsPerHour
        self.hour = hour
        self.cause = cause
        self.deployment = deployment
        self.micros = micros
    }
}
