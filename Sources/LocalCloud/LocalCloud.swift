import Foundation
import Listener
import Logging
import Model
import Wire

/// The local fake cloud: a provider of its own behind the native wire protocol, whose machines are agent
/// processes on this host. They outlive it; started again on the same directory, it goes on with them.
package final class LocalCloud: Sendable {
    private let settings: LocalCloudSettings
    private let token: Token
    private let clock: @Sendable () -> Moment
    private let unixMillis: @Sendable () -> Int64

    /// How often it looks after its machines.
    package static let tick = Millis(50)

    /// - Parameter token: asked of every caller.
    /// - Parameter clock: the boot clock; another one in tests.
    package init(
        _ settings: LocalCloudSettings, token: Token, clock: @escaping @Sendable () -> Moment = BootClock.now,
        unixMillis: @escaping @Sendable () -> Int64 = WallClock.unixMillis
    ) {
        self.settings = settings
        self.token = token
        self.clock = clock
        self.unixMillis = unixMillis
    }

    /// What the file said with which the cloud on this directory was last started; nil: there was none.
    package static func soldBefore(
        directory: String
    ) -> (fake: FakeCloudSettings, types: [LocalCloudSettings.MachineType])? {
        let registry = (try? RegistryFile(directory: directory).load()) ?? nil
        return registry?.catalogue.map { ($0.file.fake, $0.file.types) }
    }

    /// Serves until the task is cancelled or asked to shut down gracefully. The machines go on.
    /// - Parameter onBound: told the port (0 on a unix socket) once calls are answered.
    /// - Parameter onLook: told each time that it has looked after its machines.
    /// - Throws: `Problem` before anything is served: another fake cloud on the directory, a registry that is
    ///   damaged or of a newer version, a port in use.
    package func run(
        onBound: @escaping @Sendable (Int) async -> Void, onLook: @escaping @Sendable () -> Void = {}
    ) async throws {
        let lock = try DirectoryLock(directory: settings.directory)
        defer { withExtendedLifetime(lock) {} }
        var log = Logger(label: "tandem.cloud")
        log.logLevel = .info
        let room = try MachineRoom(
            settings: settings, boot: Self.bootID(), clock: clock, unixMillis: unixMillis, log: log)
        let listener = Listener(name: "cloud", bind: settings.bind, token: token)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(routes: { CloudRoutes(room: room).add(to: $0) }, onBound: onBound)
            }
            group.addTask {
                while !Task.isCancelled {
                    await room.advance()
                    onLook()
                    try? await Task.sleep(for: .milliseconds(Self.tick.rawValue))
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Empty when the kernel does not say: then every start counts as the same boot.
    private static func bootID() -> String {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }
}
