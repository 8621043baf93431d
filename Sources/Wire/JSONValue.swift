import Foundation

/// Any JSON, to be handed on as it came.
package enum JSONValue: Codable, Sendable, Equatable {
    case null
    case flag(Bool)
    /// Apart from other numbers: a Double has not all of them.
    case whole(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Nil: it is no JSON.
    package init?(text: String) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else { return nil }
        self = value
    }

    /// Tries one kind of JSON after the other.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let whole = try? container.decode(Int64.self) {
            self = .whole(whole)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// As the kind that it is.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let flag): try container.encode(flag)
        case .whole(let whole): try container.encode(whole)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        case .object(let entries): try container.encode(entries)
        }
    }

    package var isNumber: Bool {
        switch self {
        case .whole, .number: true
        default: false
        }
    }

    /// Without the values of what stands under these keys; the keys stay.
    package func redacted(under keys: Set<String>) -> JSONValue {
        switch self {
        case .list(let list): return .list(list.map { $0.redacted(under: keys) })
        case .object(let entries):
            var left: [String: JSONValue] = [:]
            for (key, value) in entries {
                if keys.contains(key), case .object(let secrets) = value {
                    left[key] = .object(secrets.mapValues { _ in .text("<redacted>") })
                } else {
                    left[key] = value.redacted(under: keys)
                }
            }
            return .object(left)
        default: return self
        }
    }
}
