/// One thing that must hold in every world, and how far these checks see to it.
package struct Rule: Hashable, Sendable {
    /// What looks at it.
    package enum Standing: Hashable, Sendable {
        /// Looked at in every world; how.
        case checked(String)
        /// Looked at as far as today's system promises it; how, and what the rest waits for.
        case partly(String, waitsFor: Part)
        /// Nothing of it exists yet.
        case waits(for: Part)
    }

    /// The parts in which the project grows; a rule waits for the one that brings what it speaks of.
    package enum Part: String, Hashable, Sendable {
        case serveTier = "part 3: the whole serve tier"
        case nodeTier = "part 4: placement and the whole node tier"
        case ingress = "part 5: ingress"
        case replicas = "part 6: Python and Swift replicas"
        case adapters = "part 7: adapters of several providers"
        case forecasts = "part 8: forecasts"
        case security = "part 9: dashboard and security"
    }

    /// `I-01` …: must hold at every instant. `L-01` …: must come true once all trouble is over.
    package var name: String
    /// One sentence.
    package var says: String
    package var standing: Standing

    init(_ name: String, _ says: String, _ standing: Standing) {
        self.name = name
        self.says = says
        self.standing = standing
    }

    /// Every rule, in the order of the names.
    package static let all = safety + liveness

    /// Nil: there is no rule of this name.
    package static func named(_ name: String) -> Rule? { all.first { $0.name == name } }
}

/// A rule that was broken, in words with names and values.
package struct Breach: Hashable, Sendable {
    package var rule: String
    package var words: String

    package init(_ rule: String, _ words: String) {
        self.rule = rule
        self.words = words
    }
}
