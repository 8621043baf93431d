import Model

/// How many replicas are wished for. Everything that may be read is handed in, everything that is to be remembered is
/// handed back: no clock, no dice, no I/O. Same input, same answer.
///
/// As in Ray Serve 2.60, gains, delays, the way from zero and the bounds are laid around every policy: it answers with
/// the bare wish.
package protocol ScalingPolicy: Sendable {
    /// - Parameter input: with its target within the bounds. What the policy handed back the last time is in
    ///   `input.memory.policy`.
    /// - Returns: nil: nothing is known, the target is held.
    func wish(_ input: ScalingInput) -> ScalingWish?
}

/// A wish for replicas, and why.
package struct ScalingWish: Sendable {
    /// Not rounded.
    package var replicas: Fraction
    /// Figures for the decision's row, beside those that every one has.
    package var inputs: [Decision.Input]
    package var state: PolicyState

    package init(_ replicas: Fraction, inputs: [Decision.Input] = [], state: PolicyState = PolicyState()) {
        self.replicas = replicas
        self.inputs = inputs
        self.state = state
    }
}

/// An exact number of at least zero.
package struct Fraction: Hashable, Sendable {
    package let numerator: Int128
    package let denominator: Int128

    /// A part beyond this counts as this, so that the products of the rule fit 128 bits. Loads of 63 bits over windows
    /// of 34 years stay below it.
    package static let partMax: Int128 = 1 << 76

    /// Below zero counts as zero, a denominator of less than one as one.
    package init(_ numerator: Int128, over denominator: Int128 = 1) {
        self.numerator = min(max(numerator, 0), Self.partMax)
        self.denominator = min(max(denominator, 1), Self.partMax)
    }

    package var roundedUp: Int { Int((numerator + denominator - 1) / denominator) }
}

/// The policy of `target_ongoing_requests`: as many replicas as share the load at so many requests each.
package struct OngoingRequests: ScalingPolicy {
    package init() {}

    package func wish(_ input: ScalingInput) -> ScalingWish? {
        guard let load = input.load else { return nil }
        // Load is in millionths times milliseconds, the target in thousandths.
        let each = Int128(max(input.settings.targetOngoing.rawValue, 1))
        let unit = Int128(max(load.span.rawValue, 1)) * each
        return ScalingWish(Fraction(Int128(max(load.area, 0)), over: unit))
    }
}
