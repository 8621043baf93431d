import Model

/// How many more nodes may be disturbed for a cause, and which budget says so.
package struct Allowance: Hashable, Sendable {
    package var nodes: Int
    /// The strictest budget, in words.
    package var reason: String
    /// A budget with a schedule has a say: another minute may bring another answer.
    package var isTimed: Bool

    /// - Parameters:
    ///   - budgets: none: one of a tenth of the nodes for everything (Karpenter's default).
    ///   - there: nodes that are there, whatever they do.
    ///   - disturbed: nodes that are being disturbed already, or are not ready.
    package init(
        _ budgets: [DisruptionBudget], for cause: DisruptionCause, there: Int, disturbed: Int,
        unixMinute: Int64
    ) {
        nodes = .max
        reason = ""
        isTimed = false
        for budget in budgets.isEmpty ? [DisruptionBudget()] : budgets
        where budget.causes.isEmpty || budget.causes.contains(cause) {
            if let schedule = budget.schedule {
                isTimed = true
                guard schedule.holds(for: budget.duration, at: unixMinute) else { continue }
            }
            let most: Int
            switch budget.nodes {
            case .count(let count): most = count
            // A percentage is rounded up, so that a small cluster is not left as it is for ever.
            case .percent(let percent): most = (there * percent + 99) / 100
            }
            let open = max(0, most - disturbed)
            guard open < nodes else { continue }
            nodes = open
            reason = "\(budget.words) of \(there) may be disturbed at a time, \(disturbed) are"
        }
    }
}

extension DisruptionBudget {
    fileprivate var words: String {
        let amount =
            switch nodes {
            case .count(let count): "\(count)"
            case .percent(let percent): "\(percent) %"
            }
        return schedule.map { "\(amount) (from \($0.text) on)" } ?? amount
    }
}
