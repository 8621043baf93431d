import Foundation
import Yams

extension Node {
    /// The same as JSON: what stands without quotes and is a number, true, false or null there, is that here.
    var json: String { Self.text(jsonObject(texts: [])) }

    /// The same of a serve file's application, for Ray's client, which refuses a number where it expects a text.
    var applicationJSON: String { Self.text(jsonObject(texts: Self.texts)) }

    /// Keys of an application whose values are texts, also where they look like numbers.
    private static let texts: Set = ["name", "import_path", "accelerator_type"]
    /// Keys below which everything is the user's own.
    private static let foreign: Set = ["user_config", "args"]

    /// Keys of an application below which every value is a text: `{rack: 7}` is the label 7.
    private static let labels: Set = [
        "label_selector", "placement_group_bundle_label_selector", "labels", "selector",
    ]

    private var labelObject: Any {
        switch self {
        case .mapping(let mapping):
            let pairs = mapping.map { key, value -> (String, Any) in
                (key.scalar?.string ?? "", value.labelObject)
            }
            return Dictionary(pairs, uniquingKeysWith: { $1 })
        case .sequence(let list): return list.map(\.labelObject)
        case .scalar(let scalar): return isNull ? NSNull() : scalar.string
        case .alias: return NSNull()  // refused before anything is read
        }
    }

    private static func text(_ object: Any) -> String {
        let options: JSONSerialization.WritingOptions = [
            .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed,
        ]
        guard let bytes = try? JSONSerialization.data(withJSONObject: object, options: options) else {
            return "null"
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func jsonObject(texts: Set<String>) -> Any {
        switch self {
        case .mapping(let mapping):
            let pairs = mapping.map { key, value -> (String, Any) in
                let name = key.scalar?.string ?? ""
                if texts.contains(name), !value.isNull, let text = value.scalar?.string {
                    return (name, text)
                }
                if !texts.isEmpty, value.scalar == nil, Self.labels.contains(name) {
                    return (name, value.labelObject)
                }
                return (name, value.jsonObject(texts: Self.foreign.contains(name) ? [] : texts))
            }
            return Dictionary(pairs, uniquingKeysWith: { $1 })
        case .sequence(let list): return list.map { $0.jsonObject(texts: texts) }
        case .scalar(let scalar): return scalar.style == .plain ? Self.plain(scalar.string) : scalar.string
        case .alias: return NSNull()  // refused before anything is read
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
