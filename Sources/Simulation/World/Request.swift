import Model
import Routing

/// One request from its arrival at a proxy to its end.
final class Request: @unchecked Sendable {
    enum Phase {
        case outside
        case queued(ticket: Int64)
        case connecting(ReplicaSlot)
        case working(ReplicaSlot)
        case over
    }

    let number: Int
    let client: ClientSource
    /// Of closed load: whose it is.
    let user: Int
    /// Microseconds of work, when the trace says so.
    let service: Int64?
    let arrivedAt: Int64
    var takenAt: Int64 = 0
    var phase = Phase.outside
    var gate: Gate<Request>?
    var attempts = 0
    /// Tries of the client after this one.
    var retriesLeft: Int
    /// Times that a replica began to work on it.
    var executions = 0
    var answers = 0
    /// Where it stands in its replica's list.
    var place = -1
    /// Grows with each replica that takes it on: work begun earlier no longer counts.
    var turn = 0

    init(
        number: Int, client: ClientSource, user: Int, service: Int64?, retriesLeft: Int, arrivedAt: Int64
    ) {
        self.number = number
        self.client = client
        self.user = user
        self.service = service
        self.retriesLeft = retriesLeft
        self.arrivedAt = arrivedAt
    }
}

extension World {
    /// A client's request arrives at one of the proxies that listen.
    func arrive(_ request: Request) {
        report.requests += 1
        arrivedSinceSample += 1
        let listening = proxies.filter(\.isUp)
        guard !listening.isEmpty else { return end(request, .noProxy) }
        let index = listening.count == 1 ? 0 : Int.random(in: 0..<listening.count, using: &choiceDice)
        listening[index].take(request, self)
    }

    /// - Parameter failure: nil: answered with success.
    func end(_ request: Request, _ failure: RequestEnd?) {
        request.phase = .over
        request.answers += 1
        checks.ends(request, failure, self)
        let whole = now - request.arrivedAt
        trace.mix(Int64(request.number))
        trace.mix(whole)
        if let failure {
            report.failures[failure, default: 0] += 1
            report.objectiveMissed += 1
            trace.mix(Int64(failure.rawValue.utf8.count))
        } else {
            report.latency.add(whole)
            report.wait.add(max(0, request.takenAt - request.arrivedAt))
            if whole > plan.objective.micros { report.objectiveMissed += 1 }
            sampleLatency.add(whole)
        }
        request.client.ended(request, failed: failure != nil, self)
    }
}
