/// Why a node with replicas is not emptied by moving them: the codes of `node_stay` as sentences.
enum StayWords {
    /// - Returns: nil for what the node's own reason says already.
    static func sentence(_ code: String, _ detail: String) -> String? {
        switch code {
        case "not_heard": "Its replicas are not moved: its agent is not heard, or has not obeyed yet."
        case "given_up": "Its replicas are not moved: a plan that named it was given up a short while ago."
        case "undisturbed": "Its replicas are not moved: \(detail) must not be disturbed."
        case "young": "Its replicas are not moved: it is younger than age_min of consolidation."
        case "unsettled":
            "Its replicas are not moved: some came or went lately, or are about to\(about(detail))."
        case "unplaced": "Its replicas are not moved: others wait for a place, and come first."
        case "budget": "Its replicas are not moved now: as many nodes are being disturbed as may be."
        case "needed": "Its replicas are not moved: what stands there has no room elsewhere\(about(detail))."
        case "no_saving": "Its replicas could be moved, but not for enough less\(about(detail))."
        case "off": "Its replicas are not moved: consolidation is off."
        default: nil
        }
    }

    private static func about(_ detail: String) -> String { detail.isEmpty ? "" : " (\(detail))" }
}
