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

/// What led to a deployment's status: Ray's words.
package enum StatusTrigger: String, CaseIterable, Sendable {
    case configUpdateStarted = "CONFIG_UPDATE_STARTED"
    case configUpdateCompleted = "CONFIG_UPDATE_COMPLETED"
    case upscaleCompleted = "UPSCALE_COMPLETED"
    case downscaleCompleted = "DOWNSCALE_COMPLETED"
    case autoscaling = "AUTOSCALING"
    case replicaStartupFailed = "REPLICA_STARTUP_FAILED"
    case healthCheckFailed = "HEALTH_CHECK_FAILED"
    case deleting = "DELETING"
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
    package var trigger = StatusTrigger.configUpdateStarted
    package var message = ""
    /// Failures in a row; 0 after a replica stayed ready for 10 s.
    package var failures = 0
    /// Its version failed too often in a row: the one before goes on. Until another version comes, or this one proves itself.
    package var isGivenUp = false
    /// No replacement before this instant.
    package var retryAt: Moment?
    /// Reason and last lines of the latest failure.
    package var lastFailure = ""
    /// When an unwell replica was last ended.
    package var restartedAt: Moment?
    /// Raised each time the route's content changes.
    package var routeGeneration: Int64 = 0
    package var routeHash = ""
    /// Replicas by the last call to scale it; nil: as configured.
    package var scaledTo: Int?

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
            "status_trigger", "message", "failures", "retry_ms", "last_failure", "restarted_ms",
            "route_generation",
            "route_hash",
            "scaled_to", "given_up",
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
        trigger = try columns.word()
        message = try columns.text()
        failures = try columns.int()
        retryAt = try columns.momentOrNil()
        lastFailure = try columns.text()
        restartedAt = try columns.momentOrNil()
        routeGeneration = try columns.integer()
        routeHash = try columns.text()
        scaledTo = try columns.intOrNil()
        isGivenUp = try columns.flag()
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
        columns.put(trigger.rawValue)
        columns.put(message)
        columns.put(failures)
        columns.put(retryAt)
        columns.put(lastFailure)
        columns.put(restartedAt)
        columns.put(routeGeneration)
        columns.put(routeHash)
        columns.put(scaledTo)
        columns.put(isGivenUp)
    }
}
