import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server in this process that counts what comes and answers as it is told.
final class Server: Sendable {
    /// What one request gets.
    enum Reply: Sendable {
        case status(Int, replica: String = "a")
        /// Answered as 200 after so long.
        case late(TimeAmount)
        /// Never answered, until `release`.
        case held
        /// The connection is closed without an answer.
        case closed
        /// Half of the promised body, then the connection is closed.
        case torn
    }

    struct Counts: Sendable {
        var requests = 0
        var connections = 0
        var ongoing = 0
        var ongoingMost = 0
    }

    private struct State {
        var counts = Counts()
        var held: [@Sendable () -> Void] = []
        var watchers: [(requests: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let channel: any Channel
    private let state: StateBox
    private final class StateBox: Sendable { let value = Mutex(State()) }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/" }
    var counts: Counts { state.value.withLock { $0.counts } }

    /// - Parameter reply: for the request of this number, counted from 1.
    static func start(_ reply: @escaping @Sendable (Int) -> Reply) async throws -> Server {
        let state = StateBox()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                state.value.withLock { $0.counts.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(state: state, reply: reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Server(channel: channel, state: state)
    }

    private init(channel: any Channel, state: StateBox) {
        self.channel = channel
        self.state = state
    }

    func stop() async throws { try await channel.close() }

    /// Returns when so many requests have come.
    func heard(_ requests: Int) async {
        await withCheckedContinuation { continuation in
            let isDone = state.value.withLock { state in
                if state.counts.requests >= requests { return true }
                state.watchers.append((requests, continuation))
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    /// Answers all held requests with 200.
    func release() {
        let held = state.value.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for answer in held { answer() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let state: StateBox
        private let reply: @Sendable (Int) -> Reply

        init(state: StateBox, reply: @escaping @Sendable (Int) -> Reply) {
            self.state = state
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            let (number, watchers) = state.value.withLock { state in
                state.counts.requests += 1
                state.counts.ongoing += 1
                state.counts.ongoingMost = max(state.counts.ongoingMost, state.counts.ongoing)
                let number = state.counts.requests
                let ready = state.watchers.filter { $0.requests <= number }.map(\.continuation)
                state.watchers.removeAll { $0.requests <= number }
                return (number, ready)
            }
            Answerer(state: state, channel: context.channel).carryOut(reply(number))
            for watcher in watchers { watcher.resume() }
        }
    }

    private struct Answerer: Sendable {
        let state: StateBox
        let channel: any Channel

        func carryOut(_ reply: Reply) {
            switch reply {
            case .status(let status, let replica): answer(status, replica)
            case .late(let delay): channel.eventLoop.scheduleTask(in: delay) { answer(200, "a") }
            case .held: state.value.withLock { $0.held.append({ answer(200, "a") }) }
            case .closed:
                leave()
                channel.close(promise: nil)
            case .torn:
                leave()
                write(200, [("content-length", "100")], body: "half", isWhole: false)
                channel.close(promise: nil)
            }
        }

        private func answer(_ status: Int, _ replica: String) {
            leave()
            let body = status == 204 ? "" : "body"
            write(
                status, [("content-length", "\(body.utf8.count)"), ("x-tandem-replica", replica)], body: body,
                isWhole: true)
        }

        /// Before the answer is written: whoever has the answer may already have sent the next request.
        private func leave() { state.value.withLock { $0.counts.ongoing -= 1 } }

        private func write(_ status: Int, _ headers: [(String, String)], body: String, isWhole: Bool) {
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                headers: HTTPHeaders(headers))
            channel.write(HTTPServerResponsePart.head(head), promise: nil)
            channel.writeAndFlush(
                HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil)
            if isWhole { channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil) }
        }
    }
}
