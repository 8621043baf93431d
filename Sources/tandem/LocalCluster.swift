import Foundation
import Link
import LocalCloud
import Model
import Wire

/// Starts the processes of a cluster on this machine, starts again what dies, and ends them.
///
/// Processes that already run on this state directory are adopted by pid and start time: this supervisor may itself
/// be killed and started again without anyone noticing.
final class LocalCluster: Sendable {
    struct Ports: Sendable {
        var control: Int
        var nodes: Int
        var ingress: Int
        var ingressHost: String
        var proxyLoops: Int?
    }

    let paths: StatePaths
    let settings: ClusterSettings
    private let clusterFile: String?
    private let ports: Ports
    private let note: @Sendable (String) -> Void

    /// A role that does not come up within this time has failed.
    static let startDeadline = Millis(20_000)
    /// Between two looks at a run file while a role comes up.
    static let lookEvery = Duration.milliseconds(5)
    static let restartFirst = Millis(50)
    static let restartMax = Millis(5_000)
    /// A process that ran for so long is started again at once.
    static let stableAfter = Duration.seconds(5)
    /// From the signal to the end to the kill.
    static let stopDeadline = Duration.seconds(8)

    /// - Parameter note: told what people may want to know, one sentence a call.
    init(
        paths: StatePaths, settings: ClusterSettings, clusterFile: String?, ports: Ports,
        note: @escaping @Sendable (String) -> Void
    ) {
        self.paths = paths
        self.settings = settings
        self.clusterFile = clusterFile
        self.ports = ports
        self.note = note
    }

    /// In the order in which they are ended; all are started together but the proxy and the local agent, which need
    /// addresses.
    var roles: [String] {
        switch settings.provider {
        case .fake: ["serve", "nodes", "proxy", "cloud"]
        case .native: ["serve", "nodes", "proxy"]
        case nil: ["serve", "nodes", "proxy", "agent"]
        }
    }

    private func arguments(_ role: String) -> [String] {
        let state = ["--state", paths.root]
        let cluster = clusterFile.map { ["--cluster", $0] } ?? []
        return switch role {
        case "serve": ["run", "serve", "--port", "\(ports.control)"] + state
        case "nodes":
            ["run", "nodes", "--port", "\(ports.nodes)"] + state + cluster
                + (access(paths.ended, F_OK) == 0 ? ["--machines-ended"] : [])
        case "cloud": ["run", "cloud"] + state + cluster
        case "agent": ["run", "agent", "--node", "local", "--local"] + state
        default:
            ["run", "proxy", "--host", ports.ingressHost, "--port", "\(ports.ingress)"] + state
                + (ports.proxyLoops.map { ["--loops", "\($0)"] } ?? [])
        }
    }

    // MARK: - Running

