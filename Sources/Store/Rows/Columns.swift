import Foundation
import GRDB
import Model

/// Takes the columns of one result row in order. A value of another type than expected is damage: someone has
/// written past the program.
package struct ColumnReader {
    let row: Row
    let sql: RowSQL
    let memo: JSONMemo
    private var next = 0
    /// Characters of a damaged value that the message shows.
    private static let quotedMax = 200

    init(_ row: Row, _ sql: RowSQL, _ memo: JSONMemo) {
        self.row = row
        self.sql = sql
        self.memo = memo
    }

    private mutating func take() -> DatabaseValue.Storage {
        defer { next += 1 }
        return (row[next] as DatabaseValue).storage
    }

    private func unfit(_ wanted: String) -> StoreError {
        .corrupt("column \(sql.columns[next - 1]) of table \(sql.table) holds no \(wanted)")
    }

    package mutating func textOrNil() throws(StoreError) -> String? {
        switch take() {
        case .string(let text): return text
        case .null: return nil
        default: throw unfit("text")
        }
    }

    package mutating func text() throws(StoreError) -> String {
        guard let text = try textOrNil() else { throw unfit("text") }
        return text
    }

    package mutating func integerOrNil() throws(StoreError) -> Int64? {
        switch take() {
        case .int64(let number): return number
        case .null: return nil
        default: throw unfit("number")
        }
    }

    package mutating func integer() throws(StoreError) -> Int64 {
        guard let number = try integerOrNil() else { throw unfit("number") }
        return number
    }

    package mutating func intOrNil() throws(StoreError) -> Int? { try integerOrNil().map(Int.init) }
    package mutating func int() throws(StoreError) -> Int { Int(try integer()) }
    package mutating func flag() throws(StoreError) -> Bool { try integer() != 0 }
    package mutating func moment() throws(StoreError) -> Moment { Moment(try integer()) }
    package mutating func momentOrNil() throws(StoreError) -> Moment? { try integerOrNil().map(Moment.init) }
    package mutating func key<Key: StoreKey>() throws(StoreError) -> Key { Key(keyText: try text()) }
    package mutating func keyOrNil<Key: StoreKey>() throws(StoreError) -> Key? {
        try textOrNil().map(Key.init(keyText:))
    }

    /// A word out of an enum.
    package mutating func word<Word: RawRepresentable>() throws(StoreError) -> Word
    where Word.RawValue == String {
        let text = try text()
        guard let word = Word(rawValue: text) else { throw unfit("\(Word.self) but '\(text)'") }
        return word
    }

    /// A JSON array, element by element: lists differ, and what stands in them is the same again and again.
    package mutating func jsonList<Element: Decodable & Sendable>() throws(StoreError) -> [Element] {
        let text = try text()
        guard let list: [Element] = memo.decode(list: text) else {
            throw unfit("\([Element].self) but '\(text.prefix(Self.quotedMax))'")
        }
        return list
    }

    /// JSON with snake_case keys.
    package mutating func json<Value: Decodable & Sendable>() throws(StoreError) -> Value {
        let text = try text()
        guard let value: Value = memo.decode(text) else {
            throw unfit("\(Value.self) but '\(text.prefix(Self.quotedMax))'")
        }
        return value
    }
}

/// Collects the columns of one row in order.
package struct ColumnWriter {
    private(set) var values: [DatabaseValue] = []
    private let sql: RowSQL
    private let memo: JSONMemo?

    init(_ sql: RowSQL, _ memo: JSONMemo? = nil) {
        self.sql = sql
        self.memo = memo
        values.reserveCapacity(sql.columns.count)
    }

    package mutating func put(_ text: String?) { values.append(text?.databaseValue ?? .null) }
    package mutating func put(_ number: Int64?) { values.append(number?.databaseValue ?? .null) }
    package mutating func put(_ number: Int?) { values.append(number?.databaseValue ?? .null) }
    package mutating func put(_ flag: Bool) { values.append((flag ? 1 : 0).databaseValue) }
    package mutating func put(_ moment: Moment?) { values.append(moment?.ms.databaseValue ?? .null) }

    package mutating func put(json value: some Encodable & Hashable & Sendable) throws(StoreError) {
        if let memo { put(try memo.encode(value)) } else { put(try StoreJSON.text(value)) }
    }

    /// As `put(json:)` writes the same list, element by element.
    package mutating func put(jsonList list: [some Encodable & Hashable & Sendable]) throws(StoreError) {
        guard let memo else { return put(try StoreJSON.text(list)) }
        put(try memo.encode(list: list))
    }

    /// JSON that is another one nearly every time it is written: to look for it in the memo would cost as much again.
    package mutating func put(changingJSON value: some Encodable) throws(StoreError) {
        put(try StoreJSON.text(value))
    }
}

