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

    /// Against choosing one at a time by the rule's words.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func agreesWithOneAtATime(seed: UInt64) {
        var dice = Dice(seed: seed)
        var onNode: [String: Int] = [:]
        let candidates = (0..<Int.random(in: 0...12, using: &dice)).map { serial in
            let node = ["a", "b", "c", "d"].randomElement(using: &dice)
            onNode[node ?? "", default: 0] += Int.random(in: 1...3, using: &dice)
            return candidate(serial, node, ready: .random(using: &dice), draining: node == "a")
        }
        let count = Int.random(in: 0...12, using: &dice)
        var (left, counts, expected) = (candidates, onNode, [Int64]())
        while expected.count < count, !left.isEmpty {
            let rank = { (one: VictimCandidate) in
                (
                    one.draining ? 0 : 1, one.ready ? 1 : 0, one.node.flatMap { counts[$0.rawValue] } ?? 0,
                    -one.replica.serial
                )
            }
            guard let best = left.indices.min(by: { rank(left[$0]) < rank(left[$1]) }) else { break }
            let one = left.remove(at: best)
            if let node = one.node { counts[node.rawValue, default: 1] -= 1 }
            expected.append(one.replica.serial)
        }
        #expect(chosen(count, candidates, onNode) == expected, "seed \(seed)")
    }
}
