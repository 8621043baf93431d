/// Builds a page in the Prometheus text format, version 0.0.4. No client library of the ecosystem is at hand for
/// swift-metrics' exposition, and the pages are small.
package struct Exposition {
    package private(set) var text = ""
    private var described: Set<String> = []

    package init() {}

    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// How Prometheus is to read the samples of a name.
    package enum Kind: String { case counter, gauge }

    /// Adds one sample. Help and type are written at the first sample of a name; samples of one name must follow
    /// each other. Label values are escaped.
    package mutating func add(
        _ name: String, _ kind: Kind, _ help: String, labels: [(String, String)] = [], value: Int64
    ) {
        if described.insert(name).inserted {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        }
        let inner = labels.map { "\($0.0)=\"\(Self.escape($0.1))\"" }.joined(separator: ",")
        text += inner.isEmpty ? "\(name) \(value)\n" : "\(name){\(inner)} \(value)\n"
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
