import Model
import Store

extension Explanation {
    /// - Returns: whether there is such a node, gone or not.
    mutating func node(_ ask: Ask) throws(StoreError) -> Bool {
        let rows = try AnswerRow.all(
            ask,
            """
            SELECT n.type, n.phase, n.zone, n.capacity_type, n.instance, n.why, n.last_error, n.provider,
              n.microusd_per_hour, c.now_ms - n.created_ms AS age, c.now_ms - n.phase_ms AS phase_age,
              n.joined_ms - n.created_ms AS joined, c.now_ms - n.heard_ms AS silent, k.words, c.now_ms - k.since_ms AS kept,
              (SELECT count(*) FROM placement p WHERE p.node = n.id
                AND p.phase IN ('assigned', 'starting', 'ready', 'stopping')) AS replicas,
              (SELECT reason FROM drain_request d WHERE d.node = n.id) AS drain, s.code AS move, s.detail AS move_detail
            FROM node n LEFT JOIN kept k ON k.node = n.id LEFT JOIN node_stay s ON s.node = n.id CROSS JOIN clock_now c
            WHERE n.id = ?
            """, [.text(name)])
        guard let row = rows.first else { return false }
        let place = [row.text("capacity_type"), row.text("zone")].filter { !$0.isEmpty }.joined(
            separator: ", ")
        let since = SpanWords.text(row.number("phase_age") ?? 0)
        sentences.append(
            "\(name) is a node of type \(row.text("type"))\(place.isEmpty ? "" : " (\(place))"); "
                + "it has been \(row.text("phase")) for \(since).")
        try tellPurchase(ask)
        if let joined = row.number("joined") {
            sentences.append("Its agent said hello \(SpanWords.text(joined)) after it was decided.")
        }
        let words = row.text("words")
        switch row.text("phase") {
        case "gone", "terminating": sentences.append("It was given up: \(Self.phrase(row.text("why"))).")
        case _ where words.isEmpty: break
        default:
            sentences.append(
                "It is not given back, since \(SpanWords.text(row.number("kept") ?? 0)): \(Self.phrase(words))."
            )
        }
        if row.number("replicas") ?? 0 > 0, row.text("phase") == "ready",
            let words = StayWords.sentence(row.text("move"), row.text("move_detail"))
        {
            sentences.append(words)
        }
        if !row.text("drain").isEmpty {
            sentences.append(
                "The serve tier is asked to move what runs there: \(Self.phrase(row.text("drain"))).")
        }
        if !row.text("last_error").isEmpty {
            sentences.append("The provider's latest error: \(Self.phrase(row.text("last_error"))).")
        }
        try tellCost(row, ask)
        return true
    }

    /// Without its full stop.
    static func phrase(_ words: String) -> String {
        words.hasSuffix(".") ? String(words.dropLast()) : words
    }

    private mutating func tellPurchase(_ ask: Ask) throws(StoreError) {
        let launch = try AnswerRow.all(
            ask,
            """
            SELECT reason, refusals_json, inputs_json ->> '$.plan_microusd_per_hour' AS cost,
              inputs_json ->> '$.bound_microusd_per_hour' AS bound
            FROM node_decision WHERE kind = 'launch' AND subject = ? ORDER BY id DESC LIMIT 1
            """, [.text(name)])
        guard let launch = launch.first else { return }
        sentences.append("It was bought because: \(Self.phrase(launch.text("reason"))).")
        if let cost = launch.number("cost"), let bound = launch.number("bound") {
            // A bound of nothing says nothing.
            sentences.append(
                "All that was bought then costs \(Money.text(cost)) USD an hour"
                    + (bound > 0 ? "; no choice could have cost less than \(Money.text(bound))." : "."))
        }
        add(StoreJSON.value(launch.text("refusals_json")) ?? [], to: name)
    }

    private mutating func tellCost(_ row: AnswerRow, _ ask: Ask) throws(StoreError) {
        guard !row.text("provider").isEmpty else {
            sentences.append("It costs nothing that Tandem knows of.")
            return
        }
        let lines = try AnswerRow.all(
            ask,
            """
            SELECT iif(cause = 'deployment', deployment, cause) AS owner, microusd_per_hour, sum(time_us) AS time_us
            FROM cost_lines WHERE node = ? GROUP BY cause, deployment, microusd_per_hour ORDER BY time_us DESC
            """, [.text(name)])
        let costs = lines.map { line in
            (
                line.text("owner"),
                Int128(line.number("time_us") ?? 0) * Int128(line.number("microusd_per_hour") ?? 0)
                    / CostStatement.perMicrodollar
            )
        }
        let parts = costs.map { "\($0.0) \(Money.text(Int64($0.1)))" }.joined(separator: ", ")
        let price = Money.text(row.number("microusd_per_hour") ?? 0)
        let total = Money.text(Int64(costs.reduce(0) { $0 + $1.1 }))
        sentences.append(
            parts.isEmpty
                ? "Nothing has been paid for it yet; its price is \(price) USD an hour."
                : "It costs \(price) USD an hour and has cost \(total) USD: \(parts).")
    }
}
