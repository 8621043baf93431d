import Foundation
import Yams

extension Node {
    /// The same as JSON: what stands without quotes and is a number, true, false or null there, is that here.
    var json: String {
        let options: JSONSerialization.WritingOptions = [
            .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed,
        ]
        guard let bytes = try? JSONSerialization.data(withJSONObject: jsonObject, options: options) else {
            return "null"
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private var jsonObject: Any {
        switch self {
        case .mapping(let mapping):
            Dictionary(
                mapping.map { ($0.key.scalar?.string ?? "", $0.value.jsonObject) }, uniquingKeysWith: { $1 })
        case .sequence(let list): list.map(\.jsonObject)
        case .scalar(let scalar): scalar.style == .plain ? Self.plain(scalar.string) : scalar.string
        case .alias: NSNull()  // refused before anything is read
        }
    }

    /// YAML's words for true, false and nothing; else JSON's own reading of a number; else a text.
    private static func plain(_ text: String) -> Any {
        switch text {
        case "", "~", "null", "Null", "NULL": return NSNull()
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default:
            let fragment = try? JSONSerialization.jsonObject(
                with: Data(text.utf8), options: .fragmentsAllowed)
            return fragment as? NSNumber ?? text
        }
    }
}
