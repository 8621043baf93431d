import Model

/// One table as a Swift value. `columns` are in the order in which `write` puts them and `init(reading:)` takes
/// them; StoreTests holds them equal to the table.
package protocol StoreRow: Equatable, Sendable {
    associatedtype Key: StoreKey
    /// Names of table, primary key and columns.
    static var sql: RowSQL { get }
    var key: Key { get }
    init(reading columns: inout ColumnReader) throws(StoreError)
    func write(to columns: inout ColumnWriter) throws(StoreError)
}

/// The value of a primary key, as SQL sees it and as the table `change` spells it.
package protocol StoreKey: Hashable, Comparable, Sendable {
    init(keyText: String)
    var keyText: String { get }
}

extension String: StoreKey {
    package init(keyText: String) { self = keyText }
    package var keyText: String { self }
}

extension NodeID: StoreKey {
    package init(keyText: String) { self.init(keyText) }
    package var keyText: String { rawValue }
}

extension DeploymentID: StoreKey {
    package init(keyText: String) { self.init(keyText) }
    package var keyText: String { rawValue }
}

extension ReplicaID: StoreKey {
    package init(keyText: String) { self.init(keyText) }
    package var keyText: String { rawValue }
}

/// A value in a column.
package enum StoreValue: Equatable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// The statements for one table, spelled once.
package struct RowSQL: Sendable {
    package let table: String
    /// Columns of the primary key; one for every table that `ClusterState` mirrors.
    package let key: [String]
    package let columns: [String]
    let selectAll: String
    let selectOne: String
    /// Writes the row, or nothing when the stored one is equal: an unchanged row makes no change entry.
    let upsert: String
    /// Writes the row unless its key is there.
    let insertNew: String
    let delete: String

    package init(_ table: String, key: [String], columns: [String]) {
        self.table = table
        self.key = key
        self.columns = columns
        let list = columns.joined(separator: ", ")
        let keyIs = key.map { "\($0) = ?" }.joined(separator: " AND ")
        let rest = columns.filter { !key.contains($0) }
        let insert =
            "INSERT INTO \(table) (\(list)) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
            + " ON CONFLICT (\(key.joined(separator: ", "))) DO "
        selectAll = "SELECT \(list) FROM \(table)"
        selectOne = "SELECT \(list) FROM \(table) WHERE \(keyIs)"
        delete = "DELETE FROM \(table) WHERE \(keyIs)"
        insertNew = insert + "NOTHING"
        upsert =
            insert + "UPDATE SET " + rest.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            + " WHERE " + rest.map { "\(table).\($0) IS NOT excluded.\($0)" }.joined(separator: " OR ")
    }
}
