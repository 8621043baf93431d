import Model

/// The keys of a deployment that say what one replica process is.
struct ReplicaSection {
    /// Arguments and variables beyond this are refused; Linux allows far more, people need far fewer.
    static let listMax = 1024

    let section: Section
    let hasImportPath: Bool

    static let known = [
        "command", "environment", "working_dir", "readiness", "enforce_memory", "ray_actor_options",
        "health_check_period_s", "health_check_timeout_s", "user_config", "reconfigure_path",
        "placement_group_bundles", "placement_group_strategy",
    ]
    /// One variable of an environment holds it.
    static let userConfigBytesMax = 65_536

    func read() -> ReplicaSettings {
        var replica = ReplicaSettings(command: command())
        if let field = section["environment"] {
            replica.environment = Self.environment(field, section.findings)
        }
        replica.workingDirectory = section["working_dir"].flatMap(directory)
        if let options = section["ray_actor_options"]?.section {
            replica.resources = resources(options)
            replica.environment.addBelow(RuntimeEnvironment(section: options).read())
        }
        if let bundles = PlacementGroup(section: section).read(holding: replica.resources) {
            replica.resources = bundles
        }
        replica.userConfig = section["user_config"]?.object(bytesMax: Self.userConfigBytesMax)
        replica.reconfigurePath = section["reconfigure_path"].flatMap(requestPath)
        if let field = section["enforce_memory"], let enforced = field.flag() {
            replica.enforceMemory = enforced
            if enforced, replica.resources[Resources.memory] == 0 {
                field.refuse("has no limit to enforce", "`ray_actor_options: {memory: 512 MiB}` beside it")
            }
        }
        replica.health = health()
        return replica
    }

    private func command() -> [String] {
        let right = "a list of words, program first: [python3, server.py]; no shell reads it"
        guard let field = section["command"] else {
            if !hasImportPath {
                _ = section.required("command", "`command:` with \(right)")
            }
            return []
        }
        if hasImportPath {
            field.refuse("cannot stand beside import_path", "one of the two")
        }
        guard let list = field.list(right) else { return [] }
        guard !list.isEmpty, list.count <= Self.listMax else {
            field.refuse(list.isEmpty ? "is empty" : "is too long", right)
            return []
        }
        let words = list.compactMap { $0.text("a word; put quotes around an empty one", bytesMax: 65_536) }
        if words.first?.isEmpty == true { list[0].refuse("names no program", right) }
        return words
    }

    static func environment(_ field: Field, _ findings: Findings) -> [EnvironmentVariable] {
        guard let variables = field.section?.entries else { return [] }
        guard variables.count <= listMax else {
            field.refuse("is too long", "at most \(listMax) variables")
            return []
        }
        return variables.compactMap { name, place, value -> EnvironmentVariable? in
            let letters = name.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || $0 == 0x5f || ($0 >= 0x30 && $0 <= 0x39)
            }
            if !letters || name.isEmpty || name.first?.isNumber == true {
                findings.refuse(
                    place, "\(field.path) has a variable without a usable name", name,
                    "letters, digits and _, not beginning with a digit")
                return nil
            }
            if name == "PORT" || name.hasPrefix("TANDEM_") {
                findings.refuse(
                    place, "\(field.path) sets a variable that the agent sets", name, "another name")
                return nil
            }
            guard let text = value.text("a text, \"\" for an empty one", bytesMax: 65_536) else { return nil }
            return EnvironmentVariable(name: name, value: text)
        }.sorted { $0.name < $1.name }
    }

    private func directory(_ field: Field) -> String? {
        let right = "an absolute path, which must exist on every node"
        guard let path = field.text(right) else { return nil }
        if !path.hasPrefix("/") { field.refuse("is not absolute", right) }
        return path
    }

    private func resources(_ options: Section) -> Resources {
        var resources = Resources([Resources.cpu: 1000])
        options.check(known: Self.knownOptions, unread: Self.unread)
        if let custom = options["resources"]?.resources(customOnly: true) { resources = resources + custom }
        if let amount = options["num_cpus"]?.amount() { resources[Resources.cpu] = amount }
        if let amount = options["num_gpus"]?.amount() { resources[Resources.gpu] = amount }
        if let bytes = options["memory"]?.bytes() { resources[Resources.memory] = bytes }
        // As Ray: a trace of a resource that the machines with such an accelerator have.
        if let type = options["accelerator_type"]?.name() { resources["accelerator_type:\(type)"] = 1 }
        return resources
    }

    private func requestPath(_ field: Field) -> String? {
        guard let path = field.text("a path such as /reconfigure", bytesMax: 1024) else { return nil }
        if !path.hasPrefix("/") || !path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            field.refuse("is no path of a request", "printable, without spaces, beginning with /")
        }
        return path
    }

    /// Ray's two keys, and `readiness`, which may say the same things once.
    private func health() -> HealthCheck {
        var health = HealthCheck()
        let readiness = section["readiness"]?.section
        readiness?.check(known: Self.knownReadiness)
        health.path = readiness?["path"].flatMap(requestPath)
        for (key, rays, target) in [
            ("period_s", "health_check_period_s", \HealthCheck.period),
            ("timeout_s", "health_check_timeout_s", \HealthCheck.timeout),
        ] {
            let both = [section[rays], readiness?[key]].compactMap { $0 }
            for field in both {
                if let span = field.seconds(aboveZero: true) { health[keyPath: target] = span }
            }
            if both.count == 2 { both[1].refuse("is given twice", "\(rays) or readiness.\(key), not both") }
        }
        if let span = readiness?["start_deadline_s"]?.seconds(aboveZero: true) { health.startDeadline = span }
        return health
    }

    static let knownReadiness = ["path", "period_s", "timeout_s", "start_deadline_s"]
    static let knownOptions = [
        "num_cpus", "num_gpus", "memory", "resources", "accelerator_type", "runtime_env", "label_selector",
        "fallback_strategy",
    ]
    static let unread = [
        Unread(key: "object_store_memory", sentence: "there is no object store: remove it")
    ]
}
