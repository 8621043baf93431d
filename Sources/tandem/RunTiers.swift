import ArgumentParser
import CloudAdapters
import ControlAPI
import Foundation
import Link
import Listener
import Logging
import Model
import Settings
import Store
import Wire

struct RunServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "The serve tier: replicas, routes, applications API.",
        discussion: "Example: tandem run serve --state State --port 8265")

    @OptionGroup var place: StateOption
    @Option(help: "Port of the applications API on 127.0.0.1; 0 takes any.") var port = 8265

    func run() async throws {
        let (paths, port) = (StatePaths(place.state), port)
        try await RoleProcess.run("serve") { log in
            try paths.prepare()
            let token = try paths.loadToken(create: true)
            let start = SafeMode(role: .serve, port: port, paths: paths, token: token, log: log)
            let store = try await start.openStore()
            defer { store.close() }
            try await RoleProcess.listen("serve", port: port, paths: paths, token: token) { listener in
                let service = ServeService(
                    store: store, listener: listener, bell: store.doorbell?.descriptor, log: log)
                try await service.run { port in announce("serve", paths, port, log) }
            }
        }
    }
}

struct RunNodes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "The node tier: placement, nodes, provider calls, agents' endpoint.",
        discussion: "Example: tandem run nodes --state State --cluster Config/quickstart/cluster.yaml")

    @OptionGroup var place: StateOption
    @Option(help: "Cluster file; without it the one in the database goes on.") var cluster: String?
    @Option(help: "Port of the agents' endpoint on 127.0.0.1; 0 takes any.") var port = 6380
    @Flag(help: "The fake cloud's machines were ended by tandem down.") var machinesEnded = false

    func run() async throws {
        let (paths, port, cluster, ended) = (StatePaths(place.state), port, cluster, machinesEnded)
        try await RoleProcess.run("nodes") { log in
            try paths.prepare()
            let token = try paths.loadToken(create: true)
            let start = SafeMode(role: .nodes, port: port, paths: paths, token: token, log: log)
            let store = try await start.openStore()
            defer { store.close() }
            // Read after that: in safe mode an hour may have passed.
            let (settings, problem) = try ClusterFile.atStart(cluster, isKnown: store.state().setting != nil)
            if let problem { log.error("the cluster file is not taken", metadata: ["problem": "\(problem)"]) }
            try await RoleProcess.listen("nodes", port: port, paths: paths, token: token) { listener in
                let service = try NodeService(
                    store: store, startFile: cluster.map { StatePaths($0).root }, settings: settings,
                    fileProblem: problem, tokenFile: paths.token, machinesEnded: ended, listener: listener,
                    bell: store.doorbell?.descriptor, log: log,
                    makeProvider: { try ClusterFile.provider($0, paths: paths, token: token) })
                try await service.run { port in announce("nodes", paths, port, log) }
            }
        }
    }
}

/// Writes the run file; a role that cannot say where it is goes on, since its peers may know.
@Sendable func announce(
    _ role: String, _ paths: StatePaths, _ port: Int, _ log: Logger, safeMode: SafeModeNote? = nil
) {
    do {
        try RunFile.write(paths.runFile(role), address: "http://127.0.0.1:\(port)", safeMode: safeMode)
        log.info("listening", metadata: ["port": "\(port)"])
    } catch {
        log.error("no run file", metadata: ["error": "\(error)"])
    }
}

/// From a cluster file to what the processes need.
enum ClusterFile {
    static func load(_ path: String) throws(SettingsProblems) -> ClusterSettings {
        try Settings.cluster(text: try Settings.read(path: path), file: path)
    }

    /// Of a cluster that has run before a file that cannot be read is no reason not to start: its settings go on.
    /// - Returns: what it says, or why it says nothing; neither without a file.
    static func atStart(
        _ path: String?, isKnown: Bool
    ) throws(SettingsProblems) -> (settings: ClusterSettings?, problem: String?) {
        guard let path else { return (nil, nil) }
        do {
            return (try load(path), nil)
        } catch {
            guard isKnown else { throw error }
            return (nil, error.description)
        }
    }

    static func provider(
        _ settings: ProviderSettings, paths: StatePaths, token: Token
    ) throws -> NativeCloud {
        switch settings {
        case .fake: NativeCloud(Link(.unix(path: paths.cloudSocket), token: token))
        case .native(let endpoint, let tokenFile):
            NativeCloud(
                Link(
                    try Endpoint(parsing: endpoint),
                    token: try Token.load(path: tokenFile, createIfMissing: false)))
        }
    }
}
