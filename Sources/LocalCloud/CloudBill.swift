import Foundation
import Model
import Wire

/// The date, which people and bills go by.
package enum WallClock {
    package static let unixMillis: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
}

extension MachineRoom {
    /// What each machine has cost that is remembered, in the order of creation. Machines of earlier versions, of which
    /// no date was kept, are left out.
    func bill(cluster: String) -> BillAnswer {
        let now = unixMillis()
        let lines = registry.machines.filter { $0.cluster == cluster }.compactMap { machine in
            machine.createdUnixMs.map { created in
                BilledMachine(
                    instance: machine.id, node: machine.node, offering: machine.offering,
                    createdUnixMs: created, endedUnixMs: machine.endedUnixMs,
                    timeMs: Millis(max(machine.endedUnixMs ?? now, created) - created))
            }
        }
        return BillAnswer(asOfUnixMs: now, machines: lines)
    }
}