/// JSON in columns: snake_case keys, sorted, so that equal values are equal text and an unchanged row is seen to
/// be unchanged.
package enum StoreJSON {
    package static func text(_ value: some Encodable) throws(StoreError) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw .failed("no JSON can be made of \(value): \(error)")
        }
    }

    package static func value<Value: Decodable>(_ text: String) -> Value? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(Value.self, from: Data(text.utf8))
    }
}

/// Remembers decoded JSON by its text and the other way round: the replicas of one deployment share theirs, a row is
/// written again and again with the same settings, and JSON is most of the cost of both. Only used inside the
/// connection's queue.
final class JSONMemo {
    private struct Entry: Hashable {
        let type: ObjectIdentifier
        let text: String
    }

    /// Past this the memo is emptied.
    static let entriesMax = 16_384
    private var entries: [Entry: any Sendable] = [:]
    private var texts: [AnyHashable: String] = [:]

    func encode(_ value: some Encodable & Hashable & Sendable) throws(StoreError) -> String {
        let key = AnyHashable(value)
        if let known = texts[key] { return known }
        let text = try StoreJSON.text(value)
        if texts.count >= Self.entriesMax { texts.removeAll(keepingCapacity: true) }
        texts[key] = text
        return text
    }

    /// What a thousand waiting replicas are answered by sixty node types are a thousand lists of the same few answers: JSON of
    /// them was two thirds of all that it takes to buy for them.
    func encode(list: [some Encodable & Hashable & Sendable]) throws(StoreError) -> String {
        var text = "["
        for element in list {
            if text.utf8.count > 1 { text += "," }
            text += try encode(element)
        }
        return text + "]"
    }

    func decode<Element: Decodable & Sendable>(list text: String) -> [Element]? {
        guard let parts = Self.elements(of: text) else { return nil }
        var list: [Element] = []
        list.reserveCapacity(parts.count)
        for part in parts {
            guard let element: Element = decode(part) else { return nil }
            list.append(element)
        }
        return list
    }

    /// The texts between the commas of an array; nil: it is none. What they are worth is for a decoder to say.
    static func elements(of text: String) -> [String]? {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]"), bytes.count > 1 else {
                return nil
            }
            var parts: [String] = []
            var (depth, isText, isEscaped, begin) = (0, false, false, 1)
            func take(to end: Int) { parts.append(String(decoding: bytes[begin..<end], as: UTF8.self)) }
            for index in 1..<(bytes.count - 1) {
                let byte = bytes[index]
                if isText {
                    isText = isEscaped || byte != UInt8(ascii: "\"")
                    isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                case UInt8(ascii: ",") where depth == 0:
                    take(to: index)
                    begin = index + 1
                default: break
                }
                if depth < 0 { return nil }
            }
            guard depth == 0, !isText else { return nil }
            let isEmpty = parts.isEmpty && bytes[begin..<(bytes.count - 1)].allSatisfy { $0 == 32 }
            if !isEmpty { take(to: bytes.count - 1) }
            return parts
        }
    }

    func decode<Value: Decodable & Sendable>(_ text: String) -> Value? {
        let entry = Entry(type: ObjectIdentifier(Value.self), text: text)
        if let known = entries[entry] as? Value { return known }
        guard let value: Value = StoreJSON.value(text) else { return nil }
        if entries.count >= Self.entriesMax { entries.removeAll(keepingCapacity: true) }
        entries[entry] = value
        return value
    }
}
