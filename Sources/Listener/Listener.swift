import Hummingbird
import Logging
import Model
import NIOCore
import ServiceLifecycle
import Synchronization
import Wire

/// Where a control server listens. There is no other choice: control never leaves this machine.
package enum Bind: Hashable, Sendable {
    /// On 127.0.0.1; port 0 takes any free one.
    case tcp(port: Int)
    /// A socket file of mode 0600. A file left by a dead process is replaced, a live one is not.
    case unix(path: String)
}

/// The control server of one process: every route and method asks for the token, unless its path is named as open to
/// all; every error is a `Problem`.
package struct Listener: Sendable {
    private let name: String
    private let bind: Bind
    private let token: Token

    /// A longer request body is answered 413 `too_large`.
    package static let bodyBytesMax = 4 << 20
    /// After a graceful shutdown began, answers under way have this long; then they are cut off.
    package static let drainMax = Millis(2_000)

    /// - Parameter name: of the process, for logs and for the message about a port in use.
    package init(name: String, bind: Bind, token: Token) {
        self.name = name
        self.bind = bind
        self.token = token
    }

    /// Serves until the task is cancelled or asked to shut down gracefully.
    /// - Parameter routes: adds the routes; what they throw becomes the answer (see `Answer.problem`).
    /// - Parameter openPaths: exact paths that are answered without the token.
    /// - Parameter onBound: told the port once connections are accepted; 0 for a unix socket.
    /// - Throws: `Problem` with code `bind` before anything is served when the port or socket cannot be had.
    package func run(
        routes: (Router<ListenerContext>) -> Void, openPaths: Set<String> = [],
        onBound: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let router = Router(context: ListenerContext.self, options: .autoGenerateHeadEndpoints)
        routes(router)
        if case .unix(let path) = bind { try SocketFile.check(path, name: name) }
        var logger = Logger(label: "tandem.\(name).control")
        logger.logLevel = .critical  // what fails is thrown or answered; the rest is noise of closing
        let unixPath: String? = if case .unix(let path) = bind { path } else { nil }
        let door = Door(
            inner: router.buildResponder(), token: token, checksHost: unixPath == nil, openPaths: openPaths)
        let application = Application(
            responder: door,
            configuration: .init(address: address, serverName: nil, backlog: 1_024),
            onServerRunning: { channel in
                if let unixPath { SocketFile.restrict(unixPath) }
                await onBound(channel.localAddress?.port ?? 0)
            },
            logger: logger)
        do {
            try await serve(application, logger)
        } catch let error as IOError {
            throw refusedBind(error)
        }
    }

    private var address: BindAddress {
        switch bind {
        case .tcp(let port): .hostname("127.0.0.1", port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    }

    /// The server is not a child task: cancelled hard, it would trap over a connection that was accepted and
    /// not yet begun (NIO demands that each is). A cancellation is therefore carried out as a graceful
    /// shutdown, and only what is left after `drainMax` is cut off, when nothing is accepted any more.
    private func serve(_ application: Application<Door>, _ logger: Logger) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: application, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger))
        let server = Task { try await group.run() }
        let isStopping = Atomic(false)
        do {
            try await withTaskCancellationOrGracefulShutdownHandler {
                try await server.value
            } onCancelOrGracefulShutdown: {
                isStopping.store(true, ordering: .relaxed)
                Task {
                    await group.triggerGracefulShutdown()
                    try await Task.sleep(for: .milliseconds(Self.drainMax.rawValue))
                    server.cancel()
                }
            }
        } catch is CancellationError {
        } catch let error as ServiceGroupError {
            if !isStopping.load(ordering: .relaxed) { throw error }
        }
    }

    private func refusedBind(_ error: IOError) -> Problem {
        let why = SocketFile.words(error.errnoCode)
        return switch bind {
        case .tcp(let port) where SocketFile.isInUse(error.errnoCode):
            Problem(
                code: "bind",
                message:
                    "\(name): port \(port) of 127.0.0.1 is in use: stop who has it, or choose another"
            )
        case .tcp(let port):
            Problem(code: "bind", message: "\(name): cannot listen on port \(port) of 127.0.0.1: \(why)")
        case .unix(let path):
            Problem(code: "bind", message: "\(name): cannot listen on \(path): \(why)")
        }
    }
}
