import Model

/// Table `node_type`: the operator's kinds of machine, as in force. Written by the node tier.
package struct NodeTypeRow: StoreRow {
    package var name: String
    package var resources: Resources
    package var minWorkers: Int
    package var maxWorkers: Int
    package var idleTimeout: Millis

    package init(
        name: String, resources: Resources, minWorkers: Int = 0, maxWorkers: Int, idleTimeout: Millis
    ) {
        self.name = name
        self.resources = resources
        self.minWorkers = minWorkers
        self.maxWorkers = maxWorkers
        self.idleTimeout = idleTimeout
    }

    package var key: String { name }
    package static let sql = RowSQL(
        "node_type", key: ["name"],
        columns: ["name", "resources_json", "min_workers", "max_workers", "idle_timeout_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        name = try columns.text()
        resources = try columns.json()
        minWorkers = try columns.int()
        maxWorkers = try columns.int()
        idleTimeout = Millis(try columns.integer())
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(name)
        try columns.put(json: resources)
        columns.put(minWorkers)
        columns.put(maxWorkers)
        columns.put(idleTimeout.rawValue)
    }
}

/// Table `drain_request`: the node tier asks the serve tier to move its replicas off a node.
package struct DrainRequestRow: StoreRow {
    package var node: NodeID
    package var deadline: Moment
    package var reason: String

    package init(node: NodeID, deadline: Moment, reason: String) {
        self.node = node
        self.deadline = deadline
        self.reason = reason
    }

    package var key: NodeID { node }
    package static let sql = RowSQL(
        "drain_request", key: ["node"], columns: ["node", "deadline_ms", "reason"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        node = try columns.key()
        deadline = try columns.moment()
        reason = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(node.rawValue)
        columns.put(deadline)
        columns.put(reason)
    }
}

/// Table `instance_seen`: the provider's latest whole list. Written by the node tier.
package struct InstanceSeenRow: StoreRow {
    /// The provider's id.
    package var instance: String
    package var token: String
    package var node: NodeID
    package var type: String
    /// The provider's word: `pending`, `running`, `stopping`, `terminated`, or one unknown to us.
    package var state: String
    package var seenAt: Moment
    package var firstSeenAt: Moment
    /// When a notice says it will be taken away.
    package var preemptedAt: Moment?

    package init(
        instance: String, token: String, node: NodeID, type: String, state: String, seenAt: Moment,
        firstSeenAt: Moment, preemptedAt: Moment? = nil
    ) {
        self.instance = instance
        self.token = token
        self.node = node
        self.type = type
        self.state = state
        self.seenAt = seenAt
        self.firstSeenAt = firstSeenAt
        self.preemptedAt = preemptedAt
    }

    package var key: String { instance }
    package static let sql = RowSQL(
        "instance_seen", key: ["instance"],
        columns: [
            "instance", "token", "node", "type", "state", "seen_ms", "first_seen_ms", "preempted_ms",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        instance = try columns.text()
        token = try columns.text()
        node = try columns.key()
        type = try columns.text()
        state = try columns.text()
        seenAt = try columns.moment()
        firstSeenAt = try columns.moment()
        preemptedAt = try columns.momentOrNil()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(instance)
        columns.put(token)
        columns.put(node.rawValue)
        columns.put(type)
        columns.put(state)
        columns.put(seenAt)
        columns.put(firstSeenAt)
        columns.put(preemptedAt)
    }
}
