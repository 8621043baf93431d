import Model
import NodeTier
import ServeTier
import Store
import Wire

extension NodeDesk {
    /// As `sync`, for an agent of any version. An understood one is answered in the version in which it asked. Any
    /// other is refused and yet heard: its node is not lost, and shows why nothing is placed there.
    package func sync(
        _ node: NodeID, _ received: Received<NodeSyncRequest>,
        reply: @escaping @Sendable (Result<NodeSyncAnswer, any Error>) -> Void
    ) -> UInt64 {
        let request: NodeSyncRequest
        do {
            request = try received.get(from: "the agent of \(node)", by: "the node tier")
        } catch {
            if (try? tier.knows(node)) ?? false {
                tier.hear(RefusedAgent(node: node, why: error.message, arrived: tier.store.now()))
            }
            reply(.failure(error))
            return 0
        }
        return sync(node, request) { result in
            reply(
                result.map { answer in
                    var answer = answer
                    answer.wireVersion = WireVersion.answer(to: request.wireVersion)
                    return answer
                })
        }
    }
}

extension ServeDesk {
    /// As `sync`, for a proxy of any version. An understood one is answered in the version in which it asked. Any
    /// other is refused and yet heard: it routes on, and a drain waits for it.
    package func sync(
        _ proxy: String, _ received: Received<ProxySyncRequest>,
        reply: @escaping @Sendable (Result<ProxySyncAnswer, any Error>) -> Void
    ) -> UInt64 {
        let request: ProxySyncRequest
        do {
            request = try received.get(from: "proxy \(proxy)", by: "the serve tier")
        } catch {
            tier.hear(refused: proxy, at: tier.store.now())
            reply(.failure(error))
            return 0
        }
        return sync(proxy, request) { result in
            reply(
                result.map { answer in
                    var answer = answer
                    answer.wireVersion = WireVersion.answer(to: request.wireVersion)
                    return answer
                })
        }
    }
}
