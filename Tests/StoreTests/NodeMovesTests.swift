import Foundation
import Model
import Store
import Testing

@Suite struct NodeMovesTests {
    @Test func thePageNamesEveryMove() throws {
        let page = try String(
            contentsOf: repository.appendingPathComponent("Sources/Model/Documentation.docc/NodePhases.md"),
            encoding: .utf8)
        let rows = NodeMove.all.map {
            "| \($0.from.rawValue) | \($0.to.rawValue) | `\($0.rule)` | \($0.by.rawValue) | \($0.why) |"
        }
        let written = page.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("| ") && $0.contains("`")
        }
        #expect(written == rows, "NodePhases.md and NodeMove.all differ")
    }

    @Test func noMoveIsThereTwiceAndNothingFollowsTheEnd() {
        let keys = NodeMove.all.map { "\($0.from) \($0.to) \($0.rule)" }
        #expect(Set(keys).count == keys.count)
        #expect(NodePhase.gone.successors.isEmpty)
        #expect(NodeMove.allows(.ready, .terminating, rule: "agent_lost"))
        #expect(!NodeMove.allows(.terminating, .ready, rule: "wanted_again"))
        for phase in NodePhase.allCases where phase != .gone {
            #expect(phase.successors.contains(.gone) || phase.successors.contains(.terminating), "\(phase)")
        }
    }
}
