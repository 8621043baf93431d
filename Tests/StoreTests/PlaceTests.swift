import Foundation
import Model
import Store
import Testing

/// F18, F36, F38: a database that is gone, empty, another one or an older copy is never gone on with, and
/// nothing is made or changed before that is certain.
@Suite struct PlaceTests {
    /// What a person or a disk did to the files.
    enum Harm: String, CaseIterable, CustomTestStringConvertible {
        case nothing, databaseDeleted, allDeleted, databaseEmptied, blankDatabase, otherPrograms, otherCluster
        case olderCopy, olderCopyOfAll, logDeleted, indexDeleted, sideFileDeleted, sideFileEmptied
        case sideFileNonsense, sideFileOfNobody, sideFileDamagedAndDatabaseDeleted, stateDeleted

        var testDescription: String { rawValue }

        enum Outcome { case opens, opensAndTells, startsAnew, misplaced }

        /// - Parameter whole: the log was moved into the database file before.
        func outcome(whole: Bool) -> Outcome {
            switch self {
            case .nothing, .indexDeleted, .sideFileDeleted: .opens
            case .sideFileEmptied, .sideFileNonsense, .sideFileOfNobody: .opensAndTells
            case .stateDeleted: .startsAnew
            case .logDeleted: whole ? .opens : .misplaced
            // The whole history is in the log, and the copy is only of what was before it.
            case .olderCopy: whole ? .misplaced : .opens
            default: .misplaced
            }
        }
    }

    private static let files = ["tandem.sqlite", "tandem.sqlite-wal", "tandem.sqlite-shm", "cluster.json"]

    /// Two runs of a cluster with rows; between them the copy is made.
    private func cluster(whole: Bool) throws -> (place: Place, copy: Place, uuid: String) {
        let place = try Place()
        try run(place, replica(1), whole: whole)
        let copy = try place.crashImage()
        let uuid = try run(place, replica(2), whole: whole)
        return (place, copy, uuid)
    }

    @discardableResult
    private func run(_ place: Place, _ row: ReplicaRow, whole: Bool) throws -> String {
        let (serve, nodes) = (try place.open(.serve), try place.open(.nodes))
        try serve.commit { try $0.put(row) }
        if whole { try serve.dropHistory() }
        try serve.keepIdentity()
        serve.close()
        nodes.close()
        return serve.clusterUUID
    }

    private func harm(_ harm: Harm, _ place: Place, copy: Place) throws {
        let manager = FileManager.default
        func file(_ name: String) -> URL { URL(fileURLWithPath: place.path + "/" + name) }
        func delete(_ names: [String]) { for name in names { try? manager.removeItem(at: file(name)) } }
        func bring(_ names: [String], from other: Place) throws {
            delete(names)
            for name in names where manager.fileExists(atPath: other.path + "/" + name) {
                try manager.copyItem(atPath: other.path + "/" + name, toPath: file(name).path)
            }
        }
        let (database, all) = (Self.files[0], Array(Self.files[..<3]))
        switch harm {
        case .nothing: break
        case .databaseDeleted: delete([database])
        case .allDeleted: delete(all)
        case .databaseEmptied: try Data().write(to: file(database))
        case .blankDatabase, .otherPrograms:
            delete(all)
            try place.shell("CREATE TABLE theirs (a)")
            if harm == .blankDatabase { try place.shell("DROP TABLE theirs") }
        case .otherCluster:
            let other = try Place()
            for serial in 1...9 { try run(other, replica(Int64(serial)), whole: true) }
            delete(all)
            try bring(all, from: other)
        case .olderCopy:
            delete(["tandem.sqlite-shm"])
            try bring([database], from: copy)
        case .olderCopyOfAll:
            delete(["tandem.sqlite-shm"])
            try bring([database, "tandem.sqlite-wal"], from: copy)
        case .logDeleted: delete(["tandem.sqlite-wal", "tandem.sqlite-shm"])
        case .indexDeleted: delete(["tandem.sqlite-shm"])
        case .sideFileDeleted: delete(["cluster.json"])
        case .sideFileEmptied: try Data().write(to: file("cluster.json"))
        case .sideFileNonsense: try Data([0xff, 0, 7]).write(to: file("cluster.json"))
        case .sideFileOfNobody: try Data(#"{"uuid":"","change":-1}"#.utf8).write(to: file("cluster.json"))
        case .sideFileDamagedAndDatabaseDeleted:
            delete(all)
            try Data("{".utf8).write(to: file("cluster.json"))
        case .stateDeleted: delete(Self.files)
        }
    }

    private func contents(_ place: Place) -> [Data?] {
        [0, 1, 3].map { FileManager.default.contents(atPath: place.path + "/" + Self.files[$0]) }
    }

    @Test(arguments: Harm.allCases, StoreRole.allCases)
    func whatIsOpenedAfterHarm(_ harm: Harm, _ role: StoreRole) throws {
        for whole in role == .serve ? [false, true] : [true] {
            let (place, copy, uuid) = try cluster(whole: whole)
            try self.harm(harm, place, copy: copy)
            let before = contents(place)
            let result = Result { try place.open(role) }
            switch harm.outcome(whole: whole) {
            case .opens, .opensAndTells:
                let store = try result.get()
                #expect(store.clusterUUID == uuid && store.epoch == 3)
                #expect(try store.state().replicas.count == 2)
                #expect((store.remark == nil) == (harm.outcome(whole: whole) == .opens))
                let identity = try #require(try StateIdentity.read(directory: place.path))
                #expect(identity.uuid == uuid && identity.serveEpoch + identity.nodesEpoch == 5)
                try store.checkPlace()
            case .startsAnew:
                let store = try result.get()
                #expect(store.clusterUUID != uuid && store.epoch == 1)
            case .misplaced:
                let error = #expect(throws: StoreError.self) { try result.get() }
                guard case .misplaced? = error else {
                    Issue.record("\(String(describing: error)), whole \(whole)")
                    continue
                }
                #expect(error?.asksForSafeMode == true)
                #expect(error?.description.contains("tandem state readopt") == true)
                #expect(contents(place)[0] == before[0] && contents(place)[2] == before[2])
                // The log is worth keeping too: with its database it is put right again.
                #expect(before[1].map { contents(place)[1] == $0 } ?? true)
            }
        }
    }

    /// Whoever put the wrong file there puts the right one back, and nothing is lost.
    @Test func theRightFilesPutBackAreOpened() throws {
        let (place, copy, uuid) = try cluster(whole: false)
        let right = try place.crashImage()
        try harm(.olderCopyOfAll, place, copy: copy)
        #expect(throws: StoreError.self) { try place.open(.serve) }
        try harm(.olderCopyOfAll, place, copy: right)
        let store = try place.open(.serve)
        #expect(try store.clusterUUID == uuid && store.state().replicas.count == 2)
    }

    /// What is done under a running process: each is seen at its next look, and never where nothing was done.
    @Test(
        arguments: ["tandem.sqlite", "tandem.sqlite-wal", "tandem.sqlite-shm"],
        ["deleted", "moved", "replaced"])
    func harmUnderARunningProcess(_ name: String, _ deed: String) throws {
        let place = try Place()
        let (serve, nodes) = (try place.open(.serve), try place.open(.nodes))
        try serve.commit { try $0.put(replica(1)) }
        try serve.dropHistory()
        try nodes.checkPlace()
        #expect(try place.shell("SELECT count(*) FROM replica") == "1\n")
        try serve.checkPlace()
        let path = place.path + "/" + name
        let manager = FileManager.default
        switch deed {
        case "deleted": try manager.removeItem(atPath: path)
        case "moved": try manager.moveItem(atPath: path, toPath: path + ".old")
        default:
            try manager.copyItem(atPath: path, toPath: path + ".copy")
            #expect(rename(path + ".copy", path) == 0)
        }
        for store in [serve, nodes] {
            guard case .misplaced(let what)? = #expect(throws: StoreError.self, performing: store.checkPlace)
            else {
                Issue.record("the harm was not seen")
                continue
            }
            #expect(
                what.contains(path) && what.contains(deed == "replaced" ? "replaced" : "deleted or moved"))
        }
    }

