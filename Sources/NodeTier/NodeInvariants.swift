import Model
import Store

/// What holds of every row that this tier writes. A step that would break it is a fault of the program: it ends
/// before it commits, and the process is started again on the rows as they were.
package enum NodeInvariants {
    /// Nil: sound. Else what is wrong with the node.
    package static func fault(of node: NodeRow) -> String? {
        let counts = [
            ("attempts", Int64(node.attempts), 0),
            ("absent_lists", Int64(node.absentLists), -Int64(NodeRule.listsBeforeShown)),
            ("generation", node.generation, 0),
        ]
        return counts.first { $0.1 < $0.2 }.map { "node \(node.id): \($0.0) is \($0.1)" }
    }

    /// Nil: sound. A machine that has become smaller may hold more than it has, but then it is given nothing more.
    /// - Parameter given: was placed there just now.
    /// - Parameter present: all that hold room there, those too.
    package static func fault(of node: NodeRow, given: [PlacementRow], among present: [PlacementRow])
        -> String?
    {
        let names = Set(given.flatMap { $0.resources.entries.filter { $0.amount > 0 }.map(\.name) })
        for name in names.sorted() {
            let (held, has) = (present.reduce(Int64(0)) { $0 + $1.resources[name] }, node.resources[name])
            if held > has { return "node \(node.id) was given more than it has: \(name) \(held) of \(has)" }
        }
        return names.contains(Resources.gpu) ? faultOfDevices(node, given, present) : nil
    }

    /// Each has as many GPUs as it asks for, or a share of one, and of no GPU more is given than there is.
    private static func faultOfDevices(
        _ node: NodeRow, _ given: [PlacementRow], _ present: [PlacementRow]
    ) -> String? {
        var held: [Int: Int64] = [:]
        for row in present {
            let milli = min(row.resources[Resources.gpu], DeviceShare.whole)
            for index in row.gpus { held[index, default: 0] += milli }
        }
        let count = node.resources[Resources.gpu] / DeviceShare.whole
        for row in given where row.resources[Resources.gpu] > 0 {
            let asked = max(1, row.resources[Resources.gpu] / DeviceShare.whole)
            guard Set(row.gpus).count == asked, row.gpus.allSatisfy({ (0..<count).contains(Int64($0)) })
            else {
                return "replica \(row.replica) has GPUs \(row.gpus) of the \(count) of \(node.id)"
            }
            for index in row.gpus where held[index] ?? 0 > DeviceShare.whole {
                return "GPU \(index) of \(node.id) was given \(held[index] ?? 0) thousandths of it"
            }
        }
        return nil
    }

    private enum DeviceShare { static let whole: Int64 = 1_000 }
}

extension NodeStep {
    /// The first thing about the rows to be written that cannot be.
    var fault: String? {
        for id in touchedNodes.sorted() {
            if let fault = state.nodes[id].flatMap(NodeInvariants.fault) { return fault }
        }
        var given: [NodeID: [PlacementRow]] = [:]
        for id in touchedPlacements {
            guard let row = state.placements[id], row.phase == .assigned, row.assignedAt == now else {
                continue
            }
            guard let node = row.node else { return "replica \(id) is assigned to no node" }
            given[node, default: []].append(row)
        }
        for (id, rows) in given.sorted(by: { $0.key < $1.key }) {
            guard let node = state.nodes[id] else { return "node \(id) was given replicas and is not known" }
            let present = liveReplicas(on: id).compactMap { state.placements[$0] }
            if let fault = NodeInvariants.fault(of: node, given: rows, among: present) { return fault }
        }
        return nil
    }
}
