import Model

/// Table `kept`: why a node that is up is not given back. Written by the node tier, and only when the answer changes.
package struct KeptRow: StoreRow {
    package var node: NodeID
    package var reason: KeepReason
    /// What the reason is about: a replica, a count, a span.
    package var detail: String
    /// When this became the answer.
    package var since: Moment

    package init(node: NodeID, reason: KeepReason, detail: String = "", since: Moment) {
        self.node = node
        self.reason = reason
        self.detail = detail
        self.since = since
    }

    package var words: String { reason.sentence(detail) }

    package var key: NodeID { node }
    package static let sql = RowSQL(
        "kept", key: ["node"], columns: ["node", "code", "detail", "words", "since_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        node = try columns.key()
        reason = try columns.word()
        detail = try columns.text()
        _ = try columns.text()
        since = try columns.moment()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(node.rawValue)
        columns.put(reason.rawValue)
        columns.put(detail)
        columns.put(words)
        columns.put(since)
    }
}
