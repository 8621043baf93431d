import Model

/// Table `http_wish`: where the applications file in force wants to be reached. Written by the serve tier; no row: the
/// file does not say.
package struct HTTPWishRow: StoreRow {
    package var options: HTTPOptions

    package init(_ options: HTTPOptions) { self.options = options }

    /// The table's only key.
    package static let onlyKey = "1"
    package var key: String { Self.onlyKey }
    package static let sql = RowSQL("http_wish", key: ["id"], columns: ["id", "host", "port"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        _ = try columns.integer()
        options = HTTPOptions(host: try columns.textOrNil(), port: try columns.integerOrNil().map { Int($0) })
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(1)
        columns.put(options.host)
        columns.put(options.port.map { Int64($0) })
    }
}
