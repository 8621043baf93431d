import ArgumentParser
import Foundation
import Link
import Model
import Settings
import Store
import Wire

struct Deploy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the applications be exactly those of a serve file.",
        discussion: """
            Applications that the file does not name are deleted, as with Ray Serve.

            Example: tandem deploy Config/quickstart/serve.yaml
                     tandem deploy serve.yaml --dry-run
            """)

    @Argument(help: "Serve file (YAML).") var file: String
    @Flag(help: "Only print what would change.") var dryRun = false
    @Flag(help: "Also when two or more applications, over half of them, would be deleted.") var yes = false
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        try ServeFile.check(file)
        let preview = try await ServeFile.preview(file, paths: StatePaths(place.state))
        for notice in preview.notices { say(notice) }
        if dryRun {
            if json { return try printJSON(preview) }
            for change in preview.changes {
                let kind = change.change.padding(toLength: 7, withPad: " ", startingAt: 0)
                print("\(kind) \(change.subject)\(change.words.isEmpty ? "" : "  (\(change.words))")")
            }
            return
        }
        if preview.removesMuch, !yes {
            let (deleted, present) = preview.applications
            throw Problem(
                code: "refused",
                message:
                    "nothing was changed: \(file) would delete \(deleted) of \(present) applications; look with --dry-run,"
                    + " and say --yes if that is meant")
        }
        let warnings = try await ServeFile.deploy(file, paths: StatePaths(place.state))
        if json { try printJSON(["warnings": warnings]) } else { print("deployed \(file)") }
    }
}

struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set the number of replicas of a deployment.",
        discussion: """
            For applications with external_scaler_enabled: true. It holds until the deployment is configured otherwise.

            Example: tandem scale shop#model 4
            """)

    @Argument(help: "Deployment: application#deployment.") var deployment: String
    @Argument(help: "Replicas.") var replicas: Int
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let id = DeploymentID(deployment)
        guard NameRule.accepts(id.application), NameRule.accepts(id.name) else {
            throw ValidationError(
                "\"\(deployment)\" is no deployment: application#deployment, as tandem status lists them")
        }
        guard (0...100_000).contains(replicas) else {
            throw ValidationError("\(replicas) is no number of replicas: 0 to 100000")
        }
        _ = try await ServeFile.control(StatePaths(place.state)).text(
            "POST", Routes.scale(id), body: Data("{\"target_num_replicas\": \(replicas)}".utf8),
            contentType: "application/json", deadline: ServeFile.deadline)
        if json {
            try printJSON(["deployment": deployment, "replicas": "\(replicas)"])
        } else {
            print("\(deployment) is to have \(replicas) replicas")
        }
    }
}

struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete an application: its replicas finish what they have and stop.",
        discussion: "Example: tandem delete default")

    @Argument(help: "Name of the application.") var application: String
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        guard NameRule.accepts(application) else {
            throw ValidationError("\"\(application)\" is no application name: 1 to 63 letters, digits, - _ .")
        }
        let paths = StatePaths(place.state)
        _ = try await ServeFile.control(paths).text(
            "DELETE", Routes.applications + application, deadline: ServeFile.deadline)
        if json { try printJSON(["deleting": application]) } else { print("deleting \(application)") }
    }
}

/// A serve file on its way to the serve tier.
enum ServeFile {
    static let deadline = Millis(30_000)

    /// - Throws: every problem of the file.
    static func check(_ path: String) throws(SettingsProblems) {
        let settings = try Settings.serve(text: try Settings.read(path: path), file: path)
        for warning in settings.warnings { say("\(warning)") }
    }

    @discardableResult
    static func deploy(_ path: String, paths: StatePaths) async throws -> [String] {
        let answer = try await send(path, "PUT", Routes.applications, paths)
        return (try? WireCoding.decode([String: [String]].self, from: Data(answer.utf8)))?["warnings"] ?? []
    }

    /// What the file would change.
    static func preview(_ path: String, paths: StatePaths) async throws -> ApplyPreview {
        let answer = try await send(path, "POST", Routes.preview, paths)
        return try WireCoding.decode(ApplyPreview.self, from: Data(answer.utf8))
    }

    /// - Throws: `Problem` with every problem of the file, when it is refused for them.
    private static func send(
        _ path: String, _ method: String, _ route: String, _ paths: StatePaths
    ) async throws -> String {
        let text = try Settings.read(path: path)
        do {
            return try await control(paths).text(
                method, route, body: Data(text.utf8), contentType: "application/yaml", deadline: deadline)
        } catch let error as LinkError {
            guard case .refused(_, let problem) = error else { throw error }
            throw problem
        }
    }

    /// Waits until a proxy knows the route of every application: from then on nobody is answered 404.
    static func awaitRoutes(_ paths: StatePaths) async throws {
        let reader = try StoreReader(directory: paths.root)
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(deadline.rawValue)
        while clock.now < end {
            guard case .integer(let missing)? = try reader.query(routesMissing).rows.first?.first, missing > 0
            else {
                return
            }
            try await Task.sleep(for: lookEvery)
        }
        say("no proxy knows all routes yet; requests may be answered 404 until one does")
    }

    private static let lookEvery = Duration.milliseconds(10)

    private static let routesMissing = """
        SELECT count(*) FROM application a JOIN deployment d ON d.id = a.ingress
        WHERE a.route_prefix IS NOT NULL AND a.deleting = 0 AND NOT EXISTS (
          SELECT 1 FROM proxy p, json_each(p.routes_json) r
          WHERE r.key = d.id AND d.route_generation > 0 AND r.value >= d.route_generation)
        """

    static func control(_ paths: StatePaths) throws(Problem) -> Link {
        Link(try Endpoint(parsing: try Addresses(paths).control), token: try paths.loadToken())
    }
}
