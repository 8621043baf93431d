import Model
import Simulation
import Testing

@Suite("The oracle's nodes")
struct OracleMarketTests {
    /// Nodes of four CPU at a dollar an hour, replicas of one.
    private func market(_ change: (inout ClusterSettings) -> Void = { _ in }) -> OracleMarket {
        var cluster = ClusterSettings()
        cluster.maxWorkers = 100
        cluster.nodeTypes = [
            NodeType(name: "four", resources: Resources([Resources.cpu: 4000]), maxWorkers: 100)
        ]
        cluster.nodeTypes[0].minWorkers = 3
        change(&cluster)
        let offering = Offering(
            nodeType: "four", zone: "z", capacityType: "on_demand", microdollarsPerHour: 1_000_000)
        return OracleMarket(
            cluster: cluster, offerings: [offering], deployment: DeploymentID("a#d"),
            replica: Resources([Resources.cpu: 1000]))
    }

    /// Each second at its beginning so many requests that take half of it and may not wait.
    private func plan(_ load: [Int], _ market: OracleMarket, lead: Int = 0) -> OraclePlan {
        let arrivals = load.enumerated().flatMap { second, count in
            [Arrival](repeating: Arrival(at: Int64(second) * 1_000_000), count: count)
        }
        var plan = OraclePlan(
            load: .requests(arrivals), service: .fixed(500_000), objective: 500_000, servers: 1,
            seconds: load.count,
            market: market)
        plan.lead = lead
        return plan
    }

    @Test func nodesAreThoseThePlannerBuysAndNoMore() {
        let report = foresee(plan([0, 1, 4, 5, 9, 0], market()))
        #expect(report.replicas == [0, 1, 4, 5, 9, 0])
        #expect(report.nodes == [0, 1, 1, 2, 3, 0])
        #expect(report.replicaMillis == 19_000)
        #expect(report.nodeMillis == 7_000)
        #expect(report.microdollars == 7 * 1_000_000 / 3600)
    }

    @Test func nodesAreOrderedAheadAndKeptOverAShorterDip() {
        let load = [0, 0, 0, 4, 0, 0, 8, 0, 0, 0, 4]
        #expect(foresee(plan(load, market(), lead: 2)).nodes == [0, 1, 1, 1, 2, 2, 2, 0, 1, 1, 1])
        #expect(foresee(plan(load, market(), lead: 3)).nodes == [1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1])
        #expect(foresee(plan(load, market(), lead: 100)).nodes == [2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1])
    }

    @Test func aFullClusterIsTheMostThereIs() {
        let report = foresee(plan([30, 0, 0, 0], market { $0.maxWorkers = 3 }))
        #expect(report.replicas.max() == 12 && report.nodes.max() == 3)
        #expect(report.missed == 18)
    }

    @Test func otherDeploymentsTakeTheirRoom() {
        var market = market()
        market.standing = [
            .init(deployment: DeploymentID("a#e"), replica: Resources([Resources.cpu: 3000]), count: 2)
        ]
        let report = foresee(plan([0, 2, 3], market))
        #expect(report.nodes == [2, 2, 3])
        #expect(report.replicaMillis == (2 + 4 + 5) * 1000)
    }

    @Test(arguments: 0...5)
    func theLargestAheadIsThat(lead: Int) {
        let load = [3, 1, 4, 1, 5, 0, 2, 6, 0, 3, 0, 0, 8]
        let expected = load.indices.map { place in
            ((load[place...min(place + lead, load.count - 1)].max() ?? 0) + 3) / 4
        }
        #expect(foresee(plan(load, market(), lead: lead)).nodes == expected)
    }
}
