/// Decimal numbers read from their text into whole numbers, without a binary fraction in between:
/// `0.1` s is 100 ms, exactly.
enum DecimalText {
    enum Fault: Error, Equatable {
        case notNumber
        /// `1e3`.
        case exponent
        /// `.inf`, `.nan`.
        case notFinite
        /// `1_000`.
        case underscore
        /// `0x10`, `0o10`, and `010`, which some readers take for octal.
        case otherBase
        /// More digits after the point than the unit has.
        case tooFine
        case tooLarge

        /// What would be right, for a message.
        func right(decimals: Int) -> String {
            switch self {
            case .notNumber: decimals == 0 ? "a whole number" : "a number such as 1 or 0.5"
            case .exponent: "the number written out, without exponent"
            case .notFinite: "a finite number"
            case .underscore: "the number without underscores"
            case .otherBase: "a decimal number without leading zeros"
            case .tooFine: decimals == 0 ? "a whole number" : "a number with at most \(decimals) decimals"
            case .tooLarge: "a smaller number"
            }
        }
    }

    /// `text` × 10^`decimals`. Zeros beyond the last decimal are accepted.
    static func parse(_ text: String, decimals: Int) throws(Fault) -> Int64 {
        var digits = text.utf8[...]
        var negative = false
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            digits = digits.dropFirst()
        }
        guard digits.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) else { throw reason(text) }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first else { throw .notNumber }
        let fraction = parts.count == 2 ? parts[1] : parts[0].prefix(0)
        guard !(whole.isEmpty && fraction.isEmpty) else { throw .notNumber }
        guard whole.count == 1 || whole.first != UInt8(ascii: "0") else { throw .otherBase }
        guard fraction.dropFirst(decimals).allSatisfy({ $0 == UInt8(ascii: "0") }) else { throw .tooFine }
        var padded = Array(whole) + Array(fraction.prefix(decimals))
        padded += Array(repeating: UInt8(ascii: "0"), count: decimals - min(decimals, fraction.count))
        var value: Int64 = 0
        for digit in padded {
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, overSum) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !over, !overSum else { throw .tooLarge }
            value = sum
        }
        return negative ? -value : value
    }

    /// True when a reader of YAML may take a plain `text` for a number.
    static func looksLikeNumber(_ text: String) -> Bool {
        do {
            _ = try parse(text, decimals: 18)
            return true
        } catch {
            return error != .notNumber
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Why a text with characters other than digits and a point is not read.
    private static func reason(_ text: String) -> Fault {
        let bare = text.lowercased().drop { $0 == "-" || $0 == "+" }
        if ["inf", ".inf", "infinity", "nan", ".nan"].contains(bare) { return .notFinite }
        guard let first = bare.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else {
            return .notNumber
        }
        if bare.hasPrefix("0x") || bare.hasPrefix("0o") || bare.hasPrefix("0b") { return .otherBase }
        if bare.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") }) { return .underscore }
        let parts = bare.split(separator: "e", omittingEmptySubsequences: false)
        let mantissa = parts[0].utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        if parts.count == 2, mantissa, Int(parts[1]) != nil { return .exponent }
        return .notNumber
    }
}
