/// One thing wrong in a file or body, and what would be right.
package struct SettingsProblem: Equatable, Sendable, CustomStringConvertible {
    /// The file as it was named by the caller; for an API body, the word the caller chose, e.g. `body`.
    package var file: String
    /// From 1. Zero: the problem is with the file as a whole.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    package var what: String
    package var value: String
    package var right: String

    package init(file: String, line: Int, column: Int, what: String, value: String, right: String) {
        self.file = file
        self.line = line
        self.column = column
        self.what = what
        self.value = value
        self.right = right
    }

    /// `file:line:column: what is wrong: the value: what would be right`.
    package var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(what): \(value): \(right)"
    }
}

/// Everything wrong with one file, sorted by place.
package struct SettingsProblems: Error, Equatable, CustomStringConvertible {
    /// Problems listed; those beyond are only counted in `more`.
    package static let problemsMax = 100

    package var problems: [SettingsProblem]
    /// How many more there are than are listed.
    package var more: Int

    package init(problems: [SettingsProblem], more: Int = 0) {
        self.problems = problems
        self.more = more
    }

    /// One problem a line.
    package var description: String {
        let lines = problems.map(\.description) + (more > 0 ? ["and \(more) more"] : [])
        return lines.joined(separator: "\n")
    }
}

/// Where something stands in the text, both from 1.
package struct Place: Equatable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Of what is wrong with a text as a whole.
    package static let start = Place(line: 1, column: 1)
    package static func < (a: Place, b: Place) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// Collects what is wrong while a text is walked. Walking goes on after a problem, so that all are told at once.
package final class Findings {
    /// Problems and warnings kept; a hostile text may hold a million. Past it they are counted.
    static let keptMax = 1000

    let file: String
    private var kept: [SettingsProblem] = []
    private var dropped = 0
    private var warned: [SettingsProblem] = []

    init(file: String) { self.file = file }

    /// What is wrong, the value, and what would be right.
    package func refuse(_ place: Place, _ what: String, _ value: String, _ right: String) {
        guard kept.count < Self.keptMax else { return dropped += 1 }
        kept.append(problem(place, what, value, right))
    }

    func warn(_ place: Place, _ what: String, _ value: String, _ right: String) {
        guard warned.count < SettingsProblems.problemsMax else { return }
        warned.append(problem(place, what, value, right))
    }

    /// True when further problems are only counted: no need to word them well.
    var isFull: Bool { kept.count >= Self.keptMax }
    var isClean: Bool { kept.isEmpty }
    /// How much was refused so far.
    var count: Int { kept.count + dropped }
    var warnings: [SettingsProblem] { Self.sorted(warned) }

    /// - Throws: all that was refused; nothing when nothing was.
    package func check() throws(SettingsProblems) {
        guard !kept.isEmpty else { return }
        let shown = Self.sorted(kept).prefix(SettingsProblems.problemsMax)
        throw SettingsProblems(problems: Array(shown), more: kept.count - shown.count + dropped)
    }

    private func problem(_ place: Place, _ what: String, _ value: String, _ right: String) -> SettingsProblem
    {
        SettingsProblem(
            file: file, line: place.line, column: place.column, what: what, value: shown(value), right: right)
    }

    private static func sorted(_ problems: [SettingsProblem]) -> [SettingsProblem] {
        problems.sorted { ($0.line, $0.column, $0.what) < ($1.line, $1.column, $1.what) }
    }
}

/// A value of the file as a message can carry it: one line, without control characters, at most 60 scalars.
func shown(_ value: String) -> String {
    let scalarsMax = 60
    var text = ""
    for scalar in value.unicodeScalars.prefix(scalarsMax) {
        switch scalar {
        case "\n": text += "\\n"
        case "\t": text += "\\t"
        case "\u{0}"..<" ", "\u{7f}"..<"\u{a0}", "\u{2028}"..."\u{202e}", "\u{2066}"..."\u{2069}":
            text += "\\u{\(String(scalar.value, radix: 16))}"
        default: text.unicodeScalars.append(scalar)
        }
    }
    return value.unicodeScalars.count > scalarsMax ? text + "…" : text
}
