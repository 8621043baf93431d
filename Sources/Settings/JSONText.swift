import Yams

extension Node {
    /// Keys whose values are texts, also where they look like numbers.
    private static let texts: Set = ["name", "import_path"]

    /// The same as JSON: what stands without quotes and is a number, true, false or null there, is that here.
    var json: String {
        switch self {
        case .mapping(let mapping):
            let pairs = mapping.map { key, value -> String in
                let name = key.scalar?.string ?? ""
                let isText = Self.texts.contains(name) && !value.isNull
                let text = isText ? value.scalar.map { Self.quoted($0.string) } : nil
                return "\(Self.quoted(name)):\(text ?? value.json)"
            }
            return "{" + pairs.joined(separator: ",") + "}"
        case .sequence(let list): return "[" + list.map(\.json).joined(separator: ",") + "]"
        case .scalar(let scalar):
            guard scalar.style == .plain else { return Self.quoted(scalar.string) }
            if isNull { return "null" }
            switch scalar.string {
            case "true", "True", "TRUE": return "true"
            case "false", "False", "FALSE": return "false"
            case let text: return Self.isNumber(text) ? text : Self.quoted(text)
            }
        case .alias: return "null"  // refused before anything is read
        }
    }

    /// In JSON's own notation.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Substring(text)
        func digits() -> Int {
            let run = rest.prefix { $0.isASCII && $0.isNumber }
            rest.removeFirst(run.count)
            return run.count
        }
        if rest.hasPrefix("-") { rest.removeFirst() }
        let isZero = rest.hasPrefix("0")
        let whole = digits()
        guard whole > 0, !isZero || whole == 1 else { return false }
        if rest.hasPrefix(".") {
            rest.removeFirst()
            guard digits() > 0 else { return false }
        }
        if let first = rest.first, first == "e" || first == "E" {
            rest.removeFirst()
            if let sign = rest.first, sign == "+" || sign == "-" { rest.removeFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
