import Foundation
import Model
import Schema
import Store
import Testing

@Suite struct OpeningTests {
    @Test func aNewerDatabaseIsLeftAlone() throws {
        let place = try Place()
        try place.open(.serve).close()
        try place.shell("PRAGMA user_version = 99")
        #expect(throws: StoreError.newerSchema(found: 99, known: Schema.migrations.last?.version ?? 0)) {
            try place.open(.serve)
        }
        #expect(throws: StoreError.newerSchema(found: 99, known: Schema.migrations.last?.version ?? 0)) {
            try StoreReader(directory: place.path)
        }
        #expect(try place.shell("SELECT epoch FROM role", ["-readonly"]) == "1\n")
    }

    @Test func aRunningTierStopsWritingUnderANewerSchema() throws {
        let place = try Place()
        let store = try place.open(.serve)
        try place.shell("PRAGMA user_version = 99")
        #expect(throws: StoreError.newerSchema(found: 99, known: Schema.migrations.last?.version ?? 0)) {
            try store.commit { try $0.put(replica(1)) }
        }
    }

    @Test func anotherProgramsDatabaseIsRefused() throws {
        let place = try Place()
        try FileManager.default.createDirectory(
            atPath: place.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try place.shell("CREATE TABLE theirs (a)")
        let error = #expect(throws: StoreError.self) { try place.open(.serve) }
        #expect(error?.description.contains("another program") == true)
        try Data("not a database at all, but long enough to be looked at".utf8)
            .write(to: URL(fileURLWithPath: place.path + "/tandem.sqlite"))
        guard case .corrupt? = #expect(throws: StoreError.self, performing: { try place.open(.serve) }) else {
            Issue.record("a text file is damage")
            return
        }
    }

    @Test func theDirectoryMustBeOursToWrite() throws {
        let place = try Place()
        try FileManager.default.createDirectory(
            atPath: place.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o775])
        chmod(place.path, 0o775)
        let open = #expect(throws: StoreError.self) { try place.open(.serve) }
        #expect(open?.description.contains("chmod go-w") == true)
        chmod(place.path, 0o755)
        try Data().write(to: URL(fileURLWithPath: place.path + "/file"))
        for path in [place.path + "/file", place.path + "/file/below"] {
            let error = #expect(throws: StoreError.self) { try Store.open(.directory(path), role: .serve) }
            #expect(error?.description.contains(path) == true)
            #expect(error?.description.contains("--state") == true)
        }
    }

    /// Views and guards that differ from the program's are made again.
    @Test func viewsAreMadeAgain() throws {
        let place = try Place()
        try place.open(.serve).close()
        try place.shell("DROP VIEW timeline; CREATE VIEW stale AS SELECT 1")
        try place.shell("DROP TRIGGER guard_cluster_update")
        try place.shell("UPDATE cluster SET derived_hash = 'old'")
        let store = try place.open(.serve)
        #expect(try store.query("SELECT count(*) FROM timeline").rows == [[.integer(0)]])
        #expect(throws: StoreError.self) { try store.query("SELECT * FROM stale") }
        #expect(try place.shell("UPDATE cluster SET derived_hash = ''").contains("tandem_role"))
    }

    /// Though nothing says that they differ.
    @Test func aMissingGuardIsMadeAgainAndAChangedTableIsDamage() throws {
        let place = try Place()
        try place.open(.serve).close()
        try place.shell("DROP TRIGGER guard_cluster_update; DROP VIEW timeline")
        let store = try place.open(.serve)
        #expect(try store.query("SELECT count(*) FROM timeline").rows == [[.integer(0)]])
        #expect(try place.shell("UPDATE cluster SET uuid = ''").contains("tandem_role"))
        store.close()
        try place.shell("CREATE TABLE added (a)")
        try place.open(.serve).close()
        try place.shell("DROP INDEX replica_by_deployment")
        let error = #expect(throws: StoreError.self) { try place.open(.serve) }
        #expect(error?.description.contains("replica_by_deployment") == true)
        #expect(error?.asksForSafeMode == true)
    }

    @Test func aPersonsOpenTransactionIsBusyAndNothingMore() throws {
        let place = try Place()
        let store = try place.open(.serve)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        shell.arguments = ["-batch", place.path + "/tandem.sqlite"]
        let (input, output) = (Pipe(), Pipe())
        shell.standardInput = input
        shell.standardOutput = output
        try shell.run()
        input.fileHandleForWriting.write(Data("BEGIN IMMEDIATE;\nSELECT 'held';\n".utf8))
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "held\n")
        let error = #expect(throws: StoreError.self) { try store.commit { try $0.put(replica(1)) } }
        guard case .busy? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        input.fileHandleForWriting.write(Data("ROLLBACK;\n.quit\n".utf8))
        shell.waitUntilExit()
        try store.commit { try $0.put(replica(1)) }
        #expect(try store.state().replicas.count == 1)
    }

    @Test func theBellIsHeardAlsoInADeepDirectory() throws {
        let place = try Place(String(repeating: "deep/", count: 30) + "state")
        let serve = try place.open(.serve)
        let nodes = try place.open(.nodes)
        let bell = try #require(serve.doorbell)
        #expect(bell.drain() == 0)
        try nodes.commit { try $0.put(node(1)) }
        var poll = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(Foundation.poll(&poll, 1, 5_000) == 1)
        #expect(bell.drain() == 1)
        #expect(bell.drain() == 0)
        for _ in 0..<100 { nodes.doorbell?.ring(.serve) }  // a full bell stops nobody
        #expect(bell.drain() > 0)
        serve.close()
        #expect(nodes.doorbell?.ring(.serve) == false)
        try nodes.commit { try $0.put(node(2)) }
    }
}
