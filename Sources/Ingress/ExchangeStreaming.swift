import Model
import NIOCore
import NIOHTTP1
import Routing

/// The request on its way to the replica.
extension Exchange {
    /// True while the replica takes bytes of the body.
    var takesRequest: Bool {
        guard case .streaming(let handler) = phase else { return false }
        return handler.isWritable
    }

    /// The end is no byte: it needs a connection, not room.
    var takesRequestEnd: Bool {
        if head.framing == .none { return true }
        if case .streaming = phase { return true }
        return false
    }

    func requestWentOn(_ bytes: ByteBuffer) {
        guard case .streaming(let handler) = phase else { return }
        handler.send(.body(.byteBuffer(bytes)))
    }

    func requestEnded() {
        guard case .streaming(let handler) = phase, !isSent else { return }
        handler.send(.end(nil))
        isSent = true
    }

    func flushRequest() {
        guard head.framing != .none, case .streaming(let handler) = phase else { return }
        handler.flush()
    }

    func replicaTakesMore() { client.advance() }
}

/// The answer on its way to the client.
extension Exchange {
    /// True while the client takes bytes.
    var takesAnswer: Bool { client.isWritable }

    func clientTakesMore() {
        if case .streaming(let handler) = phase { handler.resumeReading() }
    }

    func answerBegan(_ answer: HTTPResponseHead) {
        if (100..<200).contains(answer.status.code) { return interim(answer) }
        let fields = HeadTranslation.fields(answer.headers)
        guard let framing = HeadTranslation.framing(answer, of: fields, to: head.method) else {
            return breakOff()
        }
        replicaKeepsAlive =
            answer.version.minor > 0
            ? !Headers.list(fields, "connection", has: "close")
            : Headers.list(fields, "connection", has: "keep-alive")
        let endsByClosing = framing == .open && head.minorVersion == 0
        answerKeepsAlive = head.keepAlive && !endsByClosing && !lane.isEnding
        status = Int(answer.status.code)
        let own = HeadTranslation.answer(
            answer, fields: fields, framing: framing, to: head, id: id, keepAlive: answerKeepsAlive)
        client.send(.head(own))
    }

    /// `100 Continue` was ours to send; another protocol was never asked for; the rest is passed on.
    private func interim(_ answer: HTTPResponseHead) {
        interimAnswers += 1
        guard answer.status != .switchingProtocols, interimAnswers <= Limits.interimMax else {
            return breakOff()
        }
        guard answer.status != .continue, head.minorVersion > 0 else { return }
        var headers = HTTPHeaders()
        for field in Headers.forwarded(HeadTranslation.fields(answer.headers)) {
            headers.add(name: field.name, value: field.value)
        }
        client.send(.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)))
        client.flush()
    }

    func answerWentOn(_ bytes: ByteBuffer) {
        guard status != nil else { return }
        client.send(.body(.byteBuffer(bytes)))
    }

    /// A burst of the answer is in.
    func answerPaused() { client.flush() }

    func answerEnded() {
        guard case .streaming(let handler) = phase else { return }
        guard status != nil else { return breakOff() }
        settle()
        if replicaKeepsAlive, isSent, !isDoubtful { lane.pool.park(handler) } else { handler.close() }
        // An answer may begin while the body is still coming in, and usually both end well.
        finish(keepAlive: answerKeepsAlive && (isSent || client.bodyIsNearlyIn))
    }

    /// The connection to the replica ended before the answer did.
    func replicaLeft() {
        guard case .streaming(let handler) = phase else { return }
        guard status == nil else {
            settle()
            return client.abort()
        }
        if attempts < 2, isReused, head.framing == .none, head.isIdempotent {
            return tryElsewhere(handler.slot, avoid: false)
        }
        failUpstream()
    }

    /// The replica answers with something that two readers could understand differently.
    private func breakOff() {
        leaveReplica()
        failUpstream()
    }

    private func failUpstream() {
        settle()
        lane.tally.count(.upstream)
        answer(.refused(.upstream, deployment: gate?.deployment.rawValue ?? ""))
    }
}
