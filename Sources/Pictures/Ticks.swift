/// Round numbers along an axis.
struct Ticks: Equatable {
    var values: [Double]
    /// Distance between two.
    var step: Double

    /// Steps that people count in: 1, 2, 5 and their tens.
    private static let decimalSteps = [1.0, 2, 5]
    /// For time, in seconds: below a second as decimals, above in minutes and hours too.
    private static let timeSteps: [Double] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400,
    ]

    /// At most `countMax` values that lie in `low...high`.
    init(from low: Double, to high: Double, countMax: Int, time: Bool = false) {
        let span = max(high - low, 1e-9)
        let least = span / Double(max(countMax - 1, 1))
        step = Self.step(atLeast: least, time: time)
        let first = (low / step).rounded(.up)
        let last = (high / step * (1 + 1e-12)).rounded(.down)
        let count = last >= first ? min(last - first, Double(countMax)) : -1
        values = count < 0 ? [] : (0...Int(count)).map { [step] in (first + Double($0)) * step }
    }

    private static func step(atLeast least: Double, time: Bool) -> Double {
        if time, least > 0.5, let step = timeSteps.first(where: { $0 >= least }) { return step }
        var power = 1.0
        while power < least / 10 { power *= 10 }
        while power > least { power /= 10 }
        for _ in 0..<2 {
            for factor in decimalSteps where factor * power >= least { return factor * power }
            power *= 10
        }
        return power
    }

    /// `value` with as many decimals as the step needs: 1500 is `1.5k`, 0.25 is `0.25`.
    func label(_ value: Double) -> String {
        let magnitude = max(abs(value), step)
        let (scale, suffix): (Double, String) =
            switch magnitude {
            case 1e9...: (1e9, "G")
            case 1e6..<1e9: (1e6, "M")
            case 1e4..<1e6: (1e3, "k")
            default: (1, "")
            }
        if value == 0 { return "0" }
        return Self.decimal(value / scale, step: step / scale) + suffix
    }

    /// Time: `45 s`, `1:30`, `2:00:00`.
    func timeLabel(_ value: Double) -> String {
        if step < 1 { return Self.decimal(value, step: step) + " s" }
        let seconds = Int(min(max(value, -1e12), 1e12).rounded())
        let sign = seconds < 0 ? "-" : ""
        let (whole, rest) = abs(seconds).quotientAndRemainder(dividingBy: 60)
        if whole == 0 { return "\(sign)\(rest) s" }
        let (hours, minutes) = whole.quotientAndRemainder(dividingBy: 60)
        let tail = ":" + padded(rest)
        return sign + (hours > 0 ? "\(hours):" + padded(minutes) + tail : "\(minutes)" + tail)
    }

    private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A decimal number with the digits that tell neighbours `step` apart, at most nine.
    static func decimal(_ value: Double, step: Double) -> String {
        var digits = 0
        var fraction = abs(step)
        while digits < 9, (fraction - fraction.rounded()).magnitude > 1e-6 * max(fraction, 1e-3) {
            fraction *= 10
            digits += 1
        }
        return fixed(value, digits: digits)
    }

    /// `value` with `digits` decimals, trailing zeros dropped.
    static func fixed(_ value: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (value * scale).rounded()
        guard scaled.isFinite, abs(scaled) < 9e18 else { return "\(value)" }
        let whole = Int64(scaled)
        let unit = Int64(scale)
        let (number, rest) = whole.magnitude.quotientAndRemainder(dividingBy: UInt64(unit))
        var text = String(rest)
        text = String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
        while text.hasSuffix("0") { text.removeLast() }
        return (whole < 0 ? "-" : "") + "\(number)" + (text.isEmpty ? "" : ".\(text)")
    }
}
