import Model

extension LoadSeries {
    /// When this proxy's knowledge begins; nil when it has reported nothing. Always before `now`.
    func begin(now: Moment) -> Moment? {
        let begin = points.first.map { $0.end - max($0.span, .zero) } ?? live.map { _ in liveSince ?? now }
        return begin.map { min($0, now - Millis(1)) }
    }

    /// Request-microseconds between two instants. An interval that is cut counts in proportion, rounded down.
    func area(from: Moment, to: Moment) -> Int128 {
        var sum: Int128 = 0
        var level = 0  // holds from `at` on: nothing before the first report
        var at = from
        for point in points {
            let start = point.end - max(point.span, .zero)
            sum += Self.area(level, from: max(at, from), to: min(start, to))
            let inside = min(point.end, to) - max(start, at, from)
            if inside > .zero {
                sum += Int128(max(point.area, 0)) * Int128(inside.rawValue) / Int128(point.span.rawValue)
            }
            at = max(at, point.end)
            level = point.last
        }
        if let live {
            let since = liveSince ?? (points.isEmpty ? to : at)
            let known = points.isEmpty ? min(since, to - Millis(1)) : since
            sum += Self.area(level, from: max(at, from), to: min(known, to))
            at = max(at, known)
            level = live
        }
        return sum + Self.area(level, from: max(at, from), to: to)
    }

    /// `level` requests for as long as it takes.
    private static func area(_ level: Int, from: Moment, to: Moment) -> Int128 {
        guard from < to else { return 0 }
        return Int128(min(max(level, 0), ongoingMax)) * Int128((to - from).rawValue) * 1000
    }
}
