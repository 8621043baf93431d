import Model
import Store

extension Explanation {
    /// - Returns: whether there is such a replica.
    mutating func replica(_ ask: Ask) throws(StoreError) -> Bool {
        let rows = try AnswerRow.all(
            ask,
            """
            SELECT r.phase AS wanted, p.phase, p.node, p.host || ':' || p.port AS address, r.buys, r.stop_reason,
              r.version, c.now_ms - r.created_ms AS age, c.now_ms - p.pending_ms AS pending, c.now_ms - p.ready_ms AS ready,
              r.drain_deadline_ms - c.now_ms AS deadline, p.unwell_text, c.now_ms - p.unwell_ms AS unwell,
              p.exit_text, p.resources_json, p.refusals_json
            FROM replica r LEFT JOIN placement p ON p.replica = r.id CROSS JOIN clock_now c WHERE r.id = ?
            """, [.text(name)])
        guard let row = rows.first else { return false }
        sentences.append(
            "\(name) was ordered \(SpanWords.text(row.number("age") ?? 0)) ago with version \(row.text("version"))."
        )
        if row.text("wanted") != "wanted" { sentences.append(ending(row)) }
        switch row.text("phase") {
        case "": sentences.append("The node tier has not seen it yet.")
        case "pending": tellWaiting(row)
        case "assigned", "starting":
            sentences.append("It is \(row.text("phase")) on \(row.text("node")).")
        case "ready":
            let since = SpanWords.text(row.number("ready") ?? 0)
            sentences.append(
                "It has been ready for \(since) on \(row.text("node")), at \(row.text("address")).")
        default:
            let exit = row.text("exit_text")
            sentences.append("It is \(row.text("phase"))\(exit.isEmpty ? "" : ": \(exit)").")
        }
        if let unwell = row.number("unwell") {
            sentences.append(
                "It has failed its health check for \(SpanWords.text(unwell)): \(row.text("unwell_text")).")
        }
        return true
    }

    private func ending(_ row: AnswerRow) -> String {
        let deadline = row.number("deadline").map { ", at the latest in \(SpanWords.text($0))" } ?? ""
        return "It is being ended\(deadline): \(row.text("stop_reason"))."
    }

    private mutating func tellWaiting(_ row: AnswerRow) {
        let refusals: [Refusal] = StoreJSON.value(row.text("refusals_json")) ?? []
        let asked: Resources = StoreJSON.value(row.text("resources_json")) ?? Resources()
        sentences.append(
            "It has waited for a node for \(SpanWords.text(row.number("pending") ?? 0)); it asks for \(asked)."
        )
        add(refusals, to: name)
        if refusals.isEmpty { sentences.append("No node and no node type has been asked yet.") }
        if refusals.contains(where: { $0.code == .coming }) {
            sentences.append("Nothing needs to be done: its node is on its way.")
        } else if !waysOut.isEmpty {
            sentences.append("What would help: \(waysOut.joined(separator: "; ")).")
        }
    }
}
