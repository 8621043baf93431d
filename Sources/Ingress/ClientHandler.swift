import NIOCore
import NIOHTTP1
import Routing

/// One connection of a client. Requests are answered one after the other; what a client sends ahead waits
/// here, in `pending`, and behind it in the kernel, since nothing is read meanwhile.
///
/// Every part of every request passes through `pending` and `advance`, and `advance` never runs inside
/// itself. So an answer that is complete before its request has been taken in (404, a refusal, a fast
/// replica) finds the same state as any other.
final class ClientHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let lane: Lane
    private var context: ChannelHandlerContext?
    private var pending = CircularBuffer<HTTPServerRequestPart>()
    /// From a request's head until it is answered *and* taken in.
    private var current: Exchange?
    private var requestEnded = true
    private var isAdvancing = false
    private var wantsRead = false
    private var wantsFlush = false
    private var isLingering = false
    /// Why nothing can be read any more.
    private var fault: HeadRefusal?
    /// Of the peer, as it travels in X-Forwarded-For.
    private(set) var peer = "unknown"
    /// Last sign of life, or the beginning of what the sweep waits for.
    private var since = Now.micros
    private var partialHeadSince: MicroTime?
    private var unwritableSince: MicroTime?
    private var sawPart = false

    init(lane: Lane) { self.lane = lane }

    // MARK: - For the exchange

    /// The one that is being answered or taken in.
    var request: Exchange? { current }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// True when what is left of the request is little enough to read for the sake of the connection.
    var bodyIsNearlyIn: Bool {
        guard !requestEnded, let current else { return true }
        switch current.head.framing {
        case .none: return true
        case .length(let length) where length <= Limits.unwantedBodyMax && !current.owesContinue: return true
        default: return pending.contains { if case .end = $0 { true } else { false } }
        }
    }

    func send(_ part: HTTPServerResponsePart) {
        context?.write(wrapOutboundOut(part), promise: nil)
        wantsFlush = true
    }

    func flush() {
        guard wantsFlush else { return }
        wantsFlush = false
        context?.flush()
    }

    /// The answer is out to its last byte.
    func answered(keepAlive: Bool) {
        flush()
        since = Now.micros
        guard keepAlive else { return closeAfterAnswer() }
        if requestEnded { current = nil }
        advance()
    }

    /// Parts that wait can go to the replica now.
    func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        while let part = pending.first, takes(part) {
            pending.removeFirst()
            take(part)
        }
        isAdvancing = false
        current?.flushRequest()
        if let fault, current == nil, pending.isEmpty, !isLingering { return refuse(fault) }
        flush()
        resumeReading()
    }

    /// Nothing sensible can follow on this connection; a cut-off answer must be seen to be cut off.
    func abort() { context?.close(promise: nil) }

    // MARK: - Requests

    private func takes(_ part: HTTPServerRequestPart) -> Bool {
        if isLingering { return true }
        switch part {
        case .head: return current == nil
        case .body: return current.map { $0.isAnswered || $0.takesRequest } ?? true
        case .end: return current.map { $0.isAnswered || $0.takesRequestEnd } ?? true
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
        if isLingering { return }
        switch part {
        case .head(let head): begin(head)
        case .body(let bytes):
            if let current, !current.isAnswered { current.requestWentOn(bytes) }
        case .end:
            requestEnded = true
            guard let current else { return }
            if current.isAnswered { self.current = nil } else { current.requestEnded() }
        }
    }

    private func begin(_ raw: HTTPRequestHead) {
        requestEnded = false
        do throws(HeadRefusal) {
            let exchange = Exchange(lane: lane, client: self, head: try HeadTranslation.request(raw))
            current = exchange
            exchange.start()
        } catch {
            refuse(error)
        }
    }

    /// For what never became an exchange; the connection ends with it.
    private func refuse(_ refusal: HeadRefusal) {
        let answer = LocalAnswer.refused(refusal)
        send(.head(answer.head(keepAlive: false, minorVersion: 1, id: nil)))
        send(.body(.byteBuffer(ByteBuffer(string: answer.body))))
        send(.end(nil))
        flush()
        lane.tally.count(nil, status: refusal.status, started: since, now: Now.micros)
        closeAfterAnswer()
    }

    /// Waits for the client to close first: closing with unread bytes would reset the connection and could
    /// take the answer with it.
    private func closeAfterAnswer() {
        current = nil
        guard let context, context.channel.isActive else { return }
        isLingering = true
        since = Now.micros
        pending.removeAll()
        context.close(mode: .output, promise: nil)
        resumeReading()
    }

    // MARK: - Deadlines

    func sweep(_ now: MicroTime) {
        if isLingering {
            if now - since > Limits.lingerMax { abort() }
        } else if let unwritableSince, now - unwritableSince > Limits.writeStallMax {
            abort()
        } else if current == nil {
            if let partialHeadSince, now - partialHeadSince > Limits.headTimeMax {
                refuse(HeadRefusal(408, "the head took too long"))
            } else if now - since > Limits.clientIdleMax {
                abort()
            }
        } else if !requestEnded, mayRead, now - since > Limits.clientIdleMax {
            abort()
        }
    }

    func closeIfIdle() { if current == nil { abort() } }

    // MARK: - From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = context.remoteAddress?.ipAddress ?? "unknown"
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        peer = context.remoteAddress?.ipAddress ?? peer
        if !lane.joined(self) { return abort() }
        context.fireChannelActive()
    }

    private var mayRead: Bool {
        if isLingering { return true }
        guard pending.isEmpty else { return false }
        guard let current else { return true }
        return !requestEnded && (current.isAnswered || current.takesRequest)
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { wantsRead = true }
    }

    private func resumeReading() {
        guard wantsRead, mayRead, let context else { return }
        wantsRead = false
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sawPart = true
        since = Now.micros
        pending.append(unwrapInboundIn(data))
        advance()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if sawPart {
            partialHeadSince = nil
        } else if current == nil, partialHeadSince == nil {
            partialHeadSince = Now.micros  // bytes came, and no head yet
        }
        sawPart = false
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let writable = context.channel.isWritable
        unwritableSince = writable ? nil : Now.micros
        if writable { current?.clientTakesMore() }
    }

    /// The decoder is dead after this. Requests before it are answered first, then the connection ends.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isLingering else { return abort() }
        let refusal =
            switch error {
            case .headerOverflow: HeadRefusal(431, "the header fields are too large")
            case .invalidVersion: HeadRefusal(505, "HTTP/1.0 and HTTP/1.1 are served here")
            default: HeadRefusal(400, "this is not HTTP/1.1: \(error)")
            }
        fault = refusal
        if let current, !requestEnded, pending.isEmpty {
            current.requestBroke(refusal)
        } else {
            advance()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let current = current
        self.current = nil
        pending.removeAll()
        current?.clientLeft()
        lane.left(self)
        context.fireChannelInactive()
    }
}
