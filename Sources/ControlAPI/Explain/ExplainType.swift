import Model
import Store

extension Explanation {
    /// Waiting replicas whose answers are read.
    private static let waitingMax = 1_000

    /// - Returns: whether there is such a node type.
    mutating func type(_ ask: Ask) throws(StoreError) -> Bool {
        let rows = try AnswerRow.all(
            ask,
            "SELECT resources_json, min_workers, max_workers, idle_timeout_ms FROM node_type WHERE name = ?",
            [.text(name)])
        guard let row = rows.first else { return false }
        let resources: Resources = StoreJSON.value(row.text("resources_json")) ?? Resources()
        let idle = SpanWords.text(row.number("idle_timeout_ms") ?? 0)
        sentences.append(
            "\(name) has \(resources); from \(row.text("min_workers")) to \(row.text("max_workers")) nodes of it are "
                + "kept, an idle one for \(idle).")
        try tellNodes(ask)
        try tellAvailability(ask)
        for waiting in try AnswerRow.all(
            ask,
            """
            SELECT replica, refusals_json FROM placement WHERE phase = 'pending' ORDER BY replica LIMIT \(Self.waitingMax)
            """)
        {
            let refusals: [Refusal] = StoreJSON.value(waiting.text("refusals_json")) ?? []
            add(refusals.filter { $0.candidate == name }, to: waiting.text("replica"))
        }
        if !reasons.isEmpty { sentences.append("What it answers replicas that wait is below.") }
        let statement = try CostStatement.read(by: .type, ask)
        if let line = statement.lines.first(where: { $0.name == name }) {
            let (rate, sum) = (Money.text(line.microusdPerHour), Money.text(line.microusd))
            sentences.append("Its nodes cost \(rate) USD an hour and have cost \(sum) USD.")
        }
        return true
    }

    private mutating func tellNodes(_ ask: Ask) throws(StoreError) {
        let phases = try AnswerRow.all(
            ask,
            "SELECT phase, count(*) AS n FROM node WHERE type = ? AND phase <> 'gone' GROUP BY phase ORDER BY phase",
            [.text(name)])
        let words = phases.map { "\($0.text("n")) \($0.text("phase"))" }.joined(separator: ", ")
        sentences.append(words.isEmpty ? "There is no node of it." : "Its nodes: \(words).")
    }

    private mutating func tellAvailability(_ ask: Ask) throws(StoreError) {
        let blocked = try AnswerRow.all(
            ask,
            """
            SELECT a.offering, a.failures, a.reason, a.until_ms - c.now_ms AS rest FROM availability a
            CROSS JOIN clock_now c
            WHERE a.until_ms > c.now_ms
              AND substr(a.offering || '/', instr(a.offering, '/') + 1, length(?1) + 1) = ?1 || '/'
            ORDER BY a.offering
            """, [.text(name)])
        for row in blocked {
            let rest = SpanWords.text(row.number("rest") ?? 0)
            sentences.append(
                "\(row.text("offering")) is not asked for in the next \(rest), after \(row.text("failures")) failures: "
                    + "\(Self.phrase(row.text("reason"))).")
        }
    }
}
