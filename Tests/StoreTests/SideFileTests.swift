import Foundation
import Model
import Store
import Testing

/// F36, F38: `cluster.json` is whole at every moment, never ahead of the database, and kept by both tiers.
@Suite struct SideFileTests {
    private let place: Place
    private var path: String { place.path + "/cluster.json" }

    init() throws {
        place = try Place()
    }

    private func identity() throws -> StateIdentity {
        try #require(try StateIdentity.read(directory: place.path))
    }

    @Test func itIsWrittenWhenTheClusterGoesOn() throws {
        #expect(try StateIdentity.read(directory: place.path) == nil)
        let serve = try place.open(.serve)
        let first = try identity()
        #expect(
            first
                == StateIdentity(
                    uuid: serve.clusterUUID, clusterGeneration: serve.clusterGeneration, serveEpoch: 1,
                    nodesEpoch: 0, change: 0))
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        #expect(facts[.posixPermissions] as? Int == 0o644)
        let nodes = try place.open(.nodes)
        #expect(try identity().nodesEpoch == 1)
        try serve.commit { try $0.put(replica(1)) }
        #expect(try identity().change == 0)
        try serve.keepIdentity()
        #expect(try identity().change == 1)
        try nodes.commit { try $0.raiseClusterGeneration(above: first.clusterGeneration + 4) }
        #expect(try identity().clusterGeneration == first.clusterGeneration + 5)
    }

    /// Trimming the list of changes does not make the database look older.
    @Test func trimmingDoesNotLowerTheNewestChange() throws {
        let serve = try place.open(.serve)
        for serial in 1...20 { try serve.commit { try $0.put(replica(Int64(serial))) } }
        try serve.keepIdentity()
        var none = Retention()
        none.changeRowsMax = 0
        try serve.dropHistory(none)
        #expect(try serve.query("SELECT count(*) FROM change").rows == [[.integer(0)]])
        try serve.checkPlace()
        #expect(try identity().change == 20)
        serve.close()
        #expect(try place.open(.serve).epoch == 2)
    }

    @Test func eachTierKeepsTheFartherOfEach() throws {
        let (serve, nodes) = (try place.open(.serve), try place.open(.nodes))
        try nodes.commit { try $0.put(node(1)) }
        try nodes.keepIdentity()
        let newest = try identity()
        try serve.keepIdentity()
        #expect(try identity() == newest && newest.change == 1)
    }

    @Test(arguments: ["deleted", "damaged"])
    func aRunningTierWritesItAnew(_ how: String) throws {
        let serve = try place.open(.serve)
        let whole = try identity()
        try FileManager.default.removeItem(atPath: path)
        if how == "damaged" { try Data("{\"uuid\":".utf8).write(to: URL(fileURLWithPath: path)) }
        try serve.checkPlace()
        try serve.keepIdentity()
        #expect(try identity() == whole)
    }

    @Test func anothersIsNotOverwritten() throws {
        let serve = try place.open(.serve)
        var other = try identity()
        other.uuid = "someone-else"
        let text = try StoreJSON.text(other)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        for look in [serve.checkPlace, serve.keepIdentity] {
            guard case .misplaced? = #expect(throws: StoreError.self, performing: look) else {
                Issue.record("not misplaced")
                continue
            }
        }
        #expect(try identity() == other)
    }

    @Test func aDamagedOneIsNamedToWhoeverReadsIt() throws {
        try place.open(.serve).close()
        try Data("{\"uuid\":".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try StateIdentity.read(directory: place.path) }
        #expect(error?.asksForSafeMode == true)
        #expect(error?.description.contains(path) == true)
    }

    /// A crash after each step of the writing: the new file made, partly written, whole, renamed. The first
    /// time there is no older file, later there is one.
    @Test(arguments: [0, 1, 2, 3], [false, true])
    func aCrashWithinTheWriting(_ step: Int, _ isFirst: Bool) throws {
        let store = try place.open(.serve)
        let old = try identity()
        try store.commit { try $0.put(replica(1)) }
        try store.keepIdentity()
        store.close()
        let text = try StoreJSON.text(try identity()) + "\n"
        let file = URL(fileURLWithPath: path)
        if isFirst {
            try FileManager.default.removeItem(at: file)
        } else {
            try Data((try StoreJSON.text(old) + "\n").utf8).write(to: file)
        }
        let parts = ["", String(text.prefix(20)), text, text]
        try Data(parts[step].utf8).write(to: step == 3 ? file : URL(fileURLWithPath: path + ".new"))
        let next = try place.open(.serve)
        #expect(try next.epoch == 2 && next.state().replicas.count == 1)
        #expect(try identity().serveEpoch == 2 && identity().change == 1)
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    /// The epoch is committed before the file says so: a crash in between leaves a file that is behind, never
    /// ahead.
    @Test func aFileThatIsBehindIsNoHarm() throws {
        for round in 1...3 {
            let before = FileManager.default.contents(atPath: path)
            let store = try place.open(.serve)
            #expect(store.epoch == Int64(round))
            store.close()
            if let before { try before.write(to: URL(fileURLWithPath: path)) }
        }
    }

    /// Databases from before there was such a file.
    @Test func aDatabaseWithoutOneGetsOne() throws {
        let uuid = try place.open(.serve).clusterUUID
        try FileManager.default.removeItem(atPath: path)
        let store = try place.open(.nodes)
        #expect(try store.clusterUUID == uuid && identity().uuid == uuid && store.remark == nil)
    }
}
