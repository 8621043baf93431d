import Model

/// One entry of `deployments`.
struct DeploymentSection {
    /// Replicas of one deployment beyond this are taken for a mistake.
    static let replicasMax = 100_000
    /// Requests at once, or waiting, beyond this are taken for a mistake.
    static let requestsMax = 1_000_000
    /// As that of Kubernetes' PriorityClass.
    static let priorityMax = 1_000_000_000
    /// Beyond this the smaller share is none.
    static let weightMax = 1_000

    let section: Section
    let hasImportPath: Bool

    func read(application: String) -> DeploymentSettings {
        section.check(
            known: Self.known, unread: Self.unread,
            renamed: [
                "max_concurrent_queries": "max_ongoing_requests", "env": "environment", "cmd": "command",
            ])
        let name = section.required("name", "`name:` with the deployment's name")?.name() ?? ""
        let id = DeploymentID(application: application, deployment: name)
        let reader = ReplicaSection(section: section, hasImportPath: hasImportPath)
        var settings = DeploymentSettings(id: id, replica: reader.read())
        settings.count = count()
        if let ongoing = section["max_ongoing_requests"]?.whole(in: 1...Self.requestsMax) {
            settings.maxOngoing = ongoing
        }
        settings.maxQueued = maxQueued()
        if let timeout = section["graceful_shutdown_timeout_s"]?.seconds(aboveZero: false) {
            settings.gracefulShutdownTimeout = timeout
        }
        settings.rollout = rollout()
        settings.backpressure = backpressure()
        settings.replica.placing = PlacingSection(section: section, deployment: id).read()
        readStanding(&settings)
        checkGangs(settings)
        return settings
    }

    /// As in Ray all counts are multiples of the gang's size.
    private func checkGangs(_ settings: DeploymentSettings) {
        guard let gang = settings.gang else { return }
        let counts: [(key: String, count: Int)] =
            switch settings.count {
            case .fixed(let count): [("num_replicas", count)]
            case .auto(let scaling):
                [("min_replicas", scaling.minReplicas), ("max_replicas", scaling.maxReplicas)]
                    + (scaling.initialReplicas.map { [("initial_replicas", $0)] } ?? [])
            }
        for (key, count) in counts where count % gang.size != 0 {
            let field = section["autoscaling_config"]?.section?[key] ?? section[key]
            section.findings.refuse(
                field?.place ?? section.keyPlace("gang_scheduling_config"),
                "\(section.path).gang_scheduling_config.gang_size \(gang.size) does not divide \(key)",
                "\(count)", "\(max(gang.whole(count), gang.size)), or another gang_size")
        }
    }

    /// How it stands to other deployments, and to those who replace nodes. Nothing of it is a reason for new processes.
    private func readStanding(_ settings: inout DeploymentSettings) {
        if let priority = section["priority"]?.whole(in: -Self.priorityMax...Self.priorityMax) {
            settings.priority = priority
        }
        if let weight = section["weight"]?.whole(in: 1...Self.weightMax) { settings.weight = weight }
        if let flag = section["do_not_disrupt"]?.flag() { settings.isUndisturbed = flag }
    }

    private func rollout() -> RolloutSettings {
        var rollout = RolloutSettings()
        if let share = section["rolling_update_percentage"]?.share(aboveZero: true) {
            rollout.batchShare = share
        }
        rollout.surgePercent = section["max_surge_percent"]?.whole(in: 0...100)
        rollout.unavailableMax = section["max_unavailable"]?.disruption(
            most: Self.replicasMax, of: "replicas")
        if let most = section["max_constructor_retry_count"]?.whole(in: 1...Self.requestsMax) {
            rollout.failuresMax = most
        }
        if let span = section["min_ready_s"]?.seconds(aboveZero: false) { rollout.minReady = span }
        return rollout
    }

    private func backpressure() -> Backpressure {
        var backpressure = Backpressure()
        guard let field = section["backpressure_config"], let section = field.section else {
            return backpressure
        }
        section.check(known: Self.knownBackpressure)
        if let code = section["status_code"], let status = code.whole(in: 100...599) {
            if ![429, 503].contains(status) {
                code.refuse("is neither of the two that say it", "503 or 429")
            }
            backpressure.status = status
        }
        backpressure.retryAfter = section["retry_after_s"]?.seconds(aboveZero: false)
        return backpressure
    }

    /// `num_replicas` and `autoscaling_config` together, with Ray's rules.
    private func count() -> ReplicaCount {
        let auto = section["autoscaling_config"]
        guard let field = section["num_replicas"] else {
            guard let auto else { return .fixed(1) }
            return .auto(AutoscalingSection(base: AutoscalingSettings()).read(auto))
        }
        if field.word == "auto" {
            var base = AutoscalingSettings()
            base.maxReplicas = 100
            return .auto(auto.map(AutoscalingSection(base: base).read) ?? base)
        }
        let right = "a whole number of at least 1, at most \(Self.replicasMax), or auto"
        guard let number = field.plain.flatMap({ try? DecimalText.parse($0, decimals: 0) }),
            (1...Int64(Self.replicasMax)).contains(number)
        else {
            field.refuse("is neither a number of replicas nor auto", right)
            return .fixed(1)
        }
        if let auto {
            section.findings.refuse(
                section.keyPlace("autoscaling_config"),
                "\(auto.path) cannot stand beside a fixed num_replicas", "\(number)",
                "num_replicas: auto, or no autoscaling_config")
            _ = AutoscalingSection(base: AutoscalingSettings()).read(auto)
        }
        return .fixed(Int(number))
    }

    /// Ray's -1 is the proxy's own bound.
    private func maxQueued() -> Int? {
        guard let field = section["max_queued_requests"] else { return nil }
        guard let value = field.whole(in: -1...Self.requestsMax) else { return nil }
        guard value != 0 else {
            field.refuse("must not be 0", "-1 for the proxy's own bound, or at least 1")
            return nil
        }
        return value == -1 ? nil : value
    }

    private static let own = [
        "name", "num_replicas", "max_ongoing_requests", "max_queued_requests", "autoscaling_config",
        "graceful_shutdown_timeout_s", "rolling_update_percentage", "max_surge_percent",
        "max_constructor_retry_count", "max_unavailable", "min_ready_s", "backpressure_config", "priority",
        "weight",
        "do_not_disrupt",
    ]
    static let known = own + ReplicaSection.known + PlacingSection.known
    static let knownBackpressure = ["status_code", "retry_after_s"]

    static let unread = [
        Unread(
            key: "graceful_shutdown_wait_loop_s",
            sentence: "not needed: a replica stops as soon as it is idle", harmless: ["2", "2.0"],
            onlyWarns: true, check: { _ = $0.seconds(aboveZero: false) }),
        .logging,
        Unread(key: "deployment_actors", sentence: "there are no actors: run it as a deployment of its own"),
        .router,
    ]
}
