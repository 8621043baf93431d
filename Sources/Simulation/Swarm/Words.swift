import Model

/// Something that was asked of the swarm and cannot be, in a sentence.
package struct SwarmProblem: Error, Hashable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Words of a command: `--name value`, `--flag`, and words without a dash.
struct Words {
    private var values: [String: String] = [:]
    private(set) var bare: [String] = []

    /// - Parameter options: names that are followed by a value.
    init(_ words: [String], options: [String], flags: [String] = []) throws(SwarmProblem) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                bare.append(word)
                continue
            }
            let name = String(word.dropFirst(2))
            guard values[name] == nil else { throw SwarmProblem("\(word) is given twice") }
            if flags.contains(name) {
                values[name] = ""
            } else if options.contains(name) {
                guard let value = rest.popFirst() else { throw SwarmProblem("\(word) needs a value") }
                values[name] = value
            } else {
                let known = (options + flags).sorted().map { "--" + $0 }.joined(separator: " ")
                throw SwarmProblem("\(word) is not known here; there are \(known)")
            }
        }
    }

    subscript(name: String) -> String? { values[name] }

    func has(_ name: String) -> Bool { values[name] != nil }

    /// A whole number of at least `least`.
    func number<Number: FixedWidthInteger>(_ name: String, atLeast least: Number) throws(SwarmProblem)
        -> Number?
    {
        guard let text = values[name] else { return nil }
        guard let number = Number(text), number >= least else {
            throw SwarmProblem("--\(name) \"\(text)\": a whole number of at least \(least)")
        }
        return number
    }

    /// `20m`, `90s`, `1500ms`.
    func span(_ name: String) throws(SwarmProblem) -> Millis? {
        guard let text = values[name] else { return nil }
        guard let span = Self.span(text) else {
            throw SwarmProblem("--\(name) \"\(text)\": a span such as 20m, 90s or 1500ms")
        }
        return span
    }

    /// `a,b,c`.
    func list(_ name: String) -> [String] {
        values[name].map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
    }

    private static let units: [(word: String, millis: Int64)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ]
    private static let spanMax: Int64 = 1_000 * 3_600_000

    private static func span(_ text: String) -> Millis? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard digits.count <= 12, let number = Int64(digits), number > 0 else { return nil }
        let factor = unit == "ms" ? 1 : units.first { $0.word == unit }?.millis
        guard let factor, number * factor <= spanMax else { return nil }
        return Millis(number * factor)
    }

    /// In the largest unit that says it exactly.
    static func text(_ span: Millis) -> String {
        for (word, millis) in units where span.rawValue % millis == 0 && span.rawValue != 0 {
            return "\(span.rawValue / millis)\(word)"
        }
        return "\(span.rawValue)ms"
    }
}

extension PlanCut {
    static let options = [
        "without", "drop-deed", "drop-app", "drop-client", "proxies", "max-workers", "trouble", "horizon",
    ]

    init(_ words: Words) throws(SwarmProblem) {
        for name in words.list("without") {
            guard let fault = FaultClass(rawValue: name) else {
                let known = FaultClass.allCases.sorted().map(\.rawValue).joined(separator: ", ")
                throw SwarmProblem("--without \"\(name)\": there are \(known)")
            }
            faults.insert(fault)
        }
        deeds = try Self.numbers(words, "drop-deed")
        clients = try Self.numbers(words, "drop-client")
        applications = Set(words.list("drop-app"))
        proxies = try words.number("proxies", atLeast: 0)
        maxWorkers = try words.number("max-workers", atLeast: 0)
        trouble = try words.span("trouble")
        horizon = try words.span("horizon")
    }

    private static func numbers(_ words: Words, _ name: String) throws(SwarmProblem) -> Set<Int> {
        var numbers: Set<Int> = []
        for text in words.list(name) {
            guard let number = Int(text), number > 0 else {
                throw SwarmProblem("--\(name) \"\(text)\": numbers from 1, as in 2,3")
            }
            numbers.insert(number)
        }
        return numbers
    }

    /// Words that make it again.
    var words: [String] {
        func list(_ name: String, _ values: [String]) -> [String] {
            values.isEmpty ? [] : ["--" + name, values.joined(separator: ",")]
        }
        func one(_ name: String, _ value: String?) -> [String] { list(name, [value].compactMap(\.self)) }
        return list("without", faults.sorted().map(\.rawValue))
            + list("drop-deed", deeds.sorted().map(String.init))
            + list("drop-app", applications.sorted()) + list("drop-client", clients.sorted().map(String.init))
            + one("proxies", proxies.map(String.init)) + one("max-workers", maxWorkers.map(String.init))
            + one("trouble", trouble.map(Words.text)) + one("horizon", horizon.map(Words.text))
    }
}
