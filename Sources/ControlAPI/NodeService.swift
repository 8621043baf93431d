import Cloud
import Hummingbird
import Listener
import Logging
import Model
import NodeTier
import Store

/// The node tier as a process: its thread, the agents' endpoint, and the calls to the provider.
package struct NodeService: Sendable {
    private let store: Store
    private let listener: Listener
    private let provider: (any CloudProvider)?
    private let thread: TierThread<NodeDesk>
    private let calls: AsyncStream<ProviderCall>
    private let log: Logger
    private let startFile: String?

    /// - Parameter startFile: the cluster file named at the start, absolute.
    /// - Parameter settings: what it says; nil goes on with the settings in SQLite.
    /// - Parameter fileProblem: why there is a file and no settings.
    /// - Parameter makeProvider: builds the provider for the settings in force.
    package init(
        store: Store, startFile: String? = nil, settings: ClusterSettings?, fileProblem: String? = nil,
        tokenFile: String, machinesEnded: Bool = false, listener: Listener, bell: Int32?,
        log: Logger,
        makeProvider: (ProviderSettings) throws -> any CloudProvider
    ) throws {
        self.store = store
        self.startFile = startFile
        self.listener = listener
        self.log = log
        let tier = try NodeTier(
            store: store, settings: settings, fileProblem: fileProblem, tokenFile: tokenFile,
            machinesEnded: machinesEnded)
        provider = try tier.clusterSettings.provider.map(makeProvider)
        let (calls, continuation) = AsyncStream<ProviderCall>.makeStream()
        self.calls = calls
        thread = TierThread(
            desk: NodeDesk(tier: tier, calls: continuation), store: store, bell: bell, log: log)
    }

    /// Serves until cancelled, or until the store says that this process must end.
    package func run(onBound: @escaping @Sendable (Int) async -> Void) async throws {
        let (store, thread, listener, startFile) = (store, thread, listener, startFile)
        try await firstToEnd([
            {
                try await listener.run(
                    routes: { router in
                        addNodeSync(to: router, thread: thread)
                        addClusterRoutes(to: router, thread: thread, startFile: startFile)
                        addMetrics(to: router, thread: thread, store: store) {
                            nodesPage($0, epoch: store.epoch)
                        }
                    },
                    onBound: { port in
                        // Machines are told this address: nothing is bought before it is known.
                        _ = try? await thread.perform { $0.tier.listens(at: "http://127.0.0.1:\(port)") }
                        // A step comes between two calls: whoever is told finds the settings stored.
                        _ = try? await thread.perform { _ in }
                        await onBound(port)
                    })
            },
            { try await thread.run() },
            { await makeCalls() },
        ])
    }

    /// Makes each call in a task of its own; the tier bounds how many are on their way.
    private func makeCalls() async {
        await withDiscardingTaskGroup { group in
            for await call in calls {
                group.addTask {
                    let answer = await perform(call)
                    thread.post { $0.tier.hear(answer) }
                }
            }
        }
    }

    private func perform(_ call: ProviderCall) async -> ProviderAnswer {
        switch call {
        case .offerings:
            .offerings(await outcome { provider throws(CloudError) in try await provider.offerings() })
        case .list:
            .list(
                await outcome { provider throws(CloudError) in
                    try await provider.list(cluster: store.clusterUUID)
                })
        case .create(let request):
            .create(
                request.node,
                await outcome { provider throws(CloudError) in try await provider.create(request) })
        case .terminate(let node, let instance):
            switch await outcome({ provider throws(CloudError) in
                try await provider.terminate(instance: instance)
            }) {
            case .success: .terminate(node, nil)
            case .failure(let error): .terminate(node, error)
            }
        }
    }

    private func outcome<Value: Sendable>(
        _ body: @Sendable (any CloudProvider) async throws(CloudError) -> Value
    ) async -> Result<Value, CloudError> {
        guard let provider else { return .failure(.unavailable("no provider is configured")) }
        do {
            return .success(try await body(provider))
        } catch {
            log.info("provider call failed", metadata: ["error": "\(error)"])
            return .failure(error)
        }
    }
}
