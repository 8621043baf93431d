import Model

/// Table `setting`: the cluster file in force, one row. Written by the node tier.
package struct SettingRow: StoreRow {
    package var settings: ClusterSettings
    package var appliedUnixMs: Int64

    package init(settings: ClusterSettings, appliedUnixMs: Int64) {
        self.settings = settings
        self.appliedUnixMs = appliedUnixMs
    }

    /// The table's only key.
    package static let onlyKey = "1"
    package var key: String { Self.onlyKey }
    package static let sql = RowSQL(
        "setting", key: ["id"], columns: ["id", "settings_json", "applied_unix_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.integer()
        settings = try columns.json()
        appliedUnixMs = try columns.integer()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(1)
        try columns.put(json: settings)
        columns.put(appliedUnixMs)
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
