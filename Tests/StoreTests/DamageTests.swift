import Foundation
import Model
import Store
import Testing

/// F36: bytes of the database changed while nobody had it open.
@Suite struct DamageTests {
    /// Rows in every table, all of them in the database file.
    private func closedCluster() throws -> (place: Place, uuid: String) {
        let place = try Place()
        let (serve, nodes) = (try place.open(.serve), try place.open(.nodes))
        try serve.commit { write in
            try write.put(deployment())
            for serial in 1...40 { try write.put(replica(Int64(serial))) }
            try write.append((1...50).map { bucket($0, end: $0) })
            try write.record([Decision(.scale, "s", rule: "r", reason: "r")], at: Moment(0))
        }
        try nodes.commit { write in
            for number in 1...10 { try write.put(node(number)) }
            for serial in 1...40 { try write.put(placement(Int64(serial))) }
        }
        try nodes.dropHistory()
        try serve.keepIdentity()
        serve.close()
        nodes.close()
        return (place, serve.clusterUUID)
    }

    /// Whatever was hit: either everything is as it was (the byte meant nothing), or the text of one value
    /// differs, or the opening refuses and asks for safe mode. Never an empty state, never a crash.
    @Test(arguments: 0..<8)
    func flippedBytesAreDamageOrNothing(_ seed: UInt64) throws {
        let (place, uuid) = try closedCluster()
        let file = URL(fileURLWithPath: place.path + "/tandem.sqlite")
        let whole = try Data(contentsOf: file)
        var dice = SeededDice(state: seed)
        var refused = 0
        for round in 0..<25 {
            var bytes = whole
            // Pages of one and of many: the header, the schema, the rows.
            let span = [100, 4_096, 40_960, whole.count][round % 4]
            for _ in 0...(round % 3 * 8) {
                let at = Int.random(in: 0..<min(span, whole.count), using: &dice)
                bytes[at] ^= UInt8.random(in: 1...255, using: &dice)
            }
            for name in ["tandem.sqlite-wal", "tandem.sqlite-shm"] {
                try? FileManager.default.removeItem(atPath: place.path + "/" + name)
            }
            try bytes.write(to: file)
            let side = FileManager.default.contents(atPath: place.path + "/cluster.json")
            do {
                let store = try place.open(.serve)
                #expect(store.clusterUUID == uuid, "seed \(seed), round \(round)")
                let state = try store.state()
                #expect(state.replicas.count == 40 && state.nodes.count == 10)
                store.close()
            } catch let error as StoreError {
                refused += 1
                let isUnderstood: Bool
                switch error {
                case .corrupt, .misplaced, .newerSchema: isUnderstood = true
                default: isUnderstood = false
                }
                #expect(isUnderstood, "seed \(seed), round \(round): \(error)")
                #expect(FileManager.default.contents(atPath: file.path) == bytes)
            }
            if let side { try side.write(to: URL(fileURLWithPath: place.path + "/cluster.json")) }
        }
        #expect(refused > 0)
    }

    @Test func theMessageNamesTheWayOut() throws {
        let (place, _) = try closedCluster()
        try Data(repeating: 7, count: 20_000).write(to: URL(fileURLWithPath: place.path + "/tandem.sqlite"))
        let error = #expect(throws: StoreError.self) { try place.open(.serve) }
        guard case .corrupt? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.asksForSafeMode == true)
        #expect(error?.description.contains("tandem state readopt") == true)
    }

    @Test(arguments: [
        (StoreError.corrupt("x"), true), (.misplaced("x"), true), (.broken("x"), false), (.diskFull, false),
        (.busy("x"), false), (.failed("x"), false), (.unwritable(path: "x", reason: "y"), false),
        (.roleTaken(role: .serve, pid: nil), false), (.fenced(role: .serve, mine: 1, now: 2), false),
        (.newerSchema(found: 2, known: 1), false),
    ])
    func whichErrorsAskForSafeMode(_ error: StoreError, _ asks: Bool) {
        #expect(error.asksForSafeMode == asks)
    }
}
