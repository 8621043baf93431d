/// A refusal in words: the one place where a code becomes a sentence, for `tandem explain`, status messages and
/// whoever else tells a person why.
extension Refusal {
    /// A whole sentence with the figures, e.g. `n3 has too little room: CPU 0.5 is missing.`
    package var sentence: String { gap == 0 ? "\(words)." : "\(words) (\(gapWords))." }

    /// How far it is from what is allowed, e.g. `2 too many`.
    private var gapWords: String {
        switch code {
        case .labelSelector: "\(gap) \(gap == 1 ? "term" : "terms") of the selector"
        case .spread: "by \(gap)"
        case .affinity: "\(gap) \(gap == 1 ? "is" : "are") missing"
        case .antiAffinity: "\(gap) of them"
        case .maxPerNode: "\(gap) too many"
        case .budget: "by \(Money.text(gap)) USD an hour"
        default: "\(gap)"
        }
    }

    private var words: String {
        switch code {
        case .short: "\(candidate) has too little room: \(short) is missing"
        case .tooLarge: "\(candidate) is too small even when it is empty: \(short) is missing"
        case .labelSelector: "\(candidate) has other labels than those asked for"
        case .spread: "\(candidate) would make the spread more uneven than it allows"
        case .affinity: "\(candidate) has no replica near it that this one must stand with"
        case .antiAffinity: "\(candidate) has a replica near it that this one must not stand with"
        case .maxPerNode: "\(candidate) has as many of its kind as may be on one node"
        case .gang:
            "\(candidate) has no room for the others of its gang"
                + (short.entries.isEmpty ? "" : " (\(short) is missing for them)")
                + ", and a gang is placed whole or not at all"
        case .budget: "\(candidate) would lift the price of all nodes above its limit"
        case .notReady: "\(candidate) takes no new replicas now: it is not ready, silent, or on its way out"
        case .limit: "\(candidate) is not bought: max_workers of the type or of the cluster is reached"
        case .upscalingSpeed: "\(candidate) is not bought yet: upscaling_speed lets no more start at once"
        case .unavailable: "\(candidate) cannot be had now: the provider had none, and is asked again later"
        case .coming: "\(candidate) is on its way for it"
        case .buysNothing: "\(candidate) is not bought for it: this replica only takes room that is there"
        }
    }

    /// A few words for a status message; nil: what is not about the candidate as a kind of node.
    package var statusWords: String? {
        switch code {
        case .short, .notReady, .coming: nil
        case .labelSelector: "\(candidate) has other labels"
        case .spread, .affinity, .antiAffinity, .maxPerNode:
            "\(candidate): a rule about neighbours keeps it away"
        case .gang: "others of its gang find none"
        case .budget: "\(candidate): the price limit is reached"
        case .tooLarge: "too large for \(candidate)"
        case .limit: "\(candidate): max_workers is reached"
        case .upscalingSpeed: "\(candidate): upscaling_speed holds it back"
        case .unavailable: "\(candidate) cannot be had now"
        case .buysNothing: "no node is bought for it"
        }
    }
}

extension Refusal.Code {
    /// What a person could do about it; nil: it passes by itself, or another answer says more.
    package var wayOut: String? {
        switch self {
        case .short, .coming, .upscalingSpeed, .notReady: nil
        case .gang: "add room for a whole gang, or make gang_size smaller"
        case .tooLarge: "add a node type on which it fits, or let it ask for less"
        case .labelSelector: "give a node type the labels that it asks for, or let it ask for others"
        case .spread: "let the spread be more uneven, or add room where there is least"
        case .affinity: "start a replica that it must stand with, or make the rule a soft one"
        case .antiAffinity: "add nodes without such neighbours, or make the rule a soft one"
        case .maxPerNode: "raise max_replicas_per_node, or add nodes"
        case .budget: "raise the price limit, or add a cheaper node type"
        case .limit: "raise max_workers"
        case .unavailable:
            "add another zone, capacity type or node type: the provider has none of this one now"
        case .buysNothing: "end what holds its room: a rollout's surplus and a failing deployment buy no node"
        }
    }
}
