import Model

/// One report of one proxy: the requests of a deployment integrated over one interval.
package struct LoadPoint: Hashable, Sendable {
    /// When the interval ended.
    package var end: Moment
    package var span: Millis
    /// Request-microseconds: running and queued requests against time. Below zero counts as zero.
    package var area: Int64
    /// Requests running and queued at `end`. Holds until the next report.
    package var last: Int
    /// Requests that replicas were done with in it; nil: not told.
    package var completed: Int64?

    package init(end: Moment, span: Millis, area: Int64, last: Int, completed: Int64? = nil) {
        self.completed = completed
        self.end = end
        self.span = span
        self.area = area
        self.last = last
    }
}

/// What one proxy has reported about one deployment. A proxy that is given up must be left out by the caller:
/// its last value would hold for ever.
package struct LoadSeries: Hashable, Sendable {
    package var proxy: String
    /// Sorted by `end`. Where two intervals overlap the earlier one counts; in a gap the value before it
    /// holds.
    package var points: [LoadPoint]
    /// The newest value known, if it is newer than the last point: running and queued together.
    package var live: Int?
    /// Since when `live` holds; nil: since the last point, or since now when there is none.
    package var liveSince: Moment?

    package init(proxy: String, points: [LoadPoint], live: Int? = nil, liveSince: Moment? = nil) {
        self.proxy = proxy
        self.points = points
        self.live = live
        self.liveSince = liveSince
    }
}

/// The load of a deployment over a window: an exact fraction, so that no rounding decides about a replica.
package struct Load: Hashable, Sendable {
    /// Request-microseconds, summed over the proxies.
    package var area: Int64
    /// Length of the window, at least one millisecond.
    package var span: Millis

    package init(area: Int64, span: Millis) {
        self.area = area
        self.span = span
    }

    /// Mean requests, running and queued, in thousandths; rounded down.
    package var milli: Int64 { area / max(span.rawValue, 1) }
}

/// More running and queued requests than this in one report count as this many.
package let ongoingMax = 1_000_000_000

/// The load over the `lookBack` before `now`, or over what there is when the first report is younger.
/// Before its first report a proxy counts as nothing, after its last one the last value holds. `mean` is exact over time;
/// `max` and `min` are the extremes of what the proxies together had at the instants of their reports.
/// - Returns: nil when no proxy has reported: that is no data, not no load.
/// - Source: Ray Serve 2.60 keeps a step function per handle and takes its time-weighted mean; there
///   "no data" reads as zero, which scales live deployments down after a crash of the controller.
package func load(
    _ series: [LoadSeries], now: Moment, lookBack: Millis, by aggregation: LoadAggregation = .mean
) -> Load? {
    let begins = series.compactMap { $0.begin(now: now) }
    guard let first = begins.min() else { return nil }
    let from = min(max(now - lookBack, first), now - Millis(1))
    if aggregation != .mean {
        let values = totals(series, from: from, to: now)
        let value = (aggregation == .max ? values.max() : values.min()) ?? 0
        return Load(
            area: Int64(clamping: Int128(value) * Int128((now - from).rawValue) * 1000), span: now - from)
    }
    var area: Int128 = 0
    for one in series { area += one.area(from: from, to: now) }
    return Load(area: Int64(clamping: area), span: now - from)
}
