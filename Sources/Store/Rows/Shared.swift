/// A value that many rows have in common: what a row costs to copy, to keep and, mostly, to compare does not grow with
/// it.
struct Shared<Value: Equatable & Sendable>: Equatable, Sendable {
    private final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private let box: Box

    init(_ value: Value) { box = Box(value) }

    var value: Value { box.value }

    static func == (one: Shared, other: Shared) -> Bool { one.box === other.box || one.value == other.value }
}

extension Shared: Decodable where Value: Decodable {
    init(from decoder: any Decoder) throws { self.init(try Value(from: decoder)) }
}
