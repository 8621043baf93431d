import Model

/// How much of the GPU of each node is asked for by demand that may go to few nodes only.
///
/// Suppose that what is expected comes until everything is full. For each label selector, what asks by it then meets what
/// is free of the nodes that it admits; the quotient is how scarce those are. A demand that may go elsewhere leaves them
/// to it. (Without this every packing policy of the FGD study but FGD itself falls below random placement on the trace in
/// which a third of the tasks names GPU models: they come after others took their GPUs.)
struct Scarcity {
    private struct Asked {
        /// Thousandths of all GPU that is asked for.
        var share: Int64
        /// Thousandths of a device that are free on the nodes it admits.
        var free: Int64
        /// For each group of nodes.
        var admits: [Bool]
    }

    private var asked: [Asked] = []
    private var free: Int64
    /// Nodes with the same labels are one group.
    let group: [Int]
    /// Of each group, in thousandths.
    private(set) var ofGroup: [Int64]

    init(_ shapes: [OnlineShape], _ nodes: [OnlineNode], weights: [Int64]) {
        var places: [[String: String]: Int] = [:]
        var labels: [[String: String]] = []
        group = nodes.map { node in
            if let place = places[node.labels] { return place }
            places[node.labels] = labels.count
            labels.append(node.labels)
            return labels.count - 1
        }
        ofGroup = labels.map { _ in 0 }
        free = nodes.reduce(0) { $0 + $1.devices.left }
        let demand = shapes.indices.map { weights[$0] * shapes[$0].gpu.milli }
        let all = max(1, demand.reduce(0, +))
        var selectors: [LabelSelector] = []
        for shape in shapes where !shape.selector.rules.isEmpty && !selectors.contains(shape.selector) {
            selectors.append(shape.selector)
        }
        for selector in selectors {
            let own = shapes.indices.filter { shapes[$0].selector == selector }.reduce(0) { $0 + demand[$1] }
            let admits = labels.map(selector.admits)
            let room = nodes.indices.filter { admits[group[$0]] }.reduce(0) { $0 + nodes[$1].devices.left }
            asked.append(Asked(share: own * 1_000 / all, free: room, admits: admits))
        }
        settle()
    }

    /// So much of a node's GPU was taken.
    mutating func take(_ milli: Int64, of node: Int) {
        guard milli > 0, !asked.isEmpty else { return }
        free -= milli
        for place in asked.indices where asked[place].admits[group[node]] { asked[place].free -= milli }
        settle()
    }

    private mutating func settle() {
        for group in ofGroup.indices {
            ofGroup[group] = asked.reduce(0) { sum, one in
                sum + (one.admits[group] && one.free > 0 ? one.share * free / one.free : 0)
            }
        }
    }
}
