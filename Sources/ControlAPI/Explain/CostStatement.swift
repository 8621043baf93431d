import Model
import Store

/// What has been paid and for what: `tandem cost`. Every sum is exact until it is shown.
package struct CostStatement: Codable, Equatable, Sendable {
    /// How the lines are made.
    package enum Grouping: String, Codable, CaseIterable, Sendable {
        case deployment, cause, node, type
    }

    /// One owner of time, or one node or type.
    package struct Line: Codable, Equatable, Sendable {
        /// A deployment, cause, node or type; of time that is no deployment's, the cause in brackets.
        package var name: String
        /// What is paid for it an hour, now.
        package var microusdPerHour: Int64
        /// Node time: a whole node's microseconds.
        package var timeUs: Int64
        /// Of the exact sum, what is less than one of them is left out.
        package var microusd: Int64
    }

    package var by: Grouping
    package var lines: [Line] = []
    /// Of all lines, from the exact sum.
    package var microusd: Int64 = 0
    package var microusdPerHour: Int64 = 0
    package var timeUs: Int64 = 0
    /// Machines that the provider never said when they ended.
    package var estimates: Int64 = 0
    /// There were more lines than can be shown.
    package var isCut = false

    /// Thousandths of a node times milliseconds times microdollars an hour, to microdollars.
    static let perMicrodollar = Int128(3_600_000_000)

    package static func read(by grouping: Grouping, _ ask: Ask) throws(StoreError) -> CostStatement {
        let name =
            switch grouping {
            case .deployment: "iif(cause = 'deployment', deployment, '(' || cause || ')')"
            case .cause: "cause"
            case .node: "iif(node = '', '(earlier)', node)"
            case .type: "iif(type = '', '(earlier)', type)"
            }
        let answer = try ask(
            """
            SELECT \(name) AS name, microusd_per_hour, sum(time_us) AS time_us, sum(milli) AS milli
            FROM cost_lines GROUP BY 1, 2 ORDER BY 1, 2
            """, [])
        var statement = CostStatement(by: grouping)
        statement.isCut = answer.truncated
        var sums: [String: (cost: Int128, rate: Int128, time: Int64)] = [:]
        for row in answer.rows.map({ AnswerRow(answer.columns, $0) }) {
            let price = Int128(row.number("microusd_per_hour") ?? 0)
            let time = row.number("time_us") ?? 0
            var sum = sums[row.text("name")] ?? (0, 0, 0)
            sum.cost += price * Int128(time)
            sum.rate += price * Int128(row.number("milli") ?? 0)
            sum.time += time
            sums[row.text("name")] = sum
        }
        statement.lines = sums.map { name, sum in
            Line(
                name: name, microusdPerHour: Int64(sum.rate / 1_000), timeUs: sum.time,
                microusd: Int64(sum.cost / perMicrodollar))
        }.sorted { $0.microusd != $1.microusd ? $0.microusd > $1.microusd : $0.name < $1.name }
        statement.microusd = Int64(sums.values.reduce(0) { $0 + $1.cost } / perMicrodollar)
        statement.microusdPerHour = Int64(sums.values.reduce(0) { $0 + $1.rate } / 1_000)
        statement.timeUs = sums.values.reduce(0) { $0 + $1.time }
        statement.estimates =
            try AnswerRow.all(ask, "SELECT count(*) AS n FROM cost_account WHERE is_estimate = 1").first?
            .number("n") ?? 0
        return statement
    }
}
