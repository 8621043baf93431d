import Model

/// `autoscaling_config`, laid over `base`.
struct AutoscalingSection {
    let base: AutoscalingSettings

    func read(_ field: Field) -> AutoscalingSettings {
        var settings = base
        guard let section = field.section else { return settings }
        section.check(
            known: Self.known, unread: Self.unread,
            renamed: ["target_num_ongoing_requests_per_replica": "target_ongoing_requests"])
        let replicasMax = DeploymentSection.replicasMax
        if let target = section["target_ongoing_requests"]?.thousandths(aboveZero: true) {
            settings.targetOngoing = target
        }
        if let least = section["min_replicas"]?.whole(in: 0...replicasMax) { settings.minReplicas = least }
        if let most = section["max_replicas"]?.whole(in: 1...replicasMax) { settings.maxReplicas = most }
        settings.initialReplicas = section["initial_replicas"]?.whole(in: 0...replicasMax)
        checkOrder(settings, section)
        readTimes(section, &settings)
        settings.upscalingFactor = factor(section, "upscaling_factor", "upscale_smoothing_factor")
        settings.downscalingFactor = factor(section, "downscaling_factor", "downscale_smoothing_factor")
        if let word = section["aggregation_function"]?.word(of: LoadAggregation.self) {
            settings.aggregation = word
        }
        readOwn(section, &settings)
        return settings
    }

    /// What Ray does not have.
    private func readOwn(_ section: Section, _ settings: inout AutoscalingSettings) {
        if let word = section["upscale_delay_value"]?.word(of: DelayValue.self) {
            settings.upscaleDelayValue = word
        }
        if let word = section["downscale_delay_value"]?.word(of: DelayValue.self) {
            settings.downscaleDelayValue = word
        }
        if let share = section["delay_share"]?.share(aboveZero: true) { settings.delayShare = share }
        if let flag = section["count_starting"]?.flag() { settings.countsStarting = flag }
        if let share = section["upscale_tolerance"]?.share(aboveZero: false) {
            settings.upscaleTolerance = share
        }
        if let share = section["downscale_tolerance"]?.share(aboveZero: false) {
            settings.downscaleTolerance = share
        }
        if let word = section["without_data"]?.word(of: WithoutData.self) { settings.withoutData = word }
    }

    private func readTimes(_ section: Section, _ settings: inout AutoscalingSettings) {
        if let span = section["metrics_interval_s"]?.seconds(aboveZero: true) {
            settings.metricsInterval = span
        }
        if let span = section["look_back_period_s"]?.seconds(aboveZero: true) { settings.lookBack = span }
        if let span = section["upscale_delay_s"]?.seconds(aboveZero: false) { settings.upscaleDelay = span }
        if let span = section["downscale_delay_s"]?.seconds(aboveZero: false) {
            settings.downscaleDelay = span
        }
        settings.downscaleToZeroDelay = section["downscale_to_zero_delay_s"]?.seconds(aboveZero: false)
        if settings.lookBack <= settings.metricsInterval {
            let interval = Resources.decimal(settings.metricsInterval.rawValue)
            section.findings.warn(
                section.keyPlace("look_back_period_s"),
                "look_back_period_s in \(section.path) holds only one report, sent every \(interval) s",
                Resources.decimal(settings.lookBack.rawValue), "a metrics_interval_s well below it")
        }
    }

    /// The named gain, else the older name's, else `smoothing_factor`, else 1 (as Ray).
    private func factor(_ section: Section, _ name: String, _ older: String) -> Thousandths {
        let given = [name, older, "smoothing_factor"].map { section[$0] }
        // Read all: a wrong value is reported even where another goes before it.
        return given.map { $0?.thousandths(aboveZero: true) }.compactMap { $0 }.first ?? .one
    }

    private func checkOrder(_ settings: AutoscalingSettings, _ section: Section) {
        let (least, most) = (settings.minReplicas, settings.maxReplicas)
        if least > most {
            let key = section["min_replicas"] != nil ? "min_replicas" : "max_replicas"
            section.findings.refuse(
                section[key]?.place ?? section.place, "\(section.path).min_replicas is above max_replicas",
                "\(least) > \(most)", "min_replicas of at most max_replicas")
        } else if let initial = settings.initialReplicas, !(least...most).contains(initial) {
            section["initial_replicas"]?.refuse(
                "is not between min_replicas and max_replicas", "at least \(least), at most \(most)")
        }
    }

    static let unread: [Unread] = [.policy("policy")]
    static let known = [
        "target_ongoing_requests", "min_replicas", "max_replicas", "initial_replicas", "metrics_interval_s",
        "look_back_period_s", "upscale_delay_s", "downscale_delay_s", "downscale_to_zero_delay_s",
        "upscaling_factor", "downscaling_factor", "smoothing_factor", "upscale_smoothing_factor",
        "downscale_smoothing_factor", "aggregation_function", "upscale_delay_value",
        "downscale_delay_value", "delay_share", "count_starting", "upscale_tolerance", "downscale_tolerance",
        "without_data",
    ]
}
