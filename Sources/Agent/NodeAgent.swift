import CPlatform
import Foundation
import Logging
import Model
import Synchronization
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// One node's agent: carries out the orders of the node tier with real processes.
///
/// Cancelling `run` is like the agent's death: the replicas stay, and the next agent of the directory adopts
/// them. They end when the tier says so, or with `stop`.
package final class NodeAgent: Sendable {
    /// How `run` came to its end.
    package enum Ending: Sendable, Equatable {
        /// The tier told the node to end; everything is stopped, and the file `retired` says so.
        case retired
        /// `stop` was called, and everything is stopped.
        case stopped
        /// The task was cancelled; replicas go on.
        case cancelled
    }

    private struct State {
        var core: AgentCore?
        var controlPort: Int
        var stopGrace: Millis?
    }

    private let settings: AgentSettings
    private let sync: @Sendable (NodeSyncRequest) async throws -> NodeSyncAnswer
    private let logger: Logger
    private let state: Mutex<State>
    private let stopBell = ChangeBell()

    /// - Parameter sync: one call to the node tier. It must end soon after its task is cancelled, and have a
    ///   deadline of its own.
    package init(
        settings: AgentSettings, logger: Logger = Logger(label: "tandem.agent"),
        sync: @escaping @Sendable (NodeSyncRequest) async throws -> NodeSyncAnswer
    ) {
        self.settings = settings
        self.logger = logger
        self.sync = sync
        state = Mutex(State(controlPort: settings.controlPort))
    }

    /// The port of the agent's own listener, once it is known; to be called before `run`.
    package func bound(port: Int) { state.withLock { $0.controlPort = port } }

    /// Tells every replica to stop, kills what is left after `grace`, and then ends `run`.
    package func stop(grace: Millis) {
        state.withLock { $0.stopGrace = grace }
        stopBell.ring()
    }

    /// The agent's page for Prometheus; nearly empty before `run`.
    package func metrics() async -> String {
        guard let core = state.withLock({ $0.core }) else { return "" }
        return await core.exposition().text
    }

    /// Works until cancelled, stopped or retired.
    /// - Throws: `Problem` when the directory cannot be used (`state`) or another agent holds it (`in_use`).
    @discardableResult
    package func run() async throws -> Ending {
        let directory = try NodeDirectory(settings.directory)
        let lock = try directory.lock()
        defer {
            flock(lock, LOCK_UN)  // a child between fork and exec holds a copy of the descriptor
            close(lock)
        }
        if settings.reapsOrphans { _ = tandem_become_subreaper() }  // refused: orphans go to init instead
        let core = AgentCore(settings: settings, directory: directory, logger: logger)
        await core.begin()
        state.withLock { $0.core = core }
        let ending = await work(core)
        await core.leave()
        if ending == .retired { try directory.markRetired() }
        return ending
    }

    private func work(_ core: AgentCore) async -> Ending {
        let loop = SyncLoop(
            core: core, sync: sync, controlPort: state.withLock { $0.controlPort }, logger: logger)
        return await withTaskGroup(of: Ending?.self) { group in
            group.addTask {
                guard await loop.run() else { return nil }
                await core.stopAll(grace: .zero)
                await core.idle()
                return Task.isCancelled ? nil : .retired
            }
            group.addTask { [settings] in
                while await core.thread.sleep(until: BootClock.now + settings.upkeepPeriod) {
                    await core.upkeep()
                }
                return nil
            }
            group.addTask { [self] in
                await stopBell.wait(beyond: 0)
                guard let grace = state.withLock({ $0.stopGrace }) else { return nil }
                await core.stopAll(grace: grace)
                await core.idle()
                return Task.isCancelled ? nil : .stopped
            }
            defer { group.cancelAll() }
            for await ending in group {
                if let ending { return ending }
                if Task.isCancelled { return .cancelled }
            }
            return .cancelled
        }
    }
}
