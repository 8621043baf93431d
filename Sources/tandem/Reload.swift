import ArgumentParser
import Foundation
import Link
import LocalCloud
import Model
import Settings
import Wire

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a changed cluster file while the cluster runs.",
        discussion: """
            The file is checked whole, what it changes is printed, and ordinary steps do it: a node type that is gone
            gives its nodes back as they empty, a lower limit gives back what is idle. What cannot change while the
            cluster runs (cluster_name, provider.type, ports) is refused by name; then, as with any problem, nothing is
            changed. What was taken last stays in force over restarts. A cluster that was started by tandem up looks at
            its file itself.

            Example: tandem reload cluster.yaml --dry-run
                     tandem reload
            """)

    @Argument(help: "Cluster file (YAML); default: the one that the cluster was started with.") var file:
        String?
    @Flag(help: "Only print what would change.") var dryRun = false
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let sending = ClusterFileSending(paths: StatePaths(place.state))
        let started = try await sending.standing().file
        guard let path = file.map({ StatePaths($0).root }) ?? started else {
            throw ValidationError("the cluster was started without a file: name one")
        }
        let answer = try await sending.send(
            path, isStartFile: path == started, dryRun: dryRun, watched: false)
        if json { return try printJSON(answer) }
        if answer.changes.isEmpty { return print("nothing changes: \(path) says what is in force") }
        for change in answer.changes { print(change) }
        print(dryRun ? "nothing was changed (--dry-run)" : "in force")
    }
}

/// A cluster file on its way to the node tier, and to the fake cloud, which sells what it says.
struct ClusterFileSending: Sendable {
    let paths: StatePaths

    static let deadline = Millis(30_000)

    /// The node tier.
    static func nodes(_ paths: StatePaths) throws(Problem) -> Link {
        guard let file = RunFile.read(paths.runFile("nodes")), file.isAlive else {
            throw Problem(
                code: "state",
                message:
                    "no node tier runs on \(paths.root): start a cluster (tandem up), or name its --state")
        }
        return Link(try Endpoint(parsing: file.address), token: try paths.loadToken())
    }

    /// Which file the cluster was started with, and what became of it.
    func standing() async throws -> ClusterFileAnswer {
        try await Self.plainly {
            try await Self.nodes(paths).call(
                "GET", Routes.cluster, deadline: Self.deadline, as: ClusterFileAnswer.self)
        }
    }

    /// The fake cloud is told before the node tier, which would be refused a machine of a type that is not sold yet, and
    /// after it was asked whether it takes the file.
    /// - Throws: `Problem` with every problem of the file.
    func send(
        _ path: String, isStartFile: Bool, dryRun: Bool, watched: Bool
    ) async throws -> ReloadAnswer {
        var call = ReloadCall(file: path, text: nil, dryRun: dryRun, watched: watched)
        do {
            call.text = try Settings.read(path: path)
        } catch {
            call.problem = error.description
        }
        if !dryRun, let text = call.text, let settings = try? Settings.cluster(text: text, file: path),
            case .fake(let fake)? = settings.provider
        {
            var asking = call
            asking.dryRun = true
            // When it is refused, or says nothing new, the cloud has nothing to hear.
            if let answer = try? await post(asking), !answer.changes.isEmpty {
                try await tellCloud(fake, settings.nodeTypes, isStartFile: isStartFile)
            }
        }
        return try await post(call)
    }

    private func post(_ call: ReloadCall) async throws -> ReloadAnswer {
        try await Self.plainly {
            try await Self.nodes(paths).call(
                "POST", Routes.cluster, body: call, deadline: Self.deadline, as: ReloadAnswer.self)
        }
    }

    private func tellCloud(_ fake: FakeCloudSettings, _ types: [NodeType], isStartFile: Bool) async throws {
        guard let file = RunFile.read(paths.runFile("cloud")), file.isAlive else { return }
        let call = CatalogueCall(
            fake: fake, types: types.map { .init(name: $0.name, resources: $0.resources) },
            isStartFile: isStartFile)
        let body = try WireCoding.encode(call)
        let link = Link(.unix(path: paths.cloudSocket), token: try paths.loadToken())
        _ = try await Self.plainly {
            try await link.text(
                "POST", LocalCloudRoutes.catalogue, body: body, contentType: "application/json",
                deadline: Self.deadline)
        }
    }

    /// What the other side says is wrong, in its own words.
    static func plainly<Answer: Sendable>(_ call: () async throws -> Answer) async throws -> Answer {
        do {
            return try await call()
        } catch let error as LinkError {
            guard case .refused(_, let problem) = error else { throw error }
            throw problem
        }
    }
}

/// Looks at the cluster file of `tandem up`, and hands it on when it is another than at the last look: until it is
/// heard, whatever is down meanwhile.
struct ClusterFileWatch: Sendable {
    let path: String
    let paths: StatePaths
    let note: @Sendable (String) -> Void

    /// Between two looks at the file.
    static let every = Duration.seconds(1)

    /// What of a file changes with its text; a file that is replaced is another one.
    private struct Look: Equatable {
        var inode: Int?
        var size: Int?
        var changed: Date?

        init(_ path: String) {
            let facts = try? FileManager.default.attributesOfItem(atPath: path)
            inode = (facts?[.systemFileNumber] as? NSNumber)?.intValue
            size = (facts?[.size] as? NSNumber)?.intValue
            changed = facts?[.modificationDate] as? Date
        }
    }

    /// Until cancelled.
    func run() async throws {
        let sending = ClusterFileSending(paths: paths)
        var heard: Look?
        if let standing = try? await sending.standing(), standing.isOvertaken {
            note(
                "\(path) is older than what was reloaded since, which is in force: tandem reload \(path) takes it"
            )
        }
        while true {
            let look = Look(path)
            if look != heard {
                do {
                    let answer = try await sending.send(path, isStartFile: true, dryRun: false, watched: true)
                    heard = look
                    for change in answer.changes { note("\(path): \(change)") }
                } catch let problem as Problem where ["invalid", "conflict"].contains(problem.code) {
                    heard = look
                    note("\(problem)")
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    // Nobody was there to hear it: again at the next look.
                }
            }
            try await Task.sleep(for: Self.every)
        }
    }
}
