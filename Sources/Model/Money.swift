/// Sums of money and node time as people read them. All figures are whole numbers; nothing is rounded up.
package enum Money {
    /// Microdollars as dollars, with at least two and at most six decimals.
    package static func text(_ microdollars: Int64) -> String {
        let magnitude = microdollars.magnitude
        var decimals = digits(magnitude % 1_000_000, 6)
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(microdollars < 0 ? "-" : "")\(magnitude / 1_000_000).\(decimals)"
    }

    /// Microseconds as hours with three decimals.
    package static func hours(_ micros: Int64) -> String {
        let thousandths = micros.magnitude / 3_600_000
        return "\(micros < 0 ? "-" : "")\(thousandths / 1_000).\(digits(thousandths % 1_000, 3))"
    }

    private static func digits(_ number: UInt64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(count - text.count, 0)) + text
    }
}