    /// An older copy or another database in memory, as a simulation puts it there.
    @Test func aSimulatedCopyIsAnOlderOne() throws {
        var pair = try Pair()
        let copy = try pair.memory.copy()
        try pair.serve.commit { try $0.put(replica(1)) }
        try pair.serve.keepIdentity()
        try pair.serve.checkPlace()
        let uuid = pair.serve.clusterUUID
        let now = try pair.memory.copy()
        for wrong in [copy, try SharedMemory(), try Pair().memory] {
            try pair.memory.replace(with: wrong)
            #expect(throws: StoreError.self, performing: pair.nodes.checkPlace)
            pair.serve.close()
            let error = #expect(throws: StoreError.self) {
                try Store.open(.shared(pair.memory), role: .serve, clock: pair.time.clock)
            }
            #expect(error?.asksForSafeMode == true)
        }
        try pair.memory.replace(with: now)
        pair.serve = try Store.open(.shared(pair.memory), role: .serve, clock: pair.time.clock)
        #expect(try pair.serve.clusterUUID == uuid && pair.serve.state().replicas.count == 1)
        pair.serve.close()
        // Deleted on purpose: the older copy is gone on with.
        try pair.memory.replace(with: copy)
        pair.memory.identity = nil
        pair.serve = try Store.open(.shared(pair.memory), role: .serve, clock: pair.time.clock)
        #expect(try pair.serve.epoch == 2 && pair.serve.state().replicas.isEmpty)
    }

    /// A database made anew on purpose outranks what was there, under the same or another name, also after a
    /// crash between any two of its steps; without that purpose it is refused.
    @Test(arguments: ["deleted", "damaged side file"])
    func aReplacedDatabaseIsMadeOnPurposeOnly(_ how: String) throws {
        let (place, copy, uuid) = try cluster(whole: true)
        let known = try #require(try StateIdentity.read(directory: place.path))
        try harm(how == "deleted" ? .allDeleted : .sideFileDamagedAndDatabaseDeleted, place, copy: copy)
        func anew(_ generation: Int64) throws -> Store {
            try Store.open(
                .directory(place.path), role: .nodes, uuid: { uuid }, firstGeneration: generation)
        }
        if how == "deleted" {
            #expect(throws: StoreError.self) { try anew(known.clusterGeneration) }
        }
        let store = try anew(known.clusterGeneration + 1)
        #expect(store.clusterUUID == uuid && store.epoch == 1)
        #expect(store.clusterGeneration == known.clusterGeneration + 1)
        let next = try #require(try StateIdentity.read(directory: place.path))
        #expect(next.serveEpoch == 0 && next.nodesEpoch == 1 && next.change < known.change)
        try store.checkPlace()
        store.close()
        // The crash before the side file was written: what it says of the old one is outranked.
        let text =
            #"{"uuid":"\#(uuid)","cluster_generation":\#(known.clusterGeneration),"serve_epoch":9,"#
            + #""nodes_epoch":9,"change":99999}"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: place.path + "/cluster.json"))
        #expect(try place.open(.serve).clusterUUID == uuid)
        #expect(try StateIdentity.read(directory: place.path)?.nodesEpoch == 1)
    }
}
