/// Delays between tries: `first`, then doubling up to `max`, each drawn evenly from its upper half so that
/// many callers do not return together.
///
/// With first 100 ms and max 5 s the ceilings are 100, 200, 400, 800, 1,600, 3,200, 5,000, 5,000 … ms.
package struct Backoff: Hashable, Sendable {
    private let first: Millis
    private let max: Millis
    private var ceiling: Millis

    /// - Parameter first: at least 1 ms is used.
    /// - Parameter max: no delay is longer; at least `first` is used.
    package init(first: Millis, max: Millis) {
        self.first = Swift.max(first, Millis(1))
        self.max = Swift.max(max, self.first)
        ceiling = self.first
    }

    /// The delay before the next try.
    package mutating func next(using dice: inout some RandomNumberGenerator) -> Millis {
        let top = ceiling.rawValue
        ceiling = top > max.rawValue / 2 ? max : Millis(top * 2)
        return Millis(Int64.random(in: (top - top / 2)...top, using: &dice))
    }

    /// After a success: the next failure begins with `first` again.
    package mutating func reset() { ceiling = first }
}
