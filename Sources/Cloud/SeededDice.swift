import Model

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same throws on every machine and in every
/// process.
package struct SeededDice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// Dice of their own for each `(seed, text)`: what one throw gives does not depend on what was thrown
    /// before.
    package init(seed: UInt64, text: String) {
        state = seed
        let spread = next()
        state = spread ^ Fingerprint(of: text).value
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// True in `perMille` of a thousand throws; never at 0 or below, always at 1000 or above.
    package mutating func strikes(perMille: Int) -> Bool {
        Int(next() % 1000) < perMille
    }
}
