import Hummingbird
import Listener
import Model
import Synchronization
import Wire

/// A tier without a database that it may use: it listens where it always does and changes nothing. Agents keep their
/// replicas and proxies their routes, and since each is answered nobody backs off. All else is refused.
package final class SafeModeService: Sendable {
    private let reason: Mutex<String>

    /// - Parameter reason: why, and the way out, in a sentence; the answer to everything but a sync.
    package init(reason: String) { self.reason = Mutex(reason) }

    /// Another reason than before.
    package func now(because reason: String) { self.reason.withLock { $0 = reason } }

    /// Serves until cancelled.
    package func run(_ listener: Listener, onBound: @escaping @Sendable (Int) async -> Void) async throws {
        try await listener.run(
            routes: { router in
                addSyncs(to: router)
                for method in [HTTPRequest.Method.get, .head, .put, .post, .delete, .patch] {
                    for path in ["/", "**"] {
                        router.on(RouterPath(path), method: method) { [self] _, _ -> Response in
                            throw Problem(code: Problem.safeMode, message: reason.withLock(\.self))
                        }
                    }
                }
            }, onBound: onBound)
    }

    private func addSyncs(to router: Router<ListenerContext>) {
        router.post("/v1/nodes/:id/sync") { request, context in
            try await context.longPoll(Received<NodeSyncRequest>.self, from: request) { received in
                let message = try received.get(from: "the agent", by: "the node tier")
                try await Task.sleep(for: .milliseconds(LongPoll.answerAfter.rawValue))
                var answer = NodeSyncAnswer.nothing(for: message)
                answer.wireVersion = WireVersion.answer(to: message.wireVersion)
                return try Answer.json(answer)
            }
        }
        router.post("/v1/proxies/:id/sync") { request, context in
            try await context.longPoll(Received<ProxySyncRequest>.self, from: request) { received in
                let message = try received.get(from: "the proxy", by: "the serve tier")
                try await Task.sleep(for: .milliseconds(LongPoll.answerAfter.rawValue))
                var answer = ProxySyncAnswer(routes: [], removed: [], acknowledged: [])
                answer.wireVersion = WireVersion.answer(to: message.wireVersion)
                return try Answer.json(answer)
            }
        }
    }
}

extension Problem {
    /// The code of every refusal of a tier in safe mode.
    package static let safeMode = "safe_mode"
}
