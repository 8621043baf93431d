/// What the labels of a node must be, key by key: all of it, sorted by key.
///
/// Source: Ray 2.60, `label_selector`: `v`, `!v`, `in(a, b)` and `!in(a, b)`. As there a key that a node does not have
/// holds for the two that exclude, and for none that asks for a value.
package struct LabelSelector: Hashable, Sendable {
    /// What the label of one key must be.
    package struct Rule: Hashable, Sendable {
        /// The label's name.
        package var key: String
        /// Sorted, none twice, at least one.
        package var values: [String]
        /// One of the values, or none of them.
        package var isIn: Bool

        package func admits(_ value: String?) -> Bool { value.map(values.contains) ?? false == isIn }
    }

    package private(set) var rules: [Rule] = []

    package init() {}

    /// Why a text is no rule.
    package struct Problem: Error, CustomStringConvertible {
        package var description: String
    }

    package init(_ texts: [String: String]) throws(Problem) {
        for key in texts.keys.sorted() {
            guard !key.isEmpty else { throw Problem(description: "a label has a name") }
            rules.append(try Self.rule(key, texts[key] ?? ""))
        }
    }

    private static func rule(_ key: String, _ text: String) throws(Problem) -> Rule {
        var rest = Substring(text)
        let excludes = rest.first == "!"
        if excludes { rest = rest.dropFirst() }
        var values = [trimmed(rest)]
        if rest.hasPrefix("in("), rest.hasSuffix(")") {
            values = rest.dropFirst(3).dropLast().split(separator: ",", omittingEmptySubsequences: false).map(
                trimmed)
        }
        let unfit: (String) -> Bool = { $0.isEmpty || $0.contains { "!(),".contains($0) } }
        if values.contains(where: unfit) {
            throw Problem(
                description: "\"\(text)\" for label \(key): write v, !v, in(a, b) or !in(a, b)")
        }
        return Rule(key: key, values: Set(values).sorted(), isIn: !excludes)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }

    /// True when these labels are what it asks for.
    package func admits(_ labels: [String: String]) -> Bool { rules.allSatisfy { $0.admits(labels[$0.key]) } }

    /// Its rules that these labels fail.
    package func failures(_ labels: [String: String]) -> Int { rules.count { !$0.admits(labels[$0.key]) } }
}
