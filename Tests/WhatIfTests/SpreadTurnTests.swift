import Model
import Testing
import WhatIf

/// A spread binds who carries it, at its turn: found by drawn worlds in which it was held against the whole plan.
@Suite struct SpreadTurnTests {
    /// `b` does not count itself and may stand in both zones; those that it counts may stand in one only, and come after it.
    @Test func whoIsCountedLaterBindsNobody() throws {
        let world = try World(
            json: #"""
                {"node_types":[{"name":"t0","resources":{"CPU":2},"labels":{"arch":"y"}},
                  {"name":"t1","resources":{"CPU":1},"labels":{"arch":"x"},
                   "offerings":[{"zone":"z0","capacity_type":"spot","price_per_hour":0.058,"available":true}]}],
                 "nodes":[{"id":"n3","type":"t0","zone":"z1"}],
                 "requests":[{"id":"b","resources":{"CPU":1},"labels":{"app":"b"},
                   "spread":[{"topology":"zone","selector":{"app":"a"},"max_skew":2}]},
                  {"id":"a","count":3,"resources":{"CPU":1},"labels":{"app":"a"},
                   "spread":[{"topology":"zone","selector":{"app":"a"},"max_skew":1}],"label_selector":{"arch":"!y"}}]}
                """#)
        let plan = PreparedWorld(world).plan()
        #expect(plan.unplaced.isEmpty)
        #expect(plan.launches.count == 3)
        let turn = try #require(plan.assignments.firstIndex { $0.request == 0 })
        let before = plan.assignments[..<turn].filter { $0.request == 1 }.reduce(0) { $0 + $1.count }
        #expect(plan.assignments[turn].node == 0 || before <= 2)
    }

    /// What stands nowhere asks nothing of the others, though all are under the same spread.
    @Test func whoStandsNowhereBindsNobody() throws {
        let world = try World(
            json: #"""
                {"node_types":[{"name":"t0","resources":{"CPU":8},"labels":{"arch":"y"},
                   "offerings":[{"zone":"z1","capacity_type":"spot","price_per_hour":0.431,"available":true}]}],
                 "requests":[{"id":"x","resources":{"CPU":1},"labels":{"app":"d"},
                   "spread":[{"topology":"zone","selector":{"app":"d"},"max_skew":1}],"label_selector":{"arch":"x"}},
                  {"id":"d","count":2,"resources":{"CPU":1},"labels":{"app":"d"},
                   "spread":[{"topology":"zone","selector":{"app":"d"},"max_skew":1}]}]}
                """#)
        let plan = PreparedWorld(world).plan()
        #expect(plan.unplaced.map(\.request) == [0])
        #expect(plan.unplaced.first?.refusals.map(\.code) == [.labelSelector])
        #expect(plan.assignments.reduce(0) { $0 + $1.count } == 2)
        #expect(plan.launches.count == 1)
    }
}
