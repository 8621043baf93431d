/// One panel: lines over a time that all panels of a picture share.
package struct Chart: Equatable, Sendable {
    package var title: String
    /// Of the y axis, e.g. `ms`; empty for plain counts.
    package var unit: String
    package var series: [Series]

    package init(title: String, unit: String = "", series: [Series]) {
        self.title = title
        self.unit = unit
        self.series = series
    }
}

/// One line of a panel.
package struct Series: Equatable, Sendable {
    package var name: String
    /// Any CSS colour; nil, or anything that is none: the next of the palette.
    package var color: String?
    /// Points whose x or y is not finite, or beyond 1e15, break the line. Need not be sorted.
    package var points: [Point]
    /// Hold each value until the next point, as counts do, instead of joining points.
    package var step: Bool

    package init(name: String, color: String? = nil, points: [Point], step: Bool = false) {
        self.name = name
        self.color = color
        self.points = points
        self.step = step
    }
}

/// One value at one time.
package struct Point: Equatable, Sendable {
    /// Seconds from the beginning of the picture.
    package var x: Double
    /// In the unit of the chart.
    package var y: Double

    package init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}
