import Model
import Scaling
import Testing

@Suite struct NextLookTests {
    /// A proxy that reports each second: ends of its intervals, in milliseconds.
    private func proxy(_ ends: Int64..., live: Int? = nil) -> LoadSeries {
        LoadSeries(
            proxy: "p",
            points: ends.map { LoadPoint(end: Moment($0), span: Millis(1_000), area: 0, last: 1) },
            live: live, liveSince: live.map { _ in Moment(5_000) })
    }

    private func next(_ looked: Int64, due: Int64?, _ reports: LoadSeries..., now: Int64) -> NextLook {
        nextLook(
            after: Moment(looked), due: due.map { Moment($0) }, reports: reports, interval: Millis(1_000),
            now: Moment(now))
    }

    @Test func everyReportIsLookedAtInItsTurn() {
        #expect(next(1_000, due: nil, proxy(1_000, 2_000, 3_000), now: 3_050) == .at(Moment(2_000)))
        #expect(next(2_000, due: nil, proxy(1_000, 2_000, 3_000), now: 3_050) == .at(Moment(3_000)))
        #expect(next(3_000, due: nil, proxy(1_000, 2_000, 3_000), now: 3_050) == .later(nil))
        #expect(next(1_000, due: nil, proxy(1_000, 2_000), proxy(1_700), now: 2_010) == .at(Moment(1_700)))
        #expect(next(1_000, due: nil, now: 9_000) == .later(nil), "nobody reports")
        #expect(next(1_000, due: nil, proxy(2_500), now: 2_400) == .later(nil), "a clock that is ahead")
    }

    @Test(arguments: [
        // Nothing is to be reported until a while later.
        (due: 1_500, now: 1_499, expected: NextLook.later(Moment(1_500))),
        (1_500, 1_500, .at(Moment(1_500))), (1_500, 1_800, .at(Moment(1_500))),
        // The report of that instant is on its way; it is not waited for for ever.
        (2_000, 2_000, .later(Moment(2_100))), (1_950, 1_980, .later(Moment(2_050))),
        (2_000, 2_100, .at(Moment(2_000))), (1_899, 1_899, .at(Moment(1_899))),
        // Before the latest look nothing is due.
        (900, 1_300, .at(Moment(1_001))),
    ])
    func aDelayEndsWhenItEnds(due: Int64, now: Int64, expected: NextLook) {
        #expect(next(1_000, due: due, proxy(1_000), now: now) == expected)
    }

    @Test func aReportStandsForTheLookThatIsDueWithIt() {
        #expect(next(1_000, due: 2_000, proxy(1_000, 2_001), now: 2_003) == .at(Moment(2_001)))
        #expect(next(1_000, due: 1_901, proxy(1_000, 2_001), now: 2_003) == .at(Moment(2_001)))
        #expect(next(1_000, due: 1_900, proxy(1_000, 2_001), now: 2_003) == .at(Moment(1_900)))
        #expect(next(1_000, due: 2_500, proxy(1_000, 2_001), now: 2_003) == .at(Moment(2_001)))
    }

    /// Whoever was away goes through the same instants as whoever was there.
    @Test func lateOrInTimeTheInstantsAreTheSame() {
        let ends: [Int64] = [1_000, 2_000, 3_001, 5_000, 6_000]
        let dues: [Int64: Int64] = [1_000: 1_400, 1_400: 2_950, 2_000: 3_050, 3_001: 3_900, 3_900: 4_500]
        func instants(_ moments: [Int64]) -> [Int64] {
            var (looked, found): (Int64, [Int64]) = (500, [])
            for now in moments {
                while true {
                    let known = LoadSeries(
                        proxy: "p",
                        points: ends.filter { $0 + 20 <= now }.map {
                            LoadPoint(end: Moment($0), span: Millis(1_000), area: 0, last: 1)
                        })
                    guard case .at(let moment) = next(looked, due: dues[looked], known, now: now) else {
                        break
                    }
                    looked = moment.ms
                    found.append(looked)
                }
            }
            return found
        }
        let inTime = instants(Array(stride(from: 500, through: 7_000, by: 10)))
        #expect(inTime == [1_000, 1_400, 2_000, 3_001, 3_900, 4_500, 5_000, 6_000])
        #expect(instants([500, 7_000]) == inTime)
        #expect(instants([500, 1_410, 4_700, 7_000]) == inTime)
    }

    @Test func whatHadEndedByThenIsKnown() {
        #expect(proxy(1_000, 2_000, 3_000).asOf(Moment(2_000)) == proxy(1_000, 2_000))
        #expect(
            proxy(1_000, 2_000, live: 4).asOf(Moment(6_000)) == proxy(1_000, 2_000), "intervals say it all")
        #expect(proxy(live: 4).asOf(Moment(5_000)) == proxy(live: 4), "until there is one")
        #expect(proxy(live: 4).asOf(Moment(4_999))?.live == nil)
        #expect(proxy(7_000).asOf(Moment(6_999)) == nil)
    }
}
