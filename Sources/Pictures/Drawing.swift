/// The text of an SVG, element by element.
struct Drawing {
    private(set) var svg = ""

    typealias Attributes = KeyValuePairs<String, String>

    mutating func open(_ name: String, _ attributes: Attributes) {
        svg += "<\(name)\(written(attributes))>\n"
    }
    mutating func close(_ name: String) { svg += "</\(name)>\n" }
    mutating func element(_ name: String, _ attributes: Attributes) {
        svg += "<\(name)\(written(attributes))/>\n"
    }

    mutating func text(_ name: String, _ text: String, _ attributes: Attributes) {
        svg += "<\(name)\(written(attributes))>\(Self.escaped(text))</\(name)>\n"
    }

    /// - Parameter css: text of ours, not of a caller's.
    mutating func style(_ css: String) { svg += "<style>\n\(css)\n</style>\n" }

    private func written(_ attributes: Attributes) -> String {
        attributes.map { " \($0.key)=\"\(Self.escaped($0.value))\"" }.joined()
    }

    /// Safe as text and in an attribute. Characters that XML forbids become `�`.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\u{0}"..<" ", "\u{7f}"..<"\u{a0}", "\u{fffe}", "\u{ffff}": escaped += "\u{fffd}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A coordinate, to a tenth of a pixel.
    static func number(_ value: Double) -> String { Ticks.fixed(value, digits: 1) }
}
