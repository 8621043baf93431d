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

        /// What one machine has cost.
        package struct MachineLine: Hashable, Sendable {
            package var instance: String
            package var token: String
            package var node: NodeID
            package var cluster: String
            /// As it was bought; its `available` says nothing.
            package var offering: Offering
            /// On the cloud's clock, as in `Instance`.
            package var createdUnixMs: Int64
            /// Nil: it still runs, and is paid until now.
            package var endedUnixMs: Int64?
            /// That are paid.
            package var time: Millis

            package init(
                instance: String, token: String, node: NodeID, cluster: String, offering: Offering,
                createdUnixMs: Int64, endedUnixMs: Int64?, time: Millis
            ) {
                self.instance = instance
                self.token = token
                self.node = node
                self.cluster = cluster
                self.offering = offering
                self.createdUnixMs = createdUnixMs
                self.endedUnixMs = endedUnixMs
                self.time = time
            }
        }

        /// Of the exact sum, what is less than one of them is left out.
        package var microdollars: Int64 {
            let exact = lines.reduce(Int128(0)) { sum, line in
                sum + Int128(line.offering.microdollarsPerHour) * Int128(line.time.rawValue)
            }
            return Int64(exact / 3_600_000)
        }
    }
}

extension MemoryCloudState {
    /// The bill by machine, in the order of creation; of machines long gone too.
    var billByMachine: [MemoryCloud.Bill.MachineLine] {
        machines.map { machine in
            let instance = machine.instance
            var bought = instance.offering
            bought.available = nil
            return MemoryCloud.Bill.MachineLine(
                instance: instance.id, token: instance.token, node: instance.node, cluster: instance.cluster,
                offering: bought, createdUnixMs: settings.unixMsAtStart + machine.createdAt.ms,
                endedUnixMs: machine.terminatedAt.map { settings.unixMsAtStart + $0.ms },
                time: (machine.terminatedAt ?? now) - machine.createdAt)
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
