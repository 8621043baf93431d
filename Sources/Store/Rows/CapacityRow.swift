import Model

/// Table `capacity`: the part of all counts that is wanted (Ray's `target_capacity`). Written by the serve tier; no row:
/// all of it.
package struct CapacityRow: StoreRow {
    /// In thousandths of a percent.
    package var percent: Thousandths
    /// It was raised, or given for other applications than before: `initial_replicas` is a lower bound meanwhile.
    package var isRising: Bool

    package init(percent: Thousandths, isRising: Bool) {
        self.percent = percent
        self.isRising = isRising
    }

    /// The table's only key.
    package static let onlyKey = "1"
    package var key: String { Self.onlyKey }
    package static let sql = RowSQL("capacity", key: ["id"], columns: ["id", "percent_milli", "rising"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.integer()
        percent = Thousandths(try columns.integer())
        isRising = try columns.flag()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(1)
        columns.put(percent.rawValue)
        columns.put(isRising)
    }
}
