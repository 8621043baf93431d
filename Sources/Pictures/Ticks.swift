/// Round numbers along an axis.
struct Ticks: Equatable {
    var values: [Double]
    /// Distance between two.
    var step: Double

    /// An axis has never more, whatever it is asked.
    private static let countMax = 200
    /// Steps of time that people count in, in seconds; beyond a day, as decimals.
    private static let timeSteps: [Double] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400,
    ]

    /// The multiples of `step` in `low...high`.
    init(from low: Double, to high: Double, step: Double) {
        self.step = step
        let first = (low / step - 1e-9).rounded(.up)
        let last = min((high / step + 1e-9).rounded(.down), first + Double(Self.countMax))
        values = last < first ? [] : (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    /// At most about `countMax` of them, at times when `time`, else at 1, 2 and 5 and their tens.
    init(from low: Double, to high: Double, countMax: Int, time: Bool) {
        let least = (high - low) / Double(max(countMax - 1, 1))
        let timeStep = time && least > 0.5 ? Self.timeSteps.first { $0 >= least } : nil
        self.init(
            from: low, to: high,
            step: timeStep ?? Self.step(from: low, to: high, countMax: countMax, least: 0))
    }

    /// The smallest of 1, 2, 5 and their tens that gives at most `countMax` ticks and is at least `least`.
    static func step(from low: Double, to high: Double, countMax: Int, least: Double) -> Double {
        let wanted = max((high - low) / Double(max(countMax - 1, 1)), least, 1e-9)
        var power = 1e-9
        while power * 10 <= wanted * (1 + 1e-9) { power *= 10 }
        let factor = [1.0, 2, 5].first { $0 * power >= wanted * (1 - 1e-9) } ?? 10
        return factor * power
    }

    /// With as many decimals as tell neighbours apart, thousands shortened: `0.25`, `1500`, `20k`.
    func label(_ value: Double) -> String {
        let magnitude = max(abs(values.first ?? 0), abs(values.last ?? 0))
        let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        let unit = units.first { magnitude >= 10 * $0.0 } ?? (1, "")
        let text = Self.decimal(value / unit.0, step: step / unit.0)
        return text == "0" ? text : text + unit.1
    }

    /// Time: `0.5 s`, `45 s`, `1:30` (minutes), `2:00:00` (hours).
    func timeLabel(_ value: Double) -> String {
        if step < 1 { return Self.decimal(value, step: step) + " s" }
        let seconds = Int(value.rounded())
        let sign = seconds < 0 ? "-" : ""
        let (minutes, rest) = abs(seconds).quotientAndRemainder(dividingBy: 60)
        if minutes == 0 { return "\(sign)\(rest) s" }
        if minutes < 60 { return "\(sign)\(minutes):\(Self.twoDigits(rest))" }
        return "\(sign)\(minutes / 60):\(Self.twoDigits(minutes % 60)):\(Self.twoDigits(rest))"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// `value` with the decimals that multiples of `step` need, at most nine.
    static func decimal(_ value: Double, step: Double) -> String {
        var digits = 0
        var scaled = step
        while digits < 9, abs(scaled - scaled.rounded()) > scaled * 1e-6 {
            scaled *= 10
            digits += 1
        }
        return fixed(value, digits: digits)
    }

    /// `value` rounded to `digits` decimals, without trailing zeros.
    static func fixed(_ value: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (value * scale).rounded()
        guard abs(scaled) < 9e18 else { return "\(value)" }
        let (whole, rest) = Int64(scaled).magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        var fraction = String(rest)
        fraction = String(repeating: "0", count: max(digits - fraction.utf8.count, 0)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (scaled < 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
