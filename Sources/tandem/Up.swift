import ArgumentParser
import ControlAPI
import Foundation
import Link
import Model
import Wire

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a cluster on this machine and keep it up until Ctrl-C.",
        discussion: """
            Starts the serve tier, the node tier, the ingress and, if the cluster file asks for it, the fake cloud.
            What already runs on the same state directory is adopted. Without a cluster file this machine is the
            only node. When the file changes meanwhile it is taken anew, as by tandem reload.

            Example: tandem up Config/quickstart/cluster.yaml --apps Config/quickstart/serve.yaml
            """)

    @Argument(help: "Cluster file (YAML).") var cluster: String?
    @Option(help: "Applications to deploy once it is up (YAML).") var apps: String?
    @OptionGroup var place: StateOption
    @OptionGroup var ports: PortOptions
    @Flag(help: "Plain lines instead of a table that updates in place.") var plain = false
    @Flag(help: "A line of JSON, as of tandem status --json, whenever something changed.") var json = false

    func run() async throws {
        let paths = StatePaths(place.state)
        let settings = try cluster.map { try ClusterFile.load($0) } ?? ClusterSettings()
        if let apps { try ServeFile.check(apps) }
        let hold = try UpLock.take(paths)
        defer { hold.release() }
        let local = LocalCluster(
            paths: paths, settings: settings, clusterFile: cluster.map { StatePaths($0).root },
            ports: ports.over(settings.ports), note: { say($0) })
        let (apps, plain, json, watched) = (apps, plain, json, cluster.map { StatePaths($0).root })
        try await untilSignal {
            try await local.run {
                do {
                    if let apps {
                        try await ServeFile.deploy(apps, paths: paths)
                        try await ServeFile.awaitRoutes(paths)
                    }
                } catch let problem as Problem where problem.code == Problem.safeMode {
                    say("SAFE MODE, nothing was deployed: \(problem.message)")
                }
                say("ready: \(try Addresses(paths).sentence)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    if let watched {
                        let watch = ClusterFileWatch(path: watched, paths: paths, note: { say($0) })
                        group.addTask { try await watch.run() }
                    }
                    group.addTask { try await StatusView(paths: paths, plain: plain, json: json).show() }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        }
        say("stopping")
        await LocalCluster.stop(paths, note: { say($0) })
    }
}

/// Ports, over those of the cluster file. 0 takes any free one.
struct PortOptions: ParsableArguments {
    @Option(help: "Data port.") var ingressPort: Int?
    @Option(help: "Port of the applications API.") var controlPort: Int?
    @Option(help: "Port of the agents' endpoint.") var nodesPort: Int?
    @Option(help: "Event loops of the ingress; default: one a core.") var loops: Int?

    func over(_ ports: PortSettings) -> LocalCluster.Ports {
        .init(
            control: controlPort ?? ports.control, nodes: nodesPort ?? ports.nodes,
            ingress: ingressPort ?? ports.ingress,
            ingressHost: ports.ingressHost, proxyLoops: loops)
    }
}

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop the processes of a cluster on this machine, and the fake cloud's machines.",
        discussion: """
            The state stays: the next `tandem up` goes on from it. Nodes of a paid provider are left and listed.

            Example: tandem down --state State
            """)

    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let paths = StatePaths(place.state)
        let running = RunFile.read(paths.runFile("up"))
        if let running, running.isAlive, let child = Child.adopt(running) {
            child.signal(SIGTERM)
            _ = await child.ended()
        } else {
            await LocalCluster.stop(paths, note: { say($0) })
        }
        let left =
            (try? StatusDocument.read(paths))?.nodes.filter { $0.provider == "native" && $0.phase != "gone" }
            ?? []
        if json {
            try printJSON(["left": left])
        } else {
            for node in left { print("left running at its provider: \(node.id) (\(node.type))") }
            print("stopped; the state stays in \(paths.root)")
        }
    }
}

/// One `up` a state directory.
struct UpLock {
    private let descriptor: Int32
    private let path: String

    static func take(_ paths: StatePaths) throws -> UpLock {
        try paths.prepare()
        let path = paths.root + "/up.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Problem(code: "state", message: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let pid = RunFile.read(paths.runFile("up")).map { " (process \($0.pid))" } ?? ""
            close(descriptor)
            throw Problem(
                code: "state",
                message:
                    "a tandem up\(pid) already runs on \(paths.root): stop it (tandem down), or choose another --state"
            )
        }
        try RunFile.write(paths.runFile("up"), address: "")
        return UpLock(descriptor: descriptor, path: paths.runFile("up"))
    }

    func release() {
        unlink(path)
        flock(descriptor, LOCK_UN)  // a child between fork and exec holds a copy of the descriptor
        close(descriptor)
    }
}

/// Where the cluster is reached.
struct Addresses: Codable {
    var ingress: String
    var control: String

    init(_ paths: StatePaths) throws(Problem) {
        guard let proxy = RunFile.read(paths.runFile("proxy")),
            let serve = RunFile.read(paths.runFile("serve"))
        else {
            throw Problem(
                code: "state",
                message: "no cluster runs on \(paths.root): start one (tandem up), or name its --state")
        }
        ingress = proxy.address
        control = serve.address
    }

    var sentence: String { "requests go to \(ingress), the applications API is \(control)" }
}

/// Runs `body` until it ends or a signal asks for the end; then `body` is cancelled and awaited.
func untilSignal(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let signals = Signals([SIGINT, SIGTERM, SIGHUP])
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await body()
            return true
        }
        group.addTask {
            for await _ in signals.stream { return false }
            return false
        }
        defer { group.cancelAll() }
        do {
            _ = try await group.next()
        } catch is CancellationError {}
    }
}

/// Signals as a stream; their default action is switched off for the rest of the process.
final class Signals: @unchecked Sendable {
    let stream: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init(_ numbers: [Int32]) {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        self.stream = stream
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }
}

/// Progress and notes go to standard error, so that what is printed can be piped.
func say(_ text: String) {
    FileHandle.standardError.write(Data((Printable.text(text) + "\n").utf8))
}

/// Text of strangers (log lines, error words) on a terminal: control characters are shown, not obeyed.
enum Printable {
    static func text(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t"
                || (scalar.value >= 32 && scalar.value != 127 && !(128..<160).contains(scalar.value))
            {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return shown
    }
}

/// One line to standard output, at once: whoever reads a pipe is told when it happens. Not `fflush`, which waits for
/// a thread that reads standard input.
func emit(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func emitJSON(_ value: some Encodable) throws {
    emit(String(decoding: try WireCoding.encode(value), as: UTF8.self))
}

func printJSON(_ value: some Encodable) throws {
    print(String(decoding: try WireCoding.encode(value), as: UTF8.self))
}
