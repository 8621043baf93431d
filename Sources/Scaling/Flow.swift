import Model

/// What came to the replicas of a deployment and what they were done with, in the latest interval of every proxy.
package struct Flow: Hashable, Sendable {
    package var completed: Int64
    /// By so many there are more at the end than at the beginning, running and queued together.
    package var growth: Int64
    /// Running and queued at the end.
    package var present: Int64

    package init(completed: Int64, growth: Int64, present: Int64) {
        self.completed = completed
        self.growth = growth
        self.present = present
    }

    /// Between what arrived and what was done lies more than a tenth: what waits grows, or goes, by itself, and how much
    /// there is of it says little about how many replicas are needed.
    var isUnsteady: Bool { Int128(growth.magnitude) * 10 > Int128(max(completed, 0)) }
}

/// Nil: a proxy has not told two intervals in a row, or does not count what is done.
package func flow(_ series: [LoadSeries]) -> Flow? {
    var flow = Flow(completed: 0, growth: 0, present: 0)
    for one in series {
        guard let last = one.points.last, let completed = last.completed, one.points.count > 1 else {
            return nil
        }
        let before = one.points[one.points.count - 2]
        guard before.end == last.end - last.span else { return nil }
        flow.completed += min(max(completed, 0), Int64(ongoingMax))
        flow.present += Int64(min(max(last.last, 0), ongoingMax))
        flow.growth += Int64(min(max(last.last, 0), ongoingMax)) - Int64(min(max(before.last, 0), ongoingMax))
    }
    return series.isEmpty ? nil : flow
}

extension ScalingInput {
    /// While what was ordered is still starting, requests pile up before those that serve, in an open loop for as long as
    /// it takes; counted as load that pile would order more at every look (Ray #64509 tells of gains alone, the backlog
    /// does it with a gain of one too). What serves shows how fast it is done: at full use r replicas were done with c
    /// requests while a came, and so a / c × r of them hold what comes, at `maxOngoing` each; at the target's share so many
    /// more; and a part for the pile. If they were not in full use all the time this is too many, never too few.
    ///
    /// Where as many come as are done, users wait for answers before they ask again: then the pile is what is wanted.
    /// - Returns: nil: nothing is starting, nothing piles up, or the flow says nothing.
    var flowMax: Int? {
        guard settings.countsStarting, running > 0, target > running, let flow, flow.isUnsteady,
            flow.completed > 0
        else { return nil }
        let slots = Int128(running) * Int128(max(maxOngoing, 1))
        let waiting = Int128(flow.present) - slots
        guard waiting > 0 else { return nil }
        let came = max(0, Int128(flow.completed) + Int128(flow.growth))
        let each = Int128(max(settings.targetOngoing.rawValue, 1))
        // (came × slots × 1000 / each + waiting × running) / completed, rounded up.
        let divisor = Int128(flow.completed) * each
        let most = (came * slots * 1000 + waiting * Int128(running) * each + divisor - 1) / divisor
        return Int(min(most, 1_000_000))
    }
}
