import Model
import Provisioning
import Testing

@Suite struct AllowanceTests {
    private func nodes(_ budgets: [DisruptionBudget], there: Int, disturbed: Int = 0, at minute: Int64 = 0)
        -> Int
    {
        Allowance(budgets, for: .drift, there: there, disturbed: disturbed, unixMinute: minute).nodes
    }

    @Test(arguments: [(1, 1), (10, 1), (11, 2), (20, 2), (0, 0)])
    func aTenthRoundedUpUnlessSaidOtherwise(there: Int, expected: Int) {
        #expect(nodes([], there: there) == expected)
    }

    @Test func theStrictestHoldsAndWhatIsDisturbedCounts() {
        #expect(nodes([.of(.percent(50)), .of(.count(3))], there: 10) == 3)
        #expect(nodes([.of(.percent(50)), .of(.count(3))], there: 10, disturbed: 2) == 1)
        #expect(nodes([.of(.count(3))], there: 10, disturbed: 9) == 0)
        var other = DisruptionBudget.of(.count(0))
        other.causes = [.consolidation]
        #expect(nodes([other, .of(.count(2))], there: 10) == 2)
        let allowed = Allowance(
            [.of(.percent(50)), .of(.count(3))], for: .drift, there: 10, disturbed: 1, unixMinute: 0)
        #expect(allowed.reason == "3 of 10 may be disturbed at a time, 1 are")
    }

    /// 2024-02-29 was a Thursday.
    @Test(
        arguments: [
            (0, [0, 0, 1, 1, 4]), (28_486_085, [5, 0, 29, 2, 4]), (28_487_525, [5, 0, 1, 3, 5]),
            (-1, [59, 23, 31, 12, 3]),
        ] as [(Int64, [Int])])
    func datesAreThoseOfTheCalendar(at: Int64, is expected: [Int]) {
        let time = CronTime(unixMinute: at)
        #expect([time.minute, time.hour, time.day, time.month, time.weekday] == expected)
    }

    private func schedule(
        minutes: [Int] = [0], hours: [Int] = [9], days: [Int]? = nil, weekdays: [Int]? = nil
    )
        -> CronSchedule
    {
        CronSchedule(
            text: "test", minutes: minutes, hours: hours, days: days ?? Array(1...31),
            months: Array(1...12), weekdays: weekdays ?? Array(0...6))
    }

    @Test func aBudgetWithAScheduleHoldsForItsTime() {
        var budget = DisruptionBudget.of(.count(0))
        budget.schedule = schedule(weekdays: [1, 2, 3, 4, 5])
        budget.duration = .seconds(8 * 3_600)
        // The first of January 1970, a Thursday, and the Saturday after it.
        #expect(nodes([budget], there: 10, at: 9 * 60 - 1) == .max)
        #expect(nodes([budget], there: 10, at: 9 * 60) == 0)
        #expect(nodes([budget], there: 10, at: 17 * 60 - 1) == 0)
        #expect(nodes([budget], there: 10, at: 17 * 60) == .max)
        #expect(nodes([budget], there: 10, at: 2 * 1_440 + 10 * 60) == .max)
        #expect(Allowance([budget], for: .drift, there: 1, disturbed: 0, unixMinute: 0).isTimed)
    }

    @Test func narrowedDaysAndWeekdaysAreEitherOr() {
        let both = schedule(days: [13], weekdays: [5])
        #expect(both.fires(at: CronTime(unixMinute: 12 * 1_440 + 540)))
        #expect(both.fires(at: CronTime(unixMinute: 1 * 1_440 + 540)))
        #expect(!both.fires(at: CronTime(unixMinute: 2 * 1_440 + 540)))
        #expect(schedule(weekdays: [7]).fires(at: CronTime(unixMinute: 3 * 1_440 + 540)), "Sunday")
    }

    @Test func theHashIsOfWhatANodeIsMadeWith() {
        let type = NodeType(name: "small", resources: Resources(["CPU": 4_000]), maxWorkers: 3)
        var same = type
        (same.maxWorkers, same.minWorkers, same.expireAfter) = (9, 2, .seconds(5))
        #expect(same.configHash == type.configHash)
        var others = [type, type, type]
        others[0].resources = Resources(["CPU": 8_000])
        others[1].labels = [NodeLabel(name: "disk", value: "ssd")]
        others[2].config = "{}"
        #expect(Set(others.map(\.configHash) + [type.configHash]).count == 4)
    }
}
