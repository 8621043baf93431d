import Model

/// Table `availability`: what could not be had lately, and until when it is not asked for. Written by the node tier.
package struct AvailabilityRow: StoreRow {
    /// What the provider said, or did not.
    package enum Kind: String, CaseIterable, Sendable {
        case stockOut = "stock_out"
        case quota
        case rejected
        /// No definite answer came.
        case unknown
        /// The machines were made and their agents never said hello.
        case join
    }

    /// provider/type/zone/capacity type; of kind `join` provider/type.
    package var offering: String
    package var kind: Kind
    /// The first of these failures.
    package var since: Moment
    /// The latest.
    package var failedAt: Moment
    /// Not asked for before this instant; then one launch tries it.
    package var until: Moment
    /// In a row; doubles the wait.
    package var failures: Int
    /// It could be had again since; only the failures are remembered.
    package var isTrusted = false
    /// Fingerprint of the node type's configuration when it failed.
    package var config = ""
    package var reason: String

    package init(
        offering: String, kind: Kind, since: Moment, failedAt: Moment, until: Moment, failures: Int,
        reason: String
    ) {
        self.offering = offering
        self.kind = kind
        self.since = since
        self.failedAt = failedAt
        self.until = until
        self.failures = failures
        self.reason = reason
    }

    package var key: String { offering }
    package static let sql = RowSQL(
        "availability", key: ["offering"],
        columns: [
            "offering", "kind", "since_ms", "failed_ms", "until_ms", "failures", "trusted", "config",
            "reason",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        offering = try columns.text()
        kind = try columns.word()
        since = try columns.moment()
        failedAt = try columns.moment()
        until = try columns.moment()
        failures = try columns.int()
        isTrusted = try columns.flag()
        config = try columns.text()
        reason = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(offering)
        columns.put(kind.rawValue)
        columns.put(since)
        columns.put(failedAt)
        columns.put(until)
        columns.put(failures)
        columns.put(isTrusted)
        columns.put(config)
        columns.put(reason)
    }
}

/// Table `provider_pace`: a provider that said it is called too often. Written by the node tier; no row: as often as
/// there is something to ask.
package struct ProviderPaceRow: StoreRow {
    package var provider: String
    /// No call of any kind before this instant.
    package var until: Moment
    /// Thousandths of a call a second from then on; grows with time.
    package var callsMilli: Int64
    /// When it last said so.
    package var throttledAt: Moment
    /// Times that the rate was halved.
    package var throttles: Int

    package init(
        provider: String, until: Moment, callsMilli: Int64, throttledAt: Moment, throttles: Int
    ) {
        self.provider = provider
        self.until = until
        self.callsMilli = callsMilli
        self.throttledAt = throttledAt
        self.throttles = throttles
    }

    package var key: String { provider }
    package static let sql = RowSQL(
        "provider_pace", key: ["provider"],
        columns: ["provider", "until_ms", "calls_milli", "throttled_ms", "throttles"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        provider = try columns.text()
        until = try columns.moment()
        callsMilli = try columns.integer()
        throttledAt = try columns.moment()
        throttles = try columns.int()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(provider)
        columns.put(until)
        columns.put(callsMilli)
        columns.put(throttledAt)
        columns.put(throttles)
    }
}

/// Table `hold`: what is not done for now, since too much would be lost if what is seen is wrong. Written by the node
/// tier.
package struct HoldRow: StoreRow {
    /// Nothing is given back, replaced or moved.
    package static let nodes = "nodes"
    /// The provider's latest list is not believed.
    package static let list = "list"
    /// Further lost nodes of a type wait.
    package static func repair(_ type: String) -> String { "repair/\(type)" }

    package var scope: String
    package var since: Moment
    /// Nodes that are unready or wait, or lists in a row.
    package var count: Int
    /// Of so many nodes, or machines that were known.
    package var among: Int
    /// One sentence for people.
    package var reason: String

    package init(scope: String, since: Moment, count: Int, among: Int, reason: String) {
        self.scope = scope
        self.since = since
        self.count = count
        self.among = among
        self.reason = reason
    }

    package var key: String { scope }
    package static let sql = RowSQL(
        "hold", key: ["scope"], columns: ["scope", "since_ms", "count", "among", "reason"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        scope = try columns.text()
        since = try columns.moment()
        count = try columns.int()
        among = try columns.int()
        reason = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(scope)
        columns.put(since)
        columns.put(count)
        columns.put(among)
        columns.put(reason)
    }
}

/// Table `node_trouble`: nodes whose agents fall silent and come back, and nodes that were replaced lately. Written by
/// the node tier.
package struct NodeTroubleRow: StoreRow {
    package var node: NodeID
    package var type: String
    /// Since when its agent is called silent; nil: it is heard.
    package var silentAt: Moment?
    /// When it came back from such silences: the latest, oldest first.
    package var flaps: [Moment] = []
    /// When it was given up for a new one.
    package var repairedAt: Moment?
    /// The rule by which it was; of one that is silent together with most others `mass_unready`.
    package var cause = ""

    package init(node: NodeID, type: String) {
        self.node = node
        self.type = type
    }

    package var key: NodeID { node }
    package static let sql = RowSQL(
        "node_trouble", key: ["node"],
        columns: ["node", "type", "silent_ms", "flaps_json", "repaired_ms", "cause"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        node = try columns.key()
        type = try columns.text()
        silentAt = try columns.momentOrNil()
        flaps = (try columns.json() as [Int64]).map(Moment.init)
        repairedAt = try columns.momentOrNil()
        cause = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(node.rawValue)
        columns.put(type)
        columns.put(silentAt)
        try columns.put(json: flaps.map(\.ms))
        columns.put(repairedAt)
        columns.put(cause)
    }
}
