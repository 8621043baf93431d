import Store
import Synchronization

/// The clocks of the machine on which the tiers run, moved by the world.
final class VirtualClock: Sendable {
    private struct State {
        /// Microseconds since the world began.
        var micros: Int64 = 0
        /// Of the boot clock at the world's beginning.
        var bootBase: Int64 = 1_000_000
        var wallBase: Int64 = 1_700_000_000_000
        var boots = 1
    }

    private let state = Mutex(State())

    var micros: Int64 {
        get { state.withLock { $0.micros } }
        set { state.withLock { $0.micros = newValue } }
    }

    /// Somebody sets the date.
    func jump(byMillis span: Int64) { state.withLock { $0.wallBase += span } }

    /// The machine starts anew: its boot clock begins again at ten seconds.
    func reboot() {
        state.withLock { state in
            state.bootBase = 10_000 - state.micros / 1000
            state.boots += 1
        }
    }

    var store: StoreClock { store { $0.micros / 1000 } }

    /// As it stood when the world began, in this boot.
    var storeAtTheBeginning: StoreClock { store { _ in 0 } }

    private func store(_ passed: @escaping @Sendable (State) -> Int64) -> StoreClock {
        StoreClock(
            bootMillis: { self.state.withLock { $0.bootBase + passed($0) } },
            unixMillis: { self.state.withLock { $0.wallBase + $0.micros / 1000 } },
            bootID: { self.state.withLock { "boot-\($0.boots)" } })
    }
}
