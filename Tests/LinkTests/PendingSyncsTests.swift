import Model
import Testing
import Wire

/// Calls named by a letter, answered with what is in the order of answers.
private struct Calls {
    var syncs = PendingSyncs<String, String, Int>()
    let answers = Answers()

    final class Answers {
        var all: [String] = []
    }

    mutating func come(_ name: String, of peer: String, until deadline: Int64, ticket: UInt64 = 0) {
        let answers = answers
        let entry = PendingSyncs<String, String, Int>.Pending(
            ticket: ticket, request: name, deadline: Moment(deadline)
        ) { result in
            switch result {
            case .success(let answer): answers.all.append(answer)
            case .failure: answers.all.append("\(name) failed")
            }
        }
        syncs.add(entry, of: peer, empty: { "\($0) empty" })
    }

    mutating func expire(at now: Int64) { syncs.expire(now: Moment(now), empty: { "\($0) empty" }) }
}

@Suite struct PendingSyncsTests {
    @Test func theTimeOfEachIsUpInTheOrderOfDeadlines() {
        var calls = Calls()
        calls.come("late", of: "a", until: 30)
        calls.come("early", of: "b", until: 10)
        calls.come("middle", of: "c", until: 20)
        calls.come("as early", of: "d", until: 10)
        #expect(calls.syncs.deadline == Moment(10))
        calls.expire(at: 9)
        #expect(calls.answers.all.isEmpty)
        calls.expire(at: 20)
        #expect(calls.answers.all == ["early empty", "as early empty", "middle empty"])
        #expect(calls.syncs.deadline == Moment(30))
        calls.expire(at: 30)
        #expect(calls.answers.all.last == "late empty")
        #expect(calls.syncs.deadline == nil)
    }

    @Test func aNewCallSupersedesTheOneOfItsPeerAndItsDeadline() {
        var calls = Calls()
        calls.come("first", of: "a", until: 10)
        calls.come("second", of: "a", until: 40)
        #expect(calls.answers.all == ["first empty"])
        #expect(calls.syncs.deadline == Moment(40))
        calls.expire(at: 39)
        #expect(calls.answers.all == ["first empty"])
        calls.come("third", of: "a", until: 20)
        #expect(calls.syncs.deadline == Moment(20))
        calls.expire(at: 100)
        #expect(calls.answers.all == ["first empty", "second empty", "third empty"])
    }

    @Test func onlyTheCallThatStillWaitsIsTakenBack() {
        var calls = Calls()
        calls.come("first", of: "a", until: 10, ticket: 1)
        calls.come("second", of: "a", until: 10, ticket: 2)
        calls.syncs.cancel(1, of: "a")
        calls.syncs.cancel(2, of: "b")
        #expect(calls.answers.all == ["first empty"])
        calls.syncs.cancel(2, of: "a")
        #expect(calls.answers.all == ["first empty", "second failed"])
        #expect(calls.syncs.deadline == nil)
    }

    @Test func whatIsPublishedIsLookedAtOnceForEachCall() {
        var calls = Calls()
        var asked: [String] = []
        calls.come("one", of: "a", until: 10)
        calls.come("two", of: "b", until: 10)
        func tell(_ version: Int?, answering: Set<String> = []) -> [String] {
            asked = []
            calls.syncs.tell(version) { peer, request in
                asked.append(request)
                return answering.contains(peer) ? "\(request) news" : nil
            }
            return asked
        }
        #expect(tell(1) == ["one", "two"])
        #expect(tell(1) == [], "nothing is new")
        calls.come("three", of: "c", until: 10)
        #expect(tell(1) == ["three"], "the others have seen it")
        #expect(tell(2, answering: ["b"]) == ["one", "two", "three"])
        #expect(calls.answers.all == ["two news"])
        #expect(tell(nil) == ["one", "three"], "what is not known may be new")
        #expect(tell(nil) == ["one", "three"])
    }

    @Test func inTheEndNobodyIsLeftWaiting() {
        var calls = Calls()
        calls.come("b", of: "b", until: 10)
        calls.come("a", of: "a", until: 10)
        calls.syncs.end()
        #expect(calls.answers.all == ["a failed", "b failed"])
        #expect(calls.syncs.deadline == nil)
    }
}
