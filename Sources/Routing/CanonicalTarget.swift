/// A request target in the one form that is both matched and sent on, so that no two readers of it can
/// disagree about which application it means.
///
/// Canonical: percent-encoded unreserved characters are decoded (RFC 3986 §6.2.2.2), other percent-encodings
/// stay with upper-case digits (`%2F` is never a separator), and dot segments are resolved. Empty segments
/// stay.
package struct CanonicalTarget: Hashable, Sendable {
    /// Begins with `/`; or is `*`, in `OPTIONS *`.
    package var path: String
    /// With its `?`; empty when there is none. As received.
    package var query: String
    /// Of the absolute form `http://authority/path`: it stands above the Host header (RFC 9112 §3.2.2).
    package var authority: String?

    /// What is sent on.
    package var text: String { query.isEmpty ? path : path + query }

    package init(_ target: String) throws(HeadRefusal) {
        guard target.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !target.utf8.contains(UInt8(ascii: "#"))
        else {
            throw HeadRefusal(400, "the target has a character that must be percent-encoded")
        }
        if target == "*" {
            (path, query, authority) = ("*", "", nil)
            return
        }
        var rest = Substring(target)
        authority = nil
        if !rest.hasPrefix("/") {
            guard let cut = Self.schemeEnd(rest) else {
                throw HeadRefusal(400, "the target must begin with / or http://")
            }
            rest = rest[cut...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard end > rest.startIndex, !rest[..<end].contains("@") else {
                throw HeadRefusal(400, "the target names no host")
            }
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        query = String(rest[mark...])
        path = try Self.path(rest[..<mark].isEmpty ? "/" : rest[..<mark])
    }

    private static func schemeEnd(_ text: Substring) -> Substring.Index? {
        for scheme in ["http://", "https://"] where ASCII.lowered(text.prefix(scheme.count)) == scheme {
            return text.index(text.startIndex, offsetBy: scheme.count)
        }
        return nil
    }

    private static func path(_ raw: Substring) throws(HeadRefusal) -> String {
        let plain = raw.utf8.contains(UInt8(ascii: "%")) ? try decodeUnreserved(raw) : Array(raw.utf8)
        guard plain.contains(UInt8(ascii: ".")) else { return String(decoding: plain, as: UTF8.self) }
        return try resolveDots(plain)
    }

    private static func decodeUnreserved(_ raw: Substring) throws(HeadRefusal) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = raw.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue)
            else {
                throw HeadRefusal(400, "the target has a % that two hexadecimal digits do not follow")
            }
            let value = high << 4 | low
            guard value != 0 else { throw HeadRefusal(400, "the target has a NUL") }
            if isUnreserved(value) {
                bytes.append(value)
            } else {
                bytes += [byte, hexDigit(high), hexDigit(low)]
            }
        }
        return bytes
    }

    /// RFC 3986 §5.2.4, except that a `..` above the root is refused instead of dropped.
    private static func resolveDots(_ bytes: [UInt8]) throws(HeadRefusal) -> String {
        let dot = UInt8(ascii: ".")
        let segments = bytes.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var kept: [ArraySlice<UInt8>] = []
        for (index, segment) in segments.enumerated() {
            let isDots = segment.elementsEqual([dot]) || segment.elementsEqual([dot, dot])
            if segment.count == 2, isDots, kept.popLast() == nil {
                throw HeadRefusal(400, "the target leads above the root")
            }
            if !isDots { kept.append(segment) }
            if isDots, index == segments.count - 1 { kept.append([]) }
        }
        return "/" + String(decoding: Array(kept.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch ASCII.lowered(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): ASCII.lowered(byte) - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
