import Model
import Placement
import Testing

@Suite struct VictimTests {
    private func candidate(
        _ serial: Int, _ node: String?, ready: Bool = true, draining: Bool = false
    ) -> VictimCandidate {
        VictimCandidate(
            replica: replica(serial), ready: ready, node: node.map { NodeID($0) }, draining: draining)
    }

    private func chosen(_ count: Int, _ candidates: [VictimCandidate], _ onNode: [String: Int]) -> [Int64] {
        var replicas = Dictionary(uniqueKeysWithValues: onNode.map { (NodeID($0), $1) })
        return victims(count, of: candidates, replicasOnNode: &replicas).map(\.serial)
    }

    @Test func drainingThenNotReadyThenTheEmptiestNodeThenTheNewest() {
        let candidates = [
            candidate(1, "a"), candidate(2, "a"), candidate(3, "b"), candidate(4, "c", ready: false),
            candidate(5, nil, ready: false), candidate(6, "d", draining: true),
            candidate(7, "d", ready: false, draining: true),
        ]
        let all = chosen(9, candidates, ["a": 2, "b": 1, "c": 5, "d": 2])
        #expect(all == [7, 6, 5, 4, 3, 2, 1])
    }

    @Test(arguments: [-1, 0, 1, 2, 3])
    func asManyAsAreAskedForAndThere(count: Int) {
        let candidates = [candidate(1, "a"), candidate(2, "b")]
        #expect(chosen(count, candidates, ["a": 1, "b": 1]).count == min(max(count, 0), 2))
    }

    @Test func aNodeIsEmptiedBeforeTheNextIsBegun() {
        let candidates = [candidate(1, "a"), candidate(4, "a"), candidate(2, "b"), candidate(3, "b")]
        #expect(chosen(3, candidates, ["a": 2, "b": 2]) == [4, 1, 3])
    }

    @Test func theNextDeploymentSeesTheChoice() {
        var replicas = [NodeID("a"): 2, NodeID("b"): 2]
        _ = victims(1, of: [candidate(1, "b")], replicasOnNode: &replicas)
        #expect(replicas == [NodeID("a"): 2, NodeID("b"): 1])
        let next = victims(1, of: [candidate(3, "a"), candidate(2, "b")], replicasOnNode: &replicas)
        #expect(next.map(\.serial) == [2])
    }

    /// Against every way to choose as many: no other frees more.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func noOtherChoiceFreesMore(seed: UInt64) {
        var dice = Dice(seed: seed)
        let nodes = ["a", "b", "c", "d", "e"]
        let prices = Dictionary(
            uniqueKeysWithValues: nodes.map { (NodeID($0), Int64.random(in: 0...3, using: &dice)) })
        var onNode: [NodeID: Int] = [:]
        // Of another deployment.
        for node in nodes where Bool.random(using: &dice) { onNode[NodeID(node)] = 1 }
        let candidates = (0..<Int.random(in: 1...9, using: &dice)).map { serial in
            let node = nodes.randomElement(using: &dice)
            onNode[NodeID(node ?? ""), default: 0] += 1
            return candidate(serial, node)
        }
        let count = Int.random(in: 1...candidates.count, using: &dice)
        func freed(_ chosen: [VictimCandidate]) -> (Int64, Int) {
            var left = onNode
            for one in chosen { left[one.node ?? NodeID(""), default: 0] -= 1 }
            let empty = left.filter { $0.value == 0 }.keys
            return (empty.reduce(0) { $0 + (prices[$1] ?? 0) }, empty.count)
        }
        var best: (Int64, Int) = (0, 0)
        for subset in 0..<(1 << candidates.count) where subset.nonzeroBitCount == count {
            best = max(
                best, freed(candidates.indices.filter { subset >> $0 & 1 == 1 }.map { candidates[$0] }), by: <
            )
        }
        var replicas = onNode
        let ours = victims(count, of: candidates, replicasOnNode: &replicas) { prices[$0] ?? 0 }
        #expect(ours.count == count && Set(ours).count == count)
        #expect(freed(candidates.filter { ours.contains($0.replica) }) == best, "seed \(seed)")
        #expect(replicas.values.reduce(0, +) == onNode.values.reduce(0, +) - count)
    }

    @Test func theDearestNodeEmpties() {
        let candidates = [candidate(1, "a"), candidate(2, "b"), candidate(3, "b"), candidate(4, "c")]
        var replicas = [NodeID("a"): 1, NodeID("b"): 2, NodeID("c"): 2]
        let prices: [NodeID: Int64] = [NodeID("a"): 1, NodeID("b"): 5, NodeID("c"): 90]
        let chosen = victims(2, of: candidates, replicasOnNode: &replicas) { prices[$0] ?? 0 }
        #expect(chosen.map(\.serial) == [3, 2], "c has another deployment's replica and does not empty")
    }

    /// Beyond the exact bound: as many as are asked for, whole nodes, the dearest for each replica first.
    @Test func manyNodesAreChosenByWhatAReplicaFrees() {
        let nodes = 2_000
        let candidates = (0..<nodes * 2).map { candidate($0, "n\($0 / 2)") }
        var replicas = Dictionary(uniqueKeysWithValues: (0..<nodes).map { (NodeID("n\($0)"), 2) })
        let chosen = victims(1_001, of: candidates, replicasOnNode: &replicas) {
            Int64($0.rawValue.dropFirst()) ?? 0
        }
        #expect(chosen.count == 1_001)
        let emptied = replicas.filter { $0.value == 0 }.keys.sorted()
        #expect(emptied == ((nodes - 500)..<nodes).map { NodeID("n\($0)") }.sorted())
    }
}

private func max(_ a: (Int64, Int), _ b: (Int64, Int), by less: ((Int64, Int), (Int64, Int)) -> Bool) -> (
    Int64, Int
) {
    less(a, b) ? b : a
}
