import Model
import Settings
import Testing

/// Numbers come from their text, exactly.
struct NumbersTests {
    @Test(arguments: [
        ("0", 0), ("0.0", 0), ("-0", 0), ("1", 1000), ("1.", 1000), (".5", 500), ("0.1", 100), ("0.001", 1),
        ("+2.5", 2500), ("0.29", 290), ("1.005", 1005), ("4.350000", 4350), ("31536000", 31_536_000_000),
    ])
    func secondsAreExact(text: String, ms: Int64) throws {
        let settings = try Settings.cluster(text: "idle_timeout_s: \(text)", file: "c")
        #expect(settings.idleTimeout == Millis(ms))
    }

    @Test(arguments: [
        ("-0.001", "is out of range"), ("31536000.001", "is out of range"),
        ("0.0001", "cannot be read exactly"),
        ("1e3", "cannot be read exactly"), ("1E-3", "cannot be read exactly"),
        (".nan", "cannot be read exactly"),
        ("-.inf", "cannot be read exactly"), ("NaN", "cannot be read exactly"),
        ("1_0", "cannot be read exactly"),
        ("0x1F", "cannot be read exactly"), ("0o7", "cannot be read exactly"),
        ("007", "cannot be read exactly"),
        ("9223372036854775808", "is out of range"), ("1:30", "must be a number"), ("5s", "must be a number"),
        ("'5'", "must be a number"), ("[]", "must be a number"), ("true", "must be a number"),
        ("1.2.3", "must be"),
        ("e", "must be a number"), ("٣", "must be a number"),
        ("1e", "must be a number"),
    ])
    func anythingElseIsRefused(text: String, what: String) {
        let found = ClusterTests.problems("idle_timeout_s: \(text)")
        #expect(found.count == 1 && found[0].contains("idle_timeout_s \(what)"), "\(found)")
    }
}
