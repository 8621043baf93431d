import Foundation
import Model
import Schema
import Store
import Testing

@Suite struct ReaderTests {
    private let place: Place
    private let store: Store

    init() throws {
        place = try Place()
        store = try place.open(.serve)
        try store.commit { write in for serial in 1...5 { try write.put(replica(Int64(serial))) } }
    }

    @Test func itAnswersWhileAndAfterTheClusterRuns() throws {
        let reader = try StoreReader(directory: place.path)
        let sql = "SELECT serial, buys, settings_json ->> '$.resources.CPU' FROM replica WHERE serial = 1"
        #expect(try reader.query(sql).rows == [[.integer(1), .integer(0), .integer(1500)]])
        try store.commit { try $0.put(replica(6)) }
        let one = try reader.query("SELECT count(*) FROM replica WHERE serial > ?", [.integer(1)])
        #expect(one.rows == [[.integer(5)]])
        store.close()
        let later = try StoreReader(directory: place.path)
        #expect(try later.query("SELECT count(*) FROM replica").rows == [[.integer(6)]])
    }

    @Test(arguments: [
        "DELETE FROM replica", "CREATE TABLE t (a)", "ATTACH '/tmp/x' AS x", "VACUUM INTO '/tmp/x'",
        "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA user_version = 7", "SELECT 1; SELECT 2", "",
        "SELECT load_extension('x')", "nonsense", "SELECT zeroblob(100000000)",
    ])
    func itOnlyReads(_ sql: String) throws {
        let reader = try StoreReader(directory: place.path)
        #expect(throws: StoreError.self) { try reader.query(sql) }
        #expect(try reader.query("SELECT count(*) FROM replica").rows == [[.integer(5)]])
        let version = Int64(Schema.migrations.last?.version ?? 0)
        #expect(try store.query("PRAGMA user_version").rows == [[.integer(version)]])
    }

    @Test func itKeepsNoTransactionOpen() throws {
        let reader = try StoreReader(directory: place.path)
        #expect(try reader.query("BEGIN").rows.isEmpty)
        try store.commit { try $0.put(replica(6)) }
        #expect(try reader.query("SELECT count(*) FROM replica").rows == [[.integer(6)]])
    }

    @Test func rowsAndTimeAreBounded() throws {
        let reader = try StoreReader(directory: place.path)
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
        let cut = try reader.query(endless + "i FROM n", rowsMax: 3)
        #expect(cut.rows.count == 3 && cut.truncated)
        #expect(try !reader.query("SELECT serial FROM replica", rowsMax: 5).truncated)
        let error = #expect(throws: StoreError.self) {
            try reader.query(endless + "max(i) FROM n", timeMax: Millis(50))
        }
        #expect(error?.description.contains("longer than") == true)
        #expect(try reader.query("SELECT 1").rows == [[.integer(1)]])
    }

    @Test func aMissingDatabaseSaysHowToStartOne() throws {
        let error = #expect(throws: StoreError.self) { try StoreReader(directory: "/nonexistent") }
        #expect(error?.description.contains("tandem up --state /nonexistent") == true)
    }
}
