import Model
import Settings

/// Spans of time as people write them: `200ms`, `30s`, `1.5m`, `1h`, `1m30s`.
package enum Span {
    static let right = "a span such as 200ms, 30s, 5m or 1h"
    /// Longer ones are taken for mistakes.
    static let most = Millis(7 * 24 * 3_600_000)

    private static let units: [(word: String, millis: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
    ]

    /// Nil: it is none, or longer than `most`. `0` needs no unit; `-` is for jumps of clocks.
    package static func parse(_ text: String) -> Millis? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return nil }
        var sum: Int64 = 0
        var smallest = Int64.max
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let unit = units.first(where: { $0.word == letters }), unit.millis < smallest,
                let millis = millis(number, unit.millis)
            else { return nil }
            smallest = unit.millis
            sum += millis
        }
        guard sum <= most.rawValue else { return nil }
        return Millis(isNegative ? -sum : sum)
    }

    /// Exact, or nil: `1.5` of a minute is 90,000.
    private static func millis(_ number: Substring, _ unit: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.count <= 9 }),
            let whole = Int64(parts[0])
        else { return nil }
        guard parts.count == 2, let part = Int64(parts[1]) else {
            return parts.count == 1 ? whole * unit : nil
        }
        let scale = parts[1].reduce(Int64(1)) { scale, _ in scale * 10 }
        guard part * unit % scale == 0 else { return nil }
        return whole * unit + part * unit / scale
    }

    /// The largest units first: `1m30s`.
    package static func words(_ span: Millis) -> String {
        guard span.rawValue != 0 else { return "0s" }
        var rest = abs(span.rawValue)
        var words = span.rawValue < 0 ? "-" : ""
        for unit in units.reversed() where rest >= unit.millis {
            words += "\(rest / unit.millis)\(unit.word)"
            rest %= unit.millis
        }
        return words
    }
}

extension Field {
    /// A span from 0 on.
    func span() -> Millis? {
        guard let text = word, let span = Span.parse(text), span >= .zero else {
            refuse("is no span of time", Span.right)
            return nil
        }
        return span
    }

    /// A span that may go back.
    func signedSpan() -> Millis? {
        guard let text = word, let span = Span.parse(text) else {
            refuse("is no span of time", Span.right + ", with - in front to go back")
            return nil
        }
        return span
    }
}
