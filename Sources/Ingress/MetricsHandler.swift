import NIOCore
import NIOHTTP1
import NIOPosix
import Routing
import Wire

/// The second listener: loopback only, on a thread of its own, so that it answers however busy the loops are.
final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let page: MetricsPage
    private let token: Token
    private var head: HTTPRequestHead?

    init(page: MetricsPage, token: Token) {
        self.page = page
        self.token = token
    }

    /// Binds the listener.
    /// - Returns: its channel; the port is in `localAddress`.
    static func listen(
        _ page: MetricsPage, token: Token, port: Int, on group: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(MetricsHandler(page: page, token: token))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            if let head { answer(head, context) }
            head = nil
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard isAuthorized(head) else {
            return write(.unauthorized, "a bearer token is required\n", head, context)
        }
        switch head.uri {
        case Routes.metrics:
            page.render(on: context.eventLoop).assumeIsolated().whenSuccess { text in
                self.write(.ok, text, head, context)
            }
        case Routes.health: write(.ok, "success", head, context)
        default: write(.notFound, "there is \(Routes.metrics) and \(Routes.health)\n", head, context)
        }
    }

    private func isAuthorized(_ head: HTTPRequestHead) -> Bool {
        let given = head.headers["authorization"]
        guard given.count == 1, given[0].hasPrefix("Bearer ") else { return false }
        return token.matches(given[0].dropFirst("Bearer ".count))
    }

    private func write(
        _ status: HTTPResponseStatus, _ text: String, _ request: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: Exposition.contentType)
        if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
        headers.add(name: "content-length", value: String(text.utf8.count))
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard !request.isKeepAlive else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.whenComplete { _ in bound.value.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
