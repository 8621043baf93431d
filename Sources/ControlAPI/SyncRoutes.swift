import Hummingbird
import Listener
import Model
import Wire

/// `POST /v1/proxies/{id}/sync`.
func addProxySync(to router: Router<ListenerContext>, thread: TierThread<ServeDesk>) {
    router.post("/v1/proxies/:id/sync") { request, context in
        let proxy = try context.parameter("id")
        guard NameRule.accepts(proxy) else { throw badName(proxy) }
        return try await context.longPoll(Received<ProxySyncRequest>.self, from: request) { received in
            try Answer.json(
                try await waitForSync(
                    thread, start: { desk, reply in desk.sync(proxy, received, reply: reply) },
                    cancel: { desk, ticket in desk.cancel(ticket, of: proxy) }) as ProxySyncAnswer)
        }
    }
}

/// `POST /v1/nodes/{id}/sync`.
func addNodeSync(to router: Router<ListenerContext>, thread: TierThread<NodeDesk>) {
    router.post("/v1/nodes/:id/sync") { request, context in
        let name = try context.parameter("id")
        guard NameRule.accepts(name) else { throw badName(name) }
        let node = NodeID(name)
        return try await context.longPoll(Received<NodeSyncRequest>.self, from: request) { received in
            try Answer.json(
                try await waitForSync(
                    thread, start: { desk, reply in desk.sync(node, received, reply: reply) },
                    cancel: { desk, ticket in desk.cancel(ticket, of: node) }) as NodeSyncAnswer)
        }
    }
}

/// Hands a sync to the tier's thread and waits; the wait ends with the task.
private func waitForSync<Desk: TierDesk, Reply: Sendable>(
    _ thread: TierThread<Desk>,
    start: @escaping @Sendable (Desk, @escaping @Sendable (Result<Reply, any Error>) -> Void) -> UInt64,
    cancel: @escaping @Sendable (Desk, UInt64) -> Void
) async throws -> Reply {
    let (answers, continuation) = AsyncThrowingStream<Reply, any Error>.makeStream()
    let ticket = try await thread.perform { desk in
        start(desk) { result in
            switch result {
            case .success(let reply):
                continuation.yield(reply)
                continuation.finish()
            case .failure(let error): continuation.finish(throwing: error)
            }
        }
    }
    return try await withTaskCancellationHandler {
        for try await answer in answers { return answer }
        throw CancellationError()
    } onCancel: {
        thread.post { desk in cancel(desk, ticket) }
    }
}

private func badName(_ name: String) -> Problem {
    Problem(code: "invalid", message: "\"\(name.prefix(80))\" is no id: 1 to 63 letters, digits, - _ .")
}
