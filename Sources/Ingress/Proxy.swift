import Logging
import Model
import NIOCore
import NIOPosix
import Routing
import Synchronization
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// The ingress data plane of one process: takes in requests on one port and streams them to replicas by the
/// routes that the serve tier publishes.
///
/// Nothing on a request's way is a task or an actor: each connection lives on one event loop, and the loops
/// share only atomics and short locks. The sync with the tier and the metrics page run beside.
package final class Proxy: Sendable {
    private let settings: IngressSettings
    private let sync: @Sendable (ProxySyncRequest) async throws -> ProxySyncAnswer
    private let plane: Plane
    private let seed: UInt64
    private let log = Logger(label: "ingress")
    /// While it serves.
    private let lanes = Mutex<[(loop: any EventLoop, lane: NIOLoopBound<Lane>)]>([])

    /// - Parameter sync: one call to the serve tier: returns its answer, or throws when there is none
    ///   (unreachable, refused, its deadline passed). Cancelled when a newer report supersedes it.
    package init(
        settings: IngressSettings,
        sync: @escaping @Sendable (ProxySyncRequest) async throws -> ProxySyncAnswer
    ) {
        self.settings = settings
        self.sync = sync
        seed = settings.seed ?? UInt64.random(in: 0...UInt64.max)
        plane = Plane(dice: SplitMix(seed: seed), log: log)
    }

    /// Serves until the task is cancelled, then finishes: takes in no more connections, lets requests end
    /// within `finishTimeout`, cuts off the rest.
    /// - Parameter onBound: called once, when connections are accepted.
    /// - Throws: `IngressError` when it cannot start.
    package func run(onBound: @Sendable (BoundPorts) -> Void) async throws {
        let file = try RouteFile(directory: settings.dataDirectory)
        loadRoutes(file)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.loops)
        let side = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await serve(file, Array(group.makeIterator()), side: side.next(), onBound)
        } catch {
            try? await group.shutdownGracefully()
            try? await side.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
        try await side.shutdownGracefully()
    }

    private func loadRoutes(_ file: RouteFile) {
        do {
            guard let (routes, removed) = try file.load() else { return }
            _ = plane.apply(routes, removed: removed)
            log.info("routing by the last known routes", metadata: ["count": "\(routes.count)"])
        } catch {
            log.warning("\(file.path) cannot be read, starting without routes: \(error)")
        }
    }

    private func serve(
        _ file: RouteFile, _ loops: [any EventLoop], side: any EventLoop,
        _ onBound: @Sendable (BoundPorts) -> Void
    ) async throws {
        let lanes = try await makeLanes(loops)
        self.lanes.withLock { $0 = Array(zip(loops, lanes)) }
        defer { self.lanes.withLock { $0 = [] } }
        let (listeners, port) = try await Listeners.open(settings, loops, lanes)
        let page = MetricsPage(plane: plane, lanes: lanes, loops: loops)
        let metrics: any Channel
        do {
            metrics = try await MetricsHandler.listen(
                page, token: settings.token, port: settings.metricsPort, on: side)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw IngressError.portTaken(host: "127.0.0.1", port: settings.metricsPort)
        } catch {
            throw IngressError.cannotListen(
                host: "127.0.0.1", port: settings.metricsPort, why: "\(error)")
        }
        onBound(BoundPorts(data: port, metrics: metrics.localAddress?.port ?? settings.metricsPort))
        var conversation = SyncLoop(
            plane: plane, settings: settings, port: port, file: file, log: log,
            dice: SplitMix(seed: seed &+ 1), sync: sync
        ) { closed in
            for (loop, lane) in zip(loops, lanes) {
                loop.execute { for slot in closed { lane.value.pool.drop(slot) } }
            }
        }
        await conversation.run()
        for (loop, lane) in zip(loops, lanes) { try? await loop.submit { lane.value.announceEnd() }.get() }
        for listener in listeners { try? await listener.close() }
        await finish(loops, lanes)
        try? await metrics.close()
    }

    /// Looks at every request under way, each on its own loop.
    package func eachRequest(_ body: @escaping @Sendable (Exchange) -> Void) async throws {
        for (loop, lane) in lanes.withLock({ $0 }) {
            try await loop.submit { for request in lane.value.requests { body(request) } }.get()
        }
    }

    private func makeLanes(_ loops: [any EventLoop]) async throws -> [NIOLoopBound<Lane>] {
        var lanes: [NIOLoopBound<Lane>] = []
        for (index, loop) in loops.enumerated() {
            let dice = SplitMix(seed: seed &+ 2 &+ UInt64(index))
            let (plane, settings) = (plane, settings)
            lanes.append(
                try await loop.submit {
                    let lane = Lane(plane: plane, loop: loop, settings: settings, dice: dice)
                    lane.start()
                    return NIOLoopBound(lane, eventLoop: loop)
                }.get())
        }
        return lanes
    }

    /// Waits for the clients, but not beyond the timeout.
    private func finish(_ loops: [any EventLoop], _ lanes: [NIOLoopBound<Lane>]) async {
        let timeout = TimeAmount.milliseconds(settings.finishTimeout.rawValue)
        for (loop, lane) in zip(loops, lanes) {
            loop.scheduleTask(in: timeout) { lane.value.stop() }
        }
        let drained = zip(loops, lanes).map { loop, lane in loop.flatSubmit { lane.value.drain() } }
        for lane in drained { try? await lane.get() }
        for (loop, lane) in zip(loops, lanes) { try? await loop.submit { lane.value.stop() }.get() }
    }
}
