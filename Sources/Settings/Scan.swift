/// A pass over the text before the YAML library sees it, which refuses what configuration does not need and what
/// can be made to cost more than its size: anchors and aliases (a kilobyte that unfolds into gigabytes), tags,
/// directives, keys that are collections (the library hashes and sorts them, in time exponential in their depth),
/// and nesting beyond `depthMax`.
///
/// It splits the text into tokens exactly as libyaml's scanner does (`scanner.c`, version 0.2.5), so that nothing
/// gets past it inside something that it takes for a string; SettingsTests compares the two on mutated texts.
/// Where libyaml finds an error the scan stops without a word: the library then reports it.
package struct Scan {
    /// Collections within collections. The settings need six; libyaml itself allows 1,000.
    static let depthMax = 64
    /// libyaml: a key followed by `:` on its line is at most this long.
    static let simpleKeyMax = 1024

    let text: [Unicode.Scalar]
    let findings: Findings
    var at = 0
    var line = 1
    var column = 0

    /// Columns of the open block collections, outermost first; -1 before any.
    private var indents = [-1]
    /// One more than there are open `[` and `{`.
    private var flows = [Flow(opener: nil)]
    private var keyAllowed = true

    /// One level of `[ ]` or `{ }`, or (with no opener) the block context.
    private struct Flow {
        var opener: Unicode.Scalar?
        /// A token on this level that a `:` would turn into a key.
        var key: SimpleKey?
        /// In `{ }`: what comes next is a key.
        var expectsKey = false
    }

    private struct SimpleKey {
        var at: Int
        var line: Int
        var column: Int
        var isCollection: Bool
    }

    /// What a scan refuses in `text`, sorted by place; for tests and tools.
    package static func problems(in text: String, file: String) -> [SettingsProblem] {
        let findings = Findings(file: file)
        var scan = Scan(text, findings: findings)
        scan.run()
        do {
            try findings.check()
            return []
        } catch {
            return error.problems
        }
    }

    init(_ text: String, findings: Findings) {
        self.text = Array(text.unicodeScalars)
        self.findings = findings
    }

    var indent: Int { indents[indents.count - 1] }
    var isInFlow: Bool { flows.count > 1 }
    private var place: Place { Place(line: line, column: column + 1) }
    private var top: Int { flows.count - 1 }

    func peek(_ ahead: Int = 0) -> Unicode.Scalar? { at + ahead < text.count ? text[at + ahead] : nil }
    func isBreak(_ ahead: Int = 0) -> Bool { peek(ahead) == "\n" || peek(ahead) == "\r" }
    func isBlank(_ ahead: Int = 0) -> Bool { peek(ahead) == " " || peek(ahead) == "\t" }
    /// Blank, line break or end of text.
    func isGap(_ ahead: Int = 0) -> Bool { peek(ahead) == nil || isBlank(ahead) || isBreak(ahead) }
    func isBracketOrComma(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ",", "[", "]", "{", "}": true
        default: false
        }
    }
    /// `---` or `...` alone at the beginning of a line.
    var isDocumentMark: Bool {
        guard column == 0, let first = peek(), first == "-" || first == "." else { return false }
        return peek(1) == first && peek(2) == first && isGap(3)
    }

    mutating func skip(_ count: Int = 1) {
        at += count
        column += count
    }

    mutating func skipBreak() {
        at += peek() == "\r" && peek(1) == "\n" ? 2 : 1
        line += 1
        column = 0
    }

    /// Reports everything refused. Takes time in proportion to the text.
    mutating func run() {
        guard controlsAreAbsent() else { return }
        while skipToToken(), step() {}
    }

    /// The characters YAML forbids, and the rare line breaks that would make line numbers differ from an editor's.
    private func controlsAreAbsent() -> Bool {
        var line = 1
        var column = 1
        for scalar in text {
            switch scalar {
            case "\n": (line, column) = (line + 1, 0)
            case "\u{0}"..<"\t", "\u{b}"..<"\r", "\u{e}"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}",
                "\u{feff}", "\u{fffe}", "\u{ffff}":
                findings.refuse(
                    Place(line: line, column: column), "a character that has no place in YAML",
                    String(scalar),
                    "remove it, or write it as an escape in double quotes")
                return false
            default: break
            }
            column += 1
        }
        return true
    }

    /// Past blanks, comments and empty lines; false at the end.
    private mutating func skipToToken() -> Bool {
        while true {
            while peek() == " " || (peek() == "\t" && (isInFlow || !keyAllowed)) { skip() }
            if peek() == "#" { while peek() != nil, !isBreak() { skip() } }
            guard isBreak() else { break }
            skipBreak()
            if !isInFlow { keyAllowed = true }
        }
        for level in flows.indices {
            guard let key = flows[level].key else { continue }
            if key.line < line || key.at + Self.simpleKeyMax < at { flows[level].key = nil }
        }
        unroll(to: column)
        return peek() != nil
    }

    /// One token; false when libyaml would go no further.
    private mutating func step() -> Bool {
        guard let scalar = peek() else { return false }
        if column == 0, scalar == "%" {
            return refuse("directives are not read", "remove the line", stop: true)
        }
        if isDocumentMark {
            unroll(to: -1)
            flows[top].key = nil
            keyAllowed = false
            skip(3)
            return true
        }
        switch scalar {
        case "[", "{": return open(scalar)
        case "]", "}":
            flows[top].key = nil
            if isInFlow { flows.removeLast() }
            keyAllowed = false
            skip()
        case ",":
            flows[top].key = nil
            flows[top].expectsKey = flows[top].opener == "{"
            keyAllowed = true
            skip()
        case "-" where isGap(1): return entry()
        case "?" where isInFlow || isGap(1):
            return refuse("keys after ? are not read", "write the key followed by a colon", stop: true)
        case ":" where isInFlow || isGap(1): return value()
        case "*": return refuse("aliases are not read", "write the value out")
        case "&": return refuse("anchors are not read", "remove it, and write the value out where it is used")
        case "!": return refuse("tags are not read", "remove it")
        default: return scalarToken(scalar)
        }
        return true
    }

    private mutating func scalarToken(_ scalar: Unicode.Scalar) -> Bool {
        if !isInFlow, scalar == "|" || scalar == ">" {
            flows[top].key = nil
            keyAllowed = true
            return skipBlockScalar()
        }
        saveKey(isCollection: false)
        flows[top].expectsKey = false
        keyAllowed = false
        if scalar == "'" || scalar == "\"" { return skipQuoted(scalar) }
        switch scalar {
        case "#", "|", ">", "%", "@", "`", "\t": return false  // starts nothing
        default: break
        }
        if skipPlain() { keyAllowed = true }
        return true
    }

    private mutating func open(_ opener: Unicode.Scalar) -> Bool {
        guard !flows[top].expectsKey else { return refuseKey(place) }
        saveKey(isCollection: true)
        flows.append(Flow(opener: opener, expectsKey: opener == "{"))
        keyAllowed = true
        guard depthIsAllowed() else { return false }
        skip()
        return true
    }

    /// `- `.
    private mutating func entry() -> Bool {
        if !isInFlow {
            guard keyAllowed, roll(to: column) else { return false }
        }
        flows[top].key = nil
        keyAllowed = true
        skip()
        return true
    }

    /// `: `.
    private mutating func value() -> Bool {
        if let key = flows[top].key {
            guard !key.isCollection else { return refuseKey(Place(line: key.line, column: key.column + 1)) }
            guard roll(to: key.column) else { return false }
            flows[top].key = nil
            keyAllowed = false
        } else {
            if !isInFlow {
                guard keyAllowed, roll(to: column) else { return false }
            }
            keyAllowed = !isInFlow
        }
        flows[top].expectsKey = false
        skip()
        return true
    }

    private mutating func saveKey(isCollection: Bool) {
        guard keyAllowed else { return }
        flows[top].key = SimpleKey(at: at, line: line, column: column, isCollection: isCollection)
    }

    private mutating func roll(to column: Int) -> Bool {
        guard !isInFlow, indent < column else { return true }
        indents.append(column)
        return depthIsAllowed()
    }

    private mutating func unroll(to column: Int) {
        guard !isInFlow else { return }
        while indent > column { indents.removeLast() }
    }

    private func depthIsAllowed() -> Bool {
        guard indents.count + flows.count - 2 > Self.depthMax else { return true }
        findings.refuse(
            place, "nested too deeply", "level \(Self.depthMax + 1)", "at most \(Self.depthMax) levels")
        return false
    }

    private func refuseKey(_ place: Place) -> Bool {
        findings.refuse(place, "a list or mapping cannot be a key", "{ or [", "a word, or the text in quotes")
        return false
    }

    /// Refuses the token here and goes past its word, so that the next one is found too.
    private mutating func refuse(_ what: String, _ right: String, stop: Bool = false) -> Bool {
        let begin = place
        var word = ""
        while let scalar = peek(), !isGap(), word.isEmpty || !isBracketOrComma(scalar) {
            word.unicodeScalars.append(scalar)
            skip()
        }
        findings.refuse(begin, what, word, right)
        return !stop
    }
}
