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

/// The frame: title, panels and the time below them.
struct Picture {
    let title: String
    let charts: [Chart]
    let width: Double

    static let left = 62.0
    static let right = 24.0
    private static let top = 56.0
    private static let panelHeight = 130.0
    /// Above a panel, for its title and legend.
    private static let headHeight = 44.0
    /// Below the last panel, for the time.
    private static let footHeight = 44.0
    /// Room that one time label needs.
    private static let timeLabelWidth = 72.0

    init(title: String, charts: [Chart], width: Double) {
        self.title = title
        self.charts = charts
        self.width = width
    }

    mutating func draw() -> String {
        let panels = Double(max(charts.count, 1))
        let height = Self.top + panels * (Self.headHeight + Self.panelHeight) + Self.footHeight
        var drawing = Drawing()
        let (wide, high) = (Drawing.number(width), Drawing.number(height))
        drawing.open(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "class": "tandem-picture", "role": "img",
                "viewBox": "0 0 \(wide) \(high)", "width": wide, "height": high,
            ])
        drawing.text("title", title, [:])
        drawing.style(Self.style)
        drawing.element("rect", ["class": "paper", "width": wide, "height": high])
        drawing.text("text", title, ["class": "title", "x": Drawing.number(Self.left), "y": "36"])
        let axis = TimeAxis(
            charts, left: Self.left, right: width - Self.right, labelWidth: Self.timeLabelWidth)
        for (index, chart) in charts.enumerated() {
            let y = Self.top + Double(index) * (Self.headHeight + Self.panelHeight) + Self.headHeight
            Panel(chart: chart, axis: axis, top: y, bottom: y + Self.panelHeight).draw(&drawing)
        }
        if charts.isEmpty {
            drawing.text(
                "text", "nothing to show", ["class": "empty", "x": Drawing.number(width / 2), "y": "130"])
        } else {
            axis.drawLabels(&drawing, y: height - Self.footHeight)
        }
        drawing.close("svg")
        return drawing.svg
    }

    /// Greys that keep a contrast of at least 4.5 for text on either paper.
    private static let style = """
        .tandem-picture { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        .tandem-picture .paper { fill: #ffffff; }
        .tandem-picture text { fill: #57606a; }
        .tandem-picture .title { fill: #1f2328; font-size: 18px; font-weight: 600; }
        .tandem-picture .head { fill: #1f2328; font-size: 13px; font-weight: 600; }
        .tandem-picture .value { text-anchor: end; font-size: 11px; }
        .tandem-picture .time { text-anchor: middle; font-size: 11px; }
        .tandem-picture .empty { text-anchor: middle; }
        .tandem-picture .grid { stroke: #d8dee4; stroke-width: 1; stroke-opacity: 0.6; }
        .tandem-picture .base { stroke: #8c959f; stroke-width: 1; }
        .tandem-picture .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
        @media (prefers-color-scheme: dark) {
          .tandem-picture .paper { fill: #0d1117; }
          .tandem-picture text { fill: #9aa4af; }
          .tandem-picture .title, .tandem-picture .head { fill: #e6edf3; }
          .tandem-picture .grid { stroke: #30363d; }
          .tandem-picture .base { stroke: #6e7681; }
        }
        """
}
