import Foundation

/// A cluster of real processes on a state directory of its own.
final class Cluster: @unchecked Sendable {
    /// Holds the state directory and the files that the commands are given.
    let directory: String
    var state: String { directory + "/S" }
    private let clusterFile: String?
    private let lock = NSLock()
    private var running: RunningProgram?

    /// - Parameter settings: text of the cluster file; nil: none, this machine is the only node.
    init(settings: String?) throws {
        let place = try temporaryDirectory()
        directory = place
        clusterFile = try settings.map { text in
            let path = place + "/cluster.yaml"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    private var up: RunningProgram? {
        get { lock.withLock { running } }
        set { lock.withLock { running = newValue } }
    }

    // MARK: - Commands

    /// `tandem` with these words on this state.
    @discardableResult
    func tandem(_ words: String..., within limit: Duration = .seconds(60)) async throws -> Tandem.Outcome {
        try await Tandem.run(words + ["--state", state], within: limit)
    }

    func write(_ text: String, as name: String) throws -> String {
        let path = "\(directory)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    func upArguments(apps: String?, more: [String] = []) throws -> [String] {
        var words = ["up"] + (clusterFile.map { [$0] } ?? [])
        if let apps { words += ["--apps", try write(apps, as: "apps.yaml")] }
        words += ["--state", state, "--plain", "--loops", "2"]
        for port in ["--ingress-port", "--control-port", "--nodes-port"] where !more.contains(port) {
            words += [port, "0"]
        }
        return words + more
    }

    /// `tandem up`, until it says that it is ready.
    func start(apps: String?) async throws {
        let program = try await RunningProgram.start(try await Tandem.path(), try upArguments(apps: apps))
        up = program
        try await eventually("tandem up is ready", every: .milliseconds(20)) {
            guard Processes.isAlive(program.pid) else {
                throw Hopeless(description: "tandem up ended: \(program.errors)")
            }
            return program.errors.contains("ready: ")
        }
    }

    /// What `tandem up` has said so far.
    var upWords: String { up?.errors ?? "" }

    /// The applications become exactly these, and are served.
    func deploy(_ apps: String) async throws {
        let file = try write(apps, as: "apps.yaml")
        let outcome = try await tandem("deploy", file, "--yes")
        guard outcome.code == 0 else { throw Overdue(description: "tandem deploy: \(outcome.whole)") }
        try await served()
    }

    /// Until every deployment has what it is to have, and nothing that it had before is left.
    func served() async throws {
        try await eventually("every deployment is healthy") {
            let status = try await status()
            return status.applications.allSatisfy { $0.status == "RUNNING" }
                && status.deployments.allSatisfy { $0.status == "HEALTHY" && $0.ready == $0.target }
                && status.replicas.allSatisfy { $0.phase == "wanted" }
        }
        // A name just brought is a moment on its way to the ingress.
        let routes = try await number("SELECT count(*) FROM application WHERE route_prefix IS NOT NULL")
        try await eventually("the ingress knows every route") {
            let body = try await request("/-/routes").body
            return try JSONDecoder().decode([String: String].self, from: Data(body.utf8)).count == routes
        }
    }

    // MARK: - Ending

    /// `tandem down`; whatever is left is killed.
    /// - Returns: what was left, in words; it should be nothing.
    @discardableResult
    func stop() async throws -> [String] {
        let outcome = try await tandem("down")
        if let program = up { _ = try await program.ended() }
        up = nil
        var left = Processes.naming(directory).map {
            "\($0): \(Processes.arguments($0).joined(separator: " "))"
        }
        if outcome.code != 0 { left.append("tandem down: \(outcome.whole)") }
        return left
    }

    /// Removes all traces. What still runs dies, so that a failed test leaves no process either.
    func clear() {
        for pid in Processes.naming(directory) { kill(pid, SIGKILL) }
        if let program = up { kill(program.pid, SIGKILL) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// `kill -9` of `tandem up` itself: nothing is started again from then on.
    func killUp() async throws {
        guard let program = up else { throw Hopeless(description: "tandem up does not run") }
        program.signal(SIGKILL)
        _ = try await program.ended()
        up = nil
    }

    var isUp: Bool { up.map { Processes.isAlive($0.pid) } ?? false }
}
