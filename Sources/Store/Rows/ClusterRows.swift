import Model

/// Table `setting`: the cluster settings in force, one row. Written by the node tier.
package struct SettingRow: StoreRow {
    package var settings: ClusterSettings
    package var appliedUnixMs: Int64
    /// What the file named at the start said when it was last taken.
    package var file: ClusterSettings
    /// Why the latest file was not taken; empty: it was.
    package var refused = ""
    package var refusedUnixMs: Int64?

    /// - Parameter file: nil: the same.
    package init(settings: ClusterSettings, appliedUnixMs: Int64, file: ClusterSettings? = nil) {
        self.settings = settings
        self.appliedUnixMs = appliedUnixMs
        self.file = file ?? settings
    }

    /// The table's only key.
    package static let onlyKey = "1"
    package var key: String { Self.onlyKey }
    package static let sql = RowSQL(
        "setting", key: ["id"],
        columns: ["id", "settings_json", "applied_unix_ms", "file_json", "refused", "refused_unix_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.integer()
        settings = try columns.json()
        appliedUnixMs = try columns.integer()
        file = try columns.json()
        refused = try columns.text()
        refusedUnixMs = try columns.integerOrNil()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(1)
        try columns.put(json: settings)
        columns.put(appliedUnixMs)
        try columns.put(json: file)
        columns.put(refused)
        columns.put(refusedUnixMs)
    }
}

/// Table `standing_demand`: room that a person has asked for, whatever runs (Ray: `request_resources`). Written by the
/// node tier.
package struct StandingDemandRow: StoreRow {
    /// Of one bundle.
    package let resources: Resources
    package var count: Int
    package var askedUnixMs: Int64
    /// The resources as JSON.
    package let key: String

    package init(resources: Resources, count: Int, askedUnixMs: Int64) throws(StoreError) {
        self.resources = resources
        self.count = count
        self.askedUnixMs = askedUnixMs
        key = try StoreJSON.text(resources)
    }

    package static let sql = RowSQL(
        "standing_demand", key: ["resources_json"], columns: ["resources_json", "count", "asked_unix_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        let resources: Resources = try columns.json()
        let count = try columns.int()
        try self.init(resources: resources, count: count, askedUnixMs: try columns.integer())
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(key)
        columns.put(count)
        columns.put(askedUnixMs)
    }
}

/// Table `role`: who holds a tier. Each role writes its own row.
package struct RoleRow: Equatable, Sendable {
    package var role: StoreRole
    /// Raised each time a process takes the role.
    package var epoch: Int64
    package var pid: Int32
    /// Where it listens; empty until it said so.
    package var address: String
    /// Counts up while the holder lives; silence means hold, never shrink.
    package var renewals: Int64
    /// Cluster clock of the last renewal.
    package var heardAt: Moment
    package var startedUnixMs: Int64

    package static let sql = RowSQL(
        "role", key: ["role"],
        columns: ["role", "epoch", "pid", "address", "renewals", "heard_ms", "started_unix_ms"])

    init(reading columns: inout ColumnReader) throws(StoreError) {
        role = try columns.word()
        epoch = try columns.integer()
        pid = Int32(truncatingIfNeeded: try columns.integer())
        address = try columns.text()
        renewals = try columns.integer()
        heardAt = try columns.moment()
        startedUnixMs = try columns.integer()
    }
}
