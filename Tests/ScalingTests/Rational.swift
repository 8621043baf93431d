/// An exact number, for the models that ours are compared with. Slow on purpose: after each operation in lowest terms.
struct Rational: Comparable, CustomStringConvertible {
    let (above, below): (Int128, Int128)

    init(_ above: Int128, _ below: Int128 = 1) {
        precondition(below != 0)
        var (a, b) = (above.magnitude, below.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        let divisor = max(Int128(a), 1) * (below < 0 ? -1 : 1)
        (self.above, self.below) = (above / divisor, below / divisor)
    }

    init(_ whole: Int) { self.init(Int128(whole)) }

    static func + (a: Self, b: Self) -> Self {
        Self(a.above * b.below + b.above * a.below, a.below * b.below)
    }
    static func - (a: Self, b: Self) -> Self {
        Self(a.above * b.below - b.above * a.below, a.below * b.below)
    }
    static func * (a: Self, b: Self) -> Self { Self(a.above * b.above, a.below * b.below) }
    static func / (a: Self, b: Self) -> Self { Self(a.above * b.below, a.below * b.above) }
    static func < (a: Self, b: Self) -> Bool { a.above * b.below < b.above * a.below }
    static func == (a: Self, b: Self) -> Bool { a.above == b.above && a.below == b.below }

    /// The least whole number that is not below it.
    var up: Self {
        let quotient = above / below
        return Self(quotient * below < above ? quotient + 1 : quotient)
    }

    var description: String { below == 1 ? "\(above)" : "\(above)/\(below)" }
}
