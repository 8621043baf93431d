/// One chart on its place in the picture.
struct Panel {
    let chart: Chart
    let axis: TimeAxis
    let top: Double
    let bottom: Double

    /// In the order of use; each stands out on white and on near-black, and they differ for the colour-blind.
    private static let palette = ["#2f81d6", "#d9771f", "#2a9d70", "#c7568a", "#8a6fd1", "#8f8a2a"]
    /// Of the legend's letters, on average; a wider name only leaves less room before it.
    private static let letterWidth = 6.9

    func draw(_ drawing: inout Drawing) {
        let values = ValueAxis(chart, top: top, bottom: bottom)
        drawGrid(&drawing, values)
        drawHead(&drawing)
        var hasData = false
        for (index, series) in chart.series.enumerated() {
            let columns = Int(axis.right - axis.left)
            let runs = Thinning.runs(series.points, from: axis.low, to: axis.high, columns: columns)
            hasData = hasData || !runs.isEmpty
            draw(series, runs, Self.color(series, index), values, &drawing)
        }
        guard !hasData else { return }
        let middle = Drawing.number((axis.left + axis.right) / 2)
        drawing.text(
            "text", "no data", ["class": "empty", "x": middle, "y": Drawing.number((top + bottom) / 2)])
    }

    private func drawGrid(_ drawing: inout Drawing, _ values: ValueAxis) {
        let (left, right) = (Drawing.number(axis.left), Drawing.number(axis.right))
        for time in axis.ticks.values {
            let x = Drawing.number(axis.place(time))
            drawing.element(
                "line",
                ["class": "grid", "x1": x, "x2": x, "y1": Drawing.number(top), "y2": Drawing.number(bottom)])
        }
        for value in values.ticks.values {
            let y = Drawing.number(values.place(value))
            let kind = value == 0 ? "base" : "grid"
            drawing.element("line", ["class": kind, "x1": left, "x2": right, "y1": y, "y2": y])
            drawing.text(
                "text", values.ticks.label(value),
                [
                    "class": "value", "x": Drawing.number(axis.left - 8),
                    "y": Drawing.number(values.place(value) + 4),
                ])
        }
    }

    /// Title at the left; at the right the legend, unless one line alone says what the title says.
    private func drawHead(_ drawing: inout Drawing) {
        let y = top - 14
        let title = chart.unit.isEmpty ? chart.title : "\(chart.title), \(chart.unit)"
        drawing.text(
            "text", title, ["class": "head", "x": Drawing.number(axis.left), "y": Drawing.number(y)])
        guard chart.series.count > 1 else { return }
        var x = axis.right
        for (index, series) in chart.series.enumerated().reversed() {
            x -= Double(series.name.count) * Self.letterWidth
            drawing.text("text", series.name, ["x": Drawing.number(x), "y": Drawing.number(y)])
            drawing.element(
                "line",
                [
                    "x1": Drawing.number(x - 24), "x2": Drawing.number(x - 7), "y1": Drawing.number(y - 4),
                    "y2": Drawing.number(y - 4), "stroke": Self.color(series, index), "stroke-width": "3",
                ])
            x -= 42
        }
    }

    private func draw(
        _ series: Series, _ runs: [[Point]], _ color: String, _ values: ValueAxis, _ drawing: inout Drawing
    ) {
        for run in runs {
            if run.count == 1 {
                drawing.element(
                    "circle",
                    [
                        "cx": Drawing.number(axis.place(run[0].x)),
                        "cy": Drawing.number(values.place(run[0].y)),
                        "r": "3", "fill": color,
                    ])
            } else {
                drawing.element(
                    "path", ["class": "line", "stroke": color, "d": path(run, step: series.step, values)])
            }
        }
    }

    private func path(_ run: [Point], step: Bool, _ values: ValueAxis) -> String {
        var path = ""
        for (index, point) in run.enumerated() {
            let x = Drawing.number(axis.place(point.x))
            let y = Drawing.number(values.place(point.y))
            switch (index, step) {
            case (0, _): path += "M\(x) \(y)"
            case (_, true): path += "H\(x)V\(y)"
            case (_, false): path += "L\(x) \(y)"
            }
        }
        return path
    }

    /// The series' own colour, as far as its characters can only make a colour, else one of the palette.
    private static func color(_ series: Series, _ index: Int) -> String {
        let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#(),.% "
        let own = series.color ?? ""
        guard !own.isEmpty, own.allSatisfy(allowed.contains), !own.lowercased().contains("url") else {
            return palette[index % palette.count]
        }
        return own
    }
}
