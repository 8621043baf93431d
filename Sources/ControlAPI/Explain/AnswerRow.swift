import Store

/// A question to the cluster's database, by whoever can read it: a tier, or a person's command while all tiers are down.
package typealias Ask = (_ sql: String, _ arguments: [StoreValue]) throws(StoreError) -> QueryResult

/// One row of an answer by the names of its columns.
struct AnswerRow {
    private let values: [String: StoreValue]

    init(_ columns: [String], _ row: [StoreValue]) {
        values = Dictionary(zip(columns, row), uniquingKeysWith: { first, _ in first })
    }

    func text(_ name: String) -> String {
        switch values[name] {
        case .text(let text): text
        case .integer(let number): "\(number)"
        case .real, .blob, .null, nil: ""
        }
    }

    func number(_ name: String) -> Int64? {
        if case .integer(let number)? = values[name] { return number }
        return nil
    }

    static func all(_ ask: Ask, _ sql: String, _ arguments: [StoreValue] = []) throws(StoreError)
        -> [AnswerRow]
    {
        let answer = try ask(sql, arguments)
        return answer.rows.map { AnswerRow(answer.columns, $0) }
    }

    /// The texts of the first column.
    static func names(_ ask: Ask, _ sql: String) throws(StoreError) -> [String] {
        try ask(sql, []).rows.compactMap { row in
            if case .text(let text)? = row.first { return text }
            return nil
        }
    }
}
