import Model
import Scaling
import Testing

@Suite struct WindowTests {
    private func point(_ end: Int64, _ span: Int64, mean: Int64, last: Int) -> LoadPoint {
        LoadPoint(end: Moment(end), span: Millis(span), area: mean * span * 1000, last: last)
    }

    private func window(_ series: [LoadSeries], now: Int64, lookBack: Int64) -> Load? {
        load(series, now: Moment(now), lookBack: Millis(lookBack))
    }

    @Test func nothingReportedIsNoData() {
        #expect(window([], now: 10, lookBack: 10) == nil)
        #expect(window([LoadSeries(proxy: "p", points: [])], now: 10, lookBack: 10) == nil)
    }

    @Test func aReportOfNothingIsNoLoad() {
        let idle = LoadSeries(proxy: "p", points: [point(1000, 1000, mean: 0, last: 0)])
        #expect(window([idle], now: 1000, lookBack: 1000) == Load(area: 0, span: Millis(1000)))
    }

    private typealias Window = (now: Int64, lookBack: Int64, area: Int64, span: Int64)
    /// Two intervals of a second with means 2 and 4; the last values are 3 and 7. Area in
    /// request-milliseconds.
    private static let windows: [Window] = [
        (2000, 1000, 4000, 1000),  // the last interval alone
        (2000, 1500, 5000, 1500),  // and half of the one before
        (2000, 9000, 6000, 2000),  // opens with the first report
        (2300, 1000, 4900, 1000),  // 700 ms of 4, then the last value, 7, holds
        (5000, 1000, 7000, 1000),  // and goes on holding
    ]

    @Test(arguments: windows)
    func theWindowIsExact(now: Int64, lookBack: Int64, area: Int64, span: Int64) {
        let series = LoadSeries(
            proxy: "p", points: [point(1000, 1000, mean: 2, last: 3), point(2000, 1000, mean: 4, last: 7)])
        #expect(window([series], now: now, lookBack: lookBack) == Load(area: area * 1000, span: Millis(span)))
    }

    @Test(arguments: [(LoadAggregation.max, 7 as Int64), (.min, 3)])
    func theExtremesAreThoseOfTheReports(by aggregation: LoadAggregation, value: Int64) {
        let series = LoadSeries(
            proxy: "p", points: [point(1000, 1000, mean: 2, last: 3), point(2000, 1000, mean: 4, last: 7)])
        let found = load([series], now: Moment(2000), lookBack: Millis(1500), by: aggregation)
        #expect(found == Load(area: value * 1_500_000, span: Millis(1500)))
    }

    @Test func aProxyCountsAsNothingBeforeItsFirstReport() {
        let first = LoadSeries(proxy: "a", points: [point(1000, 1000, mean: 2, last: 2)])
        let second = LoadSeries(proxy: "b", points: [point(1000, 250, mean: 8, last: 8)])
        #expect(window([first, second], now: 1000, lookBack: 1000)?.milli == 4000)
    }

    @Test func aGapKeepsTheValueAndAnOverlapCountsOnce() {
        let gap = LoadSeries(
            proxy: "p", points: [point(1000, 1000, mean: 2, last: 5), point(2000, 900, mean: 1, last: 1)])
        #expect(window([gap], now: 2000, lookBack: 1000)?.milli == 1400)
        let overlap = LoadSeries(
            proxy: "p", points: [point(1000, 1000, mean: 2, last: 5), point(2000, 1100, mean: 1, last: 1)])
        #expect(window([overlap], now: 2000, lookBack: 2000)?.milli == 1500)
    }

    @Test func theLiveValueHoldsFromWhenItWasKnown() {
        let points = [point(1000, 1000, mean: 2, last: 2)]
        let since = LoadSeries(proxy: "p", points: points, live: 10, liveSince: Moment(1600))
        #expect(window([since], now: 2000, lookBack: 1000)?.milli == 5200)
        let unsaid = LoadSeries(proxy: "p", points: points, live: 10)
        #expect(window([unsaid], now: 2000, lookBack: 1000)?.milli == 10_000)
        let alone = LoadSeries(proxy: "p", points: [], live: 3)
        #expect(window([alone], now: 2000, lookBack: 1000)?.milli == 3000)
    }

    @Test func hostileFiguresAreHeldToTheirBounds() {
        let worst = LoadSeries(
            proxy: "p",
            points: [
                LoadPoint(end: Moment(1000), span: Millis(1000), area: .max, last: .max),
                LoadPoint(end: Moment(2000), span: Millis(-5), area: .min, last: .min),
            ])
        #expect(window([worst, worst], now: 1500, lookBack: 1500)?.area == .max)
        #expect(window([worst], now: 3000, lookBack: 1000)?.area == 0)
    }

    /// Against a walk over every single millisecond.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func agreesWithAWalkOverEachMillisecond(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let series = (0..<Int.random(in: 1...4, using: &dice)).map { Self.drawn("p\($0)", &dice) }
        let now = Int64.random(in: 1...400, using: &dice)
        let lookBack = Int64.random(in: 1...300, using: &dice)
        let found = try #require(window(series, now: now, lookBack: lookBack))
        let first = try #require(series.map { Self.begin($0, now) }.min())
        let from = min(max(now - lookBack, first), now - 1)
        let area = (from..<now).reduce(Int64(0)) { sum, ms in
            sum + series.reduce(0) { $0 + Self.value($1, at: ms, now: now) * 1000 }
        }
        #expect(found == Load(area: area, span: Millis(now - from)), "seed \(seed)")
    }

    private static func drawn(_ proxy: String, _ dice: inout Dice) -> LoadSeries {
        var (end, points) = (Int64.random(in: 0...60, using: &dice), [LoadPoint]())
        for _ in 0..<Int.random(in: 0...8, using: &dice) {
            let span = Int64.random(in: 1...40, using: &dice)
            end += Int64.random(in: 0...50, using: &dice)
            points.append(
                LoadPoint(
                    end: Moment(end), span: Millis(span),
                    area: Int64.random(in: 0...9, using: &dice) * span * 1000,
                    last: .random(in: 0...9, using: &dice)))
        }
        guard points.isEmpty || Bool.random(using: &dice) else {
            return LoadSeries(proxy: proxy, points: points)
        }
        let since = Moment(end + Int64.random(in: 0...60, using: &dice))
        return LoadSeries(
            proxy: proxy, points: points, live: .random(in: 0...9, using: &dice), liveSince: since)
    }

    private static func begin(_ series: LoadSeries, _ now: Int64) -> Int64 {
        let known = series.points.first.map { $0.end.ms - $0.span.rawValue } ?? series.liveSince?.ms ?? now
        return min(known, now - 1)
    }

    private static func value(_ series: LoadSeries, at ms: Int64, now: Int64) -> Int64 {
        var covered = Int64.min
        var held: Int64 = 0
        for point in series.points {
            if max(point.end.ms - point.span.rawValue, covered) <= ms && ms < point.end.ms {
                return point.area / point.span.rawValue / 1000
            }
            if point.end.ms <= ms { held = Int64(point.last) }
            covered = max(covered, point.end.ms)
        }
        let since = min(series.liveSince?.ms ?? now, series.points.isEmpty ? now - 1 : .max)
        if let live = series.live, ms >= since, ms >= covered { held = Int64(live) }
        return held
    }
}
