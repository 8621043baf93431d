import NIOCore
import NIOHTTP1
import Routing

/// One connection to a replica: at most one exchange at a time, idle in the pool otherwise.
final class UpstreamHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let slot: ReplicaSlot
    var parkedAt = MicroTime(0)
    private let pool: UpstreamPool
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var wantsRead = false
    private(set) var isOpen = true

    init(slot: ReplicaSlot, pool: UpstreamPool) {
        self.slot = slot
        self.pool = pool
    }

    // MARK: - For the exchange

    func begin(_ exchange: Exchange) { self.exchange = exchange }

    /// The exchange is over; a closed connection tells it nothing any more.
    func end() {
        exchange = nil
        resumeReading()
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func send(_ part: HTTPClientRequestPart) {
        context?.write(wrapOutboundOut(part), promise: nil)
    }

    func flush() { context?.flush() }

    func close() {
        isOpen = false
        context?.close(promise: nil)
    }

    func resumeReading() {
        guard wantsRead, let context else { return }
        wantsRead = false
        context.read()
    }

    // MARK: - From the channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Nothing is read from the replica while the client does not take what it has.
    func read(context: ChannelHandlerContext) {
        if exchange?.takesAnswer ?? true { context.read() } else { wantsRead = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return spokeUnasked() }
        switch unwrapInboundIn(data) {
        case .head(let head): exchange.answerBegan(head)
        case .body(let bytes): exchange.answerWentOn(bytes)
        case .end: exchange.answerEnded()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.answerPaused() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.replicaTakesMore() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of a connection at rest the decoder takes no bytes at all.
        let isProtocol = error is NIOHTTPDecoderError || error is HTTPParserError
        if exchange == nil, isProtocol { spokeUnasked() } else { close() }
    }

    /// What follows on a connection that was closed in the middle of an answer counts for nothing.
    private func spokeUnasked() {
        if isOpen { pool.impossible.note(.answerWithoutRequest, "replica \(slot.address.id)") }
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        pool.forget(self)
        let exchange = exchange
        self.exchange = nil
        exchange?.replicaLeft()
    }
}
