import Model
import Store

/// How many nodes that serve were given up lately, counted anew from the rows and without the tier's own books. I-06.
package struct RepairBook: Sendable {
    /// As in the rule: of a pool a fifth within ten minutes, and always one.
    static let window = Millis(600_000)
    static let percentMax = 20
    /// While more than so many nodes, and more than so many percent of all, are not heard, nothing goes.
    static let unreadyMax = 3
    static let unreadyPercentMax = 45
    /// By so much the tier and whoever looks on may differ about a silence.
    static let margin = Millis(1_000)

    /// Of each type: when nodes were given up, the latest last.
    private var ended: [String: [Moment]] = [:]

    package init() {}

    /// Takes in one commit.
    package mutating func take(_ changes: StateChanges, _ state: ClusterState, _ at: Instant) -> [Breach] {
        var found: [Breach] = []
        var given: [NodeRow] = []
        for change in changes.nodes {
            guard let before = change.before, let row = change.after, !row.provider.isEmpty,
                before.phase == .ready, row.phase == .terminating || row.phase == .draining
            else { continue }
            given.append(row)
            // An idle one may be drained and gone within one look.
            guard row.phase == .terminating, row.drainDeadline == nil, before.idleSince == nil else {
                continue
            }
            found += limit(row, state, at)
        }
        if let silent = unready(given, state, at) {
            for row in given where !isTakenAway(row, state) {
                found.append(Breach("I-06", "\(row.id) is given up while \(silent): \(row.why)"))
            }
        }
        return found
    }

    private mutating func limit(_ row: NodeRow, _ state: ClusterState, _ at: Instant) -> [Breach] {
        let recent = (ended[row.type] ?? []).filter { at.now - $0 < Self.window - Self.margin } + [at.now]
        ended[row.type] = recent
        // Those that went within the window were of the pool when they did.
        let there = state.nodes.values.count {
            $0.type == row.type && ($0.phase == .ready || $0.phase == .draining)
        }
        let most = max(1, (there + recent.count) * Self.percentMax / 100)
        guard recent.count > most else { return [] }
        return [
            Breach(
                "I-06",
                "\(row.id) is the \(recent.count)th of \(there + recent.count) nodes of \(row.type) "
                    + "given up within \(Self.window.rawValue / 60_000) min: \(row.why)")
        ]
    }

    /// Nil: enough are heard.
    private func unready(_ given: [NodeRow], _ state: ClusterState, _ at: Instant) -> String? {
        guard !given.isEmpty, let settings = state.setting?.settings else { return nil }
        let going = Set(given.map(\.id))
        let serving = state.nodes.values.filter {
            !$0.provider.isEmpty && ($0.phase == .ready || $0.phase == .draining || going.contains($0.id))
        }
        let silent = serving.count { node in
            let heard = max(
                at.last(node.heardAt, of: node.id.rawValue), node.joinedAt ?? Moment(Int64.min / 2))
            return at.silence(of: heard, for: .nodes) >= settings.agentSilent + Self.margin
        }
        guard silent > Self.unreadyMax, silent * 100 > Self.unreadyPercentMax * serving.count else {
            return nil
        }
        return "\(silent) of \(serving.count) nodes are not heard"
    }

    private func isTakenAway(_ row: NodeRow, _ state: ClusterState) -> Bool {
        row.instance.flatMap { state.instances[$0]?.preemptedAt } != nil
    }
}
