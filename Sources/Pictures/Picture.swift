/// Draws charts above one another, over one time axis, as one self-contained SVG: no script, no font and no
/// image from elsewhere, legible on light and on dark paper.
///
/// - Parameters:
///   - charts: drawn from top to bottom. None: a picture that says so.
///   - width: in pixels, 400 to 4000.
/// - Returns: the text of an `.svg` file; it may also be pasted into an HTML page.
package func svg(title: String, charts: [Chart], width: Int = 860) -> String {
    var picture = Picture(title: title, charts: charts, width: Double(min(max(width, 400), 4000)))
    return picture.draw()
}

struct Picture {
    let title: String
    let charts: [Chart]
    let width: Double

    private var drawing = Drawing()
    private let left = 62.0
    private let right = 22.0
    private let top = 58.0
    private let panelHeight = 130.0
    /// Above a panel, for its title and legend.
    private let headHeight = 34.0
    /// Below the last panel, for the time.
    private let footHeight = 40.0

    /// In the order of use; each stands out on white and on near-black, also for the colour-blind.
    static let palette = ["#3b82c4", "#d97a1f", "#2f9e6e", "#c2577f", "#8a6fc9", "#8c8c2b"]

    init(title: String, charts: [Chart], width: Double) {
        self.title = title
        self.charts = charts
        self.width = width
    }

    private var plotWidth: Double { width - left - right }

    mutating func draw() -> String {
        let panels = Double(max(charts.count, 1))
        let height = top + panels * (headHeight + panelHeight) + footHeight
        let size = "\(Drawing.number(width)) \(Drawing.number(height))"
        drawing.raw(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size)\" width=\"\(Drawing.number(width))\" "
                + "height=\"\(Drawing.number(height))\" role=\"img\" class=\"tandem-picture\">")
        drawing.raw("<title>\(Drawing.escaped(title))</title>")
        drawing.raw(Self.style)
        drawing.element("rect", ["class": "paper", "width": "100%", "height": "100%", "rx": "6"])
        drawing.label(title, ["class": "title", "x": Drawing.number(left), "y": "34"])
        let (low, high) = timeSpan()
        let ticks = Ticks(from: low, to: high, countMax: max(Int(plotWidth / 80), 2), time: true)
        for (index, chart) in charts.enumerated() {
            let y = top + Double(index) * (headHeight + panelHeight) + headHeight
            drawPanel(chart, y: y, low, high, ticks)
        }
        if charts.isEmpty {
            drawing.label("nothing to show", ["class": "empty", "x": Drawing.number(width / 2), "y": "120"])
        } else {
            drawTime(ticks, low, high, y: height - footHeight)
        }
        drawing.raw("</svg>")
        return drawing.text
    }

    /// From the first point of any chart to the last; at least a second.
    private func timeSpan() -> (Double, Double) {
        var low = Double.infinity
        var high = -Double.infinity
        for point in charts.lazy.flatMap(\.series).flatMap(\.points) where point.x.isFinite && point.y.isFinite {
            low = min(low, point.x)
            high = max(high, point.x)
        }
        guard low.isFinite else { return (0, 1) }
        return (low, max(high, low + 1))
    }

    private func x(_ time: Double, _ low: Double, _ high: Double) -> Double {
        left + (time - low) / (high - low) * plotWidth
    }

    private mutating func drawPanel(_ chart: Chart, y: Double, _ low: Double, _ high: Double, _ time: Ticks) {
        let scale = ValueScale(chart, top: y, bottom: y + panelHeight)
        for value in scale.ticks.values {
            let at = Drawing.number(scale.place(value))
            drawing.element(
                "line",
                [
                    "class": value == 0 ? "base" : "grid", "x1": Drawing.number(left),
                    "x2": Drawing.number(width - right), "y1": at, "y2": at,
                ])
            drawing.label(
                scale.ticks.label(value),
                ["class": "value", "x": Drawing.number(left - 8), "y": Drawing.number(scale.place(value) + 3.5)])
        }
        for value in time.values {
            let at = Drawing.number(x(value, low, high))
            drawing.element(
                "line",
                ["class": "grid", "x1": at, "x2": at, "y1": Drawing.number(y), "y2": Drawing.number(y + panelHeight)])
        }
        drawHead(chart, y: y - 12)
        let drawn = chart.series.enumerated().filter { !$0.element.points.isEmpty }
        for (index, series) in drawn { draw(series, index, scale, low, high) }
        if !drawn.contains(where: { $0.element.points.contains { $0.x.isFinite && $0.y.isFinite } }) {
            let middle = ["class": "empty"]
            drawing.label(
                "no data",
                [
                    "class": middle["class"] ?? "", "x": Drawing.number(left + plotWidth / 2),
                    "y": Drawing.number(y + panelHeight / 2),
                ])
        }
    }
}
