/// Cells of a line, read byte by byte: a trace has millions.
enum Cells {
    static let dayMicros: Int64 = 86_400_000_000
    private static let comma = UInt8(ascii: ",")
    private static let point = UInt8(ascii: ".")
    private static let zero = UInt8(ascii: "0")

    /// Without white space around them.
    static func split(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        line.split(separator: comma, omittingEmptySubsequences: false).map(trimmed)
    }

    static func trimmed(_ cell: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var cell = cell
        while let first = cell.first, first == 0x20 || first == 0x09 { cell.removeFirst() }
        while let last = cell.last, last == 0x20 || last == 0x09 { cell.removeLast() }
        return cell
    }

    /// For a message or a name: control characters are shown, and a long cell is cut.
    static func text(_ cell: ArraySlice<UInt8>) -> String {
        let shownMax = 60
        var text = ""
        for scalar in String(decoding: cell.prefix(shownMax), as: UTF8.self).unicodeScalars {
            let isPlain = scalar.value >= 32 && scalar.value != 127 && !(128..<160).contains(scalar.value)
            text += isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        return cell.count > shownMax ? text + "…" : text
    }

    /// A decimal number from 0 to `max` units, as whole parts: `parts` to a unit, the rest rounded.
    /// - Parameter name: of the column, for the message.
    static func amount(
        _ cell: ArraySlice<UInt8>, _ name: String, parts: Int64, max: Int64, right: String
    ) throws(TraceProblem.Fault) -> Int64 {
        guard !cell.isEmpty else { throw fault(cell, "\(name) is missing", right) }
        var (whole, billionths, scale): (Int64, Int64, Int64) = (0, 0, 1_000_000_000)
        var (digits, isFraction) = (0, false)
        for byte in cell {
            if byte == point, !isFraction {
                isFraction = true
            } else if byte &- zero <= 9 {
                digits += 1
                if isFraction {
                    scale /= 10
                    billionths += Int64(byte - zero) * scale
                } else if whole <= max {
                    whole = whole * 10 + Int64(byte - zero)
                }
            } else {
                return try unusual(cell, name, parts: parts, max: max, right: right)
            }
        }
        guard digits > 0 else { throw fault(cell, "\(name) is not a number", right) }
        guard whole < max || (whole == max && billionths == 0) else {
            throw fault(cell, "\(name) is beyond \(max)", right)
        }
        return whole * parts + (billionths * parts + 500_000_000) / 1_000_000_000
    }

    /// A whole number from 0 to `max`; `12.0` is one.
    static func whole(
        _ cell: ArraySlice<UInt8>, _ name: String, max: Int64, right: String
    ) throws(TraceProblem.Fault) -> Int64 {
        let millionths = try amount(cell, name, parts: 1_000_000, max: max, right: right)
        guard millionths % 1_000_000 == 0 else { throw fault(cell, "\(name) is not a whole number", right) }
        return millionths / 1_000_000
    }

    /// Numbers with a sign or an exponent, as Python writes very small ones; and everything that is none.
    private static func unusual(
        _ cell: ArraySlice<UInt8>, _ name: String, parts: Int64, max: Int64, right: String
    ) throws(TraceProblem.Fault) -> Int64 {
        guard let number = Double(String(decoding: cell, as: UTF8.self)), number.isFinite else {
            throw fault(cell, "\(name) is not a number", right)
        }
        guard number >= 0 else { throw fault(cell, "\(name) is negative", right) }
        guard number <= Double(max) else { throw fault(cell, "\(name) is beyond \(max)", right) }
        return Int64((number * Double(parts)).rounded())
    }

    static func fault(_ cell: ArraySlice<UInt8>, _ what: String, _ right: String) -> TraceProblem.Fault {
        TraceProblem.Fault(what: what, value: cell.isEmpty ? "nothing" : "\"\(text(cell))\"", right: right)
    }
}
