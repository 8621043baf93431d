import Foundation
import Model
import Store
import Testing

@Suite struct GuardTests {
    @Test func oneTierCannotWriteTheOthersTables() throws {
        let pair = try Pair()
        #expect(throws: StoreError.self) { try pair.serve.commit { try $0.put(node(1)) } }
        #expect(throws: StoreError.self) { try pair.nodes.commit { try $0.put(replica(1)) } }
        #expect(throws: StoreError.self) { try pair.serve.commit { try $0.nextNodeSerial() } }
        #expect(throws: StoreError.self) { try pair.nodes.commit { try $0.append([bucket(1, end: 1)]) } }
        #expect(try pair.serve.state().nodes.isEmpty)
    }

    @Test func aRefusalUndoesTheWholeTransaction() throws {
        let pair = try Pair()
        #expect(throws: StoreError.self) {
            try pair.serve.commit { write in
                try write.put(replica(1))
                try write.put(node(1))
            }
        }
        #expect(try pair.serve.state().replicas.isEmpty)
    }

    @Test(arguments: [
        (NodePhase.requested, NodePhase.ready, true), (.ready, .booting, false), (.ready, .ready, true),
        (.terminating, .gone, true), (.gone, .requested, false),
    ])
    func phasesChangeOnlyAlongTheirEdges(_ from: NodePhase, _ to: NodePhase, _ legal: Bool) throws {
        let pair = try Pair()
        try pair.nodes.commit { try $0.put(node(1, from)) }
        if legal {
            try pair.nodes.commit { try $0.put(node(1, to)) }
        } else {
            #expect(throws: StoreError.self) { try pair.nodes.commit { try $0.put(node(1, to)) } }
        }
        #expect(try pair.nodes.state().nodes[NodeID("n1")]?.phase == (legal ? to : from))
    }

    @Test func aShellReadsButCannotWriteRows() throws {
        let place = try Place()
        let serve = try place.open(.serve)
        try serve.commit { try $0.put(replica(1)) }
        #expect(try place.shell("SELECT id FROM replica", ["-readonly"]) == "shop#chat#1\n")
        for sql in [
            "DELETE FROM replica", "UPDATE role SET epoch = 9", "DELETE FROM cluster",
            "INSERT INTO change (tbl, key) VALUES ('a', 'b')",
        ] {
            #expect(try place.shell(sql).contains("no such function: tandem_role"), "\(sql)")
        }
        #expect(try serve.state().replicas.count == 1)
    }

    @Test func theFileIsForOthersToReadOnly() throws {
        let place = try Place()
        let store = try place.open(.serve)
        try store.commit { try $0.put(replica(1)) }
        for name in ["tandem.sqlite", "tandem.sqlite-wal", "tandem.sqlite-shm"] {
            let facts = try FileManager.default.attributesOfItem(atPath: place.path + "/" + name)
            #expect(facts[.posixPermissions] as? Int == 0o644, "\(name)")
        }
    }
}
