/// Text of an SVG, element by element.
struct Drawing {
    private(set) var text = ""

    /// One element without content: `<name a="b"/>`. Values are escaped.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<\(name)\(Self.written(attributes))/>\n"
    }

    mutating func label(_ label: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<text\(Self.written(attributes))>\(Self.escaped(label))</text>\n"
    }

    /// Text that is SVG already.
    mutating func raw(_ raw: String) { text += raw + "\n" }

    private static func written(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
    }

    /// Safe as text and in an attribute; characters that XML forbids become `�`.
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

    /// A coordinate, to a hundredth of a pixel.
    static func number(_ value: Double) -> String { Ticks.fixed(value, digits: 2) }
}
