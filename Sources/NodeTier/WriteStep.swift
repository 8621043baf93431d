import Model
import Store

extension NodeStep {
    /// Writes the step in one transaction, in a fixed order.
    func write(to transaction: StoreTransaction, epoch: Int64, unixMillis: Int64, token: (Int64) -> String)
        throws
    {
        for id in replacedNodes.sorted() { try transaction.delete(NodeRow.self, id) }
        for id in touchedNodes.sorted() {
            guard var row = state.nodes[id] else { continue }
            row.epoch = epoch
            // A node may go two phases on in one step (its agent says hello, and its machine is to be taken away): the
            // table of phases wants to see each.
            for phase in phases[id]?.dropLast() ?? [] {
                var passed = row
                passed.phase = phase
                try transaction.put(passed)
            }
            try transaction.put(row)
        }
        for id in touchedPlacements.union(explained).sorted() {
            if let row = state.placements[id] { try transaction.put(row) }
        }
        for id in touchedInstances.sorted() {
            if let row = state.instances[id] { try transaction.put(row) }
        }
        for id in touchedAvailability.sorted() {
            if let row = state.availability[id] { try transaction.put(row) }
        }
        for id in touchedDrains.sorted() {
            if let row = state.drainRequests[id] { try transaction.put(row) }
        }
        for id in removedPlacements.sorted() { try transaction.delete(PlacementRow.self, id) }
        for id in removedInstances.sorted() { try transaction.delete(InstanceSeenRow.self, id) }
        for id in removedAvailability.sorted() { try transaction.delete(AvailabilityRow.self, id) }
        for id in removedDrains.sorted() { try transaction.delete(DrainRequestRow.self, id) }
        for id in touchedFound.sorted() {
            if let row = state.foundReplicas[id] { try transaction.put(row) }
        }
        for id in removedFound.sorted() { try transaction.delete(FoundReplicaRow.self, id) }
        if touchesReadopt, let row = state.readopt { try transaction.put(row) }
        try writeMoves(to: transaction)
        for id in touchedKept.sorted() {
            if let row = state.kept[id] { try transaction.put(row) }
        }
        for id in removedKept.sorted() { try transaction.delete(KeptRow.self, id) }
        for id in touchedAccounts.sorted() {
            if let row = state.costAccounts[id] { try transaction.put(row) }
        }
        try transaction.book(bookings)
        try writeFailures(to: transaction)
        if numbersTaken > 0 { _ = try transaction.nextNodeSerial(Int(numbersTaken)) }
        try frontier.write(to: transaction)
        try writePurchases(to: transaction, epoch: epoch, unixMillis: unixMillis, token: token)
        try transaction.record(decisions, at: now)
    }

    private func writePurchases(
        to transaction: StoreTransaction, epoch: Int64, unixMillis: Int64, token: (Int64) -> String
    ) throws {
        guard !purchases.isEmpty else { return }
        let first = try transaction.nextNodeSerial(purchases.count)
        var taken = Set(state.nodes.values.filter { $0.phase != .gone }.map(\.portsFirst))
        for (index, purchase) in purchases.enumerated() {
            let serial = first + Int64(index)
            guard let type = settings.nodeTypes.first(where: { $0.name == purchase.type }) else { continue }
            let ports = PortRange.of(
                serial, in: settings.ports, shared: settings.provider?.name == ProviderSettings.fakeName,
                taken: taken)
            taken.insert(ports.first)
            var row = NodeRow(
                id: NodeID("n\(serial)"), type: type.name, token: token(serial), epoch: epoch,
                resources: type.resources, portsFirst: ports.first, portsLast: ports.last, createdAt: now,
                joinDeadline: now + settings.joinDeadline)
            row.provider = settings.provider?.name ?? ""
            row.absentLists = -NodeRule.listsBeforeShown
            row.offerings = purchase.offerings
            row.createdUnixMs = unixMillis
            row.why = purchase.decision.reason
            try transaction.put(row)
            try transaction.put(note(of: row, type))
            if let step = purchase.move { try transaction.put(ordered(step, row.id)) }
            var decision = purchase.decision
            decision.subject = row.id.rawValue
            decision.before = ""
            decision.after = type.name
            try transaction.record([decision], at: now)
        }
    }
}

/// Which ports a node's replicas use. Nodes of a real provider have all of them; those of the fake cloud share one
/// machine, so each takes a slice by its number, round and round.
enum PortRange {
    /// Enough for the replicas of one emulated node and those that are stopping.
    static let sliceMax = 200

    /// - Parameter shared: the nodes are processes of one machine.
    /// - Parameter taken: where the ranges of living nodes begin: they are passed over while there are others.
    static func of(
        _ serial: Int64, in ports: PortSettings, shared: Bool, taken: Set<Int> = []
    ) -> (first: Int, last: Int) {
        guard shared else { return (ports.replicasFirst, ports.replicasLast) }
        let width = ports.replicasLast - ports.replicasFirst + 1
        let slice = min(sliceMax, width)
        let slices = max(width / slice, 1)
        let usual = Int(serial % Int64(slices))
        let free = (0..<slices).lazy.map { (usual + $0) % slices }.first {
            !taken.contains(ports.replicasFirst + $0 * slice)
        }
        let index = free ?? usual
        return (ports.replicasFirst + index * slice, ports.replicasFirst + index * slice + slice - 1)
    }
}

extension ProviderSettings {
    static let fakeName = "fake"

    var name: String {
        switch self {
        case .fake: Self.fakeName
        case .native: "native"
        }
    }
}

extension Orders {
    /// A stop without a stated deadline, and the least any stop gets.
    static let stopGraceDefault = Millis(5_000)
    static let stopGraceMin = Millis(2_000)

    static func of(_ node: NodeRow, _ placements: [PlacementRow], in state: ClusterState) -> Orders {
        let replicas = placements.filter(\.phase.holdsRoom)
            .sorted { $0.replica < $1.replica }
            .compactMap { placement -> Orders.Replica? in
                // Without a replica row there is nothing to say how it ends: absent, it is stopped at once.
                guard let replica = state.replicas[placement.replica] else { return nil }
                return Orders.Replica(
                    id: placement.replica, settings: replica.settings,
                    stopGrace: placement.phase == .stopping ? grace(replica, placement) : nil,
                    adjustment: placement.adjustment, gpus: placement.gpus)
            }
        return Orders(
            generation: node.generation, replicas: replicas,
            retire: node.phase == .terminating || node.phase == .gone)
    }

    private static func grace(_ replica: ReplicaRow, _ placement: PlacementRow) -> Millis {
        guard let deadline = replica.drainDeadline, let since = placement.stoppingAt else {
            return stopGraceDefault
        }
        return max(deadline - since, stopGraceMin)
    }
}
