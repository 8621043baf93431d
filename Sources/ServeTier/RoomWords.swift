import Model
import Store

extension ServeStep {
    /// So many candidates are named; the view `why_pending` has all.
    private static let namedMax = 3

    /// What the node tier said of those that have no place, for people: "; 2 find no room: small: max_workers is reached".
    func roomWords(of replicas: [ReplicaRow]) -> String {
        let pending = replicas.compactMap { replica -> [Refusal]? in
            guard let placement = state.placements[replica.id], placement.phase == .pending else {
                return nil
            }
            return placement.refusals.isEmpty ? nil : placement.refusals
        }
        let stuck = pending.filter { !$0.contains { $0.code == .coming } }
        let coming = pending.count - stuck.count
        var words =
            coming > 0 ? "; \(coming) \(coming == 1 ? "waits" : "wait") for a node that is on its way" : ""
        guard !stuck.isEmpty else { return words }
        let reasons = Set(
            stuck.joined().filter { state.nodeTypes[$0.candidate] != nil }.compactMap(\.statusWords)
        )
        .sorted()
        words += "; \(stuck.count) \(stuck.count == 1 ? "finds" : "find") no room"
        if !reasons.isEmpty { words += ": " + reasons.prefix(Self.namedMax).joined(separator: ", ") }
        if reasons.count > Self.namedMax { words += " and \(reasons.count - Self.namedMax) more" }
        return words
    }

    /// Those that are wanted and not asked for: "; 6 more are wanted as soon as there is room".
    func unaskedWords(_ row: DeploymentRow, _ replicas: [ReplicaRow]) -> String {
        let missing = row.target - replicas.count
        let held = heldBack[row.id]?.words ?? ""
        guard caps[row.id] != nil, missing > 0 else { return held }
        return held + "; \(missing) more \(missing == 1 ? "is" : "are") wanted as soon as there is room"
    }
}