    /// Brings everything up, calls `ready`, and keeps it up until cancelled; then returns with all still running.
    /// - Throws: `Problem` with the role's own words when one cannot be started.
    func run(ready: @escaping @Sendable () async throws -> Void) async throws {
        try paths.prepare()
        _ = try paths.loadToken(create: true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let children = try await startAll()
            for (role, child) in children { group.addTask { try await self.keep(role, child) } }
            group.addTask {
                try await ready()
                try await Task.sleep(for: .seconds(86_400 * 3_650))
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func startAll() async throws -> [(String, Child)] {
        var started: [(String, Child, Bool)] = []
        do {
            // After a `down` the node tier first writes down what is gone: nobody shall be sent there.
            let ended = access(paths.ended, F_OK) == 0
            for role in ended ? ["nodes"] + roles.filter({ $0 != "nodes" }) : roles {
                let (child, adopted) = try start(role)
                started.append((role, child, adopted))
                if ended, role == "nodes" {
                    try await awaitReady(role, child)
                    unlink(paths.ended)
                }
            }
            for (role, child, adopted) in started where !adopted { try await awaitReady(role, child) }
        } catch {
            for (_, child, adopted) in started where !adopted { child.signal(SIGTERM) }
            throw error
        }
        return started.map { ($0.0, $0.1) }
    }

    private func start(_ role: String) throws(Problem) -> (Child, adopted: Bool) {
        if let file = RunFile.read(paths.runFile(role)), let child = Child.adopt(file) {
            note("\(role): goes on as process \(child.pid)")
            return (child, true)
        }
        return (try Child.start(arguments: arguments(role), log: paths.log(role)), false)
    }

    /// A role is ready when its run file names it.
    private func awaitReady(_ role: String, _ child: Child) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(Self.startDeadline.rawValue)
        while clock.now < deadline {
            if let file = RunFile.read(paths.runFile(role)), file.pid == child.pid { return }
            if ProcessFacts(child.pid)?.isZombie ?? true {
                throw Problem(code: "start", message: "\(role) did not start: \(lastWords(role))")
            }
            try await Task.sleep(for: Self.lookEvery)
        }
        throw Problem(
            code: "start",
            message:
                "\(role) is not ready after \(Self.startDeadline.rawValue / 1000) s; see \(paths.log(role))")
    }

    private func lastWords(_ role: String) -> String {
        guard let text = try? String(contentsOfFile: paths.log(role), encoding: .utf8) else {
            return "no word of it"
        }
        let lines = text.split(separator: "\n").filter { !$0.contains(" info tandem.") }
        return lines.suffix(12).joined(separator: "\n")
    }

    /// Waits for the end of a role and starts it again, for ever.
    private func keep(_ role: String, _ first: Child) async throws {
        var child = first
        var wait = Self.restartFirst
        let clock = ContinuousClock()
        while true {
            let started = clock.now
            let code = await child.ended()
            try Task.checkCancellation()
            if clock.now - started > Self.stableAfter { wait = Self.restartFirst }
            note("\(role) ended\(code.map { " with code \($0)" } ?? ""); it is started again")
            repeat {
                try await Task.sleep(for: .milliseconds(wait.rawValue))
                wait = min(Millis(wait.rawValue * 2), Self.restartMax)
            } while !restart(role, &child)
        }
    }

    private func restart(_ role: String, _ child: inout Child) -> Bool {
        do {
            child = try start(role).0
            return true
        } catch {
            note("\(role): \(error)")
            return false
        }
    }

    // MARK: - Ending

    /// Ends the control processes and the machines of the fake cloud. Nodes of a paid provider are left.
    static func stop(_ paths: StatePaths, note: @Sendable (String) -> Void) async {
        await stopMachines(paths, note: note)
        for role in ["agent", "serve", "nodes", "proxy", "cloud"] {
            guard let file = RunFile.read(paths.runFile(role)), let child = Child.adopt(file) else {
                continue
            }
            child.signal(SIGTERM)
            await end(child)
            try? FileManager.default.removeItem(atPath: paths.runFile(role))
        }
        killMachines(under: paths.nodes)
        if FileManager.default.createFile(atPath: paths.ended, contents: nil) == false {
            note("cannot write \(paths.ended)")
        }
        // What a proxy knew are addresses of the ended: it asks anew.
        try? FileManager.default.removeItem(atPath: paths.root + "/proxies")
    }

    private static func end(_ child: Child) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await child.ended() }
            group.addTask {
                try? await Task.sleep(for: stopDeadline)
                if !Task.isCancelled { child.signal(SIGKILL) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private static func stopMachines(_ paths: StatePaths, note: @Sendable (String) -> Void) async {
        guard let file = RunFile.read(paths.runFile("cloud")), file.isAlive,
            let token = try? paths.loadToken()
        else {
            return
        }
        // The node tier first: it would replace what goes.
        for role in ["serve", "nodes"] {
            if let file = RunFile.read(paths.runFile(role)), let child = Child.adopt(file) {
                child.signal(SIGTERM)
                await end(child)
                try? FileManager.default.removeItem(atPath: paths.runFile(role))
            }
        }
        do {
            let uuid = try ClusterTag.read(paths)
            _ = try await Link(.unix(path: paths.cloudSocket), token: token).text(
                "POST", LocalCloudRoutes.shutdown, body: try WireCoding.encode(ShutdownCall(cluster: uuid)),
                contentType: "application/json", deadline: .seconds(30))
        } catch {
            note("the fake cloud's machines could not be stopped: \(error)")
        }
    }
}
