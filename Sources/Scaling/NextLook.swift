import Model

/// When the load of a deployment is to be looked at next.
package enum NextLook: Hashable, Sendable {
    /// As of this instant, with what had been reported up to it.
    case at(Moment)
    /// Not before then; nil: when something is reported.
    case later(Moment?)
}

/// A report may come so much after the end of its interval: a look that is due meanwhile waits for it.
package let reportTravels = Millis(100)

/// The load is looked at as of the end of every interval that a proxy has reported, one after the other, and as of
/// the instant at which a delay ends. A look that comes late looks at what there was then, so that a tier that was
/// away takes the looks it has missed, and with them the decisions it would have taken.
/// - Parameter looked: the instant of the latest look.
/// - Parameter due: when that one wished for another, whatever is reported.
/// - Source: Ray Serve 2.60 and the Kubernetes autoscaler look when their own clocks tick: where a tick falls among
///   the reports, and how many a restart leaves out, then decides about a replica.
package func nextLook(
    after looked: Moment, due: Moment?, reports: [LoadSeries], interval: Millis, now: Moment
) -> NextLook {
    let report = reports.compactMap { $0.firstEnd(after: looked, until: now) }.min()
    guard let due = due.map({ max($0, looked + Millis(1)) }) else {
        return report.map { .at($0) } ?? .later(nil)
    }
    // Of an interval that ends just then the look knows at once, or as soon as it is told of it.
    if let report, report <= due + reportTravels { return .at(report) }
    if report != nil { return .at(due) }
    if now < due { return .later(due) }
    let isExpected = reports.contains { one in
        guard let last = one.points.last?.end else { return false }
        return last + interval > looked && last + interval <= due + reportTravels
    }
    return isExpected && now < due + reportTravels ? .later(due + reportTravels) : .at(due)
}

extension LoadSeries {
    /// The earliest end of an interval after one instant and not after another.
    fileprivate func firstEnd(after looked: Moment, until now: Moment) -> Moment? {
        var first: Moment?
        for point in points.reversed() {
            if point.end <= looked { break }
            if point.end <= now { first = point.end }
        }
        return first
    }

    /// What had ended by then. What a proxy merely has at the moment counts as long as it has reported no interval.
    package func asOf(_ moment: Moment) -> LoadSeries? {
        var known = self
        if let last = points.last, last.end > moment { known.points = points.filter { $0.end <= moment } }
        if !known.points.isEmpty || liveSince.map({ $0 > moment }) ?? false {
            (known.live, known.liveSince) = (nil, nil)
        }
        return known.points.isEmpty && known.live == nil ? nil : known
    }
}
