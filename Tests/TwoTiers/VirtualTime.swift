import Model
import Store
import Synchronization

/// A machine's clocks, moved by the world.
package final class VirtualTime: Sendable {
    private let boot = Mutex<Int64>(1_000_000)

    package init() {}

    package var bootMillis: Int64 { boot.withLock { $0 } }

    package var clock: StoreClock {
        StoreClock(
            bootMillis: { self.bootMillis }, unixMillis: { 1_700_000_000_000 + self.bootMillis },
            bootID: { "boot" })
    }

    package func advance(by span: Millis) { boot.withLock { $0 += span.rawValue } }
}
