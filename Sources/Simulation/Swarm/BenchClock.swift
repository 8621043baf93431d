import Store

/// Virtual time of a bench that has the real stores: it stands still until it is moved.
final class BenchClock: @unchecked Sendable {
    // One thread alone moves it and reads it.
    var millis: Int64 = 1_000_000

    var store: StoreClock {
        StoreClock(
            bootMillis: { self.millis }, unixMillis: { 1_700_000_000_000 + self.millis }, bootID: { "bench" })
    }

    /// What something takes by the clock on the wall, in microseconds.
    static func measure(_ body: () throws -> Void) rethrows -> Int64 {
        let took = try ContinuousClock().measure(body)
        return took.components.seconds * 1_000_000 + took.components.attoseconds / 1_000_000_000_000
    }
}
