import CPlatform
import Foundation

/// Tells the other tier "look again" within a fraction of a millisecond, and hears the same. It carries nothing
/// and may be lost: the poll of `hasNews` beside it is the truth.
package final class Doorbell: @unchecked Sendable {
    /// Readable when rung; `drain` before looking.
    package let descriptor: Int32
    private let socket: Int32
    private let directory: Int32
    private let lock = NSLock()
    private var isOpen = true

    /// Listens as `ROLE.bell` in the directory `run`.
    package init(in run: String, role: StoreRole) throws(StoreError) {
        let directory = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .unwritable(path: run, reason: StateDirectory.errnoText) }
        let descriptor = cplatform_doorbell_bind(directory, Self.name(role))
        guard descriptor >= 0 else {
            let reason = StateDirectory.errnoText
            Foundation.close(directory)
            throw .unwritable(path: "\(run)/\(Self.name(role))", reason: reason)
        }
        self.directory = directory
        self.descriptor = descriptor
        socket = cplatform_doorbell_socket()
    }

    deinit { close() }

    private static func name(_ role: StoreRole) -> String { "\(role.rawValue).bell" }

    /// Never waits. A missing, dead or full bell is no error. False when it was not heard.
    @discardableResult
    package func ring(_ role: StoreRole) -> Bool {
        lock.withLock {
            isOpen && cplatform_doorbell_ring(socket, directory, Self.name(role)) == 0
        }
    }

    /// Takes every ring so far: look once afterwards. Rings taken.
    @discardableResult
    package func drain() -> Int {
        lock.withLock { isOpen ? Int(cplatform_doorbell_drain(descriptor)) : 0 }
    }

    package func close() {
        lock.lock()
        defer { lock.unlock() }
        guard isOpen else { return }
        isOpen = false
        for file in [descriptor, socket, directory] where file >= 0 { Foundation.close(file) }
    }
}
