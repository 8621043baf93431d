extension Point {
    /// Beyond this a number has no meaning here; and sums of numbers within it stay finite.
    private static let magnitudeMax = 1e15

    /// False for NaN, the infinities and absurdly large values, which are left out.
    var isDrawable: Bool { abs(x) <= Self.magnitudeMax && abs(y) <= Self.magnitudeMax }
}

/// Time, from left to right, the same for all panels.
struct TimeAxis {
    let low: Double
    let high: Double
    let left: Double
    let right: Double
    let ticks: Ticks

    /// From the first point of any chart to the last; at least a second.
    init(_ charts: [Chart], left: Double, right: Double, labelWidth: Double) {
        var low = Double.infinity
        var high = -Double.infinity
        for point in charts.lazy.flatMap(\.series).flatMap(\.points) where point.isDrawable {
            low = min(low, point.x)
            high = max(high, point.x)
        }
        if !low.isFinite { (low, high) = (0, 1) }
        self.low = low
        self.high = max(high, low + 1)
        self.left = left
        self.right = right
        let countMax = max(Int((right - left) / labelWidth), 2)
        ticks = Ticks(from: low, to: self.high, countMax: countMax, time: true)
    }

    func place(_ time: Double) -> Double { left + (time - low) / (high - low) * (right - left) }

    func drawLabels(_ drawing: inout Drawing, y: Double) {
        for value in ticks.values {
            drawing.text(
                "text", ticks.timeLabel(value),
                ["class": "time", "x": Drawing.number(place(value)), "y": Drawing.number(y + 20)])
        }
    }
}

/// Values of one panel, upwards. Begins at zero, or below it when values are.
struct ValueAxis {
    let low: Double
    let high: Double
    let top: Double
    let bottom: Double
    let ticks: Ticks

    private static let ticksMax = 5

    init(_ chart: Chart, top: Double, bottom: Double) {
        var low = 0.0
        var high = 0.0
        var isWhole = true
        for point in chart.series.lazy.flatMap(\.points) where point.isDrawable {
            low = min(low, point.y)
            high = max(high, point.y)
            isWhole = isWhole && point.y == point.y.rounded()
        }
        if low == high { high = low + 1 }
        // Steps first, then the ends on steps; whole numbers, such as counts, have no ticks between them.
        let step = Ticks.step(from: low, to: high, countMax: Self.ticksMax, least: isWhole ? 1 : 0)
        self.low = (low / step + 1e-9).rounded(.down) * step
        self.high = (high / step - 1e-9).rounded(.up) * step
        self.top = top
        self.bottom = bottom
        ticks = Ticks(from: self.low, to: self.high, step: step)
    }

    func place(_ value: Double) -> Double { bottom - (value - low) / (high - low) * (bottom - top) }
}
