import Model
import NIOCore
import NIOHTTP1
import Routing

/// One request from its head to the last byte of its answer. Lives on one loop.
///
/// From `admit` on it is in its deployment's ledger; `settle` is the one place that takes it out again and
/// gives back its place at the replica.
package final class Exchange {
    enum Phase {
        /// Not in a ledger.
        case outside
        case queued(ticket: Int64)
        /// Has a place; the connection is being made.
        case connecting(ReplicaSlot)
        case streaming(UpstreamHandler)
        case over
    }

    let lane: Lane
    let head: RequestHead
    let id: String
    let started = Now.micros
    let client: ClientHandler
    var phase = Phase.outside
    var gate: Gate<Waiter>?
    var deadline: Scheduled<Void>?
    var attempts = 0
    /// The replica's connection had served before; it may have been closed just when we wrote.
    var isReused = false
    /// The whole request is with the replica.
    var isSent = false
    /// The client waits for `100 Continue` and may never send the body.
    private(set) var owesContinue: Bool
    /// It gave up when its turn had come: that grant is still on its way here.
    private var awaitsGrant = false
    /// See `doubt`.
    var isDoubtful = false
    var interimAnswers = 0
    var answerKeepsAlive = false
    var replicaKeepsAlive = false
    /// Set when the head of the answer has gone to the client.
    var status: Int?
    /// The whole answer has gone to the client.
    private(set) var isAnswered = false

    init(lane: Lane, client: ClientHandler, head: RequestHead) {
        self.lane = lane
        self.client = client
        self.head = head
        owesContinue = head.expectsContinue
        if let given = Headers.first(head.headers, "x-request-id"), RequestID.isSane(given) {
            id = given
        } else {
            id = RequestID.make(using: &lane.dice)
        }
    }

    func start() {
        if let own = LocalAnswer.own(head.target.path, lane.plane) { return answer(own) }
        guard let entry = lane.plane.table.match(head.target.path) else {
            return answer(.notFound(head.target.path))
        }
        gate = entry.gate
        entered(entry.gate.admit(waiter, at: started, slots: entry.slots, using: &lane.dice))
    }

    private var waiter: Waiter {
        Waiter(loop: lane.loop, exchange: NIOLoopBound(self, eventLoop: lane.loop))
    }

    // MARK: - The wait

    private func entered(_ entry: Gate<Waiter>.Entry) {
        switch entry {
        case .place(let slot): connect(slot)
        case .queued(let ticket, let waiting, let replicas):
            phase = .queued(ticket: ticket)
            if deadline == nil { startDeadline() }
            if replicas == 0, waiting == 1 { lane.plane.bell.ring() }
        case .refused(let reason): refuse(reason)
        }
    }

    private func startDeadline() {
        let me = NIOLoopBound(self, eventLoop: lane.loop)
        deadline = lane.loop.scheduleTask(in: .milliseconds(lane.settings.queueTimeout.rawValue)) {
            me.value.waitedTooLong()
        }
    }

    private func waitedTooLong() {
        deadline = nil
        guard case .queued(let ticket) = phase, let gate, let replicas = gate.withdraw(ticket) else { return }
        leave(.queued)
        phase = .over
        refuse(replicas == 0 ? .noReplica : .deadline)
    }

    /// Its turn has come.
    package func granted(_ slot: ReplicaSlot) {
        if case .queued = phase { return connect(slot) }
        release(slot)
        if awaitsGrant {
            awaitsGrant = false
        } else {
            doubt(.grantWithoutWaiter)
            client.abort()
        }
    }

    /// Its deployment is no more.
    func dismissed() {
        guard case .queued = phase else { return }
        leave(.ongoing)
        phase = .over
        refuse(.noReplica)
    }

    // MARK: - The replica

    private func connect(_ slot: ReplicaSlot) {
        deadline?.cancel()
        deadline = nil
        attempts += 1
        phase = .connecting(slot)
        // A second try is for certain on a connection that nobody closed meanwhile.
        if attempts == 1, let handler = lane.pool.take(slot) { return begin(handler, reused: true) }
        lane.pool.connect(slot) { result in
            guard case .connecting(let wanted) = self.phase, wanted === slot else {
                if case .success(let handler) = result { self.lane.pool.park(handler) }
                return
            }
            switch result {
            case .success(let handler): self.begin(handler, reused: false)
            case .failure: self.tryElsewhere(slot, avoid: true)
            }
        }
    }

    private func begin(_ handler: UpstreamHandler, reused: Bool) {
        isReused = reused
        isSent = false
        phase = .streaming(handler)
        handler.begin(self)
        let upstream = HeadTranslation.upstream(
            head, id: id, client: client.peer, replica: handler.slot.address)
        handler.send(.head(upstream))
        if head.framing == .none {
            handler.send(.end(nil))
            isSent = true
        }
        handler.flush()
        if owesContinue {
            owesContinue = false
            client.send(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
            client.flush()
        }
        client.advance()
    }

    /// Once more, at another replica where the first one refused.
    func tryElsewhere(_ slot: ReplicaSlot, avoid: Bool) {
        guard let gate else { return }
        if !avoid { lane.pool.drop(slot) }
        release(slot)
        phase = .outside
        guard attempts < 2 else {
            leave(.ongoing)
            return refuse(.upstream)
        }
        lane.tally.countRetry()
        let entry = gate.readmit(waiter, except: avoid ? slot.address.id : nil, using: &lane.dice)
        if case .refused = entry { leave(.ongoing) }
        entered(entry)
    }

    // MARK: - The end

    /// Out of the ledger, the place given back. What waits is told elsewhere.
    func settle() {
        deadline?.cancel()
        deadline = nil
        defer { phase = .over }
        guard let gate else { return }
        switch phase {
        case .outside, .over: return
        case .queued(let ticket):
            // Nil: already granted; the place comes back when the grant arrives.
            awaitsGrant = gate.withdraw(ticket) == nil
            leave(awaitsGrant ? .ongoing : .queued)
        case .connecting(let slot):
            leave(.ongoing)
            release(slot)
        case .streaming(let handler):
            handler.end()
            leave(.ongoing)
            release(handler.slot)
        }
    }

    func clientLeft() {
        leaveReplica()
        count()
    }

    /// The client's bytes stopped making sense in the middle of the body: the replica must not take what it
    /// has for the whole.
    func requestBroke(_ refusal: HeadRefusal) {
        leaveReplica()
        guard status == nil else { return client.abort() }
        answer(.refused(refusal), mayKeepAlive: false)
    }

    /// Ends the connection to the replica in the middle of the exchange.
    func leaveReplica() {
        guard case .streaming(let handler) = phase else { return settle() }
        settle()
        handler.close()
    }

    private func refuse(_ reason: RefusalReason) {
        lane.tally.count(reason)
        answer(
            .refused(
                reason, deployment: gate?.deployment.rawValue ?? "",
                backpressure: gate?.backpressure ?? Backpressure()))
    }

    /// An answer of our own; the exchange is out of the ledger.
    func answer(_ local: LocalAnswer, mayKeepAlive: Bool = true) {
        guard status == nil else { return endedTwice() }
        let keepAlive =
            mayKeepAlive && head.keepAlive && !lane.isEnding && !isDoubtful && client.bodyIsNearlyIn
        status = local.status
        client.send(
            .head(local.head(keepAlive: keepAlive, minorVersion: head.minorVersion, id: id)))
        if head.method != "HEAD" { client.send(.body(.byteBuffer(ByteBuffer(string: local.body)))) }
        finish(keepAlive: keepAlive)
    }

    /// The state is clean before the last part is written: writing it may bring the next request.
    package func finish(keepAlive: Bool) {
        guard !isAnswered else { return endedTwice() }
        isAnswered = true
        count()
        client.send(.end(nil))
        client.answered(keepAlive: keepAlive && !isDoubtful)
    }

    /// The client must not see a second answer: it would take it for that to its next request.
    private func endedTwice() {
        doubt(.doubleEnd)
        leaveReplica()
        client.abort()
    }

    private var isCounted = false
    private func count() {
        guard !isCounted else { return }
        isCounted = true
        lane.tally.count(gate?.deployment, status: status, started: started, now: Now.micros)
    }
}
