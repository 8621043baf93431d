import Model
import Store

/// Which rows about failures a step has changed; whether each is written or deleted says the state.
struct TouchedFailures {
    var paces: Set<String> = []
    var holds: Set<String> = []
    var troubles: Set<NodeID> = []

    var isEmpty: Bool { paces.isEmpty && holds.isEmpty && troubles.isEmpty }
    var words: [String] { Array(paces) + Array(holds) + troubles.map(\.rawValue) }
}

extension NodeStep {
    mutating func put(_ row: ProviderPaceRow) {
        guard state.paces[row.provider] != row else { return }
        state.paces[row.provider] = row
        failures.paces.insert(row.provider)
    }

    mutating func forget(pace provider: String) {
        guard state.paces.removeValue(forKey: provider) != nil else { return }
        failures.paces.insert(provider)
    }

    mutating func put(_ row: NodeTroubleRow) {
        guard state.troubles[row.node] != row else { return }
        state.troubles[row.node] = row
        failures.troubles.insert(row.node)
    }

    mutating func forget(trouble node: NodeID) {
        guard state.troubles.removeValue(forKey: node) != nil else { return }
        failures.troubles.insert(node)
    }

    /// Something is not done for now. The first time is a decision; after that the row says how things stand.
    mutating func hold(_ scope: String, _ count: Int, of among: Int, rule: String, because reason: String) {
        let known = state.holds[scope]
        if known == nil {
            decisions.append(
                Decision(
                    .hold, scope, after: "held", rule: rule, reason: reason,
                    inputs: [.init("count", Int64(count)), .init("among", Int64(among))]))
        }
        let row = HoldRow(
            scope: scope, since: known?.since ?? now, count: count, among: among, reason: reason)
        guard known != row else { return }
        state.holds[scope] = row
        failures.holds.insert(scope)
    }

    mutating func release(_ scope: String, rule: String, because reason: @autoclosure () -> String) {
        guard let known = state.holds.removeValue(forKey: scope) else { return }
        failures.holds.insert(scope)
        decisions.append(
            Decision(
                .resume, scope, before: "held", rule: rule, reason: reason(),
                inputs: [.init("held_ms", (now - known.since).rawValue)]))
    }

    /// Lets go of what is long over.
    mutating func ageFailures() {
        ageAvailability()
        agePace()
        ageTroubles()
    }

    func writeFailures(to transaction: StoreTransaction) throws {
        for key in failures.paces.sorted() {
            if let row = state.paces[key] {
                try transaction.put(row)
            } else {
                try transaction.delete(ProviderPaceRow.self, key)
            }
        }
        for key in failures.holds.sorted() {
            if let row = state.holds[key] {
                try transaction.put(row)
            } else {
                try transaction.delete(HoldRow.self, key)
            }
        }
        for key in failures.troubles.sorted() {
            if let row = state.troubles[key] {
                try transaction.put(row)
            } else {
                try transaction.delete(NodeTroubleRow.self, key)
            }
        }
    }
}
