import Model

/// Every route in force, the highest fence seen of each deployment, and the replicas that left a route with
/// requests. Not shared: its owner locks.
package struct RouteBook<Waiter: Sendable>: Sendable {
    /// What an order about a route came to.
    package enum Outcome: Sendable {
        case applied(Change)
        /// Just this route is in force.
        case known
        /// Ordered by an earlier holder of the role, or overtaken on its way.
        case outdated(held: Fence)
    }

    /// What a new route brings about, for the loops to carry out.
    package struct Change: Sendable {
        /// Whose turn has come.
        package var grants: [Gate<Waiter>.Grant] = []
        /// Who waited for a deployment that is no more.
        package var dismissed: [Waiter] = []
        /// Replicas that left; no request is let in to them any more.
        package var closed: [ReplicaSlot] = []
    }

    private struct Entry {
        var route: Route
        var gate: Gate<Waiter>
        var slots: ReplicaSlots
    }

    private var entries: [DeploymentID: Entry] = [:]
    /// Of deployments that are no more, in the order of their end.
    private var graves: [(deployment: DeploymentID, fence: Fence)] = []
    private var leaving: [ReplicaSlot] = []

    /// Fences of ended deployments kept; beyond it the oldest is forgotten.
    package static var gravesMax: Int { 1_000 }

    package init() {}

    /// Sorted by deployment.
    // No key path: in generic code each use of one makes it anew.
    package var routes: [Route] { sorted.map { $0.route } }
    package var gates: [(gate: Gate<Waiter>, interval: Millis)] {
        sorted.map { ($0.gate, $0.route.metricsInterval) }
    }
    package var removed: [(deployment: DeploymentID, fence: Fence)] { graves }
    package var table: RouteTable<Waiter> {
        RouteTable(
            sorted.compactMap { entry in
                entry.route.prefix.map { ($0, RouteTable.Entry(gate: entry.gate, slots: entry.slots)) }
            })
    }

    private var sorted: [Entry] { entries.values.sorted { $0.route.deployment < $1.route.deployment } }

    /// Puts a route in force unless one with a fence as high or higher is.
    package mutating func apply(
        _ route: Route, at now: MicroTime, using dice: inout some RandomNumberGenerator
    ) -> Outcome {
        if let outcome = compare(route.deployment, route.fence) { return outcome }
        graves.removeAll { $0.deployment == route.deployment }
        let old = entries[route.deployment]
        let gate = old?.gate ?? Gate(deployment: route.deployment, now: now)
        let (slots, closed) = slots(of: route, instead: old?.slots.slots ?? [])
        entries[route.deployment] = Entry(route: route, gate: gate, slots: slots)
        leaving += closed
        let queuedMax = max(0, route.maxQueued ?? Route.queuedMax)
        let grants = gate.update(
            slots, queuedMax: queuedMax, backpressure: route.backpressure, using: &dice)
        return .applied(Change(grants: grants, closed: closed))
    }

    /// Ends a deployment.
    package mutating func remove(_ deployment: DeploymentID, fence: Fence) -> Outcome {
        if let outcome = compare(deployment, fence) { return outcome }
        graves.removeAll { $0.deployment == deployment }
        graves.append((deployment, fence))
        if graves.count > Self.gravesMax { graves.removeFirst() }
        guard let entry = entries.removeValue(forKey: deployment) else { return .known }
        for slot in entry.slots.slots { slot.setLimit(0) }
        leaving += entry.slots.slots
        return .applied(Change(dismissed: entry.gate.close(), closed: entry.slots.slots))
    }

    /// Replicas off their route that still have requests here, by id.
    package mutating func busy() -> [(replica: ReplicaID, ongoing: Int)] {
        let counts = leaving.map { ($0, $0.ongoing) }
        leaving = counts.filter { $0.1 > 0 && $0.0.isClosed }.map(\.0)
        return counts.filter { $0.1 > 0 && $0.0.isClosed }.map { ($0.0.address.id, $0.1) }
            .sorted { $0.replica < $1.replica }
    }

    private func compare(_ deployment: DeploymentID, _ fence: Fence) -> Outcome? {
        #if MUTANTS
            if Mutant.unfencedProxy.isOn { return nil }
        #endif
        let held =
            entries[deployment]?.route.fence ?? graves.first { $0.deployment == deployment }?.fence
        guard let held, fence <= held else { return nil }
        return fence == held ? .known : .outdated(held: held)
    }

    /// A replica keeps its slot, and with it its count, for as long as it has the same address.
    private mutating func slots(
        of route: Route, instead old: [ReplicaSlot]
    ) -> (ReplicaSlots, closed: [ReplicaSlot]) {
        var present: [ReplicaAddress: ReplicaSlot] = [:]
        for slot in leaving + old { present[slot.address] = slot }
        let limit = max(1, route.maxOngoing)
        var kept: [ReplicaSlot] = []
        var named: Set<ReplicaID> = []
        for address in route.replicas where named.insert(address.id).inserted {
            let slot = present[address] ?? ReplicaSlot(address, limit: limit)
            slot.setLimit(limit)
            kept.append(slot)
        }
        let identities = Set(kept.map(ObjectIdentifier.init))
        leaving.removeAll { identities.contains(ObjectIdentifier($0)) }
        let closed = old.filter { !identities.contains(ObjectIdentifier($0)) }
        for slot in closed { slot.setLimit(0) }
        return (ReplicaSlots(kept), closed)
    }
}
