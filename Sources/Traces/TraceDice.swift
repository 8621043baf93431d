import Foundation

/// Seeded dice: the same throws in every process. Source: Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014.
struct TraceDice: RandomNumberGenerator {
    private var state: UInt64

    /// Dice of their own for each stream and index.
    init(seed: UInt64, stream: UInt64, index: Int64) {
        state = seed
        state = next() ^ stream
        state = next() ^ UInt64(bitPattern: index)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 to below `bound`.
    mutating func below(_ bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }

    /// Above 0, at most 1.
    mutating func unit() -> Double { (Double(next() >> 11) + 1) / 9_007_199_254_740_992 }

    /// Of mean 1.
    mutating func exponential() -> Double { -log(unit()) }

    /// Box and Muller: two even throws make one of the normal distribution.
    mutating func normal() -> Double { (-2 * log(unit())).squareRoot() * cos(2 * Double.pi * unit()) }

    /// - Parameter spread: the coefficient of variation; 0: always the mean.
    /// - Source: Marsaglia, Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
    mutating func gamma(mean: Double, spread: Double) -> Double {
        guard spread > 0.001 else { return mean }
        let shape = 1 / (spread * spread)
        // A shape below one is drawn one higher and scaled down.
        let raised = shape < 1 ? shape + 1 : shape
        let d = raised - 1 / 3.0
        let c = 1 / (9 * d).squareRoot()
        while true {
            let normal = normal()
            let cube = (1 + c * normal) * (1 + c * normal) * (1 + c * normal)
            guard cube > 0, log(unit()) < normal * normal / 2 + d * (1 - cube + log(cube)) else { continue }
            let drawn = d * cube * (shape < 1 ? pow(unit(), 1 / shape) : 1)
            return drawn / shape * mean
        }
    }
}
