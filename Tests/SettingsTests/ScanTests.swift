import Model
import Settings
import Testing
import Yams

/// The scan before the YAML library must see the tokens that the library sees: whatever the library reads, the
/// scan has refused exactly when there is something to refuse.
struct ScanTests {
    /// Texts that use all of YAML, from which the mutations start.
    static let seeds = [
        "a: b\n'c d': \"e\\\"f\"\ng:\n- h\n- - i\n  - j: k\n    l: m\n",
        "{a: [b, {c: d}], \"e\": 'f''g', h: }",
        "a: |\n  text [ {\n   \"more\n\nb: >-\n  x\n  & *y\nc: |2\n    z\n  \" \nd: e\n",
        "a: one\n  \"two\n  'three\nb: [x\n  y, \"z\n   w\"] # [ { \"\nc: d#e\n",
        "[a: b, c: {d, e}, [f], 'g': h, \"i\":j]",
        "--- # doc\na: don't\nb: x:y\nc: -1\nd: ?x\ne: :z\n",
        "a: &x 1\nb: *x\nc: !t d\n? e\n: f\n",
        "? [a]\n: b\n[c, d]: e\n{f: g}: h\n*i : j\n",
        "{[a]: b, {c}: d, ? e : f, g}\n",
        "- |\n a\n- >\n\n  b\n-\n  c: d\n- 'x\n  y'\n- \"\\\n  z\"\n",
        "{\"a\":[1,2,{\"b\":null}],\"c\":\"}]:\",\"d\":\"{port}: [\"}",
        "a:\r\n  b: c\r\n  d: [e,\r\n f]\r\n",
    ]

    /// Splitmix64, so that a failure can be repeated.
    struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let pieces = [
        "[", "]", "{", "}", ",", ":", ": ", "- ", "-", "? ", "?", "&a", "*a", "!t", "|", ">", "'", "\"", "#",
        " #", " ",
        "  ", "\n", "\n  ", "\n\n", "\t", "a", "\\", "---\n", "...\n", "%", "|2\n", ">-\n", "\r\n", "\r", "é",
        "@",
        "''", "\\\"", "1", "~",
    ]

    static func mutated(_ text: String, _ dice: inout Dice) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...6, using: &dice) {
            let at = Int.random(in: 0...scalars.count, using: &dice)
            let end = min(scalars.count, at + Int.random(in: 0...3, using: &dice))
            let piece = pieces.randomElement(using: &dice) ?? ""
            scalars.replaceSubrange(at..<end, with: Array(piece.unicodeScalars))
        }
        var mutated = ""
        mutated.unicodeScalars.append(contentsOf: scalars)
        return mutated
    }

    /// What there is to refuse in the tree that the library made; nil: nothing.
    static func fault(_ node: Node, depth: Int = 0) -> String? {
        if node.anchor != nil { return "anchor" }
        if depth > 2 * 64 + 1 { return "depth" }
        switch node {
        case .alias: return "alias"
        case .scalar(let scalar): return scalar.tag.description.hasPrefix("!") ? "tag" : nil
        case .sequence(let list): return list.lazy.compactMap { fault($0, depth: depth + 1) }.first
        case .mapping(let mapping):
            for (key, value) in mapping {
                guard case .scalar = key else { return "key" }
                if let fault = fault(key, depth: depth + 1) ?? fault(value, depth: depth + 1) { return fault }
            }
            return nil
        }
    }

    @Test(arguments: 0..<seeds.count)
    func theScanSeesWhatTheLibrarySees(seed: Int) {
        var dice = Dice(state: UInt64(seed))
        var read = 0
        for round in 0..<4000 {
            let text = round == 0 ? Self.seeds[seed] : Self.mutated(Self.seeds[seed], &dice)
            // A node knows its anchor only as long as its parser lives.
            guard let parser = try? Parser(yaml: text, resolver: .basic, encoding: .utf8) else { continue }
            defer { withExtendedLifetime(parser) {} }
            guard let tree = try? parser.singleRoot() else { continue }
            read += 1
            let problems = Scan.problems(in: text, file: "f")
            if problems.isEmpty {
                #expect(Self.fault(tree) == nil, "got past the scan: \(text.debugDescription)")
            } else if Self.isPlain(text) {
                #expect(Self.fault(tree) != nil, "\(problems) in \(text.debugDescription)")
            }
        }
        #expect(read > 20)
    }

    /// True when the text holds none of what the scan refuses by its look, although a tree does not show it:
    /// directives, tags on collections, keys after `?`.
    static func isPlain(_ text: String) -> Bool {
        !text.contains("%") && !text.contains("!") && !text.contains("?")
    }

    /// Bytes of any kind: an answer or problems, never a trap.
    @Test func noBytesTrapTheReader() {
        var dice = Dice(state: 7)
        let whole = Array(
            ServeProblemsTests.file("num_replicas: auto\nautoscaling_config: {max_replicas: 3}").utf8)
        for _ in 0..<6000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &dice) {
                let at = Int.random(in: 0..<bytes.count, using: &dice)
                switch Int.random(in: 0..<3, using: &dice) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &dice)
                case 1: bytes.remove(at: at)
                default:
                    bytes.insert(
                        contentsOf: Array((Self.pieces.randomElement(using: &dice) ?? "").utf8), at: at)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                let settings = try Settings.serve(text: text, file: "f")
                #expect(settings.applications.allSatisfy { NameRule.accepts($0.name) })
            } catch {
                #expect(!error.problems.isEmpty)
            }
            _ = try? Settings.cluster(text: text, file: "c")
        }
    }
}
