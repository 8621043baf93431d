import Foundation
import Model
import NodeTier
import Store
import Wire

/// The node tier on its thread: the tier itself, the agents that wait for orders, and the calls that wait to be made.
package final class NodeDesk: TierDesk {
    package let tier: NodeTier
    private let calls: AsyncStream<ProviderCall>.Continuation
    private var waiting = PendingSyncs<NodeSyncRequest, NodeSyncAnswer>()
    private var tickets: UInt64 = 0
    private var orders: [NodeID: Orders] = [:]

    /// - Parameter calls: where committed provider calls go to be made.
    package init(tier: NodeTier, calls: AsyncStream<ProviderCall>.Continuation) {
        self.tier = tier
        self.calls = calls
    }

    package func step() throws(StoreError) -> Moment? {
        let (wake, due) = try tier.step()
        for call in due { calls.yield(call) }
        orders = try tier.allOrders()
        waiting.answer(
            now: tier.store.now(), { node, request in self.news(for: NodeID(node), request) },
            empty: { NodeSyncAnswer(fence: $0.fence, orders: nil) })
        return [wake, waiting.deadline].compactMap { $0 }.min()
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
        guard knows(node) else {
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
            of: node.rawValue, empty: { NodeSyncAnswer(fence: $0.fence, orders: nil) })
        return tickets
    }

    package func cancel(_ ticket: UInt64, of node: NodeID) { waiting.cancel(ticket, of: node.rawValue) }

    private func knows(_ node: NodeID) -> Bool {
        if orders[node] != nil { return true }
        return (try? tier.orders(for: node)) != nil
    }

    private func news(for node: NodeID, _ request: NodeSyncRequest) -> NodeSyncAnswer? {
        guard let orders = orders[node] ?? (try? tier.orders(for: node)) else { return nil }
        let fence = Fence(
            clusterGeneration: tier.store.clusterGeneration, epoch: tier.store.epoch,
            generation: orders.generation)
        guard fence != request.fence || orders.retire else { return nil }
        return NodeSyncAnswer(
            fence: fence,
            orders: orders.replicas.map {
                ReplicaOrder(id: $0.id, settings: $0.settings, stopGrace: $0.stopGrace)
            }, retire: orders.retire)
    }
}

extension AgentReport {
    init(_ node: NodeID, _ request: NodeSyncRequest, arrived: Moment) {
        self.init(
            node: node, incarnation: request.incarnation, resources: request.facts.resources,
            host: request.facts.host, port: request.facts.port, fence: request.fence,
            replicas: request.replicas.map(AgentReplica.init), arrived: arrived)
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
            exitText: report.exit?.words ?? "", lastLines: report.lastLines.joined(separator: "\n"))
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
