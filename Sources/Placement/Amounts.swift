import Model

/// The resource names of one planning pass, each with a column, in the order in which room is compared: GPU
/// first since it is the scarcest, then custom resources by name, then CPU, then memory.
package struct Columns: Sendable {
    private let names: [String]
    private let places: [String: Int]

    package init(_ resources: some Sequence<Resources>) {
        var custom: Set<String> = []
        for one in resources { for entry in one.entries { custom.insert(entry.name) } }
        custom.subtract([Resources.gpu, Resources.cpu, Resources.memory])
        names = [Resources.gpu] + custom.sorted() + [Resources.cpu, Resources.memory]
        places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// The column of CPU.
    package var cpu: Int { names.count - 2 }

    package func amounts(_ resources: Resources) -> Amounts {
        var values = [Int64](repeating: 0, count: names.count)
        for entry in resources.entries {
            if let place = places[entry.name] { values[place] = entry.amount }
        }
        return Amounts(values: values)
    }

    /// Without GPU: devices are counted one by one.
    package func amountsWithoutGPU(_ resources: Resources) -> Amounts {
        var amounts = amounts(resources)
        amounts.values[0] = 0
        return amounts
    }

    package func resources(_ amounts: Amounts) -> Resources {
        Resources(Dictionary(uniqueKeysWithValues: zip(names, amounts.values)))
    }
}

/// Amounts by column. Compared column by column, so that no exchange rate between a GPU, a CPU and a byte is
/// needed: of two nodes the one with less GPU left is the tighter, whatever its memory.
package struct Amounts: Hashable, Comparable, Sendable {
    package var values: [Int64]

    package init(values: [Int64]) { self.values = values }

    package static func < (a: Amounts, b: Amounts) -> Bool {
        for place in a.values.indices where a.values[place] != b.values[place] {
            return a.values[place] < b.values[place]
        }
        return false
    }

    /// As `Resources.covers`: a column that is not asked for is not looked at, even if it is overdrawn.
    package func covers(_ demand: Amounts) -> Bool {
        for place in values.indices where demand.values[place] > max(values[place], 0) { return false }
        return true
    }

    /// How many times `demand` fits, at most `limit`.
    package func fits(_ demand: Amounts, limit: Int) -> Int {
        guard covers(demand) else { return 0 }
        var times = Int64(limit)
        for place in values.indices where demand.values[place] > 0 {
            times = min(times, values[place] / demand.values[place])
        }
        return Int(times)
    }

    /// Takes `demand` off `times` times; the caller has asked `fits`.
    package mutating func take(_ demand: Amounts, times: Int = 1) {
        for place in values.indices where demand.values[place] > 0 {
            values[place] -= demand.values[place] * Int64(times)
        }
    }

    package mutating func giveBack(_ demand: Amounts) {
        for place in values.indices where demand.values[place] > 0 { values[place] += demand.values[place] }
    }

    /// What of `demand` is missing here.
    package func shortfall(of demand: Amounts) -> Amounts {
        Amounts(
            values: zip(values, demand.values).map { have, need in
                need > max(have, 0) ? need.subtractingReportingOverflow(have).partialValue : 0
            })
    }
}
