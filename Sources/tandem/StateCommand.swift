import ArgumentParser
import Foundation
import Model
import NodeTier
import ServeTier
import Settings
import Store
import Wire

struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "What to do when the database is lost or damaged.",
        subcommands: [Readopt.self])
}

struct Readopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the state of a running cluster anew, without a failed request.",
        discussion: """
            For a cluster in safe mode whose database cannot be put back. The files that are there are moved aside.
            What is wanted is read from the two files, which are those given to `tandem up`; what runs is told by the
            agents and by the provider's tags. Replicas and nodes go on under their names. Histories begin anew.

            Example: tandem state readopt --cluster cluster.yaml --apps serve.yaml --state State
            """)

    @Option(help: "Cluster file (YAML); without it this machine is the only node.") var cluster: String?
    @Option(help: "Applications (YAML): what runs and is not named here is stopped.") var apps: String
    @Option(help: "Tag of the cluster's machines; asked for only when cluster.json is lost too.") var uuid:
        String?
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let paths = StatePaths(place.state)
        let settings = try cluster.map { try ClusterFile.load($0) } ?? ClusterSettings()
        let wanted = try Settings.serve(text: try Settings.read(path: apps), file: apps)
        for warning in wanted.warnings { say("\(warning)") }
        try paths.prepare()
        let lock = try ReadoptLock.take(paths)
        let rebuild = Rebuild(
            paths: paths, settings: settings, applications: wanted.applications, given: uuid)
        let aside: [String]
        do {
            if !lock.wasBrokenOff { try rebuild.refuseWhenWell() }
            aside = try rebuild.run()
        } catch {
            // Before anything was moved, nothing is left behind; later the lock file says that it was broken off.
            lock.release(finished: !lock.wasBrokenOff && !rebuild.hasBegun)
            throw error
        }
        lock.release(finished: true)
        for path in aside { say("moved aside: \(path)") }
        let report = try await ReadoptProgress(paths: paths).follow()
        if json { try printJSON(report) } else { print(report.sentence) }
        if report.phase != "done", report.tiersRun { throw ExitCode(1) }
    }
}

/// One `tandem state readopt` a state directory. While its file is there no tier opens the database.
struct ReadoptLock {
    /// An earlier one did not come to its end.
    let wasBrokenOff: Bool
    private let descriptor: Int32
    private let path: String

    static func path(_ paths: StatePaths) -> String { paths.root + "/readopt.lock" }

    static func isPresent(_ paths: StatePaths) -> Bool { access(path(paths), F_OK) == 0 }

    static func take(_ paths: StatePaths) throws(Problem) -> ReadoptLock {
        let path = path(paths)
        let wasThere = isPresent(paths)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Problem(code: "state", message: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Problem(
                code: "state", message: "another tandem state readopt is at work on \(paths.root): let it end"
            )
        }
        return ReadoptLock(wasBrokenOff: wasThere, descriptor: descriptor, path: path)
    }

    /// - Parameter finished: the tiers may open the database.
    func release(finished: Bool) {
        if finished { unlink(path) }
        flock(descriptor, LOCK_UN)  // a child between fork and exec holds a copy of the descriptor
        close(descriptor)
    }
}

/// A new database in place of a lost one.
final class Rebuild {
    private let paths: StatePaths
    private let settings: ClusterSettings
    private let applications: [ApplicationSettings]
    private let given: String?
    /// Files have been moved, or new ones made.
    private(set) var hasBegun = false

    /// - Parameter given: tag of the cluster, from the command line.
    init(
        paths: StatePaths, settings: ClusterSettings, applications: [ApplicationSettings], given: String?
    ) {
        self.paths = paths
        self.settings = settings
        self.applications = applications
        self.given = given
    }

    private var directory: StateDirectory { StateDirectory(paths.root) }

    /// - Throws: `Problem` when there is nothing to be made anew.
    func refuseWhenWell() throws {
        for role in ["serve", "nodes"] {
            if let file = RunFile.read(paths.runFile(role)), file.isAlive, file.safeMode == nil {
                throw Problem(
                    code: "state",
                    message:
                        "nothing was changed: the tier \(role) works (process \(file.pid)); one whose database is lost"
                        + " finds out within seconds and says SAFE MODE in tandem status"
                )
            }
        }
        // Without either file there is nothing to look at, and opening would make an empty one.
        guard access(directory.database, F_OK) == 0 || access(directory.identity, F_OK) == 0 else { return }
        do {
            try opened(.nodes).close()
        } catch {
            guard error.asksForSafeMode else { throw error }
            return
        }
        throw Problem(
            code: "state",
            message:
                "nothing was changed: the database in \(paths.root) is the one this cluster ran on, and it is well;"
                + " start the cluster with tandem up"
        )
    }

    /// Moves what is there aside and makes the new database.
    /// - Returns: the files that were moved, where they are now.
    func run() throws -> [String] {
        let known = try? StateIdentity.read(directory: paths.root)
        let uuid = try tag(known)
        let generation = max(Int64(Date().timeIntervalSince1970), (known?.clusterGeneration ?? 0) + 1)
        hasBegun = true
        let aside = try moveAside()
        // Both roles are held to the end: nobody acts before all rows are there.
        let nodes = try opened(.nodes, uuid: uuid, firstGeneration: generation)
        defer { nodes.close() }
        let serve = try opened(.serve)
        defer { serve.close() }
        try NodeTier(store: nodes, settings: settings, tokenFile: paths.token).beginReadopt()
        try ServeTier(store: serve).apply(applications)
        return aside
    }

    /// A tier in safe mode takes its role for each look at the files; that long this waits for it.
    private static let lookMax = Duration.seconds(10)
    private static let askAgainMicroseconds: UInt32 = 20_000

    /// The database, with the role held. One that works and holds it longer than a look is told as it is.
    private func opened(
        _ role: StoreRole, uuid: String? = nil, firstGeneration: Int64? = nil
    ) throws(StoreError) -> Store {
        let patience = ContinuousClock.now + Self.lookMax
        while true {
            do {
                return try Store.open(
                    .directory(paths.root), role: role, clock: .system, pid: getpid(),
                    uuid: { uuid ?? UUID().uuidString.lowercased() }, firstGeneration: firstGeneration)
            } catch {
                guard case .roleTaken = error, ContinuousClock.now < patience else { throw error }
                usleep(Self.askAgainMicroseconds)
            }
        }
    }

    private func tag(_ known: StateIdentity?) throws(Problem) -> String {
        if let given { return given }
        if let known { return known.uuid }
        // Nobody has machines with a tag.
        if settings.provider == nil { return UUID().uuidString.lowercased() }
        throw Problem(
            code: "state",
            message:
                "cluster.json in \(paths.root) is lost or damaged too: read the cluster's tag off any of its machines"
                + " at the provider, and give it with --uuid"
        )
    }

    private func moveAside() throws(Problem) -> [String] {
        let ends = ["", "-wal", "-shm", "-journal"]
        func name(_ number: Int, _ end: String) -> String { "\(directory.database).damaged-\(number)\(end)" }
        let number = (1...).first { number in ends.allSatisfy { access(name(number, $0), F_OK) != 0 } } ?? 1
        var moved: [String] = []
        for end in ends {
            let (from, to) = (directory.database + end, name(number, end))
            guard rename(from, to) == 0 else {
                if errno == ENOENT { continue }
                throw Problem(
                    code: "state", message: "cannot move \(from) aside: \(String(cString: strerror(errno)))")
            }
            moved.append(to)
        }
        return moved
    }
}
