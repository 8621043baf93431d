import Model

/// A minute of the calendar in UTC, as a cron schedule looks at it.
///
/// Source: days to a date by H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (civil_from_days).
package struct CronTime: Hashable, Sendable {
    package var minute: Int
    package var hour: Int
    /// Of the month, from 1.
    package var day: Int
    package var month: Int
    /// 0 is Sunday.
    package var weekday: Int

    /// - Parameter unixMinute: minutes since 1970 began.
    package init(unixMinute: Int64) {
        let days = floorDiv(unixMinute, 1_440)
        let ofDay = Int(unixMinute - days * 1_440)
        (hour, minute) = (ofDay / 60, ofDay % 60)
        // 1970 began on a Thursday.
        weekday = Int((days + 4) - floorDiv(days + 4, 7) * 7)
        let shifted = days + 719_468
        let era = floorDiv(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let year =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    }
}

private func floorDiv(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

extension CronSchedule {
    /// It fires in that minute. Where both the day of the month and the weekday are narrowed, either will do (cron's rule).
    package func fires(at time: CronTime) -> Bool {
        guard minutes.contains(time.minute), hours.contains(time.hour), months.contains(time.month) else {
            return false
        }
        let isDay = days.contains(time.day)
        // Sunday may be written as 7.
        let isWeekday = weekdays.contains(time.weekday) || (time.weekday == 0 && weekdays.contains(7))
        let narrowsDays = days.count < 31
        let narrowsWeekdays = Set(weekdays.map { $0 % 7 }).count < 7
        if narrowsDays, narrowsWeekdays { return isDay || isWeekday }
        return isDay && isWeekday
    }

    /// It fired at most `span` before that minute ends. A span of no length is that minute alone.
    package func holds(for span: Millis, at unixMinute: Int64) -> Bool {
        let minutes = Swift.max(1, (span.rawValue + 59_999) / 60_000)
        // What fires at all fires within four years and a leap day; a budget that holds for longer holds for good.
        for back in 0..<Swift.min(minutes, Self.backMax)
        where fires(at: CronTime(unixMinute: unixMinute - back)) {
            return true
        }
        return false
    }

    /// Minutes that are looked back at, at most: a week.
    package static let backMax: Int64 = 7 * 1_440
}
