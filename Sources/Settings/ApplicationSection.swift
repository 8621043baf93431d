import Model

/// One entry of `applications`.
struct ApplicationSection {
    /// One variable of an environment holds `args`.
    static let argumentsBytesMax = 65_536

    let section: Section

    /// With defaults where something was wrong: the problems are in the findings.
    func read() -> ApplicationSettings {
        section.check(known: Self.known, unread: Self.unread)
        let name = section["name"].map { $0.name() ?? "" } ?? "default"
        let importPath = section["import_path"].flatMap(importPath)
        var application = ApplicationSettings(
            name: name, routePrefix: routePrefix(), importPath: importPath, deployments: [])
        application.deployments = deployments(of: name, hasImportPath: section["import_path"] != nil)
        application.arguments = section["args"]?.object(bytesMax: Self.argumentsBytesMax)
        let variables = RuntimeEnvironment(section: section).read()
        for index in application.deployments.indices {
            application.deployments[index].replica.environment.addBelow(variables)
        }
        if section["args"] != nil, importPath == nil {
            section["args"]?.refuse("has no import_path to go to", "settings by command or environment")
        }
        if let field = section["external_scaler_enabled"], field.flag() == true {
            application.hasExternalScaler = true
            let scaled = application.deployments.filter { $0.count.isAuto }.map(\.id.name)
            if !scaled.isEmpty {
                field.refuse(
                    "cannot stand beside autoscaling_config (of \(scaled.joined(separator: ", ")))",
                    "a fixed num_replicas for every deployment of it, or no external scaler")
            }
        }
        return application
    }

    /// Absent: `/`. Null: no route.
    private func routePrefix() -> String? {
        guard !section.isNull("route_prefix") else { return nil }
        guard let field = section["route_prefix"] else { return "/" }
        let bytesMax = 256
        guard let prefix = field.text("a path such as /chat, or null", bytesMax: bytesMax) else { return nil }
        let fault: (String, String)? =
            if !prefix.hasPrefix("/") {
                ("must start with /", "/\(prefix)")
            } else if prefix != "/", prefix.hasSuffix("/") {
                ("must not end with /", "/\(prefix.split(separator: "/").joined(separator: "/"))")
            } else if prefix.contains("{") || prefix.contains("}") {
                ("must not hold { or }", "a fixed path such as /chat")
            } else if prefix == "/-" || prefix.hasPrefix("/-/") {
                ("is kept for the proxy's own pages", "a path that does not begin with /-/")
            } else if !prefix.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
                || prefix.contains(where: "?#%".contains)
            {
                ("holds a character that a path cannot", "letters, digits and - _ . ~ / without ? # %")
            } else if prefix.contains("//")
                || prefix.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
            {
                ("holds an empty step, . or ..", "a plain path such as /chat/v1")
            } else {
                nil
            }
        if let fault { field.refuse(fault.0, fault.1) }
        return prefix
    }

    /// `module:attribute`, or dots all the way (as Ray).
    private func importPath(_ field: Field) -> String? {
        let right = "module:application"
        guard let path = field.text(right, bytesMax: 1024) else { return nil }
        let parts = path.split(separator: ":", omittingEmptySubsequences: false)
        let isColoned = parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
        let dotted = path.split(separator: ".", omittingEmptySubsequences: false)
        let isDotted = parts.count == 1 && dotted.count > 1 && dotted.allSatisfy { !$0.isEmpty }
        if !isColoned, !isDotted { field.refuse("is no import path", right) }
        return path
    }

    private func deployments(of application: String, hasImportPath: Bool) -> [DeploymentSettings] {
        guard let field = section["deployments"], let list = field.list("a list of deployments"),
            !list.isEmpty
        else {
            if !hasImportPath, section["deployments"]?.isEmptyOrNull ?? true {
                section.findings.refuse(
                    section["deployments"]?.place ?? section.place, "\(section.path) runs nothing",
                    application,
                    "`deployments:` with an entry that has a name and a command, or an import_path")
            }
            return []
        }
        var seen: [String: Place] = [:]
        return list.compactMap { field -> DeploymentSettings? in
            guard let section = field.section else { return nil }
            let reader = DeploymentSection(section: section, hasImportPath: hasImportPath)
            let settings = reader.read(application: application)
            guard let nameField = section["name"], !settings.id.name.isEmpty else { return settings }
            if let first = seen[settings.id.name] {
                nameField.refuse("is taken by the deployment at line \(first.line)", "a name of its own")
            }
            seen[settings.id.name] = seen[settings.id.name] ?? nameField.place
            return settings
        }
    }

    static let known = [
        "name", "route_prefix", "import_path", "args", "runtime_env", "deployments",
        "external_scaler_enabled",
    ]
    static let unread = [
        .policy("autoscaling_policy"), .logging,
        Unread(key: "host", sentence: "set ports.ingress_host in the cluster file"),
        Unread(key: "port", sentence: "set ports.ingress in the cluster file"),
    ]
}
