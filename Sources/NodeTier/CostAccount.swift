import Model
import Store

/// How one machine's time is booked. Whatever happens, what is booked is exactly the time from `beganAt` to `since`.
extension CostAccountRow {
    /// Booked spans that are kept in case the machine turns out to have ended before them. The end is heard of with the
    /// next list, some seconds late; ten minutes of trouble with the provider are ordinary, more changes than these in
    /// that time are not.
    static let recentMax = 16
    static let recentFor = Millis(600_000)

    /// Paid time so far, as of an instant of the cluster clock.
    private mutating func book(until moment: Moment) -> [CostBooking] {
        guard moment > since else { return [] }
        recent.append(CostSpan(since: since, until: moment, shares: shares))
        let last = moment - Self.recentFor
        recent.removeAll { $0.until < last }
        if recent.count > Self.recentMax { recent.removeFirst(recent.count - Self.recentMax) }
        let booked = spread(shares, from: since, to: moment)
        since = moment
        return booked
    }

    /// Takes back what was booked after an instant, from those to whom it was booked.
    private mutating func unbook(after moment: Moment) -> [CostBooking] {
        var booked: [CostBooking] = []
        while since > moment {
            // Beyond what is remembered nobody knows any more whose time it was: the sum is right, its parts are not.
            let last =
                recent.popLast()
                ?? CostSpan(since: moment, until: since, shares: [CostShare(.ending)])
            let from = max(last.since, moment)
            booked += spread(last.shares, from: from, to: since, taking: true)
            if from > last.since {
                recent.append(CostSpan(since: last.since, until: from, shares: last.shares))
            }
            since = from
        }
        return booked
    }

    /// From now on the machine's time is shared otherwise.
    mutating func share(_ shares: [CostShare], from moment: Moment) -> [CostBooking] {
        guard shares != self.shares else { return [] }
        let booked = book(until: moment)
        self.shares = shares
        return booked
    }

    /// Nothing is paid for the machine after `moment`.
    mutating func end(at moment: Moment, isEstimate: Bool) -> [CostBooking] {
        let moment = max(moment, beganAt)
        let booked = moment < since ? unbook(after: moment) : book(until: moment)
        endedAt = moment
        self.isEstimate = isEstimate
        return booked
    }

    /// It had not ended, as was thought: its time goes on from there.
    mutating func reopen(as shares: [CostShare]) {
        endedAt = nil
        isEstimate = false
        self.shares = shares
    }

    /// A span of time by owner and hour.
    private func spread(
        _ shares: [CostShare], from: Moment, to: Moment, taking: Bool = false
    ) -> [CostBooking] {
        var booked: [CostBooking] = []
        var from = from
        while from < to {
            let hour = Moment(from.ms - from.ms % CostBooking.hour.rawValue)
            let until = min(to, hour + CostBooking.hour)
            let span = (until - from).rawValue
            for share in shares {
                booked.append(
                    CostBooking(
                        account: id, microdollarsPerHour: microdollarsPerHour, hour: hour, cause: share.cause,
                        deployment: share.deployment, micros: (taking ? -span : span) * share.milli))
            }
            from = until
        }
        return booked
    }
}
