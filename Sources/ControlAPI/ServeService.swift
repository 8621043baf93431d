import Hummingbird
import Listener
import Logging
import Model
import ServeTier
import Store

/// The serve tier as a process: its thread and its HTTP.
package struct ServeService: Sendable {
    private let store: Store
    private let listener: Listener
    private let thread: TierThread<ServeDesk>

    /// - Parameter bell: descriptor of this role's doorbell.
    package init(store: Store, listener: Listener, bell: Int32?, log: Logger) {
        self.store = store
        self.listener = listener
        thread = TierThread(
            desk: ServeDesk(tier: ServeTier(store: store)), store: store, bell: bell, log: log)
    }

    /// Serves until cancelled, or until the store says that this process must end.
    package func run(onBound: @escaping @Sendable (Int) async -> Void) async throws {
        let (store, thread, listener) = (store, thread, listener)
        try await firstToEnd([
            { try await thread.run() },
            {
                try await listener.run(
                    routes: { router in
                        addApplications(to: router, thread: thread)
                        addProxySync(to: router, thread: thread)
                        addMetrics(to: router, thread: thread, store: store) {
                            servePage($0, epoch: store.epoch)
                        }
                    }, openPaths: RayFacts.openPaths,
                    onBound: { port in
                        thread.post { $0.tier.listens(at: "http://127.0.0.1:\(port)") }
                        await onBound(port)
                    })
            },
        ])
    }
}

/// Runs all; when one ends, the others are cancelled and awaited.
func firstToEnd(_ bodies: [@Sendable () async throws -> Void]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for body in bodies { group.addTask { try await body() } }
        defer { group.cancelAll() }
        try await group.next()
    }
}
