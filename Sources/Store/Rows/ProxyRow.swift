import Model

/// Table `proxy`: an ingress proxy as last heard. Written by the serve tier.
package struct ProxyRow: StoreRow {
    package var id: String
    /// Of the process; sequences start anew with it.
    package var incarnation: String
    /// host:port of the data port.
    package var address: String
    /// Last sync, written at most once a second.
    package var heardAt: Moment
    /// Route generation it has applied.
    package var routes: [DeploymentID: Int64]
    /// Requests it still has at replicas that are off its routes.
    package var busy: [ReplicaID: Int]

    package init(
        id: String, incarnation: String, address: String, heardAt: Moment,
        routes: [DeploymentID: Int64] = [:], busy: [ReplicaID: Int] = [:]
    ) {
        self.id = id
        self.incarnation = incarnation
        self.address = address
        self.heardAt = heardAt
        self.routes = routes
        self.busy = busy
    }

    package var key: String { id }
    package static let sql = RowSQL(
        "proxy", key: ["id"],
        columns: ["id", "incarnation", "address", "heard_ms", "routes_json", "busy_json"])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        id = try columns.text()
        incarnation = try columns.text()
        address = try columns.text()
        heardAt = try columns.moment()
        let routesByName: [String: Int64] = try columns.json()
        let busyByName: [String: Int] = try columns.json()
        routes = Dictionary(uniqueKeysWithValues: routesByName.map { (DeploymentID($0.key), $0.value) })
        busy = Dictionary(uniqueKeysWithValues: busyByName.map { (ReplicaID($0.key), $0.value) })
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(id)
        columns.put(incarnation)
        columns.put(address)
        columns.put(heardAt)
        try columns.put(
            changingJSON: Dictionary(uniqueKeysWithValues: routes.map { ($0.key.rawValue, $0.value) }))
        try columns.put(
            changingJSON: Dictionary(uniqueKeysWithValues: busy.map { ($0.key.rawValue, $0.value) }))
    }
}

/// Table `load_bucket`: load of one deployment at one proxy over one interval. Written by the serve tier.
package struct LoadBucketRow: Equatable, Sendable {
    package var deployment: DeploymentID
    package var proxy: String
    package var incarnation: String
    /// Grows by one; acknowledged once it is here.
    package var sequence: Int64
    /// Counted back from the report's arrival.
    package var end: Moment
    package var span: Millis
    /// Request-microseconds: ongoing and queued against time.
    package var areaMicros: Int64
    /// At the end of the interval.
    package var ongoing: Int
    package var queued: Int
    /// Requests that replicas were done with in the interval; nil: not told.
    package var completed: Int64?

    package init(
        deployment: DeploymentID, proxy: String, incarnation: String, sequence: Int64, end: Moment,
        span: Millis, areaMicros: Int64, ongoing: Int, queued: Int, completed: Int64? = nil
    ) {
        self.completed = completed
        self.deployment = deployment
        self.proxy = proxy
        self.incarnation = incarnation
        self.sequence = sequence
        self.end = end
        self.span = span
        self.areaMicros = areaMicros
        self.ongoing = ongoing
        self.queued = queued
    }

    package static let sql = RowSQL(
        "load_bucket", key: ["deployment", "proxy", "incarnation", "sequence"],
        columns: [
            "deployment", "proxy", "incarnation", "sequence", "end_ms", "span_ms", "area_us", "ongoing",
            "queued", "completed",
        ])

    init(reading columns: inout ColumnReader) throws(StoreError) {
        deployment = try columns.key()
        proxy = try columns.text()
        incarnation = try columns.text()
        sequence = try columns.integer()
        end = try columns.moment()
        span = Millis(try columns.integer())
        areaMicros = try columns.integer()
        ongoing = try columns.int()
        queued = try columns.int()
        completed = try columns.integerOrNil()
    }

    func write(to columns: inout ColumnWriter) {
        columns.put(deployment.rawValue)
        columns.put(proxy)
        columns.put(incarnation)
        columns.put(sequence)
        columns.put(end)
        columns.put(span.rawValue)
        columns.put(areaMicros)
        columns.put(ongoing)
        columns.put(queued)
        columns.put(completed)
    }
}
