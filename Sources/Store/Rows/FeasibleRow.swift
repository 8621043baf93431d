import Model

/// Table `feasible`: the node tier tells the serve tier that of a deployment more is wanted than can be placed, and that
/// no node is to be had for the rest. Written by the node tier.
package struct FeasibleRow: StoreRow {
    package var deployment: DeploymentID
    /// Of its replicas that are wanted so many have a place, or a node on its way.
    package var room: Int
    /// Why no more.
    package var reason: Refusal.Code
    /// What each node type answers.
    package var refusals: [Refusal]
    /// Raised when anything of it, or which nodes there are, changes.
    package var generation: Int64
    /// From then on there was not enough.
    package var since: Moment

    package init(
        deployment: DeploymentID, room: Int, reason: Refusal.Code, refusals: [Refusal] = [],
        generation: Int64 = 1, since: Moment
    ) {
        self.deployment = deployment
        self.room = room
        self.reason = reason
        self.refusals = refusals
        self.generation = generation
        self.since = since
    }

    package var key: DeploymentID { deployment }
    package static let sql = RowSQL(
        "feasible", key: ["deployment"],
        columns: ["deployment", "room", "reason", "refusals_json", "generation", "since_ms"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        deployment = try columns.key()
        room = try columns.int()
        reason = try columns.word()
        refusals = try columns.jsonList()
        generation = try columns.integer()
        since = try columns.moment()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(deployment.rawValue)
        columns.put(room)
        columns.put(reason.rawValue)
        try columns.put(jsonList: refusals)
        columns.put(generation)
        columns.put(since)
    }
}
