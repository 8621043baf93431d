import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Wire

/// A replica in this process. What it does stands in the path.
///
/// `/echo` sends the body back in chunks; `/hold` answers when told; `/hang` never; `/status/N`; `/head`
/// shows the request's head; `/once` serves one request a connection and drops the next unanswered;
/// `/length/N` sends N bytes.
final class Backend: Sendable {
    struct Seen: Sendable {
        var head: HTTPRequestHead
        var connection: Int
    }

    struct State {
        var seen: [Seen] = []
        var ongoing = 0
        var ongoingMost = 0
        var connections = 0
        var open = 0
        var held: [CheckedBackend] = []
        var isOpenHanded = false
        /// Bytes of `/flood` handed to the channel while it took them; bytes of `/sink` read.
        var flooded = 0
        var sunk = 0
        var isSinkOpen = false
        var watchers: [(@Sendable (borrowing State) -> Bool, CheckedContinuation<Void, Never>)] = []
    }

    struct CheckedBackend: Sendable {
        var loop: any EventLoop
        var handler: NIOLoopBound<BackendHandler>
    }

    let state = Mutex(State())
    private let channel: any Channel
    private let boxes: Box
    private final class Box: Sendable {
        let backend = Mutex<Backend?>(nil)
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var seen: [Seen] { state.withLock { $0.seen } }

    static func start() async throws -> Backend {
        let box = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let backend = box.backend.withLock({ $0 }) else { return }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(BackendHandler(backend))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let backend = Backend(channel, box)
        box.backend.withLock { $0 = backend }
        return backend
    }

    private init(_ channel: any Channel, _ box: Box) {
        self.channel = channel
        boxes = box
    }

    func stop() async {
        boxes.backend.withLock { $0 = nil }
        try? await channel.close()
    }

    /// Answers everything held and, from now on, everything at once.
    func release() {
        let held = state.withLock { state in
            state.isOpenHanded = true
            defer { state.held = [] }
            return state.held
        }
        for one in held { one.loop.execute { one.handler.value.answerHeld() } }
    }

    /// Connections that read no body until now read on.
    func openSink() {
        let held = state.withLock { state in
            state.isSinkOpen = true
            defer { state.held = [] }
            return state.held
        }
        for one in held { one.loop.execute { one.handler.value.readOn() } }
    }

    func releaseOne() {
        guard let one = state.withLock({ $0.held.isEmpty ? nil : $0.held.removeFirst() }) else { return }
        one.loop.execute { one.handler.value.answerHeld() }
    }

    func change(_ body: (inout State) -> Void) {
        let due = state.withLock { state in
            body(&state)
            var due: [CheckedContinuation<Void, Never>] = []
            var left: [(@Sendable (borrowing State) -> Bool, CheckedContinuation<Void, Never>)] = []
            for watcher in state.watchers {
                if watcher.0(state) { due.append(watcher.1) } else { left.append(watcher) }
            }
            state.watchers = left
            return due
        }
        for watcher in due { watcher.resume() }
    }

    func until(_ condition: @escaping @Sendable (borrowing State) -> Bool) async {
        await withCheckedContinuation { continuation in
            change { $0.watchers.append((condition, continuation)) }
        }
    }

    func replica(_ serial: Int64, of deployment: DeploymentID) -> RouteReplica {
        RouteReplica(id: ReplicaID(deployment, serial: serial), host: "127.0.0.1", port: port)
    }
}

final class BackendHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let backend: Backend
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var connection = 0
    private var served = 0
    private var floodLeft = 0
    private var isBlocked = false

    init(_ backend: Backend) { self.backend = backend }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        backend.change { state in
            state.connections += 1
            state.open += 1
            connection = state.connections
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        backend.change { state in
            state.open -= 1
            if head != nil { state.ongoing -= 1 }
        }
        head = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes):
            if head?.uri.hasPrefix("/sink") == true {
                backend.change { $0.sunk += bytes.readableBytes }
            }
            if head?.uri.hasPrefix("/echo") == true {
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
            }
        case .end: if head != nil { end(context) }
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if head.uri.hasPrefix("/once"), served > 0 { return context.close(promise: nil) }
        self.head = head
        backend.change { state in
            state.seen.append(.init(head: head, connection: connection))
            state.ongoing += 1
            state.ongoingMost = max(state.ongoingMost, state.ongoing)
        }
        if head.uri.hasPrefix("/sink") { block(context) }
        if head.uri.hasPrefix("/echo") || head.uri.hasPrefix("/flood") {
            let answer = HTTPResponseHead(
                version: .http1_1, status: .ok, headers: ["transfer-encoding": "chunked"])
            context.writeAndFlush(wrapOutboundOut(.head(answer)), promise: nil)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        guard let head else { return }
        if head.uri.hasPrefix("/hang") { return }
        if head.uri.hasPrefix("/flood/") {
            floodLeft = head.uri.split(separator: "/").last.flatMap { Int($0) } ?? 0
            return flood(context)
        }
        if head.uri.hasPrefix("/hold") {
            let me = Backend.CheckedBackend(
                loop: context.eventLoop, handler: NIOLoopBound(self, eventLoop: context.eventLoop))
            var isOpenHanded = false
            backend.change { state in
                isOpenHanded = state.isOpenHanded
                if !isOpenHanded { state.held.append(me) }
            }
            if !isOpenHanded { return }
        }
        answer(head, context)
    }

    private func flood(_ context: ChannelHandlerContext) {
        while floodLeft > 0, context.channel.isWritable {
            let count = min(floodLeft, 64 << 10)
            floodLeft -= count
            backend.change { $0.flooded += count }
            let bytes = ByteBuffer(repeating: UInt8(ascii: "f"), count: count)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
            guard floodLeft == 0 else { continue }
            head = nil
            backend.change { $0.ongoing -= 1 }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { flood(context) }

    private func block(_ context: ChannelHandlerContext) {
        let me = Backend.CheckedBackend(
            loop: context.eventLoop, handler: NIOLoopBound(self, eventLoop: context.eventLoop))
        backend.change { state in
            isBlocked = !state.isSinkOpen
            if isBlocked { state.held.append(me) }
        }
    }

    func read(context: ChannelHandlerContext) { if !isBlocked { context.read() } }

    func readOn() {
        isBlocked = false
        context?.read()
    }

    func answerHeld() {
        if let head, let context { answer(head, context) }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        served += 1
        let parts = head.uri.split(separator: "/")
        let number = parts.last.flatMap { Int($0) } ?? 0
        self.head = nil
        backend.change { $0.ongoing -= 1 }
        if head.uri.hasPrefix("/echo") {
            return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        var body = ByteBuffer(string: head.uri)
        var answer = HTTPResponseHead(version: .http1_1, status: .ok)
        if head.uri.hasPrefix("/status/") { answer.status = HTTPResponseStatus(statusCode: number) }
        if head.uri.hasPrefix("/length/") { body = ByteBuffer(repeating: UInt8(ascii: "x"), count: number) }
        answer.headers.add(name: "connection", value: "keep-alive, x-hop")
        answer.headers.add(name: "x-hop", value: "mine")
        answer.headers.add(name: "x-backend", value: "\(backend.port)")
        if answer.status.mayHaveResponseBody {
            answer.headers.add(name: "content-length", value: "\(body.readableBytes)")
        }
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        if head.method != .HEAD, answer.status.mayHaveResponseBody {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
