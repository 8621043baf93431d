import Hummingbird
import Link
import Listener
import Model
import Wire

/// The agent as a process: bound to the node tier by HTTP, with a control listener of its own.
package struct AgentProcess: Sendable {
    private let agent: NodeAgent
    private let listener: Listener

    /// - Parameters:
    ///   - tier: the node tier's endpoint for agents.
    ///   - token: for calls to the tier, and demanded on the agent's own routes.
    package init(settings: AgentSettings, tier: Endpoint, token: Token) {
        let link = Link(tier, token: token)
        let path = Routes.nodeSync(settings.node)
        agent = NodeAgent(settings: settings) { request in
            let received = try await link.call(
                "POST", path, body: request, deadline: LongPoll.clientDeadline,
                as: Received<NodeSyncAnswer>.self)
            return try received.get(from: SyncLoop.tier, by: SyncLoop.me)
        }
        listener = Listener(
            name: "agent \(settings.node)", bind: .tcp(port: settings.controlPort), token: token)
    }

    /// As `NodeAgent.stop`.
    package func stop(grace: Millis) { agent.stop(grace: grace) }

    /// Works until cancelled, stopped or retired.
    /// - Throws: `Problem` when the directory, or the port of the listener, cannot be had.
    package func run() async throws -> NodeAgent.Ending {
        let (bound, isBound) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: NodeAgent.Ending?.self) { group in
            group.addTask {
                defer { isBound.finish() }
                try await listener.run(routes: routes) { port in isBound.yield(port) }
                return nil
            }
            group.addTask {
                for await port in bound {
                    agent.bound(port: port)
                    return try await agent.run()
                }
                return nil
            }
            defer { group.cancelAll() }
            for try await ending in group {
                if let ending { return ending }
            }
            return .cancelled
        }
    }

    private func routes(_ router: Router<ListenerContext>) {
        router.get("/-/healthz") { _, _ in Answer.text("ok\n") }
        router.get("/metrics") { _, _ in
            Answer.text(await agent.metrics(), contentType: Exposition.contentType)
        }
    }
}
