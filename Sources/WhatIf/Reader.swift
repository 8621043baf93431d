import Model
import Wire

/// Why a world cannot be: the path to the fault, and what is expected there.
package struct WorldProblem: Error, Equatable, CustomStringConvertible {
    /// As in `nodes[3].used.CPU`; empty: the whole text.
    package var path: String
    package var words: String

    package var description: String { path.isEmpty ? words : "\(path): \(words)" }
}

/// A JSON value and where it stands.
struct Reader {
    let value: JSONValue
    let path: String

    /// Thousandths of a unit, or bytes of memory; beyond it sums over a cluster would not be safe.
    static let amountMax: Int64 = 1 << 50
    static let countMax = 10_000_000

    func problem(_ words: String) -> WorldProblem { WorldProblem(path: path, words: words) }

    // MARK: - Structure

    /// - Parameter keys: all that may stand here.
    func object(_ keys: Set<String>) throws(WorldProblem) -> [String: JSONValue] {
        guard case .object(let entries) = value else { throw problem("an object is expected") }
        for key in entries.keys.sorted() where !keys.contains(key) {
            throw at(key, .null).problem(
                "there is no such key; there are \(keys.sorted().joined(separator: ", "))")
        }
        return entries
    }

    func entries() throws(WorldProblem) -> [(key: String, reader: Reader)] {
        guard case .object(let entries) = value else { throw problem("an object is expected") }
        return entries.keys.sorted().map { ($0, at($0, entries[$0] ?? .null)) }
    }

    func list() throws(WorldProblem) -> [Reader] {
        guard case .list(let values) = value else { throw problem("a list is expected") }
        return values.enumerated().map { Reader(value: $1, path: "\(path)[\($0)]") }
    }

    func at(_ key: String, _ value: JSONValue) -> Reader {
        Reader(value: value, path: path.isEmpty ? key : "\(path).\(key)")
    }

    // MARK: - Values

    func text() throws(WorldProblem) -> String {
        guard case .text(let text) = value else { throw problem("a text is expected") }
        return text
    }

    /// A name: not empty.
    func name() throws(WorldProblem) -> String {
        let name = try text()
        if name.isEmpty { throw problem("it is empty") }
        return name
    }

    func flag() throws(WorldProblem) -> Bool {
        guard case .flag(let flag) = value else { throw problem("true or false is expected") }
        return flag
    }

    func word<Word: RawRepresentable & CaseIterable>(_: Word.Type) throws(WorldProblem) -> Word
    where Word.RawValue == String {
        let text = try text()
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem("\"\(text)\": there are \(known)")
        }
        return word
    }

    func whole(_ range: ClosedRange<Int>) throws(WorldProblem) -> Int {
        guard case .whole(let number) = value, let whole = Int(exactly: number), range.contains(whole) else {
            throw problem("a whole number from \(range.lowerBound) to \(range.upperBound) is expected")
        }
        return whole
    }

    /// Thousandths of a number that has at most three decimals and is not negative.
    func thousandths() throws(WorldProblem) -> Int64 {
        var found: Int64?
        switch value {
        case .whole(let number):
            let (product, overflow) = number.multipliedReportingOverflow(by: 1_000)
            found = overflow ? nil : product
        case .number(let number):
            let scaled = number * 1_000
            let rounded = scaled.rounded()
            // Of three decimals a Double is off by less than this.
            if abs(rounded) < Double(Self.amountMax), abs(scaled - rounded) < 0.000_1 {
                found = Int64(rounded)
            }
        default: break
        }
        guard let found, (0...Self.amountMax).contains(found) else {
            throw problem("a number that is not negative, with at most three decimals, is expected")
        }
        return found
    }

    func bytes() throws(WorldProblem) -> Int64 {
        var found: Int64?
        if case .whole(let number) = value { found = number }
        if case .number(let number) = value { found = Int64(exactly: number) }
        guard let found, (0...(Self.amountMax << 10)).contains(found) else {
            throw problem("a whole number of bytes that is not negative is expected")
        }
        return found
    }

    func resources() throws(WorldProblem) -> Resources {
        var resources = Resources()
        for (name, reader) in try entries() {
            if name.isEmpty { throw reader.problem("a resource has a name") }
            resources[name] = try name == Resources.memory ? reader.bytes() : reader.thousandths()
        }
        return resources
    }

    func labels() throws(WorldProblem) -> [String: String] {
        var labels: [String: String] = [:]
        for (name, reader) in try entries() {
            if name.isEmpty { throw reader.problem("a label has a name") }
            labels[name] = try reader.text()
        }
        return labels
    }
}
