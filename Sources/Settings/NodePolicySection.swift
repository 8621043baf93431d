import Model

/// The keys at the top of a cluster file that say when nodes may be disturbed, what may be spent, and what is kept free.
struct NodePolicySection {
    let top: Section

    /// As Karpenter's bound on budgets.
    private static let listMax = 50

    static let known = [
        "price_per_hour_max", "consolidation", "disruption_budgets", "headroom", "spot", "placement_policy",
    ]

    func read(into settings: inout ClusterSettings) {
        settings.priceMax = top["price_per_hour_max"]?.price()
        if let section = top["consolidation"]?.section { settings.consolidation = consolidation(section) }
        settings.budgets = entries("disruption_budgets", "a list of budgets: [{nodes: 10%}]", budget)
        settings.headroom = entries("headroom", Self.headroomRight, headroom)
        if let section = top["spot"]?.section { settings.spot = spot(section) }
        if let choice = top["placement_policy"]?.word(of: NodeChoice.self) { settings.placement = choice }
    }

    private func entries<Entry>(_ key: String, _ right: String, _ read: (Field) -> Entry?) -> [Entry] {
        guard let field = top[key], let list = field.list(right) else { return [] }
        guard list.count <= Self.listMax else {
            field.refuse("is too long", "at most \(Self.listMax) entries")
            return []
        }
        return list.compactMap(read)
    }

    private func consolidation(_ section: Section) -> ConsolidationSettings {
        var settings = ConsolidationSettings()
        section.check(known: ["enabled", "after_s", "saving_min_percent", "age_min_s", "payback_s"])
        if let flag = section["enabled"]?.flag() { settings.isOn = flag }
        if let span = section["after_s"]?.seconds(aboveZero: false) { settings.after = span }
        // Tenths of a percent are thousandths.
        if let saving = section["saving_min_percent"]?.number(decimals: 1, in: 0...1000, " percent") {
            settings.savingMin = Thousandths(saving)
        }
        if let span = section["age_min_s"]?.seconds(aboveZero: false) { settings.ageMin = span }
        if let span = section["payback_s"]?.seconds(aboveZero: true) { settings.payback = span }
        return settings
    }

    private func budget(_ field: Field) -> DisruptionBudget? {
        guard let section = field.section else { return nil }
        var budget = DisruptionBudget()
        section.check(known: ["nodes", "reasons", "schedule", "duration_s"])
        if let nodes = section["nodes"]?.disruption(most: ClusterFile.nodesMax, of: "nodes") {
            budget.nodes = nodes
        }
        let words = DisruptionCause.allCases.map(\.rawValue).joined(separator: ", ")
        let causes = section["reasons"]?.list("a list of \(words)")?.compactMap {
            $0.word(of: DisruptionCause.self)
        }
        budget.causes = Set(causes ?? []).sorted { $0.rawValue < $1.rawValue }
        budget.schedule = section["schedule"].flatMap(schedule)
        if let span = section["duration_s"]?.seconds(aboveZero: true) { budget.duration = span }
        let (times, span) = (section["schedule"], section["duration_s"])
        if let times, span == nil {
            times.refuse("says when a budget begins to hold, and not for how long", "duration_s beside it")
        }
        if let span, times == nil {
            span.refuse("says how long a budget holds, and not from when", "schedule beside it, or neither")
        }
        return budget
    }

    private func schedule(_ field: Field) -> CronSchedule? {
        let right = "minute, hour, day of the month, month, day of the week, in UTC: \"0 9 * * 1-5\""
        guard let text = field.text(right, bytesMax: CronText.bytesMax) else { return nil }
        do {
            return try CronText.parse(text)
        } catch {
            field.refuse("is no schedule (\(error.description))", right)
            return nil
        }
    }

    private static let headroomRight =
        "a list of {resources: {CPU: 4}, count: 2}, {percent: 10} or {economic: {quantile: 0.9}}"

    private func headroom(_ field: Field) -> Headroom? {
        guard let section = field.section else { return nil }
        section.check(known: ["resources", "count", "percent", "economic"])
        switch (section["resources"], section["percent"], section["economic"]) {
        case (let size?, nil, nil):
            let resources = size.resources(customOnly: false)
            if let resources, resources.entries.isEmpty {
                size.refuse("holds nothing", "at least one amount above 0: {CPU: 4}")
            }
            let count = section["count"].map { $0.whole(in: 1...ClusterFile.nodesMax) } ?? 1
            guard let resources, let count else { return nil }
            return .fixed(resources, count: count)
        case (nil, let percent?, nil):
            return notCounted(section) ?? percent.whole(in: 1...100).map { .percent($0) }
        case (nil, nil, let economic?):
            guard let shape = economic.section else { return nil }
            shape.check(known: ["quantile"])
            let right = "`quantile:` of what was needed more within a boot, such as 0.9"
            let quantile = shape.required("quantile", right)?.share(aboveZero: true)
            return notCounted(section) ?? quantile.map { .economic(quantile: $0) }
        default:
            field.refuse("must have exactly one shape", Self.headroomRight)
            return nil
        }
    }

    /// Never anything; says that a count belongs to sizes.
    private func notCounted(_ section: Section) -> Headroom? {
        section["count"]?.refuse("counts nothing here", "resources beside it, or no count")
        return nil
    }

    private func spot(_ section: Section) -> SpotSettings {
        var settings = SpotSettings()
        section.check(known: ["on_demand_base", "fallback"])
        if let base = section["on_demand_base"]?.whole(in: 0...ClusterFile.nodesMax) {
            settings.onDemandBase = base
        }
        if let flag = section["fallback"]?.flag() { settings.fallsBack = flag }
        return settings
    }
}

extension Field {
    /// A million dollars an hour.
    static let priceMax = Int64(1_000_000_000_000)

    /// Dollars an hour, in millionths.
    func price() -> Int64? { number(decimals: 6, in: 0...Self.priceMax, " of dollars") }
}
