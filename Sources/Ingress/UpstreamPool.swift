import NIOCore
import NIOHTTP1
import NIOPosix
import Routing

/// The connections of one loop to replicas that are free at the moment. Used on that loop only.
final class UpstreamPool {
    let impossible: ImpossibleStates
    private let loop: any EventLoop
    /// By the identity of the slot, last used last.
    private var idle: [ObjectIdentifier: [UpstreamHandler]] = [:]

    init(loop: any EventLoop, impossible: ImpossibleStates) {
        self.loop = loop
        self.impossible = impossible
    }

    /// The one used last: the older ones age out.
    func take(_ slot: ReplicaSlot) -> UpstreamHandler? {
        guard let handler = idle[ObjectIdentifier(slot)]?.popLast() else { return nil }
        if idle[ObjectIdentifier(slot)]?.isEmpty == true { idle.removeValue(forKey: ObjectIdentifier(slot)) }
        return handler
    }

    /// Keeps a connection for later, unless its replica has left or there are enough.
    func park(_ handler: UpstreamHandler) {
        let key = ObjectIdentifier(handler.slot)
        guard handler.isOpen, !handler.slot.isClosed,
            idle[key, default: []].count < Limits.idlePerReplicaMax
        else { return handler.close() }
        handler.parkedAt = Now.micros
        idle[key, default: []].append(handler)
    }

    /// Closed while it was idle.
    func forget(_ handler: UpstreamHandler) {
        let key = ObjectIdentifier(handler.slot)
        idle[key]?.removeAll { $0 === handler }
        if idle[key]?.isEmpty == true { idle.removeValue(forKey: key) }
    }

    /// The replica has left, or just closed a connection that we held idle: the others are no better.
    func drop(_ slot: ReplicaSlot) {
        for handler in idle.removeValue(forKey: ObjectIdentifier(slot)) ?? [] { handler.close() }
    }

    func sweep(_ now: MicroTime) {
        for (key, handlers) in idle {
            let old = handlers.filter { now - $0.parkedAt > Limits.upstreamIdleMax }
            guard !old.isEmpty else { continue }
            let kept = handlers.filter { now - $0.parkedAt <= Limits.upstreamIdleMax }
            idle[key] = kept.isEmpty ? nil : kept
            for handler in old { handler.close() }
        }
    }

    func closeAll() {
        let handlers = idle.values.flatMap { $0 }
        idle = [:]
        for handler in handlers { handler.close() }
    }

    /// A new connection, on this loop.
    func connect(_ slot: ReplicaSlot, then: @escaping (Result<UpstreamHandler, any Error>) -> Void) {
        let me = NIOLoopBound(self, eventLoop: loop)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(Limits.connectMax)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = UpstreamHandler(slot: slot, pool: me.value)
                    try Self.fill(channel.pipeline.syncOperations, handler)
                }
            }
        let connected = bootstrap.connect(host: slot.address.host, port: slot.address.port)
        connected.assumeIsolated().flatMapThrowing { channel in
            NIOLoopBound(
                try channel.pipeline.syncOperations.handler(type: UpstreamHandler.self),
                eventLoop: channel.eventLoop)
        }.whenComplete { result in then(result.map(\.value)) }
    }

    private static func fill(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ handler: UpstreamHandler
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldCount = HeadLimits.fieldsMax
        limits.maxHeaderListSize = HeadLimits.headersBytesMax
        limits.maxHeaderFieldSize = HeadLimits.headersBytesMax
        var framing = HTTPRequestEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward,
            limitConfiguration: limits)
        try pipeline.addHandlers([
            HTTPRequestEncoder(configuration: framing), ByteToMessageHandler(decoder), handler,
        ])
    }
}
