package import Model

extension MemoryCloud {
    /// What the machines have cost: each from its creation until it was terminated, or until now, at the
    /// price when it was bought.
    package struct Bill: Hashable, Sendable {
        /// Machines bought in one way at one price.
        package struct Line: Hashable, Sendable {
            /// Its `available` says nothing.
            package var offering: Offering
            /// All their time together.
            package var time: Millis
        }

        /// Sorted by type, zone, capacity type and price; only what was bought.
        package internal(set) var lines: [Line] = []

        /// Of the exact sum, what is less than one of them is left out.
        package var microdollars: Int64 {
            let exact = lines.reduce(Int128(0)) { sum, line in
                sum + Int128(line.offering.microdollarsPerHour) * Int128(line.time.rawValue)
            }
            return Int64(exact / 3_600_000)
        }
    }
}

/// Time of machines by what was bought.
struct MemoryLedger: Sendable {
    private var spans: [Offering: Millis] = [:]

    mutating func add(_ span: Millis, of offering: Offering) {
        var bought = offering
        bought.available = nil
        spans[bought, default: .zero] = spans[bought, default: .zero] + span
    }

    var bill: MemoryCloud.Bill {
        let lines = spans.map { MemoryCloud.Bill.Line(offering: $0.key, time: $0.value) }
        return MemoryCloud.Bill(
            lines: lines.sorted { a, b in
                let (a, b) = (a.offering, b.offering)
                return (a.nodeType, a.zone, a.capacityType, a.microdollarsPerHour)
                    < (b.nodeType, b.zone, b.capacityType, b.microdollarsPerHour)
            })
    }
}
