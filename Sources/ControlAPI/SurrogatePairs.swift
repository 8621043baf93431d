import Foundation

/// JSON escapes of characters outside the basic plane, as most clients write them (Python's `requests`, and with it Ray's
/// own): two of them stand for one character. YAML, as which all bodies are read, knows only single ones.
package enum SurrogatePairs {
    /// The body with each pair replaced by its character. What is no JSON, and a half of a pair, stay as they are.
    package static func joined(_ body: Data) -> Data {
        let bytes = [UInt8](body)
        let isObject = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
        guard isObject, bytes.contains(UInt8(ascii: "\\")) else { return body }
        var joined: [UInt8] = []
        joined.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            if let character = pair(bytes, at: place) {
                joined += Array(String(character).utf8)
                place += 12
            } else if bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.count {
                // Whatever it escapes, it is no beginning of another escape.
                joined += bytes[place...(place + 1)]
                place += 2
            } else {
                joined.append(bytes[place])
                place += 1
            }
        }
        return Data(joined)
    }

    private static func pair(_ bytes: [UInt8], at place: Int) -> Character? {
        guard let high = unit(bytes, at: place), (0xD800...0xDBFF).contains(high),
            let low = unit(bytes, at: place + 6), (0xDC00...0xDFFF).contains(low)
        else { return nil }
        return Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).map { Character($0) }
    }

    /// Of `\uXXXX`.
    private static func unit(_ bytes: [UInt8], at place: Int) -> UInt32? {
        guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"),
            bytes[place + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt32(String(decoding: bytes[(place + 2)..<(place + 6)], as: UTF8.self), radix: 16)
    }
}
