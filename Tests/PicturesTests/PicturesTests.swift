import Foundation
import Pictures
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

struct PicturesTests {
    /// Fails the test when `svg` is no well-formed XML; returns how often each element stands in it.
    @discardableResult
    func elements(_ svg: String) -> [String: Int] {
        let counter = ElementCounter()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = counter
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        return counter.counts
    }

    func path(_ series: Series) -> String {
        let picture = svg(title: "t", charts: [Chart(title: "c", series: [series])])
        let parts = picture.split(separator: " d=\"")
        return parts.count > 1 ? String(parts[1].prefix { $0 != "\"" }) : ""
    }

    func texts(_ charts: [Chart], kind: String) -> [String] {
        let parts = svg(title: "t", charts: charts).components(separatedBy: "<text class=\"\(kind)\"")
            .dropFirst()
        return parts.map { String($0.drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }) }
    }

    @Test func aPictureHasAPanelForEachChart() {
        let charts = Self.demonstration()
        let found = elements(svg(title: "Quickstart", charts: charts))
        #expect(found["path"] == 5)
        #expect(
            texts(charts, kind: "head") == [
                "Users and replicas", "Requests, 1/s", "P50 latency, ms", "Nodes",
            ])
    }

    /// For eyes: where TANDEM_PICTURE names a file, the demonstration's picture is written there.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TANDEM_PICTURE"] != nil))
    func theDemonstrationCanBeLookedAt() throws {
        let path = try #require(ProcessInfo.processInfo.environment["TANDEM_PICTURE"])
        let picture = svg(title: "Quickstart: users 1, 4, 10, 20, 10, 0", charts: Self.demonstration())
        try Data(picture.utf8).write(to: URL(filePath: path))
    }

    @Test func nothingIsDrawnAsNothing() {
        #expect(svg(title: "t", charts: []).contains("nothing to show"))
        let empty = svg(title: "t", charts: [Chart(title: "c", series: [Series(name: "s", points: [])])])
        #expect(empty.contains("no data"))
        elements(empty)
        elements(svg(title: "t", charts: []))
    }

    @Test func onePointIsADot() {
        let series = Series(name: "s", points: [Point(5, 7)])
        let found = elements(svg(title: "t", charts: [Chart(title: "c", series: [series])]))
        #expect(found["circle"] == 1 && found["path"] == nil)
    }

    @Test func aStepHoldsItsValueAndALineDoesNot() {
        let points = [Point(0, 0), Point(10, 1)]
        #expect(path(Series(name: "s", points: points, step: true)) == "M62 230H836V100")
        #expect(path(Series(name: "s", points: points)) == "M62 230L836 100")
    }

    @Test func pointsAreDrawnInTheOrderOfTime() {
        let points = [Point(10, 1), Point(0, 0), Point(5, 0)]
        #expect(path(Series(name: "s", points: points)) == "M62 230L449 230L836 100")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300])
    func whatIsNoNumberBreaksTheLine(value: Double) {
        let points = [Point(0, 0), Point(1, 1), Point(2, value), Point(value, 2), Point(3, 1), Point(4, 0)]
        let picture = svg(
            title: "t", charts: [Chart(title: "c", series: [Series(name: "s", points: points)])])
        #expect(elements(picture)["path"] == 2)
        #expect(!picture.contains("nan") && !picture.contains("inf"))
    }

    @Test func aMillionPointsStaySmallAndKeepTheirSpike() {
        var points = (0..<1_000_000).map { Point(Double($0) / 1000, Double($0 % 7)) }
        points[654_321].y = 1000
        let picture = svg(
            title: "t", charts: [Chart(title: "c", series: [Series(name: "s", points: points)])])
        #expect(picture.utf8.count < 100_000)
        // 1000 is the top of the axis, at y 100.
        #expect(path(Series(name: "s", points: points)).contains(" 100L"))
    }

    @Test func textOfOthersStaysText() {
        let evil = "</title><script>alert('1')</script>\"&\u{0}\u{1b}"
        let series = [
            Series(name: evil, color: "red\" onload=\"x", points: [Point(0, 1)]),
            Series(name: "b", points: []),
        ]
        let picture = svg(title: evil, charts: [Chart(title: evil, unit: evil, series: series)])
        #expect(elements(picture)["script"] == nil)
        #expect(!picture.contains("onload") && picture.contains("&lt;script&gt;"))
    }

    @Test func nothingIsFetchedFromElsewhere() {
        let series = Series(name: "s", color: "url(http://x/y)", points: [Point(0, 1), Point(1, 1)])
        let picture = svg(title: "t", charts: [Chart(title: "c", series: [series])])
        #expect(!picture.contains("url(") && !picture.contains("href"))
        #expect(picture.components(separatedBy: "http").count == 2, "the name space alone")
    }

    @Test(arguments: [
        ([0.0, 1], ["0", "1"]), ([0, 3], ["0", "1", "2", "3"]), ([0, 8], ["0", "2", "4", "6", "8"]),
        ([0, 30], ["0", "10", "20", "30"]), ([0, 0.7], ["0", "0.2", "0.4", "0.6", "0.8"]),
        ([0, 2500], ["0", "1000", "2000", "3000"]), ([0, 45_000], ["0", "20k", "40k", "60k"]),
        ([-3, 4], ["-4", "-2", "0", "2", "4"]), ([0, 0], ["0", "1"]), ([5, 5], ["0", "2", "4", "6"]),
        ([0, 210.5], ["0", "100", "200", "300"]), ([0, 4e6], ["0", "1000k", "2000k", "3000k", "4000k"]),
        ([0, 4e7], ["0", "10M", "20M", "30M", "40M"]),
        ([0, 0.000_2], ["0", "0.00005", "0.0001", "0.00015", "0.0002"]),
    ])
    func valuesAreRound(values: [Double], labels: [String]) {
        let points = values.enumerated().map { Point(Double($0), $1) }
        let chart = Chart(title: "c", series: [Series(name: "s", points: points)])
        #expect(texts([chart], kind: "value") == labels)
    }

    @Test(arguments: [
        (0.0, 0.9, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]),
        (0, 50, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s"]),
        (30, 200, ["30 s", "1:00", "1:30", "2:00", "2:30", "3:00"]),
        (0, 7200, ["0 s", "15:00", "30:00", "45:00", "1:00:00", "1:15:00", "1:30:00", "1:45:00", "2:00:00"]),
        (-20, 20, ["-20 s", "-15 s", "-10 s", "-5 s", "0 s", "5 s", "10 s", "15 s", "20 s"]),
    ])
    func timesAreRound(from: Double, to: Double, labels: [String]) {
        let chart = Chart(title: "c", series: [Series(name: "s", points: [Point(from, 1), Point(to, 2)])])
        #expect(texts([chart], kind: "time") == labels)
    }

    /// What the quickstart's load looks like, roughly.
    static func demonstration() -> [Chart] {
        let levels = [(0.0, 1.0), (10, 4), (25, 10), (45, 20), (70, 10), (85, 0), (100, 0)]
        func users(_ time: Double) -> Double { levels.last { $0.0 <= time }?.1 ?? 0 }
        func wanted(_ time: Double) -> Double { max(1, (users(max(0, time - 2.5)) / 2).rounded(.up)) }
        let times = (0...400).map { Double($0) / 4 }
        let rate = times.map {
            Point($0, users($0) * 4.9 + (users($0) > 0 ? ($0 * 7.3).remainder(dividingBy: 1.7) : 0))
        }
        let latency = times.map {
            Point($0, users($0) == 0 ? .nan : 203 + ($0 * 3.1).remainder(dividingBy: 9))
        }
        return [
            Chart(
                title: "Users and replicas",
                series: [
                    Series(name: "users", points: levels.map { Point($0.0, $0.1) }, step: true),
                    Series(name: "replicas", points: times.map { Point($0, wanted($0)) }, step: true),
                ]),
            Chart(title: "Requests", unit: "1/s", series: [Series(name: "requests", points: rate)]),
            Chart(title: "P50 latency", unit: "ms", series: [Series(name: "P50", points: latency)]),
            Chart(
                title: "Nodes",
                series: [
                    Series(
                        name: "nodes",
                        points: times.map { Point($0, max(1, (wanted($0 - 1.5) / 4).rounded(.up))) },
                        step: true)
                ]),
        ]
    }
}

private final class ElementCounter: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) { counts[name, default: 0] += 1 }
}
