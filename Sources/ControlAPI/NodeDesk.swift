import Foundation
import Model
import NodeTier
import Store
import Wire

/// The node tier on its thread: the tier itself, the agents that wait for orders, and the calls that wait to be made.
package final class NodeDesk: TierDesk {
    package let tier: NodeTier
    private let calls: AsyncStream<ProviderCall>.Continuation
    private var waiting = PendingSyncs<NodeSyncRequest, NodeSyncAnswer, PublishedVersion>()
    private var tickets: UInt64 = 0
    /// As of the last step: agents shall say what their replicas were started with.
    private var asksForSettings = false

    /// - Parameter calls: where committed provider calls go to be made.
    package init(tier: NodeTier, calls: AsyncStream<ProviderCall>.Continuation) {
        self.tier = tier
        self.calls = calls
    }

    package func step() throws(StoreError) -> Moment? {
        let (wake, due): (Moment?, [ProviderCall])
        do {
            (wake, due) = try tier.step()
        } catch {
            // Nothing can be committed: who waits is still answered in time, or it would seem silent afterwards.
            waiting.expire(now: tier.store.now()) { nothing(for: $0) }
            throw error
        }
        for call in due { calls.yield(call) }
        asksForSettings = tier.asksForSettings
        waiting.tell(tier.publishedVersion) { node, request in news(for: NodeID(node), request) }
        waiting.expire(now: tier.store.now()) { nothing(for: $0) }
        return Moment.earliest(wake, waiting.deadline)
    }

    package func end() {
        waiting.end()
        calls.finish()
    }

    /// Takes an agent's report in and keeps its long poll. A node without a row is refused, not retired: with the
    /// wrong or an older database behind this tier, what runs there must go on.
    package func sync(
        _ node: NodeID, _ request: NodeSyncRequest,
        reply: @escaping @Sendable (Result<NodeSyncAnswer, any Error>) -> Void
    ) -> UInt64 {
        let now = tier.store.now()
        guard (try? tier.knows(node)) ?? false else {
            reply(
                .failure(
                    Problem(
                        code: "not_found", message: "node \(node) is not known to this cluster's database")))
            return 0
        }
        tier.hear(AgentReport(node, request, arrived: now))
        tickets += 1
        waiting.add(
            .init(ticket: tickets, request: request, deadline: now + LongPoll.answerAfter, reply: reply),
            of: node.rawValue, empty: { self.nothing(for: $0) })
        return tickets
    }

    package func cancel(_ ticket: UInt64, of node: NodeID) { waiting.cancel(ticket, of: node.rawValue) }

    private func news(for node: NodeID, _ request: NodeSyncRequest) -> NodeSyncAnswer? {
        // Asked at once, and then as long as it takes; else it would be told with the answer to an empty long poll.
        if asksForSettings, request.replicas.contains(where: { $0.settings == nil && !$0.hasEnded }) {
            return nothing(for: request)
        }
        // Nothing can be read: nothing is new, and the step says what is wrong.
        guard let news = (try? tier.news(for: node, fence: request.fence)) ?? nil else { return nil }
        return NodeSyncAnswer(
            fence: news.fence,
            orders: news.orders.replicas.map {
                ReplicaOrder(
                    id: $0.id, settings: $0.settings, stopGrace: $0.stopGrace, adjustment: $0.adjustment,
                    gpus: $0.gpus)
            }, retire: news.orders.retire)
    }

    private func nothing(for request: NodeSyncRequest) -> NodeSyncAnswer {
        .nothing(for: request, tellSettings: asksForSettings ? true : nil)
    }
}

extension ReplicaReport {
    fileprivate var hasEnded: Bool { phase == .stopped || phase == .failed }
}

extension AgentReport {
    init(_ node: NodeID, _ request: NodeSyncRequest, arrived: Moment) {
        self.init(
            node: node, incarnation: request.incarnation, resources: request.facts.resources,
            host: request.facts.host, port: request.facts.port, fence: request.fence,
            replicas: request.replicas.map(AgentReplica.init), arrived: arrived)
        sent = request.sent
    }
}

extension AgentReplica {
    init(_ report: ReplicaReport) {
        let phase: Phase =
            switch report.phase {
            case .starting: .starting
            case .ready: .ready
            case .stopping: .stopping
            case .stopped: .stopped
            case .failed: .failed
            }
        let json = report.exit.flatMap { try? WireCoding.encode($0) }.map {
            String(decoding: $0, as: UTF8.self)
        }
        self.init(
            id: report.id, phase: phase, port: report.port, pid: report.pid, exitJSON: json,
            exitText: report.exit?.words ?? "", lastLines: report.lastLines.joined(separator: "\n"),
            settings: report.settings)
        gpus = report.gpus ?? []
        applied = report.applied
        unwell = report.unwell
    }
}

extension ReplicaExit {
    /// For rows and people.
    var words: String {
        switch self {
        case .code(let code): "exited with code \(code)"
        case .signal(let signal): "was ended by signal \(signal)"
        case .unknown: "ended; its exit code is not known"
        case .outOfMemory: "was killed for want of memory"
        case .notStarted(let why): "could not be started: \(why)"
        case .startDeadline(let why): "was not ready by its start deadline: \(why)"
        case .unwell(let why): "failed its health check too often: \(why)"
        }
    }
}
