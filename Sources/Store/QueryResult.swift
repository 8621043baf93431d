import Foundation
import GRDB

/// The answer to a question in SQL.
package struct QueryResult: Equatable, Sendable {
    /// Past this the answer is cut and says so.
    package static let rowsMax = 10_000

    package var columns: [String]
    package var rows: [[StoreValue]]
    /// There were more rows than the bound.
    package var truncated: Bool

    init(_ statement: Statement, _ arguments: [StoreValue], rowsMax: Int) throws {
        columns = statement.columnNames
        rows = []
        truncated = false
        let cursor = try Row.fetchCursor(
            statement, arguments: StatementArguments(arguments.map(\.databaseValue)))
        while let row = try cursor.next() {
            guard rows.count < rowsMax else {
                truncated = true
                return
            }
            rows.append(row.databaseValues.map(StoreValue.init))
        }
    }
}

extension StoreValue {
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .real(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(Array(data))
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }

    /// As a shell shows it; null is empty, bytes are hexadecimal.
    package var text: String {
        switch self {
        case .null: ""
        case .integer(let number): String(number)
        case .real(let number): String(number)
        case .text(let text): text
        case .blob(let bytes):
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
}
