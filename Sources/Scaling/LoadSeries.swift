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

extension LoadSeries {
    /// The values told, and since when each holds.
    fileprivate func values(now: Moment) -> [(at: Moment, value: Int)] {
        var found = points.map { (at: $0.end, value: min(max($0.last, 0), ongoingMax)) }
        if let live {
            let since = max(liveSince ?? points.last?.end ?? now, points.last?.end ?? liveSince ?? now)
            found.append((min(since, now), min(max(live, 0), ongoingMax)))
        }
        return found
    }
}

/// What all proxies together had at each instant of the window at which one of them told something, and at its
/// beginning, if all that tell anything had told something by then.
func totals(_ series: [LoadSeries], from: Moment, to now: Moment) -> [Int] {
    var events: [(at: Moment, who: Int, value: Int)] = []
    for (who, one) in series.enumerated() {
        events += one.values(now: now).filter { $0.at <= now }.map { ($0.at, who, $0.value) }
    }
    events.sort { $0.at != $1.at ? $0.at < $1.at : $0.who < $1.who }
    var latest: [Int: Int] = [:]
    var sum = 0
    var totals: [Int] = []
    let speaking = Set(events.map(\.who)).count
    var index = 0
    while index < events.count {
        let at = events[index].at
        // The total that holds when the window opens counts too.
        if at > from, totals.isEmpty, latest.count == speaking { totals.append(sum) }
        while index < events.count, events[index].at == at {
            let event = events[index]
            sum += event.value - (latest[event.who] ?? 0)
            latest[event.who] = event.value
            index += 1
        }
        if at >= from, latest.count == speaking { totals.append(sum) }
    }
    if totals.isEmpty, latest.count == speaking, speaking > 0 { totals.append(sum) }
    return totals
}
