import Model
import Routing
import Testing

@Suite struct RouteTests {
    static func table(_ prefixes: [String]) -> RouteTable<Int> {
        RouteTable(
            prefixes.map { prefix in
                let gate = Gate<Int>(deployment: DeploymentID("app#\(prefix)"), now: MicroTime(0))
                return (prefix, RouteTable.Entry(gate: gate, slots: ReplicaSlots()))
            })
    }

    @Test(arguments: [
        ("/a", "/a"), ("/a/", "/a"), ("/a/x", "/a"), ("/ab", "/"), ("/a/b", "/a/b"), ("/a/b/c", "/a/b"),
        ("/a/bc", "/a"), ("/", "/"), ("/z", "/"), ("//a", "/"), ("/a%2Fb", "/"), ("/A", "/"),
        ("/t", "/t/"), ("/t/x", "/t/"), ("/tx", "/"),
    ]) func longestPrefixOnSegmentBoundariesWins(path: String, expected: String) {
        let table = Self.table(["/", "/a", "/a/b", "/t/"])
        #expect(table.match(path)?.gate.deployment.rawValue == "app#\(expected)")
    }

    @Test(arguments: ["/", "/b", "/ab", "*", ""]) func withoutARootOtherPathsHaveNoRoute(path: String) {
        #expect(Self.table(["/a"]).match(path) == nil)
    }

    @Test func prefixesAreListedAsTheyMatch() {
        #expect(Self.table(["/t/", "/", "/a"]).prefixes.map(\.prefix) == ["/", "/a", "/t"])
    }

    @Test func onlyHigherFencesAreApplied() {
        var dice = Dice(1)
        var book = RouteBook<Int>()
        func outcome(_ fence: Fence) -> String {
            switch book.apply(route(fence), at: MicroTime(0), using: &dice) {
            case .applied: "applied"
            case .known: "known"
            case .outdated: "outdated"
            }
        }
        #expect(outcome(fence(5)) == "applied")
        #expect(outcome(fence(5)) == "known")
        #expect(outcome(fence(4)) == "outdated")
        #expect(outcome(fence(1, epoch: 2)) == "applied")
        #expect(outcome(fence(9)) == "outdated", "an earlier holder of the role")
        guard case .outdated(let held) = book.remove(DeploymentID("app#main"), fence: fence(9)) else {
            Issue.record("an outdated removal was carried out")
            return
        }
        #expect(held == fence(1, epoch: 2))
    }

    @Test func aRemovedDeploymentStaysRemovedUntilAHigherFence() {
        var dice = Dice(1)
        var book = RouteBook<Int>()
        _ = book.apply(route(fence(1)), at: MicroTime(0), using: &dice)
        _ = book.remove(DeploymentID("app#main"), fence: fence(3))
        #expect(book.table.match("/") == nil)
        #expect(book.removed.map(\.fence) == [fence(3)])
        _ = book.apply(route(fence(2)), at: MicroTime(0), using: &dice)
        #expect(book.table.match("/") == nil, "a straggler")
        _ = book.apply(route(fence(4)), at: MicroTime(0), using: &dice)
        #expect(book.table.match("/") != nil)
        #expect(book.removed.isEmpty)
    }

    @Test func aReplicaThatLeftIsBusyUntilItsLastRequest() throws {
        var dice = Dice(1)
        var book = RouteBook<Int>()
        _ = book.apply(route(fence(1), replicas: [1, 2], maxOngoing: 2), at: MicroTime(0), using: &dice)
        let before = try #require(book.table.match("/"))
        let first = try #require(before.slots.slots.first)
        #expect(first.take())
        let next = route(fence(2), replicas: [2])
        guard case .applied(let change) = book.apply(next, at: MicroTime(0), using: &dice) else {
            Issue.record("not applied")
            return
        }
        #expect(change.closed.map(\.address.id.serial) == [1])
        #expect(!first.take(), "nothing new, also by who still holds the old table")
        #expect(book.busy().map(\.ongoing) == [1])
        #expect(first.release() == .lastOfClosed, "the last request of a leaving replica is announced")
        #expect(book.busy().isEmpty)
    }

    /// One less than none would borrow from the limit, and let in without bound.
    @Test func aPlaceTooManyGivenBackChangesNothing() {
        let slot = ReplicaSlot(address("app#main", 1), limit: 2)
        #expect(slot.release() == .impossible)
        #expect(slot.take() && slot.take() && !slot.take())
        #expect(slot.release() == .done && slot.release() == .done && slot.release() == .impossible)
        slot.setLimit(0)
        #expect(slot.release() == .impossible && slot.ongoing == 0 && slot.isClosed)
    }

    @Test func aKeptReplicaKeepsItsCount() throws {
        var dice = Dice(1)
        var book = RouteBook<Int>()
        _ = book.apply(route(fence(1), maxOngoing: 3), at: MicroTime(0), using: &dice)
        let old = try #require(book.table.match("/")?.slots.slots.first)
        #expect(old.take() && old.take())
        _ = book.apply(route(fence(2), maxOngoing: 2), at: MicroTime(0), using: &dice)
        let new = try #require(book.table.match("/")?.slots.slots.first)
        #expect(new.ongoing == 2)
        #expect(!new.take(), "the lowered cap holds at once")
        _ = book.apply(route(fence(3), replicas: []), at: MicroTime(0), using: &dice)
        _ = book.apply(route(fence(4), maxOngoing: 3), at: MicroTime(0), using: &dice)
        let back = try #require(book.table.match("/")?.slots.slots.first)
        #expect(back.ongoing == 2, "it came back with the requests it had")
        #expect(book.busy().isEmpty)
    }
}
