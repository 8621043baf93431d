import Model
import Settings
import Testing

/// What a cluster file says of money, of disturbing nodes, and of room that is kept free.
@Suite struct NodePolicyTests {
    private func read(_ text: String) throws -> ClusterSettings {
        try Settings.cluster(text: text, file: "c")
    }

    @Test func thePolicyIsReadWhole() throws {
        let settings = try read(
            """
            price_per_hour_max: 12.5
            consolidation: {enabled: false, after_s: 5, saving_min_percent: 2.5, age_min_s: 60, payback_s: 120}
            disruption_budgets:
              - {nodes: 20%, reasons: [drift, consolidation, drift]}
              - {nodes: 0, schedule: "0 9 * * mon-fri", duration_s: 28800}
              - {}
            headroom: [{resources: {CPU: 4, memory: 1 GiB}, count: 2}, {resources: {GPU: 1}}, {percent: 10}, {economic: {quantile: 0.95}}]
            spot: {on_demand_base: 2, fallback: false}
            """)
        #expect(settings.priceMax == 12_500_000)
        var consolidation = ConsolidationSettings()
        consolidation.isOn = false
        consolidation.after = Millis(5_000)
        consolidation.savingMin = Thousandths(25)
        consolidation.ageMin = Millis(60_000)
        consolidation.payback = Millis(120_000)
        #expect(settings.consolidation == consolidation)
        var first = DisruptionBudget()
        (first.nodes, first.causes) = (.percent(20), [.consolidation, .drift])
        var second = DisruptionBudget()
        (second.nodes, second.duration) = (.count(0), Millis(28_800_000))
        second.schedule = CronSchedule(
            text: "0 9 * * mon-fri", minutes: [0], hours: [9], days: Array(1...31), months: Array(1...12),
            weekdays: [1, 2, 3, 4, 5])
        #expect(settings.budgets == [first, second, DisruptionBudget()])
        #expect(
            settings.headroom == [
                .fixed(Resources(["CPU": 4000, "memory": 1 << 30]), count: 2),
                .fixed(Resources(["GPU": 1000]), count: 1), .percent(10),
                .economic(quantile: Thousandths(950)),
            ])
        #expect(settings.spot.onDemandBase == 2 && !settings.spot.fallsBack)
    }

    @Test(arguments: NodeChoice.allCases) func thePolicyOfPlacingIsRead(choice: NodeChoice) throws {
        #expect(try read("placement_policy: \(choice.rawValue)").placement == choice)
        #expect(try read("cluster_name: c").placement == .bestFit)
        // What `tandem plan` also knows is for measuring, and not for clusters.
        for wrong in ["random", "default", "best_fit", "5", "[]"] {
            #expect(throws: (any Error).self) { try read("placement_policy: \(wrong)") }
        }
    }

    private func schedule(_ text: String) throws -> CronSchedule {
        let settings = try read("disruption_budgets: [{schedule: \"\(text)\", duration_s: 1}]")
        return try #require(settings.budgets.first?.schedule)
    }

    @Test(arguments: [
        ("* * * * *", 60, 24, 31, 12, 7), ("*/15 */6 1,15 */3 6,7", 4, 4, 2, 4, 2),
        ("5/20 8-17 1-31/10 jan-MAR SUN", 3, 10, 4, 3, 1), ("0 0 29 2 *", 1, 1, 1, 1, 7),
        ("59 23 31 12 7", 1, 1, 1, 1, 1), ("@daily", 1, 1, 31, 12, 7), ("@Hourly", 1, 24, 31, 12, 7),
        ("0 0 31 2 mon", 1, 1, 1, 1, 1), ("  0\t0  * *   fri-sun ", 1, 1, 31, 12, 3),
    ])
    func aScheduleHoldsSoManyValuesOfEachField(
        text: String, minutes: Int, hours: Int, days: Int, months: Int, weekdays: Int
    ) throws {
        let found = try schedule(text)
        #expect(found.minutes.count == minutes && found.hours.count == hours && found.days.count == days)
        #expect(found.months.count == months && found.weekdays.count == weekdays)
        #expect(found.text == text)
        for values in [found.minutes, found.hours, found.days, found.months, found.weekdays] {
            #expect(values == Set(values).sorted())
        }
        #expect(found.weekdays.allSatisfy { (0...6).contains($0) })
    }

    @Test func valuesAreThoseThatAreNamed() throws {
        let found = try schedule("5/20 8-10 1-31/10 feb,dec 5-7")
        #expect(found.minutes == [5, 25, 45] && found.hours == [8, 9, 10] && found.days == [1, 11, 21, 31])
        #expect(found.months == [2, 12] && found.weekdays == [0, 5, 6])
    }

    @Test(arguments: [
        ("", "0 fields instead of 5"), ("0 9 * *", "4 fields instead of 5"),
        ("0 9 * * * *", "6 fields instead of 5"), ("@often", "@often is none of @annually, @daily"),
        ("60 * * * *", "minute 60: from 0 to 59"), ("* 24 * * *", "hour 24: from 0 to 23"),
        ("* * 0 * *", "day of the month 0: from 1 to 31"), ("* * * 13 *", "month 13: from 1 to 12"),
        ("* * * * 8", "day of the week 8: from 0 to 7"), ("x * * * *", "minute x: \\\"x\\\" is no number"),
        ("-1 * * * *", "minute -1: \\\"\\\" is no number"),
        ("+1 * * * *", "minute +1: \\\"+1\\\" is no number"),
        ("5-1 * * * *", "minute 5-1: the end is before the beginning"),
        ("1-2-3 * * * *", "minute 1-2-3: a range has two ends"),
        ("*/0 * * * *", "minute */0: a step is a whole number from 1 to 59"),
        ("*/60 * * * *", "minute */60: a step is"), ("*/2/3 * * * *", "minute */2/3: one step at most"),
        ("1,,2 * * * *", "minute : \\\"\\\" is no number"), ("* * 31 2,4 *", "no such month has a day 31"),
        ("* * * mon *", "month mon: \\\"mon\\\" is no number"),
        ("99999999999999999999 * * * *", "minute 99999999999999999999: "),
    ])
    func aWrongScheduleIsNamed(text: String, message: String) {
        let found = ClusterTests.problems("disruption_budgets: [{schedule: \"\(text)\", duration_s: 1}]")
        let unescaped = message.split(separator: "\\").joined()
        #expect(
            found.count == 1 && found[0].hasPrefix("c:1:33: disruption_budgets[0].schedule is no schedule ("))
        #expect(found.first?.contains(unescaped) == true, "\(found)")
    }

    @Test(arguments: [
        ("price_per_hour_max: -1", "price_per_hour_max is out of range: -1: "),
        ("price_per_hour_max: 0.0000001", "price_per_hour_max cannot be read exactly: "),
        ("consolidation: 3", "consolidation must be a mapping: 3: "),
        ("consolidation: {enable: true}", "unknown key in consolidation: enable: did you mean enabled?"),
        (
            "consolidation: {saving_min_percent: 101}",
            "consolidation.saving_min_percent is out of range: 101: a number percent of at least 0, at most 100"
        ),
        (
            "consolidation: {saving_min_percent: 0.01}",
            "cannot be read exactly: 0.01: a number with at most 1 "
        ),
        ("consolidation: {payback_s: 0}", "consolidation.payback_s is out of range: 0: "),
        ("disruption_budgets: {nodes: 1}", "disruption_budgets must be a list: a mapping: "),
        (
            "disruption_budgets: [{nodes: 101%}]",
            "disruption_budgets[0].nodes is no part of the nodes: 101%: "
        ),
        ("disruption_budgets: [{nodes: -1}]", "disruption_budgets[0].nodes is out of range: -1: "),
        (
            "disruption_budgets: [{reasons: [cost]}]",
            "disruption_budgets[0].reasons[0] is none of its words: cost: consolidation, drift, expiry, repair"
        ),
        (
            "disruption_budgets: [{schedule: '@daily'}]",
            "disruption_budgets[0].schedule says when a budget begins to hold, and not for how long: "
        ),
        (
            "disruption_budgets: [{duration_s: 5}]",
            "disruption_budgets[0].duration_s says how long a budget holds, and not from when: 5: "
        ),
        ("headroom: [{}]", "headroom[0] must have exactly one shape: {}: "),
        ("headroom: [{percent: 1, resources: {CPU: 1}}]", "headroom[0] must have exactly one shape: "),
        ("headroom: [{percent: 0}]", "headroom[0].percent is out of range: 0: "),
        ("headroom: [{percent: 5, count: 2}]", "headroom[0].count counts nothing here: 2: "),
        ("headroom: [{resources: {}}]", "headroom[0].resources holds nothing: {}: "),
        ("headroom: [{resources: {CPU: 1}, count: 0}]", "headroom[0].count is out of range: 0: "),
        ("headroom: [{economic: {}}]", "a key is missing in headroom[0].economic: quantile: "),
        ("headroom: [{economic: {quantile: 1.1}}]", "headroom[0].economic.quantile is out of range: 1.1: "),
        ("spot: {base: 1}", "unknown key in spot: base: "),
        ("spot: {on_demand_base: -1}", "spot.on_demand_base is out of range: -1: "),
        ("spot: {fallback: maybe}", "spot.fallback must be true or false: maybe: "),
    ])
    func aWrongPolicyIsTold(text: String, message: String) {
        let found = ClusterTests.problems(text)
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test func everythingIsToldAtOnceWithItsPlace() {
        let found = ClusterTests.problems(
            """
            price_per_hour_max: much
            consolidation: {after_s: -1}
            disruption_budgets:
              - {nodes: all}
              - {schedule: "0 25 * * *", duration_s: 1}
            headroom: [{percent: 200}]
            """)
        #expect(
            found.map { $0.prefix { $0 != " " } } == ["c:1:21:", "c:2:26:", "c:4:13:", "c:5:16:", "c:6:22:"])
    }
}

