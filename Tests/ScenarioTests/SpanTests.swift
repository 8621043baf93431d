import Model
import Scenarios
import Testing

@Suite struct SpanTests {
    @Test(
        arguments: [
            ("0", 0), ("200ms", 200), ("30s", 30_000), ("1.5s", 1_500), ("5m", 300_000), ("1h", 3_600_000),
            ("1m30s", 90_000), ("-1h", -3_600_000), ("168h", 604_800_000),
        ] as [(String, Int64)])
    func spansAreRead(_ text: String, _ millis: Int64) {
        #expect(Span.parse(text) == Millis(millis))
    }

    @Test(arguments: [
        "", "-", "5", "s", "5 s", "1s1m", "1s1s", "1.s", ".5s", "1e3s", "0.0001s", "169h", "5d",
        "9999999999s", "٣s",
    ])
    func othersAreNot(_ text: String) {
        #expect(Span.parse(text) == nil)
    }

    @Test(
        arguments: [
            (0, "0s"), (90_000, "1m30s"), (200, "200ms"), (3_661_001, "1h1m1s1ms"), (-3_600_000, "-1h"),
        ] as [(Int64, String)])
    func theyAreWrittenShort(_ millis: Int64, _ words: String) {
        #expect(Span.words(Millis(millis)) == words)
        #expect(Span.parse(words) == Millis(millis))
    }
}
