import Model

/// Table `node_note`: what is remembered of a node beside its row. Written by the node tier.
package struct NodeNoteRow: StoreRow {
    package var node: NodeID
    /// Of its type when it was bought.
    package var configHash: String
    /// When a replica last came or went.
    package var changedAt: Moment
    /// Since when nobody waits for it though it is not ready.
    package var unneededAt: Moment?

    package init(node: NodeID, configHash: String, changedAt: Moment) {
        self.node = node
        self.configHash = configHash
        self.changedAt = changedAt
    }

    package var key: NodeID { node }
    package static let sql = RowSQL(
        "node_note", key: ["node"], columns: ["node", "config_hash", "changed_ms", "unneeded_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        node = try columns.key()
        configHash = try columns.text()
        changedAt = try columns.moment()
        unneededAt = try columns.momentOrNil()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(node.rawValue)
        columns.put(configHash)
        columns.put(changedAt)
        columns.put(unneededAt)
    }
}

/// Table `node_stay`: why a node is not given up. Written by the node tier.
package struct NodeStayRow: StoreRow {
    package var node: NodeID
    /// `NodeStay.Code` of Provisioning.
    package var code: String
    package var until: Moment?
    package var detail: String

    package init(node: NodeID, code: String, until: Moment?, detail: String) {
        self.node = node
        self.code = code
        self.until = until
        self.detail = detail
    }

    package var key: NodeID { node }
    package static let sql = RowSQL(
        "node_stay", key: ["node"], columns: ["node", "code", "until_ms", "detail"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        node = try columns.key()
        code = try columns.text()
        until = try columns.momentOrNil()
        detail = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(node.rawValue)
        columns.put(code)
        columns.put(until)
        columns.put(detail)
    }
}

/// Table `demand_history`: how many replicas of a deployment were wanted when. Written by the node tier.
package struct DemandHistoryRow: StoreRow {
    /// So many from then on.
    package struct Step: Hashable, Sendable, Codable {
        package var at: Moment
        package var count: Int

        package init(at: Moment, count: Int) {
            self.at = at
            self.count = count
        }
    }

    package var deployment: DeploymentID
    /// Oldest first.
    package var steps: [Step]

    package init(deployment: DeploymentID, steps: [Step]) {
        self.deployment = deployment
        self.steps = steps
    }

    package var key: DeploymentID { deployment }
    package static let sql = RowSQL(
        "demand_history", key: ["deployment"], columns: ["deployment", "steps_json"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        deployment = try columns.key()
        steps = try columns.json()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(deployment.rawValue)
        try columns.put(json: steps)
    }
}