/// Where and how the fake cloud's machines can be had.
@Suite struct OfferingFieldTests {
    @Test func offeringsAreReadInTheOrderOfTheFile() throws {
        let text = """
            provider:
              type: fake
              prices: {large: 0.2}
              offerings:
                small:
                  - {zone: b, capacity_type: spot, price_per_hour: 0.01, available: 3}
                  - {zone: a, price_per_hour: 0.04}
                  - {price_per_hour: 0}
            available_node_types:
              small: {resources: {CPU: 4}, node_config: {b: [1, "x"], a: {c: null}}, expire_after_s: 60}
              large: {resources: {CPU: 16}, node_config: {}}
            """
        let settings = try Settings.cluster(text: text, file: "c")
        guard case .fake(let fake)? = settings.provider else {
            Issue.record("no fake cloud")
            return
        }
        #expect(
            fake.offerings == [
                Offering(
                    nodeType: "small", zone: "b", capacityType: "spot", microdollarsPerHour: 10_000,
                    available: 3),
                Offering(
                    nodeType: "small", zone: "a", capacityType: "on_demand", microdollarsPerHour: 40_000),
                Offering(nodeType: "small", zone: "local", capacityType: "on_demand", microdollarsPerHour: 0),
            ])
        let small = try #require(settings.nodeTypes.first { $0.name == "small" })
        #expect(small.config == #"{"a":{"c":null},"b":[1,"x"]}"# && small.expireAfter == Millis(60_000))
        let large = try #require(settings.nodeTypes.first { $0.name == "large" })
        #expect(large.config == nil && large.expireAfter == nil)
    }

    @Test(arguments: [
        ("{smal: [{price_per_hour: 1}]}", "provider.offerings names no type of available_node_types: smal: "),
        ("{small: {price_per_hour: 1}}", "provider.offerings.small must be a list: a mapping: "),
        ("{small: []}", "provider.offerings.small sells nothing: []: "),
        ("{small: [{zone: a}]}", "a key is missing in provider.offerings.small[0]: price_per_hour: "),
        (
            "{small: [{price_per_hour: -1}]}",
            "provider.offerings.small[0].price_per_hour is out of range: -1: "
        ),
        ("{small: [{price_per_hour: 1, zone: 'a b'}]}", "provider.offerings.small[0].zone is no name: "),
        ("{small: [{price_per_hour: 1, available: -1}]}", "small[0].available is out of range: -1: "),
        (
            "{small: [{price_per_hour: 1, price: 1}]}",
            "unknown key in provider.offerings.small[0]: price: did you mean price_per_hour?"
        ),
        (
            "{small: [{zone: a, price_per_hour: 1}, {zone: a, price_per_hour: 2}]}",
            "provider.offerings.small[1] is given twice: on_demand in a: a mapping: one entry for each zone"
        ),
        (
            "{small: [{price_per_hour: 1}]}, prices: {small: 1}",
            "provider.prices.small stands in offerings too: 1: the price there, and none here"
        ),
    ])
    func aWrongOfferingIsTold(offerings: String, message: String) {
        let found = ClusterTests.problems(ClusterTests.file(provider: ", offerings: \(offerings)"))
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }
}
