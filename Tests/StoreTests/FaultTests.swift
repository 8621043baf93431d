import Foundation
import Model
import Store
import Synchronization
import Testing

/// Fails at one place as often as told, and notes every call.
final class ScriptedFaults: StoreFaults {
    struct Script {
        var at = ""
        var error = StoreError.diskFull
        var calls: [String] = []
    }
    let script = Mutex(Script())

    func fail(_ at: String, with error: StoreError) {
        script.withLock { ($0.at, $0.error, $0.calls) = (at, error, []) }
    }

    var calls: [String] { script.withLock { $0.calls } }

    private func note(_ call: String) throws(StoreError) {
        let error: StoreError? = script.withLock { script in
            script.calls.append(call)
            return call == script.at ? script.error : nil
        }
        if let error { throw error }
    }

    func beforeTransaction(_ role: StoreRole) throws(StoreError) { try note("\(role) transaction") }
    func beforeCommit(_ role: StoreRole) throws(StoreError) { try note("\(role) commit") }
    func afterCommit(_ role: StoreRole) throws(StoreError) { try note("\(role) committed") }
    func beforeRead(_ role: StoreRole) throws(StoreError) { try note("\(role) read") }
}

/// The seam by which a simulation makes the database fail.
@Suite struct FaultTests {
    private let pair: Pair
    private let faults = ScriptedFaults()

    init() throws {
        pair = try Pair()
        pair.memory.faults = faults
    }

    @Test(arguments: [
        ("serve transaction", false), ("serve commit", false), ("serve committed", true),
    ])
    func aFailedCommitIsThereOrNot(_ at: String, _ isThere: Bool) throws {
        for error in [StoreError.diskFull, .broken("fsync"), .busy("somebody")] {
            faults.fail(at, with: error)
            #expect(throws: error) {
                try pair.serve.commit { write in
                    try write.put(replica(1))
                    try write.append([bucket(1, end: 1)])
                }
            }
            let ran = faults.calls
            #expect(ran == ["transaction", "commit", "committed"].prefix(ran.count).map { "serve \($0)" })
            #expect(ran.last == at)
            try pair.nodes.commit { try $0.put(node(1)) }
            #expect(try pair.serve.state().replicas.count == (isThere ? 1 : 0))
        }
    }

    @Test func trimmingAndReadingFailToo() throws {
        let broken = StoreError.broken("fsync")
        faults.fail("nodes commit", with: broken)
        #expect(throws: broken) { try pair.nodes.trim() }
        #expect(throws: broken) { try pair.nodes.dropHistory() }
        faults.fail("nodes read", with: broken)
        #expect(throws: broken) { try pair.nodes.state() }
        #expect(throws: broken) { try pair.nodes.hasNews() }
        #expect(throws: broken) { try pair.nodes.query("SELECT 1") }
        #expect(try pair.serve.state().nodes.isEmpty)
        pair.memory.faults = nil
        try pair.nodes.commit { try $0.put(node(1)) }
        #expect(try pair.nodes.state().nodes.count == 1)
    }

    /// The kept state is not spoilt by a reading that failed half way.
    @Test func aFailedReadingIsMadeUpFor() throws {
        _ = try pair.serve.state()
        try pair.nodes.commit { try $0.put(node(1)) }
        faults.fail("serve read", with: .busy("somebody"))
        #expect(throws: StoreError.self) { try pair.serve.state() }
        faults.fail("", with: .diskFull)
        #expect(try pair.serve.state().nodes.count == 1)
    }

    /// Locks that do not hold: two holders of a role, and the epoch is the wall.
    @Test func withoutLocksTheOlderHolderIsFenced() throws {
        let options = (pair.memory, pair.time.clock)
        #expect(throws: StoreError.self) {
            try Store.open(.shared(options.0), role: .serve, clock: options.1)
        }
        pair.memory.ignoresLocks = true
        let newer = try Store.open(.shared(options.0), role: .serve, clock: options.1)
        #expect(throws: StoreError.fenced(role: .serve, mine: 1, now: 2)) {
            try pair.serve.commit { try $0.put(replica(1)) }
        }
        #expect(throws: StoreError.fenced(role: .serve, mine: 1, now: 2)) { try pair.serve.dropHistory() }
        pair.memory.ignoresLocks = false
        pair.serve.close()
        #expect(throws: StoreError.self) {
            try Store.open(.shared(options.0), role: .serve, clock: options.1)
        }
        try newer.commit { try $0.put(replica(2)) }
        newer.close()
        #expect(try Store.open(.shared(options.0), role: .serve, clock: options.1).epoch == 3)
    }

    @Test func aCopyStandsAlone() throws {
        try pair.serve.commit { try $0.put(replica(1)) }
        let copy = try pair.memory.copy()
        try pair.serve.commit { try $0.put(replica(2)) }
        #expect(copy.faults == nil && copy.identity == nil)
        let store = try Store.open(.shared(copy), role: .serve, clock: pair.time.clock)
        #expect(store.epoch == 2 && store.clusterUUID == pair.serve.clusterUUID)
        #expect(try store.state().replicas.count == 1)
        #expect(try pair.serve.state().replicas.count == 2)
    }

    @Test func aNewDatabaseTakesTheGivenNames() throws {
        let memory = try SharedMemory()
        let first = try Store.open(
            .shared(memory), role: .serve, clock: pair.time.clock, uuid: { "the-one" }, firstGeneration: 7)
        let second = try Store.open(
            .shared(memory), role: .nodes, clock: pair.time.clock, uuid: { "another" }, firstGeneration: 9)
        #expect(first.clusterUUID == "the-one" && first.clusterGeneration == 7)
        #expect(second.clusterUUID == "the-one" && second.clusterGeneration == 7)
    }
}
