import Model

/// `provider.offerings` of the fake cloud: where and how the machines of a type can be had.
struct OfferingsSection {
    let section: Section
    /// That of the fake cloud's `prices`: of a type that is in both nobody could say what it costs.
    let prices: Section?
    let typeNames: [String]

    /// Ways to buy one type beyond this are taken for a mistake.
    private static let waysMax = 1_000
    private static let known = ["zone", "capacity_type", "price_per_hour", "available"]
    private static let right =
        "a list of ways to buy it: [{zone: a, capacity_type: spot, price_per_hour: 0.01}]"

    /// In the order of the file.
    func read() -> [Offering] {
        section.entries.flatMap { name, place, field -> [Offering] in
            if let problem = ProviderSection.unknownType(name, among: typeNames) {
                section.findings.refuse(place, "\(section.path) \(problem.what)", name, problem.right)
            }
            if let price = prices?[name] {
                price.refuse("stands in offerings too", "the price there, and none here")
            }
            return ways(name, field)
        }
    }

    private func ways(_ type: String, _ field: Field) -> [Offering] {
        guard let list = field.list(Self.right) else { return [] }
        guard !list.isEmpty, list.count <= Self.waysMax else {
            field.refuse(list.isEmpty ? "sells nothing" : "is too long", Self.right)
            return []
        }
        var seen: [Offering] = []
        return list.compactMap { field -> Offering? in
            guard let entry = field.section else { return nil }
            entry.check(known: Self.known, renamed: ["price": "price_per_hour"])
            let zone = entry["zone"].map { $0.name() } ?? "local"
            let capacity = entry["capacity_type"].map { $0.name() } ?? "on_demand"
            let price = entry.required("price_per_hour", "`price_per_hour:` in dollars")?.price()
            let available = entry["available"]?.whole(in: 0...ProviderSection.machinesMax)
            guard let zone, let capacity, let price else { return nil }
            let offering = Offering(
                nodeType: type, zone: zone, capacityType: capacity, microdollarsPerHour: price,
                available: available)
            if seen.contains(where: { $0.zone == zone && $0.capacityType == capacity }) {
                field.refuse(
                    "is given twice: \(capacity) in \(zone)", "one entry for each zone and capacity_type")
            }
            seen.append(offering)
            return offering
        }
    }
}
