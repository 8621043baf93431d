import Yams

/// One mapping of the file, being read.
package struct Section {
    /// How messages name it: `applications[0].readiness`; empty at the top of the file.
    package let path: String
    package let place: Place
    package let findings: Findings
    private let pairs: [Pair]

    private struct Pair {
        var key: String
        var place: Place
        var value: Node
    }

    /// Nil, with a problem, when `node` is no mapping.
    init?(_ node: Node, path: String, findings: Findings) {
        self.path = path
        self.findings = findings
        place = Place(node)
        guard let mapping = node.mapping else {
            let what = path.isEmpty ? "the file must be a mapping" : "\(path) must be a mapping"
            findings.refuse(place, what, node.summary, "lines of `key: value`")
            return nil
        }
        var pairs: [Pair] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                findings.refuse(Place(key), "a list or mapping cannot be a key", key.summary, "a word")
                continue
            }
            pairs.append(Pair(key: name, place: Place(key), value: value))
        }
        self.pairs = pairs
    }

    /// For "in this section" of a message.
    private var whereabouts: String { path.isEmpty ? "" : " in \(path)" }

    /// Refuses every key that is not among these, with the likeliest meant.
    package func check(only known: [String]) { check(known: known) }

    /// Says which keys are not read here: the unknown with the likeliest meant, and those of `unread`.
    func check(known: [String], unread: [Unread] = [], renamed: [String: String] = [:]) {
        for pair in pairs where !known.contains(pair.key) {
            if let entry = unread.first(where: { $0.key == pair.key }) {
                entry.report(field(pair), at: pair.place, of: pair.key, in: whereabouts)
            } else {
                // Of a mapping that is not read at all, what it may hold; else what is of use here.
                let words = known.isEmpty ? unread.map(\.key) : known
                let meant =
                    renamed[pair.key]
                    ?? (findings.isFull ? nil : Spelling.nearest(to: pair.key, among: words))
                let right = meant.map { "did you mean \($0)?" }
                findings.refuse(
                    pair.place, "unknown key\(whereabouts)", pair.key,
                    right ?? "known here: \(words.joined(separator: ", "))")
            }
        }
    }

    /// The value of `key`; nil when it is absent or null.
    package subscript(key: String) -> Field? {
        guard let pair = pairs.first(where: { $0.key == key }), !pair.value.isNull else { return nil }
        return field(pair)
    }

    /// True when `key` stands there with null.
    package func isNull(_ key: String) -> Bool {
        pairs.contains { $0.key == key && $0.value.isNull }
    }

    /// The value of `key`; without one, a problem that says `right`.
    package func required(_ key: String, _ right: String) -> Field? {
        if let field = self[key] { return field }
        let what = path.isEmpty ? "a key is missing" : "a key is missing in \(path)"
        findings.refuse(place, what, key, right)
        return nil
    }

    /// Every entry, null ones too, in the order of the file. For maps with names of the user's.
    package var entries: [(name: String, place: Place, field: Field)] {
        pairs.map { ($0.key, $0.place, field($0)) }
    }

    /// Where the key stands; the section's own place when it does not.
    package func keyPlace(_ key: String) -> Place { pairs.first { $0.key == key }?.place ?? place }

    private func field(_ pair: Pair) -> Field {
        Field(node: pair.value, path: path.isEmpty ? pair.key : "\(path).\(pair.key)", findings: findings)
    }
}
