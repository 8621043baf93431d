import NIOCore
import NIOHTTP1
import NIOPosix
import Routing

#if canImport(Glibc)
    import Glibc
#endif

/// The data port: one listener for each loop, all on one port, so that the kernel deals out the connections.
enum Listeners {
    /// Connections that wait to be accepted, per listener.
    private static let backlog: Int32 = 1024

    /// - Returns: the listeners and their port.
    /// - Throws: `IngressError`, e.g. when somebody else has the port.
    static func open(
        _ settings: IngressSettings, _ loops: [any EventLoop], _ lanes: [NIOLoopBound<Lane>]
    ) async throws -> ([any Channel], Int) {
        let probe = try PortProbe(host: settings.host, port: settings.port)
        let address = probe.address
        var listeners: [any Channel] = []
        do {
            for (loop, lane) in zip(loops, lanes) {
                listeners.append(try await listener(on: loop, lane).bind(to: address).get())
            }
        } catch {
            for listener in listeners { try? await listener.close() }
            throw IngressError.cannotListen(
                host: settings.host, port: address.port ?? settings.port, why: "\(error)")
        }
        _ = consume probe
        return (listeners, address.port ?? settings.port)
    }

    private static func listener(on loop: any EventLoop, _ lane: NIOLoopBound<Lane>) -> ServerBootstrap {
        let share = NIOBSDSocket.Option(rawValue: SO_REUSEPORT)
        return ServerBootstrap(group: loop, childGroup: loop)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(share), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try fill(channel.pipeline.syncOperations, lane.value)
                }
            }
    }

    /// The decoder's own bounds lie above ours, so that ours can tell a long target from long headers.
    private static func fill(_ pipeline: ChannelPipeline.SynchronousOperations, _ lane: Lane) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldCount = HeadLimits.fieldsMax + 1
        limits.maxHeaderListSize = HeadLimits.headersBytesMax + HeadLimits.targetBytesMax
        limits.maxHeaderFieldSize = HeadLimits.headersBytesMax
        var framing = HTTPResponseEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        try pipeline.addHandlers([
            HTTPResponseEncoder(configuration: framing), ByteToMessageHandler(decoder),
            ClientHandler(lane: lane),
        ])
    }
}
