import NIOCore
import NIOPosix
import Synchronization

/// A server that does what no HTTP server should: it answers the first bytes of each connection with `reply`,
/// or not at all.
final class RawServer: Sendable {
    enum Behaviour: Sendable {
        case closesAtOnce
        case closesAfterTheRequest
        case staysSilent
        case answers(String)
    }

    let port: Int
    private let channel: any Channel
    /// Yields when a connection is closed.
    let closed: AsyncStream<Void>

    init(_ behaviour: Behaviour) async throws {
        let (closed, bell) = AsyncStream<Void>.makeStream()
        self.closed = closed
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawHandler(behaviour, bell))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func stop() async throws { try await channel.close() }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let behaviour: RawServer.Behaviour
    private let bell: AsyncStream<Void>.Continuation

    init(_ behaviour: RawServer.Behaviour, _ bell: AsyncStream<Void>.Continuation) {
        self.behaviour = behaviour
        self.bell = bell
    }

    func channelActive(context: ChannelHandlerContext) {
        if case .closesAtOnce = behaviour { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch behaviour {
        case .closesAtOnce, .closesAfterTheRequest: context.close(promise: nil)
        case .staysSilent: break
        case .answers(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { bell.yield() }
}

/// Sends `request` as it stands and returns all that comes back until the peer closes.
func rawExchange(port: Int, _ request: String) async throws -> String {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: request))
        var answer = ""
        for try await part in inbound { answer += String(buffer: part) }
        return answer
    }
}
