/// What becomes of a field of a serve file.
package enum FieldStatus: String, Sendable {
    /// It is checked, and it has its effect.
    case read
    /// A file with it is not taken.
    case refused
    /// A file with it is taken, with a warning that says that it has no effect.
    case warned = "warned of"
}

/// One field of a serve file, as the documentation shows it.
package struct FieldRow: Sendable {
    package let key: String
    package let status: FieldStatus
    /// What it does; of one that is not read, what the message says: why, or what to use instead.
    package let what: String
    /// Its default; of one that is not read, the values that are taken because they ask for nothing.
    package let standard: String
    /// The test that observes the effect, or the message: `Target/File.function`.
    package let test: String

    init(
        _ key: String, _ what: String, default standard: String, test: String, status: FieldStatus = .read
    ) {
        self.key = key
        self.what = what
        self.standard = standard
        self.test = test
        self.status = status
    }

    init(_ unread: Unread) {
        let taken = unread.harmless.sorted().map { $0.isEmpty ? "\"\"" : $0 }.joined(separator: ", ")
        self.init(
            unread.key, unread.fields.isEmpty ? unread.sentence : "each of its fields is answered: see below",
            default: taken.isEmpty ? "" : "taken: \(taken)",
            test: "SettingsTests/FieldTests.everyFieldOfRayIsAnswered",
            status: unread.onlyWarns ? .warned : .refused)
    }

    /// From the root of the repository.
    package var testPath: String { "Tests/\(test.prefix { $0 != "." }).swift" }
    /// The test's function.
    package var testName: String { String(test.drop { $0 != "." }.dropFirst()) }

    fileprivate var markdown: String {
        let cells = [
            "`\(key)`", status.rawValue, what, standard, "[\(testName)](../../../\(testPath))",
        ]
        return "| \(cells.map(Self.escaped).joined(separator: " | ")) |"
    }

    /// A bar would end the cell.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}

/// One mapping of a serve file with all its fields: those that are read, then those that are answered with a
/// sentence.
package struct FieldSection: Sendable {
    /// The key that the mapping, or the list of mappings, stands under; `top` at the top.
    package let name: String
    /// Where it stands.
    package let title: String
    /// The keys that the reader of the mapping takes; none of a mapping that is only answered.
    package let known: [String]
    package let rows: [FieldRow]
    /// Those of the rows that hold others, which are answered one by one: each has a section of its own.
    package let opened: Set<String>
    /// Those of the rows that are not read and whose values are checked all the same, as Ray checks them.
    package let checked: Set<String>

    init(_ name: String, _ title: String, known: [String], rows: [FieldRow], unread: [Unread] = []) {
        self.name = name
        self.title = title
        self.known = known
        self.rows = rows + unread.map { FieldRow($0) }
        opened = Set(unread.filter { !$0.fields.isEmpty }.map(\.key))
        checked = Set(unread.filter { $0.check != nil }.map(\.key))
    }

    fileprivate var markdown: String {
        let head = [
            "", "## \(title)", "", "| Field | | What it does, or what to do instead | Default | Test |",
            "|---|---|---|---|---|",
        ]
        return (head + rows.map(\.markdown)).joined(separator: "\n")
    }
}

/// Every field of a serve file, and what becomes of it. A test holds it equal to what is read.
package enum FieldTable {
    package static let sections: [FieldSection] = [
        FieldSection(
            "top", "The top of the file", known: ServeFile.known, rows: top, unread: ServeFile.unread),
        FieldSection(
            "http_options", "http_options", known: ServeFile.knownHTTP, rows: http,
            unread: ServeFile.unreadHTTP),
        answered("logging_config", at: "at the top, of an application or of a deployment", .logging),
        answered("grpc_options", at: "at the top", .grpc),
        answered("controller_options", at: "at the top", .controller),
        answered("tracing_config", at: "at the top", .tracing),
        FieldSection(
            "applications", "An entry of applications", known: ApplicationSection.known, rows: application,
            unread: ApplicationSection.unread),
        FieldSection(
            "runtime_env", "runtime_env, of an application or in ray_actor_options",
            known: RuntimeEnvironment.known, rows: runtimeEnvironment, unread: RuntimeEnvironment.unread),
        FieldSection(
            "deployments", "An entry of deployments", known: DeploymentSection.known,
            rows: deployment + replica + placing + standing, unread: DeploymentSection.unread),
        FieldSection("readiness", "readiness", known: ReplicaSection.knownReadiness, rows: readiness),
        FieldSection(
            "ray_actor_options", "ray_actor_options", known: ReplicaSection.knownOptions,
            rows: actorOptions + nodeLabels,
            unread: ReplicaSection.unread),
        FieldSection(
            "gang_scheduling_config", "gang_scheduling_config", known: PlacingSection.knownOfGang, rows: gang),
        FieldSection(
            "spread", "An entry of spread", known: PlacingSection.knownOfSpread, rows: spread),
        FieldSection(
            "affinity", "An entry of affinity", known: PlacingSection.knownOfAffinity, rows: affinity),
        FieldSection(
            "anti_affinity", "An entry of anti_affinity", known: PlacingSection.knownOfAffinity,
            rows: affinity),
        FieldSection(
            "autoscaling_config", "autoscaling_config", known: AutoscalingSection.known,
            rows: autoscaling + autoscalingBeyondRay, unread: AutoscalingSection.unread),
        answered("request_router_config", at: "of a deployment", .router),
        answered("policy", at: "of autoscaling_config, or autoscaling_policy", .policy("policy")),
        FieldSection(
            "backpressure_config", "backpressure_config", known: DeploymentSection.knownBackpressure,
            rows: backpressure),
    ]

    private static func answered(_ name: String, at place: String, _ unread: Unread) -> FieldSection {
        FieldSection(name, "\(name), \(place)", known: [], rows: [], unread: unread.fields)
    }

    /// The whole as it stands in the documentation.
    package static let markdown: String =
        """
        # Fields of a serve file

        What becomes of every field of Ray Serve's schema, and of those of Tandem's own.

        ## Overview

        Names, defaults and bounds are those of Ray Serve 2.60 where it has them. A field that is *read* is checked and has
        its effect, which the test of its row observes. A file with one that is *refused* is not taken: the message
        says what the row says. One that is *warned of* is taken without effect, since a file written for Ray has it
        as a matter of course. A key that is in no table is an error, with the likeliest that was meant.

        Everything with units, in the form of a file: `Config/serve.reference.yaml`. Written by a test from
        `Sources/Settings/FieldTable.swift`: TANDEM_WRITE_FIELDS=1 swift test --filter FieldTests

        """ + sections.map(\.markdown).joined(separator: "\n") + "\n"
}
