/// When nodes are replaced or given up though they are not idle: for money, or because they are no longer as configured.
package struct ConsolidationSettings: Hashable, Sendable, Codable {
    package var isOn = true
    /// A node is left alone for so long after replicas came or went there (Karpenter: `consolidateAfter`).
    package var after = Millis(30_000)
    /// Of what the nodes in question cost, so much at least must be saved. Karpenter had no threshold for years, and users
    /// saw nodes replaced by equal ones (kubernetes-sigs/karpenter#2388, aws/karpenter-provider-aws#7146).
    package var savingMin = Thousandths(100)
    /// A node younger than this is not replaced: a wave of short jobs buys and gives back otherwise
    /// (aws/karpenter-provider-aws#3059).
    package var ageMin = Millis(600_000)
    /// What is saved within this time must pay for the time in which old and new nodes both run.
    package var payback = Millis(3_600_000)

    package init() {}

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&isOn, .isOn)
        try fields.take(&after, .after)
        try fields.take(&savingMin, .savingMin)
        try fields.take(&ageMin, .ageMin)
        try fields.take(&payback, .payback)
    }
}

/// Why a node is disturbed that is neither idle nor lost.
package enum DisruptionCause: String, CaseIterable, Hashable, Sendable, Codable {
    case consolidation, drift, expiry, repair
}

/// How many nodes may be disturbed at a time. Of several the strictest holds (Karpenter's words and meaning).
package struct DisruptionBudget: Hashable, Sendable, Codable {
    /// Of all nodes that are there; a percentage is rounded up.
    package var nodes = Disruption.percent(10)
    /// Empty: for all causes. Sorted.
    package var causes: [DisruptionCause] = []
    /// It holds only from each of these times on, for `duration`; nil: always.
    package var schedule: CronSchedule?
    package var duration = Millis.zero

    package init() {}

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&nodes, .nodes)
        try fields.take(&causes, .causes)
        try fields.take(&schedule, .schedule)
        try fields.take(&duration, .duration)
    }
}

/// Minutes of a week, in UTC, by the five fields of cron.
package struct CronSchedule: Hashable, Sendable, Codable {
    /// As it was written: minute, hour, day of the month, month, day of the week.
    package var text: String
    /// Which values of each field hold; sorted.
    package var minutes: [Int]
    package var hours: [Int]
    package var days: [Int]
    package var months: [Int]
    package var weekdays: [Int]

    package init(
        text: String, minutes: [Int], hours: [Int], days: [Int], months: [Int], weekdays: [Int]
    ) {
        self.text = text
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = weekdays
    }
}

/// Which of the nodes with room a replica gets (`placement_policy`).
package enum NodeChoice: String, CaseIterable, Hashable, Sendable, Codable {
    /// The one that it leaves least in: GPUs first, and one in use before an empty one.
    case bestFit = "best-fit"
    /// The one where the GPU that the kinds of replicas of this cluster cannot use grows least. Source: fragmentation gradient
    /// descent, Weng et al., USENIX ATC 2023.
    case fgd
    /// The one that is used most already, in parts of its own CPU and GPU; the one that is used least.
    case pack, spread
}

/// Room that is kept free for what may come.
package enum Headroom: Hashable, Sendable, Codable {
    /// Room for so many replicas of this size.
    case fixed(Resources, count: Int)
    /// So much of what all replicas take together.
    case percent(Int)
    /// What deployments are likely to need within the time that a node takes to boot: the quantile of what they needed more
    /// within such a time, in thousandths.
    case economic(quantile: Thousandths)
}

/// How much of the nodes must not be taken away by the provider.
///
/// Source: SkyServe's `base_ondemand_fallback_replicas` and `dynamic_ondemand_fallback`, in nodes instead of replicas.
package struct SpotSettings: Hashable, Sendable, Codable {
    /// So many nodes of each type are on demand before any is spot.
    package var onDemandBase = 0
    /// Where no spot node can be had, a node on demand stands in for it; consolidation replaces it when one can be had again. If
    /// not, a type that is offered as spot is bought as nothing else beyond the base, and what waits for it goes on waiting.
    /// (SkyServe also runs the one while the other boots; a node on demand boots no faster, so that would bring nothing.)
    package var fallsBack = true
    /// The provider's word for what may be taken away.
    package static let word = "spot"

    package init() {}

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&onDemandBase, .onDemandBase)
        try fields.take(&fallsBack, .fallsBack)
    }
}
