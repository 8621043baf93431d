import Model
import Store

extension Explanation {
    /// - Returns: whether there is such a deployment.
    mutating func deployment(_ ask: Ask) throws(StoreError) -> Bool {
        let rows = try AnswerRow.all(
            ask,
            """
            SELECT n.target, n.status, n.message, n.ready, n.starting, n.pending, n.ending, n.min_replicas,
              n.max_replicas, d.scaled_to, w.before, w.after, w.rule, w.reason, w.inputs
            FROM deployments_now n JOIN deployment d ON d.id = n.deployment
              LEFT JOIN why_replicas w ON w.deployment = n.deployment WHERE n.deployment = ?
            """, [.text(name)])
        guard let row = rows.first else { return false }
        let (target, least, most) = (
            row.number("target") ?? 0, row.text("min_replicas"), row.text("max_replicas")
        )
        let bounds =
            if least != most {
                "from \(least) to \(most)"
            } else if let scaled = row.number("scaled_to") {
                "\(scaled) by tandem scale, \(least) in its file"
            } else {
                "always \(least)"
            }
        let counts = [
            "\(row.number("ready") ?? 0) are ready", "\(row.number("starting") ?? 0) are starting",
            "\(row.number("pending") ?? 0) wait for a node", "\(row.number("ending") ?? 0) are ending",
        ]
        sentences.append(
            "\(name) wants \(target) \(target == 1 ? "replica" : "replicas") (\(bounds)): "
                + counts.joined(separator: ", ") + ".")
        if row.text("reason").isEmpty {
            sentences.append("The target has not changed since it was deployed.")
        } else {
            sentences.append(
                "The target went from \(row.text("before")) to \(row.text("after")) by rule \(row.text("rule")): "
                    + "\(Self.phrase(row.text("reason"))).")
            sentences += try figures(row.text("inputs"), ask)
        }
        if !row.text("message").isEmpty {
            sentences.append("It is \(row.text("status")): \(Self.phrase(row.text("message"))).")
        }
        if row.number("pending") ?? 0 > 0 { try tellWaiting(ask) }
        try tellShare(ask)
        return true
    }

    /// The figures that the rule read, in one line.
    private func figures(_ inputs: String, _ ask: Ask) throws(StoreError) -> [String] {
        let rows = try AnswerRow.all(ask, "SELECT key, value FROM json_each(?)", [.text(inputs)])
        guard !rows.isEmpty else { return [] }
        return ["It read: \(rows.map { "\($0.text("key")) \($0.text("value"))" }.joined(separator: ", "))."]
    }

    /// What it would take to place the rest.
    private mutating func tellWaiting(_ ask: Ask) throws(StoreError) {
        let waiting = try AnswerRow.all(
            ask,
            """
            SELECT r.id, coalesce(p.refusals_json, '[]') AS refusals, coalesce(p.resources_json, '{}') AS resources
            FROM replica r LEFT JOIN placement p ON p.replica = r.id
            WHERE r.deployment = ? AND r.phase = 'wanted' AND coalesce(p.phase, 'pending') = 'pending' ORDER BY r.serial
            """, [.text(name)])
        var coming = 0
        var sum = Resources()
        for row in waiting {
            let refusals: [Refusal] = StoreJSON.value(row.text("refusals")) ?? []
            sum = sum + (StoreJSON.value(row.text("resources")) ?? Resources())
            if refusals.contains(where: { $0.code == .coming }) { coming += 1 }
            add(refusals, to: row.text("id"))
        }
        if coming > 0 {
            sentences.append("For \(coming) of those that wait a node is on its way.")
        }
        if coming < waiting.count {
            let ways = waysOut.isEmpty ? "" : "; what would help: \(waysOut.joined(separator: "; "))"
            sentences.append("Those that wait ask for \(sum) together\(ways).")
        }
    }

    private mutating func tellShare(_ ask: Ask) throws(StoreError) {
        let statement = try CostStatement.read(by: .deployment, ask)
        guard let line = statement.lines.first(where: { $0.name == name }) else { return }
        let (rate, sum) = (Money.text(line.microusdPerHour), Money.text(line.microusd))
        sentences.append(
            "It costs \(rate) USD an hour and has cost \(sum) USD of \(Money.text(statement.microusd)).")
    }
}
