import Model
import Settings
import Testing
import Yams

/// Texts made to cost more than they weigh are refused before they can.
struct HostileTextTests {
    /// Generous for a busy machine; what is refused here would take minutes or forever.
    static let limit = Duration.seconds(10)

    func refusal(_ text: String) throws -> SettingsProblem {
        let clock = ContinuousClock()
        let begin = clock.now
        let error = #expect(throws: SettingsProblems.self) { try Settings.serve(text: text, file: "f") }
        #expect(clock.now - begin < Self.limit)
        return try #require(error?.problems.first)
    }

    @Test func aliasesAreRefusedWhereTheyStand() throws {
        let bomb = """
            a: &a [x, x, x, x, x, x, x, x, x, x]
            b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
            c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
            applications: *c
            """
        let problem = try refusal(bomb)
        #expect(
            problem.description
                == "f:1:4: anchors are not read: &a: remove it, and write the value out where it is used")
        let all = Scan.problems(in: bomb, file: "f")
        #expect(all.count == 24)
        #expect(all.last?.description == "f:4:15: aliases are not read: *c: write the value out")
    }

    @Test(arguments: ["[", "{a: ", "{", "- ", "[{"])
    func deepNestingIsRefused(opener: String) throws {
        let text = String(repeating: opener, count: 10_000)
        let problem = try refusal("applications: \n  " + text)
        #expect(
            ["nested too deeply", "a list or mapping cannot be a key"].contains(problem.what), "\(problem)")
    }

    @Test func deepIndentationIsRefused() throws {
        let text = (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(try refusal(text).description == "f:65:66: nested too deeply: level 65: at most 64 levels")
    }

    @Test func theDeepestAllowedIsRead() {
        let text = "applications: " + String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(ServeProblemsTests.problems(text).joined().contains("applications[0] must be a mapping"))
        #expect(ServeProblemsTests.problems("a: [\(text)]").joined().contains("nested too deeply"))
    }

    /// The library sorts twice-given keys in a way that doubles its work with each level.
    @Test(arguments: ["? ", ""])
    func collectionsAsKeysAreRefused(mark: String) throws {
        let a = String(repeating: "[", count: 40) + "a" + String(repeating: "]", count: 40)
        let b = String(repeating: "[", count: 40) + "b" + String(repeating: "]", count: 40)
        let text = "{\(mark)\(a): 1, \(mark)\(a): 1, \(mark)\(b): 1, \(mark)\(b): 1}"
        #expect(
            ["keys after ? are not read", "a list or mapping cannot be a key"].contains(
                try refusal(text).what))
        #expect(try refusal("\(a): 1\n\(a): 2").what == "a list or mapping cannot be a key")
    }

    @Test func twoMebibytesAreRefusedUnread() throws {
        let problem = try refusal(String(repeating: "- a\n", count: 1 << 19))
        #expect(problem.description == "f: too large: 2097152 bytes: at most 1048576 bytes")
    }

    @Test(arguments: ["- {a: 1}\n", "- x\n", "- [[[[[[]]]]]]\n", "- \"\n", "- 'a' \n"])
    func aMebibyteOfProblemsIsToldInTime(line: String) throws {
        let text = "applications:\n" + String(repeating: line, count: (1 << 20) / line.utf8.count - 4)
        _ = try refusal(text)
    }

    @Test func aMebibyteOfKeysIsToldInTime() throws {
        let text = (0..<60_000).map { "key\($0): {a: b}\n" }.joined()
        #expect(text.utf8.count <= 1 << 20)
        _ = try refusal(text)
    }

    @Test(arguments: [
        ("a: !!binary x", "f:1:4: tags are not read: !!binary: remove it"),
        ("%YAML 1.1\n---\na: 1", "f:1:1: directives are not read: %YAML: remove the line"),
        ("a: \u{0}", "f:1:4: a character that has no place in YAML: \\u{0}: "),
        ("a: 1\nb: \u{2028}", "f:2:4: a character that has no place in YAML: \\u{2028}: "),
        (
            "a: 1\n\tb: 2",
            "f:2:1: not YAML (while scanning a plain scalar, found a tab character that violates indentation): \\tb: 2: indent"
        ),
        (
            "a: \"x",
            "f:1:6: not YAML (while scanning a quoted scalar, found unexpected end of stream): a: \"x: check"
        ),
        (
            "a: [1",
            "f:2:1: not YAML (while parsing a flow sequence, did not find expected ',' or ']'): the end: check"
        ),
        (
            "a: 1\n---\nb: 2",
            "f:2:1: not YAML (expected a single document in the stream, but found another document): ---: one document"
        ),
        (
            "a: \"\\ud800\"",
            "f:1:7: not YAML (while parsing a quoted scalar, found invalid Unicode character escape code): a: \"\\ud800\": write the character itself"
        ),
        ("<<: {a: 1}", "f:1:1: unknown key: <<: "),
        ("a: b: c", "f:1:5: not YAML (mapping values are not allowed in this context): a: b: c: "),
    ])
    func whatIsNotReadIsSaid(text: String, message: String) {
        let found = ServeProblemsTests.problems(text)
        #expect(found.contains { $0.hasPrefix(message) }, "\(found)")
    }

    @Test func numbersBeyondAllBoundsAreRefused() {
        for number in [
            "1e999", "-1e999", "99999999999999999999", "1_000", "0x10", "010", "--1", "1.2.3", ".", "+",
        ] {
            let text = ServeProblemsTests.file("max_ongoing_requests: \(number)")
            #expect(ServeProblemsTests.problems(text).count == 1, "\(number)")
        }
    }
}
