import Model
import Store
import Wire

/// Why something is as it is, in sentences and as data: what `tandem explain` prints. Read from the database alone.
package struct Explanation: Codable, Equatable, Sendable {
    /// What can be asked about.
    package enum Kind: String, Codable, CaseIterable, Sendable {
        case replica, node, deployment, type

        /// Whether a name has the form of such a thing's: `application#deployment#serial`, `application#deployment`, or none.
        func mayBeCalled(_ name: String) -> Bool {
            let marks = name.count { $0 == "#" }
            return marks == (self == .replica ? 2 : self == .deployment ? 1 : 0)
        }
    }

    /// One candidate that was not chosen.
    package struct Reason: Codable, Equatable, Sendable {
        /// Who asked: a replica, or the launch of a node.
        package var subject: String
        package var candidate: String
        package var code: String
        /// What is missing there, as in `Resources`.
        package var short: Resources
        /// How far it is from what is allowed, as in `Refusal`.
        package var gap: Int64
        package var sentence: String
        /// Further subjects with the same answer.
        package var alike: Int
    }

    /// One decision of the past.
    package struct Past: Codable, Equatable, Sendable {
        /// UTC.
        package var at: String
        package var tier: String
        package var kind: String
        package var before: String
        package var after: String
        package var rule: String
        package var reason: String
    }

    package var kind: Kind
    package var name: String
    /// Whole sentences, the most telling first.
    package var sentences: [String] = []
    package var reasons: [Reason] = []
    /// Newest first.
    package var history: [Past] = []

    /// Decisions of the past that are shown.
    package static let historyMax = 20

    /// - Throws: `Problem` for a name that nobody has, with those that are near.
    package static func of(_ kind: Kind, _ name: String, _ ask: Ask) throws -> Explanation {
        var explanation = Explanation(kind: kind, name: name)
        let isKnown =
            switch kind {
            case .replica: try explanation.replica(ask)
            case .node: try explanation.node(ask)
            case .deployment: try explanation.deployment(ask)
            case .type: try explanation.type(ask)
            }
        try explanation.tellPast(ask)
        guard isKnown || !explanation.history.isEmpty && kind.mayBeCalled(name) else {
            throw try NearNames.problem(kind, name, ask)
        }
        if !isKnown { explanation.sentences = ["\(name) is no more; what was decided about it is below."] }
        return explanation
    }

    private mutating func tellPast(_ ask: Ask) throws(StoreError) {
        let isOfType = kind == .type
        history = try AnswerRow.all(
            ask,
            """
            SELECT at, tier, kind, subject, before, after, rule, reason FROM timeline
            WHERE \(isOfType ? "kind = 'launch' AND after = ?" : "subject = ?")
            ORDER BY at_ms DESC, decision DESC LIMIT \(Self.historyMax)
            """, [.text(name)]
        ).map { row in
            Past(
                at: row.text("at"), tier: row.text("tier"), kind: row.text("kind"),
                before: row.text("before"),
                after: isOfType ? row.text("subject") : row.text("after"), rule: row.text("rule"),
                reason: row.text("reason"))
        }
    }

    /// Adds what candidates answered; equal answers to several subjects are one.
    mutating func add(_ refusals: [Refusal], to subject: String) {
        for refusal in refusals {
            let place = reasons.firstIndex {
                $0.candidate == refusal.candidate && $0.code == refusal.code.rawValue
                    && $0.short == refusal.short && $0.gap == refusal.gap
            }
            if let place {
                reasons[place].alike += 1
            } else {
                reasons.append(
                    Reason(
                        subject: subject, candidate: refusal.candidate, code: refusal.code.rawValue,
                        short: refusal.short, gap: refusal.gap, sentence: refusal.sentence, alike: 0))
            }
        }
    }

    /// What a person could do so that what waits finds room; each once.
    var waysOut: [String] {
        var ways: [String] = []
        for reason in reasons {
            guard let way = Refusal.Code(rawValue: reason.code)?.wayOut else { continue }
            if !ways.contains(way) { ways.append(way) }
        }
        return ways
    }
}

/// A name that nobody has.
enum NearNames {
    /// So many are told.
    static let namedMax = 5

    private static func sql(_ kind: Explanation.Kind) -> String {
        switch kind {
        case .replica: "SELECT id FROM replica ORDER BY id"
        case .node: "SELECT id FROM node ORDER BY phase = 'gone', id"
        case .deployment: "SELECT id FROM deployment ORDER BY id"
        case .type: "SELECT name FROM node_type ORDER BY name"
        }
    }

    static func problem(_ kind: Explanation.Kind, _ name: String, _ ask: Ask) throws(StoreError) -> Problem {
        for other in Explanation.Kind.allCases where other != kind {
            if try AnswerRow.names(ask, sql(other)).contains(name) {
                return Problem(
                    code: "not_found",
                    message: "\"\(name)\" is a \(other.rawValue): tandem explain \(other.rawValue) '\(name)'")
            }
        }
        let known = try AnswerRow.names(ask, sql(kind))
        let near = near(name, among: known)
        let words =
            !near.isEmpty
            ? "near ones: \(near.joined(separator: ", "))"
            : known.isEmpty ? "there is none" : "there are: \(list(known))"
        return Problem(
            code: "not_found",
            message: "there is no \(kind.rawValue) \"\(name.prefix(100))\"; \(words); tandem status lists all"
        )
    }

    private static func list(_ names: [String]) -> String {
        let more = names.count > namedMax ? " and \(names.count - namedMax) more" : ""
        return names.prefix(namedMax).joined(separator: ", ") + more
    }

    /// Those within two edits, then those that have the word in them.
    static func near(_ name: String, among known: [String]) -> [String] {
        let word = name.lowercased()
        guard !word.isEmpty, word.utf8.count <= Edits.lengthMax else { return [] }
        let spelt = known.map { (Edits.between(word, $0.lowercased()), $0) }
            .filter { $0.0 <= (word.utf8.count <= 4 ? 1 : 2) }.sorted { $0 < $1 }.map(\.1)
        let within = known.filter { $0.lowercased().contains(word) && !spelt.contains($0) }
        return Array((spelt + within).prefix(namedMax))
    }
}

/// Insertions, deletions and replacements that turn one word into another (Levenshtein).
enum Edits {
    /// Longer words are not compared: comparing costs length × length.
    static let lengthMax = 200

    static func between(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8.prefix(lengthMax)))
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                row.append(min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1)))
            }
            last = row
        }
        return last[b.count]
    }
}
