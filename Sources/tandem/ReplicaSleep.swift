import ArgumentParser
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// Built-in handlers, for demonstrations and tests.
struct ReplicaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replica", abstract: "Built-in replicas for demonstrations.",
        discussion: "Example, in a serve file: command: [tandem, replica, sleep, --ms, \"200\"]",
        subcommands: [ReplicaSleep.self])
}

/// Answers every request after a while: what a model looks like from outside.
struct ReplicaSleep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sleep", abstract: "Answer each request after a fixed time.",
        discussion: """
            With --slots the replica behaves as a model on one device does: so many requests are worked on at once,
            the others wait their turn.

            Example: PORT=9000 tandem replica sleep --ms 200 --slots 2
            """)

    @Option(help: "Milliseconds from request to answer.") var ms = 200
    @Option(help: "Requests worked on at once; 0: any number.") var slots = 0
    @Option(help: "Milliseconds to wait before listening: a slow start.") var startMs = 0
    @Option(help: "Port; default: the variable PORT.") var port: Int?

    func validate() throws {
        guard ms >= 0, startMs >= 0, slots >= 0 else {
            throw ValidationError("--ms, --slots and --start-ms must be 0 or more")
        }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let port = port ?? environment["PORT"].flatMap({ Int($0) }) else {
            throw ValidationError("no port: give --port or set PORT")
        }
        if startMs > 0 { try await Task.sleep(for: .milliseconds(startMs)) }
        let name = environment["TANDEM_REPLICA"] ?? "replica"
        let router = Router()
        router.get("/-/healthz") { _, _ in "ok" }
        let wait = Duration.milliseconds(ms)
        let turns = slots > 0 ? Turns(slots) : nil
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .head] {
            for path in ["/", "**"] {
                router.on(RouterPath(path), method: method) { _, _ in
                    try await Self.answer(name, after: wait, turns)
                }
            }
        }
        var logger = Logger(label: "tandem.replica")
        logger.logLevel = .warning
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
            logger: logger)
        // SIGTERM: no new connections, what is under way is finished.
        try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
    }

    private static func answer(_ name: String, after wait: Duration, _ turns: Turns?) async throws -> Response
    {
        await turns?.take()
        do {
            if wait > .zero { try await Task.sleep(for: wait) }
        } catch {
            await turns?.give()
            throw error
        }
        await turns?.give()
        var headers: HTTPFields = [.contentType: "text/plain"]
        if let field = HTTPField.Name("x-tandem-replica") { headers[field] = name }
        return Response(
            status: .ok, headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: "\(name)\n")))
    }
}

/// So many at once; the others wait in the order in which they came. The proxy bounds how many those are.
actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ slots: Int) { free = slots }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
