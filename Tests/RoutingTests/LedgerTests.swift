import Model
import Routing
import Testing

@Suite struct LedgerTests {
    /// Random lives of requests, read at random moments, against a sum over every microsecond step between
    /// events.
    @Test(arguments: 0..<30) func areasAreThoseOfASlowModel(seed: UInt64) {
        var dice = Dice(seed)
        let ledger = Ledger(opened: MicroTime(1_000))
        var log = LoadLog(opened: MicroTime(1_000), spansMax: 10_000)
        var places: [Ledger.Place] = []
        var now: Int64 = 1_000
        var area: Int64 = 0
        for _ in 0..<1_000 {
            let step = Int64(dice.next() % 3_000)
            area += step * Int64(places.count)
            now += step
            switch dice.next() % 5 {
            case 0...1:
                let place: Ledger.Place = dice.next() % 2 == 0 ? .queued : .ongoing
                places.append(place)
                ledger.enter(place, at: MicroTime(now))
            case 2 where !places.isEmpty:
                let index = Int.random(in: places.indices, using: &dice)
                let place: Ledger.Place = places[index] == .queued ? .ongoing : .queued
                places[index] = place
                ledger.move(to: place)
            case 3 where !places.isEmpty:
                let index = Int.random(in: places.indices, using: &dice)
                let place = places.remove(at: index)
                #expect(ledger.leave(place, at: MicroTime(now)))
            default:
                let reading = ledger.read(at: MicroTime(now))
                #expect(reading.area == area)
                #expect(reading.queued == places.filter { $0 == .queued }.count)
                #expect(reading.ongoing == places.filter { $0 == .ongoing }.count)
                let edge = log.edge(MicroTime(now))
                log.close(ledger.read(at: edge), edge: edge, sequence: Int64(log.spans.count + 1))
            }
        }
        for place in places { #expect(ledger.leave(place, at: MicroTime(now))) }
        let last = MicroTime(now + 5_000)
        log.close(
            ledger.read(at: log.edge(last)), edge: log.edge(last), sequence: Int64(log.spans.count + 1))
        #expect(ledger.read(at: last).area == area, "the sum of all lives")
        #expect(log.spans.map(\.area).reduce(0, +) == area, "and the buckets add up to it")
        #expect(log.spans.allSatisfy { $0.area >= 0 && $0.span.rawValue > 0 })
        #expect(log.spans.map(\.sequence) == Array(1...Int64(log.spans.count)))
        let spans = log.spans.reduce(Int64(0)) { $0 + $1.span.rawValue }
        #expect(spans * 1_000 == log.edge(last) - MicroTime(1_000))
    }

    /// One too many, of either kind, takes nothing from the others.
    @Test func nothingIsCountedBelowZero() {
        let ledger = Ledger(opened: MicroTime(0))
        #expect(!ledger.leave(.queued, at: MicroTime(5)) && !ledger.leave(.ongoing, at: MicroTime(5)))
        ledger.move(to: .ongoing)
        ledger.move(to: .queued)
        #expect(ledger.read(at: MicroTime(10)) == .init(ongoing: 0, queued: 0, area: 0))
        ledger.enter(.ongoing, at: MicroTime(10))
        #expect(!ledger.leave(.queued, at: MicroTime(11)))
        #expect(ledger.read(at: MicroTime(20)) == .init(ongoing: 1, queued: 0, area: 10))
        #expect(ledger.leave(.ongoing, at: MicroTime(30)) && !ledger.leave(.ongoing, at: MicroTime(40)))
        #expect(ledger.read(at: MicroTime(50)) == .init(ongoing: 0, queued: 0, area: 20, completed: 1))
    }

    @Test func twoRequestsForOneMillisecondAreTwoThousand() {
        let ledger = Ledger(opened: MicroTime(0))
        ledger.enter(.queued, at: MicroTime(500))
        ledger.enter(.ongoing, at: MicroTime(500))
        #expect(ledger.read(at: MicroTime(1_500)).area == 2_000)
    }

    @Test func bucketsStayUntilAcknowledgedAndTheOldestGoBeyondTheBound() {
        var log = LoadLog(opened: MicroTime(0), spansMax: 3)
        let nothing = Ledger.Reading(ongoing: 0, queued: 0, area: 0)
        for ms in 1...5 as ClosedRange<Int64> {
            log.close(nothing, edge: log.edge(MicroTime(ms * 1_000 + 7)), sequence: ms)
        }
        #expect(log.spans.map(\.sequence) == [3, 4, 5])
        #expect(log.dropped == 2)
        #expect(log.spans.allSatisfy { $0.span == Millis(1) })
        #expect(log.acknowledge(4) == 2)
        #expect(log.spans.map(\.sequence) == [5])
        #expect(log.due(Millis(10)) == MicroTime(10_000) && log.due(Millis(5)) == MicroTime(10_000))
        log.close(nothing, edge: log.edge(MicroTime(5_999)), sequence: 6)
        #expect(log.spans.count == 1, "a bucket of no length is none")
    }

    /// Whenever a deployment came, its buckets end with those of the others; on whole milliseconds of its own.
    @Test(arguments: [
        (0, 250_000), (1, 250_001), (249_001, 250_001), (250_000, 500_000), (1_130_700, 1_250_700),
    ])
    func bucketsEndOnMultiplesOfTheirInterval(opened: Int64, due: Int64) {
        var log = LoadLog(opened: MicroTime(opened), spansMax: 10)
        #expect(log.due(Millis(250)) == MicroTime(due))
        let reading = Ledger.Reading(ongoing: 0, queued: 0, area: 0)
        // Closed late: the next one is that much shorter.
        log.close(reading, edge: log.edge(MicroTime(due + 40_300)), sequence: 1)
        #expect(log.due(Millis(250)) == MicroTime(due + 250_000))
        #expect(log.spans.map(\.span) == [Millis((due - opened) / 1000 + 40)])
    }

    /// Who remembers what it was told of the first one would else take the load of the second for known.
    @Test(arguments: [true, false])
    func aDeploymentThatComesBackGoesOnWithItsSequences(seenGone: Bool) {
        let deployment = DeploymentID("app#main")
        var logs = LoadLogs(spansMax: 10)
        func close(_ opened: Int64, _ now: Int64) {
            let gate = Gate<Int>(deployment: deployment, now: MicroTime(opened))
            #expect(logs.close([(gate, Millis(1))], now: MicroTime(now)) == (now - opened >= 1_000, 0))
        }
        for second in 1...3 as ClosedRange<Int64> { close(0, second * 1_000) }
        #expect(logs.spans(of: deployment).map(\.sequence) == [1, 2, 3])
        #expect(logs.acknowledge(deployment, 3) == 3)
        if seenGone {
            let none: [(gate: Gate<Int>, interval: Millis)] = []
            #expect(logs.close(none, now: MicroTime(4_000)) == (false, 0))
        }
        close(4_500, 4_500)
        close(4_500, 5_500)
        #expect(logs.spans(of: deployment).map(\.sequence) == [4])
        #expect(logs.spans(of: deployment).map(\.span) == [Millis(1)])
    }
}
