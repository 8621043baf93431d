import Model

/// The word that people and Ray's clients read for a deployment.
package enum DeploymentStatus: String, CaseIterable, Sendable {
    case updating = "UPDATING"
    case healthy = "HEALTHY"
    case unhealthy = "UNHEALTHY"
    case deployFailed = "DEPLOY_FAILED"
    case upscaling = "UPSCALING"
    case downscaling = "DOWNSCALING"
}

/// Table `deployment`, written by the serve tier.
package struct DeploymentRow: StoreRow {
    package var id: DeploymentID
    package var application: String
    /// Place in the file.
    package var position: Int
    package var settings: DeploymentSettings
    /// Hash of what a replica is started with; another: replicas are replaced.
    package var version: String
    package var deleting = false
    /// Replicas wanted.
    package var target: Int
    package var status = DeploymentStatus.updating
    package var message = ""
    /// Failures in a row; 0 after a replica stayed ready for 10 s.
    package var failures = 0
    /// No replacement before this instant.
    package var retryAt: Moment?
    /// Reason and last lines of the latest failure.
    package var lastFailure = ""
    /// Delay timer: 1 wants up, -1 wants down, 0 not running.
    package var direction = 0
    package var directionSince: Moment?
    /// Raised each time the route's content changes.
    package var routeGeneration: Int64 = 0
    package var routeHash = ""
    /// Mean requests over the look-back window; nil: no data.
    package var load: Thousandths?
    /// When `load` was computed.
    package var loadAt: Moment?

    package init(
        id: DeploymentID, position: Int = 0, settings: DeploymentSettings, version: String, target: Int
    ) {
        self.id = id
        application = id.application
        self.position = position
        self.settings = settings
        self.version = version
        self.target = target
    }

    package var key: DeploymentID { id }
    package static let sql = RowSQL(
        "deployment", key: ["id"],
        columns: [
            "id", "application", "position", "settings_json", "version", "deleting", "target", "status",
            "message", "failures", "retry_ms", "last_failure", "direction", "direction_since_ms",
            "route_generation", "route_hash", "load_milli", "load_ms",
        ])

    package init(reading columns: inout ColumnReader) throws(StoreError) {
        id = try columns.key()
        application = try columns.text()
        position = try columns.int()
        settings = try columns.json()
        version = try columns.text()
        deleting = try columns.flag()
        target = try columns.int()
        status = try columns.word()
        message = try columns.text()
        failures = try columns.int()
        retryAt = try columns.momentOrNil()
        lastFailure = try columns.text()
        direction = try columns.int()
        directionSince = try columns.momentOrNil()
        routeGeneration = try columns.integer()
        routeHash = try columns.text()
        load = try columns.integerOrNil().map { Thousandths($0) }
        loadAt = try columns.momentOrNil()
    }

    package func write(to columns: inout ColumnWriter) throws(StoreError) {
        columns.put(id.rawValue)
        columns.put(application)
        columns.put(position)
        try columns.put(json: settings)
        columns.put(version)
        columns.put(deleting)
        columns.put(target)
        columns.put(status.rawValue)
        columns.put(message)
        columns.put(failures)
        columns.put(retryAt)
        columns.put(lastFailure)
        columns.put(direction)
        columns.put(directionSince)
        columns.put(routeGeneration)
        columns.put(routeHash)
        columns.put(load?.rawValue)
        columns.put(loadAt)
    }
}
