import Yams

/// A text as a tree of nodes with their places. Nothing is constructed from it but what the sections ask for.
enum Document {
    /// Bytes of a file or body; more is refused unread.
    static let bytesMax = 1 << 20

    /// The root; nil when the text holds nothing, or when it is not YAML, which `findings` then says.
    static func root(_ text: String, _ findings: Findings) -> Node? {
        guard text.utf8.count <= bytesMax else {
            findings.refuse(
                Place(line: 0, column: 0), "too large", "\(text.utf8.count) bytes",
                "at most \(bytesMax) bytes")
            return nil
        }
        var scan = Scan(text, findings: findings)
        scan.run()
        guard findings.isClean else { return nil }
        do {
            // The basic resolver gives a plain text no type: the fields do that, from the text as written.
            return try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch let error as YamlError {
            report(error, text, findings)
        } catch {
            findings.refuse(.start, "not YAML", "\(error)", "YAML or JSON")
        }
        return nil
    }

    private static func report(_ error: YamlError, _ text: String, _ findings: Findings) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let whole = (context.map { $0.text + ", " } ?? "") + problem
            let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
            let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1] : ""
            findings.refuse(
                Place(mark), "not YAML (\(whole))", line.isEmpty ? "the end" : String(line), right(problem))
        case .duplicatedKeysInMapping(let keys, let context):
            findings.refuse(
                Place(context.mark), "key given more than once", keys.joined(separator: ", "),
                "give it once in one mapping")
        case .reader(let problem, _, _, _):
            findings.refuse(.start, "not YAML", problem, "text in UTF-8")
        default:
            findings.refuse(.start, "not YAML", "\(error)", "YAML or JSON")
        }
    }

    private static func right(_ problem: String) -> String {
        if problem.contains("tab") || problem.contains("cannot start any token") {
            return "indent with spaces, and put texts that begin with a special character in quotes"
        }
        if problem.contains("escape code") { return "write the character itself, in UTF-8" }
        if problem.contains("another document") { return "one document in a file" }
        return "check the indentation, quotes and brackets before this place"
    }
}

extension Place {
    init(_ mark: Mark) { self.init(line: mark.line, column: mark.column) }
    init(_ node: Node) { self = node.mark.map { Place($0) } ?? .start }
}

extension Node {
    /// True for `null`, `~` and nothing at all.
    var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// As a message shows it.
    var summary: String {
        switch self {
        case .scalar(let scalar) where isNull: scalar.string.isEmpty ? "nothing" : scalar.string
        case .scalar(let scalar): scalar.style == .plain ? scalar.string : "\"\(scalar.string)\""
        case .mapping(let mapping): mapping.isEmpty ? "{}" : "a mapping"
        case .sequence(let list): list.isEmpty ? "[]" : "a list"
        case .alias: "an alias"
        }
    }

    /// True when it says no more than leaving it out: null, `{}`, `[]`.
    var isEmptyOrNull: Bool {
        switch self {
        case .scalar: isNull
        case .mapping(let mapping): mapping.isEmpty
        case .sequence(let list): list.isEmpty
        case .alias: false
        }
    }
}
