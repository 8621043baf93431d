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
        discussion: "Example: PORT=9000 tandem replica sleep --ms 200")

    @Option(help: "Milliseconds from request to answer.") var ms = 200
    @Option(help: "Milliseconds to wait before listening: a slow start.") var startMs = 0
    @Option(help: "Port; default: the variable PORT.") var port: Int?

    func validate() throws {
        guard ms >= 0, startMs >= 0 else { throw ValidationError("--ms and --start-ms must be 0 or more") }
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
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .head] {
            router.on("**", method: method) { _, _ in try await Self.answer(name, after: wait) }
            router.on("/", method: method) { _, _ in try await Self.answer(name, after: wait) }
        }
        var logger = Logger(label: "tandem.replica")
        logger.logLevel = .warning
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
            logger: logger)
        // SIGTERM: no new connections, what is under way is finished.
        try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
    }

    private static func answer(_ name: String, after wait: Duration) async throws -> Response {
        if wait > .zero { try await Task.sleep(for: wait) }
        var headers: HTTPFields = [.contentType: "text/plain"]
        if let field = HTTPField.Name("x-tandem-replica") { headers[field] = name }
        return Response(
            status: .ok, headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: "\(name)\n")))
    }
}
