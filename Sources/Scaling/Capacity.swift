import Model

/// The part of all counts that is wanted (Ray: `target_capacity`), while a cluster is brought up, or taken down, beside
/// another one.
package struct Capacity: Hashable, Sendable {
    /// In thousandths of a percent: 50,000 is half.
    package var percent: Thousandths
    /// It is on its way up: `initial_replicas` is a lower bound.
    package var isRising: Bool

    package init(percent: Thousandths, isRising: Bool) {
        self.percent = percent
        self.isRising = isRising
    }

    /// `count × percent`, halves rounded up; at least one, but none of none and none at 0 % (Ray 2.60).
    package func part(of count: Int) -> Int {
        guard count > 0, percent.rawValue > 0 else { return 0 }
        let whole: Int128 = 100_000
        return max(1, Int((2 * Int128(count) * Int128(percent.rawValue) + whole) / (2 * whole)))
    }

    /// The settings with their counts at this capacity.
    package func part(of settings: AutoscalingSettings) -> AutoscalingSettings {
        var settings = settings
        settings.minReplicas = part(of: settings.minReplicas)
        settings.maxReplicas = part(of: settings.maxReplicas)
        if let initial = settings.initialReplicas {
            settings.initialReplicas = part(of: initial)
            if isRising { settings.minReplicas = part(of: initial) }
        }
        return settings
    }

    /// Where it goes with a new percentage: up when it is higher, or given for other applications than before; as it was
    /// when nothing differs; nil when there is none.
    package static func next(
        _ percent: Thousandths?, after known: Capacity?, sameApplications: Bool
    ) -> Capacity? {
        guard let percent else { return nil }
        guard sameApplications else { return Capacity(percent: percent, isRising: true) }
        guard percent != known?.percent else { return known }
        // Without one before, all of it was wanted.
        return Capacity(percent: percent, isRising: known.map { $0.percent < percent } ?? false)
    }
}
