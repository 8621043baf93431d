/// Why one candidate was not chosen.
package struct Refusal: Hashable, Sendable, Codable {
    /// A node's id or a node type's name.
    package var candidate: String
    package var code: Code
    /// What was missing, for `short`, `too_large` and `gang`: amounts as in `Resources`.
    package var short: Resources
    /// How far the candidate is from what is allowed; 0 for the codes of which `short` says it, or that know no amount.
    /// `label_selector`: terms that its labels fail, of the selector that comes closest. `spread`: replicas above the skew
    /// that is allowed. `affinity`: replicas that are missing to stand with. `anti_affinity`: replicas there that are in the
    /// way. `max_per_node`: replicas of the kind, with this one, above what one node may have. `budget`: millionths of a
    /// dollar per hour above the limit. Of a node type: where it comes closest.
    package var gap: Int64

    /// The reason in one word, as it stands in `refusals_json` and the view `why_pending`.
    package enum Code: String, Hashable, Sendable, Codable {
        /// Not enough room; `short` says of what.
        case short
        /// Would not fit even on an empty node of this type.
        case tooLarge = "too_large"
        /// Its labels are not those that are asked for.
        case labelSelector = "label_selector"
        /// The replicas that a spread counts would stand more unevenly than it allows.
        case spread
        /// No replica that it must stand with is there.
        case affinity
        /// A replica is there that it must not stand with, or that does not want it.
        case antiAffinity = "anti_affinity"
        /// So many of the kind as may be on one node are there.
        case maxPerNode = "max_per_node"
        /// Others of its gang find no place; `short` is what they would take.
        case gang
        /// The price of all nodes would be above the limit.
        case budget
        /// The node is not ready, silent, draining or on its way out.
        case notReady = "not_ready"
        /// `max_workers` of the type or the cluster is reached.
        case limit
        /// This step's upscaling limit is used up; the next step goes on.
        case upscalingSpeed = "upscaling_speed"
        /// The provider had none lately; it is asked again later.
        case unavailable
        /// Room is on its way: a node of this kind is booting for it.
        case coming
        /// This replica never buys a node: a rollout's surplus, or its deployment keeps failing.
        case buysNothing = "buys_nothing"
    }

    package init(candidate: String, code: Code, short: Resources = Resources(), gap: Int64 = 0) {
        self.candidate = candidate
        self.code = code
        self.short = short
        self.gap = gap
    }

    private enum Key: String, CodingKey { case candidate, code, short, gap }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        candidate = try values.decode(String.self, forKey: .candidate)
        code = try values.decode(Code.self, forKey: .code)
        short = try values.decode(Resources.self, forKey: .short)
        // Rows of earlier versions have none.
        gap = try values.decodeIfPresent(Int64.self, forKey: .gap) ?? 0
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(candidate, forKey: .candidate)
        try values.encode(code, forKey: .code)
        try values.encode(short, forKey: .short)
        if gap != 0 { try values.encode(gap, forKey: .gap) }
    }
}

extension Refusal.Code {
    /// Of a node that holds nothing: it will say the same later.
    package var lasts: Bool {
        switch self {
        case .short, .tooLarge, .labelSelector, .spread, .affinity, .antiAffinity, .maxPerNode: true
        default: false
        }
    }
}

/// One thing decided, with what was known, which rule spoke, and what was refused. Becomes one row.
package struct Decision: Hashable, Sendable {
    /// What sort of thing was decided: column `kind` of the decision tables.
    package enum Kind: String, Hashable, Sendable, Codable {
        case scale, stop, replace, rollout, place, launch, cordon, uncordon, terminate, retire
        /// Something destructive, or what a list says, is held; and goes on again.
        case hold, resume
    }

    package var kind: Kind
    /// What it is about: a deployment, replica or node.
    package var subject: String
    package var before: String
    package var after: String
    /// The name of the rule that decided, e.g. `upscale_delay`.
    package var rule: String
    /// One sentence for people.
    package var reason: String
    /// The figures that the rule read, in a fixed order.
    package var inputs: [Input]
    package var refusals: [Refusal]

    /// One figure under the name that people see in `inputs_json`.
    package struct Input: Hashable, Sendable {
        package var name: String
        package var value: Int64
        package init(_ name: String, _ value: Int64) {
            self.name = name
            self.value = value
        }
    }

    package init(
        _ kind: Kind, _ subject: String, before: String = "", after: String = "", rule: String,
        reason: String,
        inputs: [Input] = [], refusals: [Refusal] = []
    ) {
        self.kind = kind
        self.subject = subject
        self.before = before
        self.after = after
        self.rule = rule
        self.reason = reason
        self.inputs = inputs
        self.refusals = refusals
    }
}
