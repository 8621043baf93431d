import Model
import Yams

/// The top of a cluster file. Names are those of Ray's cluster YAML where it has them.
struct ClusterFile {
    /// Nodes beyond this are taken for a mistake.
    static let nodesMax = 100_000

    let findings: Findings

    func read(_ root: Node) -> ClusterSettings {
        Section(root, path: "", findings: findings).map(read) ?? ClusterSettings()
    }

    /// The same where it stands inside of another file.
    func read(_ top: Section) -> ClusterSettings {
        var settings = ClusterSettings()
        top.check(known: Self.known, unread: Self.unread, renamed: ["node_types": "available_node_types"])
        if let name = top["cluster_name"]?.name() { settings.name = name }
        if let most = top["max_workers"]?.whole(in: 0...Self.nodesMax) { settings.maxWorkers = most }
        if let speed = top["upscaling_speed"]?.thousandths(aboveZero: false) {
            settings.upscalingSpeed = speed
        }
        settings.idleTimeout = idleTimeout(top) ?? settings.idleTimeout
        readSilences(top, &settings)
        NodePolicySection(top: top).read(into: &settings)
        settings.importPaths = top["import_paths"].map(importPaths)
        settings.ports =
            top["ports"].flatMap(\.section).map { PortsSection(section: $0).read() } ?? settings.ports
        let types = top["available_node_types"].flatMap(\.section)
        if let types {
            settings.nodeTypes = NodeTypesSection(section: types, clusterMax: settings.maxWorkers).read()
            checkSum(settings, top)
        }
        let names = types.map { $0.entries.map(\.name) } ?? []
        let provider = top["provider"]
        settings.provider = provider.flatMap(\.section).flatMap {
            ProviderSection(section: $0, typeNames: names).read()
        }
        checkPair(
            top, hasTypes: !names.isEmpty, typesAreWrong: top["available_node_types"] != nil && types == nil)
        return settings
    }

    /// `{module:application: [program, argument]}`, sorted.
    private func importPaths(_ field: Field) -> [ImportPath] {
        guard let entries = field.section?.entries else { return [] }
        let right = "a list of words, program first: [python3, server.py]"
        return entries.compactMap { name, _, field -> ImportPath? in
            guard let list = field.list(right) else { return nil }
            let words = list.compactMap { $0.text("a word", bytesMax: 65_536) }
            guard words.count == list.count, words.first?.isEmpty == false else {
                field.refuse("names no program", right)
                return nil
            }
            return ImportPath(path: name, command: words)
        }.sorted { $0.path < $1.path }
    }

    private func idleTimeout(_ top: Section) -> Millis? {
        // Thousandths of a minute times 60 are milliseconds.
        let minutes = top["idle_timeout_minutes"]?.number(
            decimals: 3, in: 0...(Field.spanMax / 60), " minutes")
        let seconds = top["idle_timeout_s"]?.seconds(aboveZero: false)
        if let field = top["idle_timeout_s"], top["idle_timeout_minutes"] != nil {
            field.refuse("is given in minutes too", "idle_timeout_s or idle_timeout_minutes, not both")
        }
        return seconds ?? minutes.map { Millis($0 * 60) }
    }

    private func readSilences(_ top: Section, _ settings: inout ClusterSettings) {
        if let span = top["join_deadline_s"]?.seconds(aboveZero: true) { settings.joinDeadline = span }
        let least = ClusterSettings.silenceMin
        if let span = top["agent_silent_s"]?.seconds(atLeast: least) { settings.agentSilent = span }
        if let span = top["agent_lost_s"]?.seconds(aboveZero: true) { settings.agentLost = span }
        if let span = top["proxy_silent_s"]?.seconds(atLeast: least) { settings.proxySilent = span }
        if settings.agentLost < settings.agentSilent {
            let field = top["agent_lost_s"] ?? top["agent_silent_s"]
            let silent = Resources.decimal(settings.agentSilent.rawValue)
            let lost = Resources.decimal(settings.agentLost.rawValue)
            findings.refuse(
                field?.place ?? .start, "agent_lost_s is below agent_silent_s", "\(lost) < \(silent)",
                "agent_lost_s of at least agent_silent_s")
        }
    }

    private func checkSum(_ settings: ClusterSettings, _ top: Section) {
        let sum = settings.nodeTypes.reduce(0) { $0 + $1.minWorkers }
        guard sum > settings.maxWorkers else { return }
        findings.refuse(
            top["max_workers"]?.place ?? top.keyPlace("available_node_types"),
            "max_workers is below the sum of min_workers", "\(settings.maxWorkers) < \(sum)",
            "max_workers of at least \(sum), or smaller min_workers")
    }

    /// A provider is of no use without node types, and the other way round.
    private func checkPair(_ top: Section, hasTypes: Bool, typesAreWrong: Bool) {
        if top["provider"] != nil, !hasTypes, !typesAreWrong {
            findings.refuse(
                top.keyPlace("provider"), "a provider without node types", "provider",
                "add available_node_types with at least one type, or remove provider to run on this machine alone"
            )
        }
        if top["provider"] == nil, hasTypes {
            findings.refuse(
                top.keyPlace("available_node_types"), "node types without a provider", "available_node_types",
                "add `provider: {type: fake}` or `{type: native, …}`, or remove available_node_types")
        }
    }

    private static let known =
        [
            "cluster_name", "max_workers", "upscaling_speed", "idle_timeout_minutes", "idle_timeout_s",
            "provider",
            "available_node_types", "join_deadline_s", "agent_silent_s", "agent_lost_s", "proxy_silent_s",
            "ports", "import_paths",
        ] + NodePolicySection.known

    private static let machines = "machines are prepared by the provider: remove it"
    private static let unread =
        [
            "auth", "docker", "file_mounts", "cluster_synced_files", "file_mounts_sync_continuously",
            "rsync_exclude", "rsync_filter", "initialization_commands", "setup_commands",
            "head_setup_commands",
            "worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands",
        ].map { Unread(key: $0, sentence: machines, harmless: ["false"]) } + [
            Unread(
                key: "head_node_type", sentence: "the control processes run where `tandem up` runs: remove it"
            ),
            Unread(key: "head_node", sentence: "the control processes run where `tandem up` runs: remove it"),
            Unread(key: "worker_nodes", sentence: "describe machines in available_node_types"),
            Unread(key: "min_workers", sentence: "set min_workers of a type in available_node_types"),
            Unread(key: "initial_workers", sentence: "set min_workers of a type in available_node_types"),
            Unread(key: "autoscaling_mode", sentence: "use upscaling_speed"),
            Unread(key: "target_utilization_fraction", sentence: "use upscaling_speed"),
        ]
}
