import Cloud
import Foundation
import Model

/// Draws boot delays. The delay of a token depends on the seed and the token alone, not on what was made
/// before.
package enum BootDelays {
    /// A longer draw is cut to this.
    package static let delayMax = Millis.seconds(3_600)

    package static func delay(_ shape: FakeCloudSettings.BootDelay, seed: UInt64, token: String) -> Millis {
        var dice = SeededDice(seed: seed, text: token)
        let drawn =
            switch shape {
            case .fixed(let delay): delay
            case .uniform(let from, let to):
                Millis(Int64.random(in: from.rawValue...max(from.rawValue, to.rawValue), using: &dice))
            case .lognormal(let median, let sigma): lognormal(median, sigma, &dice)
            }
        return min(max(drawn, .zero), delayMax)
    }

    /// Box and Muller: two even throws make one of the normal distribution.
    private static func lognormal(
        _ median: Millis, _ sigma: Thousandths, _ dice: inout SeededDice
    ) -> Millis {
        let first = Double.random(in: Double.leastNonzeroMagnitude...1, using: &dice)
        let second = Double.random(in: 0..<1, using: &dice)
        let normal = (-2 * log(first)).squareRoot() * cos(2 * Double.pi * second)
        let drawn = Double(median.rawValue) * exp(normal * Double(sigma.rawValue) / 1000)
        return Millis(Int64(min(drawn, Double(delayMax.rawValue))))
    }
}
