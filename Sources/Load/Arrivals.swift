import Foundation

/// The arrival times of an open loop, fixed by the plan alone, drawn one at a time so that a long run needs
/// no long list.
package struct Arrivals: Sequence, IteratorProtocol {
    /// One request to come.
    package struct Arrival: Equatable {
        /// Since the start of the run.
        package var atMicros: Int64
        /// Index of the stage it belongs to.
        package var stage: Int
    }

    private let stages: [RateStage]
    private let spacing: ArrivalSpacing
    private var dice: SplitMix64
    private var stage = 0
    private var stageStart = 0.0
    /// Even: arrivals of this stage so far.
    private var count = 0
    /// Poisson: seconds from the start of the stage to the latest arrival.
    private var drawn = 0.0

    package init(_ stages: [RateStage], spacing: ArrivalSpacing, seed: UInt64) {
        self.stages = stages
        self.spacing = spacing
        dice = SplitMix64(seed: seed)
    }

    package mutating func next() -> Arrival? {
        while stage < stages.count {
            let current = stages[stage]
            if current.perSecond > 0, let offset = offset(in: current) {
                return Arrival(atMicros: Int64((stageStart + offset) * 1_000_000), stage: stage)
            }
            stageStart += current.seconds
            (stage, count, drawn) = (stage + 1, 0, 0)
        }
        return nil
    }

    /// Seconds into `current` of its next arrival; nil when it has no more.
    private mutating func offset(in current: RateStage) -> Double? {
        switch spacing {
        case .even:
            // Counted, not summed: 100 a second for 3 s are 300, whatever the rounding of 1/100.
            guard Double(count) < (current.perSecond * current.seconds).rounded() else { return nil }
            defer { count += 1 }
            return Double(count) / current.perSecond
        case .poisson:
            let draw = Double.random(in: 0..<1, using: &dice)
            drawn += -log(1 - draw) / current.perSecond
            return drawn < current.seconds ? drawn : nil
        }
    }
}

/// Seeded dice: the same numbers in every process. Source: Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
