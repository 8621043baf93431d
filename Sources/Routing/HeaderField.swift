/// One header field as it was received: the name in the sender's spelling, the value without outer blanks.
package struct HeaderField: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Field names are compared without regard to ASCII case. `other` is written in lower case.
    package func isNamed(_ other: StaticString) -> Bool {
        let bytes = name.utf8
        guard bytes.count == other.utf8CodeUnitCount else { return false }
        return other.withUTF8Buffer { wanted in
            zip(bytes, wanted).allSatisfy { ASCII.lowered($0) == $1 }
        }
    }
}

/// Byte rules of HTTP. Everything here is about ASCII; other bytes are never letters.
enum ASCII {
    static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    static func lowered(_ text: some StringProtocol) -> String {
        String(decoding: text.utf8.map(lowered), as: UTF8.self)
    }

    /// The elements of a comma-separated list in lower case, without blanks and empty elements.
    static func list(_ value: String) -> [String] {
        value.utf8.split(separator: UInt8(ascii: ",")).compactMap { element in
            let bytes = element.drop(while: isBlank)
            let end = bytes.lastIndex { !isBlank($0) }
            return end.map { String(decoding: bytes[...$0].map(lowered), as: UTF8.self) }
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// Rules for lists of header fields.
package enum Headers {
    /// Fields that belong to one connection and never travel on (RFC 9110 §7.6.1), in lower case.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// What may travel on: without the hop-by-hop fields, those that `Connection` names, and those in
    /// `others` (lower case). `Connection` may not name `host` or the framing away; such a name is passed
    /// over.
    package static func forwarded(_ fields: [HeaderField], without others: Set<String> = []) -> [HeaderField]
    {
        let kept: Set<String> = ["host", "content-length"]
        var named: Set<String> = []
        for field in fields where field.isNamed("connection") {
            named.formUnion(ASCII.list(field.value))
        }
        return fields.filter { field in
            let name = ASCII.lowered(field.name)
            if hopByHop.contains(name) || others.contains(name) { return false }
            return kept.contains(name) || !named.contains(name)
        }
    }

    package static func first(_ fields: [HeaderField], _ name: StaticString) -> String? {
        fields.first { $0.isNamed(name) }?.value
    }

    /// How many fields have this name.
    package static func count(_ fields: [HeaderField], _ name: StaticString) -> Int {
        fields.reduce(0) { $0 + ($1.isNamed(name) ? 1 : 0) }
    }

    /// True when a list field of this name has the element `word` (lower case).
    package static func list(_ fields: [HeaderField], _ name: StaticString, has word: String) -> Bool {
        fields.contains { $0.isNamed(name) && ASCII.list($0.value).contains(word) }
    }
}

/// The name of one request in the logs of everyone who handled it.
package enum RequestID {
    package static let field = "x-request-id"
    /// A longer one from a client is replaced by our own.
    package static let lengthMax = 128

    /// True for 1 to 128 visible ASCII characters: what may be repeated in any log or header.
    package static func isSane(_ text: String) -> Bool {
        (1...lengthMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// 128 random bits as 32 hexadecimal digits.
    package static func make(using dice: inout some RandomNumberGenerator) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            for half in 0..<2 {
                let bits: UInt64 = dice.next()
                for digit in 0..<16 {
                    buffer[half * 16 + digit] = digits[Int(bits >> (4 * UInt64(digit)) & 15)]
                }
            }
            return 32
        }
    }
}
