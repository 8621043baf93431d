import Model
import Yams

/// One value of the file, and the ways to read it. Each way returns nil after saying what is wrong.
package struct Field {
    let node: Node
    /// How messages name it: `applications[0].name`.
    package let path: String
    package let findings: Findings

    package var place: Place { Place(node) }
    /// As a message shows it.
    package var summary: String { node.summary }
    /// Says no more than leaving it out.
    package var isEmptyOrNull: Bool { node.isEmptyOrNull }
    /// Whether it is lines of `key: value`.
    package var isMapping: Bool { node.mapping != nil }
    /// The text of a scalar, in quotes or not.
    package var word: String? { node.scalar?.string }
    /// The text of a scalar without quotes, which may be a number.
    var plain: String? { node.scalar.flatMap { $0.style == .plain ? $0.string : nil } }

    /// What is wrong with it, and what would be right.
    package func refuse(_ what: String, _ right: String) {
        findings.refuse(place, "\(path) \(what)", node.summary, right)
    }

    /// As a mapping.
    package var section: Section? { Section(node, path: path, findings: findings) }

    /// As a list; otherwise a problem that says `right`.
    package func list(_ right: String) -> [Field]? {
        guard let list = node.sequence else {
            refuse("must be a list", right)
            return nil
        }
        return list.enumerated().map { Field(node: $1, path: "\(path)[\($0)]", findings: findings) }
    }

    /// A text. Plain words and numbers are taken as they are written: `5` is the text 5, `yes` the text yes.
    package func text(_ right: String, bytesMax: Int = 4096) -> String? {
        guard let scalar = node.scalar, !node.isNull else {
            refuse("must be a text", right)
            return nil
        }
        guard !scalar.string.utf8.contains(0) else {
            refuse("holds a zero byte", right)
            return nil
        }
        guard scalar.string.utf8.count <= bytesMax else {
            refuse("is too long", "at most \(bytesMax) bytes")
            return nil
        }
        return scalar.string
    }

    /// A name that may stand in ids, file names and URLs.
    package func name() -> String? {
        let right = "1 to \(NameRule.lengthMax) of a-z A-Z 0-9 - _ . not beginning with - or ."
        guard let text = text(right) else { return nil }
        guard NameRule.accepts(text) else {
            refuse("is no name", right)
            return nil
        }
        return text
    }

    /// `true` or `false`.
    package func flag() -> Bool? {
        if let plain {
            if ["true", "True", "TRUE"].contains(plain) { return true }
            if ["false", "False", "FALSE"].contains(plain) { return false }
        }
        refuse("must be true or false", "true or false")
        return nil
    }

    /// A number in 10^-`decimals`, within `range` (in the same unit).
    package func number(decimals: Int, in range: ClosedRange<Int64>, _ unit: String = "") -> Int64? {
        let bounds = Self.bounds(range, decimals: decimals, unit)
        guard let plain else {
            let isQuoted = word.map(DecimalText.looksLikeNumber) ?? false
            refuse("must be a number", isQuoted ? "the number without quotes" : bounds)
            return nil
        }
        do {
            let value = try DecimalText.parse(plain, decimals: decimals)
            guard !range.contains(value) else { return value }
            refuse("is out of range", bounds)
        } catch .notNumber {
            refuse("must be a number", bounds)
        } catch .tooLarge {
            refuse("is out of range", bounds)
        } catch {
            refuse("cannot be read exactly", error.right(decimals: decimals))
        }
        return nil
    }

    /// A whole number of the range.
    package func whole(in range: ClosedRange<Int>) -> Int? {
        number(decimals: 0, in: Int64(range.lowerBound)...Int64(range.upperBound)).map { Int($0) }
    }

    /// Spans longer than a year are taken for mistakes.
    static let spanMax = Int64(365 * 24 * 3600 * 1000)

    /// Seconds, to the millisecond.
    func seconds(aboveZero: Bool) -> Millis? {
        number(decimals: 3, in: (aboveZero ? 1 : 0)...Self.spanMax, " seconds").map { Millis($0) }
    }

    /// The same, of at least `least`, a whole number of seconds.
    func seconds(atLeast least: Millis) -> Millis? {
        number(decimals: 3, in: least.rawValue...Self.spanMax, " seconds").map { Millis($0) }
    }

    /// Gains and targets beyond this are taken for mistakes.
    static let factorMax = Int64(1_000_000_000)

    func thousandths(aboveZero: Bool) -> Thousandths? {
        number(decimals: 3, in: (aboveZero ? 1 : 0)...Self.factorMax).map { Thousandths($0) }
    }

    /// A part of a whole, to the thousandth.
    func share(aboveZero: Bool) -> Thousandths? {
        number(decimals: 3, in: (aboveZero ? 1 : 0)...1000).map { Thousandths($0) }
    }

    /// A number of things, or a part of all of them: `3`, `25%`.
    func disruption(most: Int, of things: String) -> Disruption? {
        guard let word, word.hasSuffix("%") else { return whole(in: 0...most).map { .count($0) } }
        guard let percent = Int(word.dropLast()), (0...100).contains(percent) else {
            refuse("is no part of the \(things)", "0% to 100%, or a number of \(things)")
            return nil
        }
        return .percent(percent)
    }

    /// Anything at all, as JSON.
    func json(bytesMax: Int) -> String? {
        let text = node.json
        guard text.utf8.count <= bytesMax else {
            refuse("is too long", "at most \(bytesMax) bytes as JSON")
            return nil
        }
        return text
    }

    /// A mapping of anything, as JSON. (Ray's `Dict`.)
    func object(bytesMax: Int) -> String? { section == nil ? nil : json(bytesMax: bytesMax) }

    /// One of an enum's words, in capitals or not.
    func word<Word: CaseIterable & RawRepresentable>(of _: Word.Type) -> Word? where Word.RawValue == String {
        if let text = word?.lowercased(), let known = Word(rawValue: text) { return known }
        refuse("is none of its words", Word.allCases.map(\.rawValue).joined(separator: ", "))
        return nil
    }

    private static func bounds(_ range: ClosedRange<Int64>, decimals: Int, _ unit: String) -> String {
        let scale = (0..<decimals).reduce(Int64(1)) { scale, _ in scale * 10 }
        let high = range.upperBound / scale
        let end = range.upperBound == .max ? "" : ", at most \(high)"
        if decimals > 0, range.lowerBound == 1 { return "a number\(unit) above 0\(end)" }
        return "a \(decimals == 0 ? "whole " : "")number\(unit) of at least \(range.lowerBound / scale)\(end)"
    }
}
