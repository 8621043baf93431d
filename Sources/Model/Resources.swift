/// An amount of each named resource. Amounts are whole numbers: **thousandths** of one unit (`CPU`, `GPU`, any
/// custom name), except `memory`, which is in **bytes**. A name that is absent means zero.
///
/// Entries are kept sorted by name, so that iterating a value gives the same order in every process.
public struct Resources: Hashable, Sendable {
    /// One resource and how much of it: thousandths, or bytes for `memory`.
    public struct Entry: Hashable, Sendable {
        /// `CPU`, `GPU`, `memory`, or a name of the operator's.
        public var name: String
        /// Thousandths of a unit; of `memory`, bytes.
        public var amount: Int64
    }

    /// Ray's spelling of the three names that have a meaning here.
    public static let cpu = "CPU"
    public static let gpu = "GPU"
    public static let memory = "memory"

    /// Sorted by name; no amount is zero.
    public private(set) var entries: [Entry] = []

    public init() {}

    /// Amounts of zero are left out.
    public init(_ amounts: [String: Int64]) {
        entries = amounts.filter { $0.value != 0 }.map { Entry(name: $0.key, amount: $0.value) }
            .sorted { $0.name < $1.name }
    }

    /// Zero for a name that is absent; setting zero removes it.
    public subscript(name: String) -> Int64 {
        get { entries.first { $0.name == name }?.amount ?? 0 }
        set {
            let place = entries.firstIndex { $0.name >= name } ?? entries.endIndex
            let present = place < entries.endIndex && entries[place].name == name
            switch (present, newValue == 0) {
            case (true, true): entries.remove(at: place)
            case (true, false): entries[place].amount = newValue
            case (false, false): entries.insert(Entry(name: name, amount: newValue), at: place)
            case (false, true): break
            }
        }
    }

    /// True when every amount of `demand` is at most the amount here.
    public func covers(_ demand: Resources) -> Bool {
        demand.entries.allSatisfy { $0.amount <= self[$0.name] }
    }

    public static func + (a: Resources, b: Resources) -> Resources {
        var sum = a
        for entry in b.entries { sum[entry.name] += entry.amount }
        return sum
    }

    /// May go negative; callers that must not overdraw ask `covers` first.
    public static func - (a: Resources, b: Resources) -> Resources {
        var rest = a
        for entry in b.entries { rest[entry.name] -= entry.amount }
        return rest
    }

    /// What of `demand` does not fit here, for messages: "CPU 500 short".
    public func shortfall(of demand: Resources) -> Resources {
        var short = Resources()
        for entry in demand.entries where entry.amount > self[entry.name] {
            short[entry.name] = entry.amount - self[entry.name]
        }
        return short
    }
}

extension Resources: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String: Int64].self))
    }

    /// As one dictionary value: through a keyed container, a key strategy of the encoder would rewrite the names
    /// (`CPU` to `c_pu`).
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.amount) }))
    }
}

extension Resources: CustomStringConvertible {
    /// As people write it: `CPU 1.5, memory 512 MiB`.
    public var description: String {
        entries.isEmpty ? "nothing" : entries.map { Self.text($0.name, $0.amount) }.joined(separator: ", ")
    }

    /// `amount` of `name` in its natural unit, at most three decimals.
    public static func text(_ name: String, _ amount: Int64) -> String {
        if name == memory {
            let mib: Int64 = 1 << 20
            return amount % mib == 0 ? "memory \(amount / mib) MiB" : "memory \(amount) bytes"
        }
        return "\(name) \(decimal(amount))"
    }

    /// Thousandths as a decimal number without trailing zeros: 1500 is "1.5".
    public static func decimal(_ thousandths: Int64) -> String {
        let sign = thousandths < 0 ? "-" : ""
        let magnitude = thousandths.magnitude
        var fraction = String(magnitude % 1000)
        fraction = String(repeating: "0", count: 3 - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(magnitude / 1000)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
