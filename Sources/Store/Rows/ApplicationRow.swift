import Model

/// The word that people and Ray's clients read for an application.
package enum ApplicationStatus: String, CaseIterable, Sendable {
    case deploying = "DEPLOYING"
    case running = "RUNNING"
    case unhealthy = "UNHEALTHY"
    case deployFailed = "DEPLOY_FAILED"
    case deleting = "DELETING"
}

/// Table `application`, written by the serve tier.
package struct ApplicationRow: StoreRow {
    package var name: String
    /// Nil: no route.
    package var routePrefix: String?
    /// The deployment that answers the route.
    package var ingress: DeploymentID?
    package var status: ApplicationStatus
    /// Why, for people.
    package var message: String
    /// Its replicas are being stopped; the row goes last.
    package var deleting: Bool
    package var deployedUnixMs: Int64
    /// The counts of its deployments may be set by a call.
    package var hasExternalScaler = false
    /// As it was put: JSON.
    package var config = "{}"

    package init(
        name: String, routePrefix: String? = nil, ingress: DeploymentID? = nil,
        status: ApplicationStatus = .deploying, message: String = "", deleting: Bool = false,
        deployedUnixMs: Int64 = 0
    ) {
        self.name = name
        self.routePrefix = routePrefix
        self.ingress = ingress
        self.status = status
        self.message = message
        self.deleting = deleting
        self.deployedUnixMs = deployedUnixMs
    }

    package var key: String { name }
    package static let sql = RowSQL(
        "application", key: ["name"],
        columns: [
            "name", "route_prefix", "ingress", "status", "message", "deleting", "deployed_unix_ms",
            "external_scaler",
            "config_json",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        name = try columns.text()
        routePrefix = try columns.textOrNil()
        ingress = try columns.keyOrNil()
        status = try columns.word()
        message = try columns.text()
        deleting = try columns.flag()
        deployedUnixMs = try columns.integer()
        hasExternalScaler = try columns.flag()
        config = try columns.text()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(name)
        columns.put(routePrefix)
        columns.put(ingress?.rawValue)
        columns.put(status.rawValue)
        columns.put(message)
        columns.put(deleting)
        columns.put(deployedUnixMs)
        columns.put(hasExternalScaler)
        columns.put(config)
    }
}
